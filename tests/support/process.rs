//! `Process`: a program that runs beside the test, what it says, and its certain end.

use super::wait::wait_until;
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A running program. Dropping it kills it; when the test fails, what it said is shown.
pub(crate) struct Process {
    name: String,
    child: Child,
    said: Arc<Mutex<Vec<String>>>,
    readers: Vec<JoinHandle<()>>,
}

impl Process {
    /// Starts `command`. Its standard input stays open until the end and says nothing.
    pub(crate) fn start(name: &str, command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("start {name}: {e}; scripts/install-deps installs what tests need"));
        let said = Arc::default();
        let readers = vec![
            listen(child.stdout.take().unwrap(), Arc::clone(&said)),
            listen(child.stderr.take().unwrap(), Arc::clone(&said)),
        ];
        Self { name: name.to_owned(), child, said, readers }
    }

    /// The first line, past or future, for which `found` has an answer.
    pub(crate) fn wait_for_line<T>(&mut self, what: &str, bound: Duration, found: impl Fn(&str) -> Option<T>) -> T {
        wait_until(&format!("{} says {what}", self.name), bound, || {
            if let Some(answer) = self.said().iter().find_map(|line| found(line)) {
                return Some(answer);
            }
            let status = self.child.try_wait().unwrap();
            assert!(status.is_none(), "{} ended before it said {what}: {status:?}", self.name);
            None
        })
    }

    /// Writes a line to its standard input.
    pub(crate) fn tell(&mut self, line: &str) {
        writeln!(self.child.stdin.as_ref().unwrap(), "{line}").unwrap();
    }

    /// Every line so far, of both outputs.
    pub(crate) fn said(&self) -> Vec<String> {
        self.said.lock().unwrap().clone()
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        nix::sys::signal::kill(Pid::from_raw(self.id() as i32), signal).unwrap();
    }

    /// It runs no more.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self, bound: Duration) -> ExitStatus {
        let status = wait_until(&format!("{} ends", self.name), bound, || self.child.try_wait().unwrap());
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        status
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("---- {} said:\n{}\n----", self.name, self.said().join("\n"));
        }
    }
}

fn listen(output: impl Read + Send + 'static, said: Arc<Mutex<Vec<String>>>) -> JoinHandle<()> {
    thread::spawn(move || {
        for line in BufReader::new(output).split(b'\n') {
            let Ok(line) = line else { return };
            said.lock().unwrap().push(String::from_utf8_lossy(&line).into_owned());
        }
    })
}

/// Runs a program to its end and returns what it printed. Panics unless it succeeds and its standard error is silent.
pub(crate) fn run_silently(command: &mut Command) -> String {
    String::from_utf8(output_silently(command)).unwrap()
}

/// [`run_silently`], where what is printed is no text.
pub(crate) fn output_silently(command: &mut Command) -> Vec<u8> {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}; try scripts/install-deps"));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && error.is_empty(), "{command:?}: {}\n{error}", output.status);
    output.stdout
}
