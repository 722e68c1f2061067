//! `Process`: a child that writes pictures to its standard output.

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::io;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// A child process in a group of its own. Dropped, the whole group is killed, and the child is reaped.
#[derive(Debug)]
pub(super) struct Process {
    program: String,
    child: Child,
    /// Its own and its children's; `None` once all of them were killed.
    group: Option<Pid>,
    last_words: JoinHandle<String>,
}

impl Process {
    /// Starts the program that is the first of the words; the others are its arguments.
    pub(super) fn spawn(words: &[String]) -> io::Result<(Self, ChildStdout)> {
        let mut child = Command::new(&words[0])
            .args(&words[1..])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let stdout = child.stdout.take().expect("its standard output was asked for");
        let stderr = child.stderr.take().expect("its standard error was asked for");
        let last_words = tokio::spawn(last_line(stderr));
        let group = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
        Ok((Self { program: words[0].clone(), child, group, last_words }, stdout))
    }

    /// It has closed its output: how it ended and what it said last.
    pub(super) async fn ending(&mut self, limit: Duration) -> String {
        let ended = match timeout(limit, self.child.wait()).await {
            Ok(Ok(status)) => format!("{} ended ({status})", self.program),
            Ok(Err(e)) => format!("{}: {e}", self.program),
            Err(_) => format!("{} closed its output", self.program),
        };
        // Children that outlive it would hold its standard error, and the camera.
        self.kill_group();
        match timeout(limit, &mut self.last_words).await {
            Ok(Ok(words)) if !words.is_empty() => format!("{ended}: {words}"),
            _ => ended,
        }
    }

    /// Asks it to end, and makes it end when it does not.
    pub(super) async fn end(mut self, limit: Duration) {
        self.signal(Signal::SIGTERM);
        if timeout(limit, self.child.wait()).await.is_err() {
            self.kill_group();
            if let Err(e) = self.child.wait().await {
                log::warn!("{}: wait: {e}", self.program);
            }
        }
    }

    fn signal(&self, signal: Signal) {
        // It fails when all of the group is gone already, which is what is wanted.
        let _ = self.group.map(|group| killpg(group, signal));
    }

    /// Once: the number may be another group's after that.
    fn kill_group(&mut self) {
        self.signal(Signal::SIGKILL);
        self.group = None;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill_group();
        self.last_words.abort();
    }
}

/// The last line that is not blank, cut to what fits into a log.
async fn last_line(stderr: ChildStderr) -> String {
    const LINE_LIMIT: u64 = 300;
    let mut stderr = BufReader::new(stderr);
    let mut last = String::new();
    loop {
        let mut line = Vec::new();
        match (&mut stderr).take(LINE_LIMIT).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return last,
            Ok(_) => {}
        }
        let line = String::from_utf8_lossy(&line);
        if !line.trim().is_empty() {
            last = line.trim().to_owned();
        }
    }
}
