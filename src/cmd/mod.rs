//! The verbs of the command line.
//!
//! Exit status: 0 done, 1 problems were found (`check`), 2 wrong usage, 3 failed. A failure is one line on standard
//! error: what was tried, on what, why it failed, and what to do where that is known.

mod adopt;
mod api;
mod camera;
mod check;

mod config;
mod discover;
mod export;
mod healthcheck;
mod helper;
mod import;
mod init;
mod opening;
mod output;
mod passwd;
mod protect;
mod run;
mod screen;
mod setup_file;
mod socket;
mod ts;
mod units;
mod upgrade;
mod wifi;

use crate::appliance::lines::LINES;
use crate::base::{Error, Kind, Result};
use clap::error::ErrorKind;
use clap::{Parser, Subcommand};
use config::Config;
use jiff::Timestamp;
use log::{Log, Metadata, Record};
use std::path::PathBuf;
use std::process::ExitCode;

/// Records the cameras of a house as they are and plays any span of time back as one mp4.
#[derive(Debug, Parser)]
#[command(name = "lunette", version, about, disable_help_subcommand = true)]
struct Cli {
    /// Configuration [default: /etc/lunette.toml, else ./lunette.toml, else built in]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Run(run::Args),
    Init(init::Args),
    #[command(subcommand)]
    Camera(camera::Args),
    Discover(discover::Args),
    Ts(ts::Args),
    Check(check::Args),
    Adopt(adopt::Args),
    Export(export::Args),
    Import(import::Args),
    Passwd(passwd::Args),
    #[command(subcommand)]
    Protect(protect::Args),
    Upgrade(upgrade::Args),
    #[command(hide = true)]
    SetupFile(setup_file::Args),
    #[command(hide = true)]
    Screen(screen::Args),
    #[command(hide = true)]
    Wifi(wifi::Args),
    Healthcheck(healthcheck::Args),
    Helper(helper::Args),
}

/// What a verb came to, when it did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Done,
    FoundProblems,
}

/// Runs the verb that the command line names.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => return usage(&e),
    };
    match run_verb(cli) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::FoundProblems) => ExitCode::from(1),
        Err(e) => {
            eprintln!("lunette: {}", output::one_line(&e.to_string()));
            ExitCode::from(exit_status(&e))
        }
    }
}

fn run_verb(cli: Cli) -> Result<Outcome> {
    // `ts` converts numbers: it needs neither a configuration nor a database (Fb6).
    if let Verb::Ts(args) = cli.verb {
        return ts::run(&args);
    }
    // It belongs to the machine's start, which goes on whatever the configuration is.
    if let Verb::SetupFile(args) = cli.verb {
        return setup_file::run(cli.config.as_deref(), &args);
    }
    let config = Config::load(cli.config.as_deref())?;
    start_log(&config, &cli.verb);
    match cli.verb {
        Verb::Run(args) => run::run(&config, &args),
        Verb::Init(args) => init::run(&config, &args),
        Verb::Camera(args) => camera::run(&config, args),
        Verb::Discover(args) => discover::run(&config, &args),
        Verb::Check(args) => check::run(&config, &args),
        Verb::Adopt(args) => adopt::run(&config, &args),
        Verb::Export(args) => export::run(&config, &args),
        Verb::Import(args) => import::run(&config, &args),
        Verb::Passwd(args) => passwd::run(&config, &args),
        Verb::Protect(args) => protect::run(&config, args),
        Verb::Healthcheck(args) => healthcheck::run(&config, &args),
        Verb::Helper(args) => helper::run(&config, args),
        Verb::Upgrade(args) => upgrade::run(&config, &args),
        Verb::Screen(args) => screen::run(&config, &args),
        Verb::Wifi(args) => wifi::run(&config, &args),
        Verb::Ts(_) | Verb::SetupFile(_) => unreachable!("handled above"),
    }
}

fn exit_status(e: &Error) -> u8 {
    match e.kind() {
        Kind::BadInput => 2,
        _ => 3,
    }
}

/// `--help` and `--version` are answers; everything else clap says becomes one line.
fn usage(e: &clap::Error) -> ExitCode {
    if !e.use_stderr() {
        let _ = e.print();
        return ExitCode::SUCCESS;
    }
    let text = e.render().to_string();
    let said = match e.kind() {
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => "a verb is missing",
        _ => ["\n\nUsage:", "\n\nFor more"]
            .iter()
            .filter_map(|end| text.find(end))
            .min()
            .map_or(&*text, |end| &text[..end]),
    };
    let said = said.strip_prefix("error: ").unwrap_or(said);
    eprintln!(
        "lunette: {}; `lunette --help` tells the verbs, `lunette VERB --help` their options",
        output::one_line(said)
    );
    ExitCode::from(2)
}

/// Lines for standard error; `RUST_LOG` wins over the configuration. What a daemon tells of its life is no news to
/// somebody who called a verb. retina tells whole URLs below `warn`, and those may hold a secret.
fn start_log(config: &Config, verb: &Verb) {
    let lives = matches!(verb, Verb::Run(_) | Verb::Helper(_) | Verb::Wifi(_));
    let level = if lives { config.log.level } else { log::LevelFilter::Warn };
    let filter = std::env::var("RUST_LOG").unwrap_or_else(|_| level.to_string());
    let mut log = env_logger::Builder::new();
    log.parse_filters(&filter).filter_module("retina", log::LevelFilter::Warn);
    log.format_target(false).format_timestamp_millis();
    let log = Keeping(log.build());
    log::set_max_level(log.0.filter());
    log::set_boxed_logger(Box::new(log)).expect("nobody sets another");
}

/// Keeps what it tells, for who has no journal to look into.
struct Keeping(env_logger::Logger);

impl Log for Keeping {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.0.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        if self.0.matches(record) {
            let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ");
            LINES.add(format!("{now} {:5} {}", record.level(), record.args()));
            self.0.log(record);
        }
    }

    fn flush(&self) {
        self.0.flush();
    }
}
