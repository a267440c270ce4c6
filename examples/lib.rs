//! What the programs share: how they read their command line and end.

use std::process::ExitCode;

use clap::error::{ContextKind, ErrorKind};
use clap::{CommandFactory, Parser};

/// Reads the command line. `--help` ends with 0; anything wrong ends with 2 and a message on standard
/// error that lists what is valid.
///
/// # Errors
/// The code to end with; everything that there is to say has been said.
pub fn parse<T: Parser + CommandFactory>() -> Result<T, ExitCode> {
    T::try_parse().map_err(|error| {
        // Where the message itself cannot be printed there is nowhere left to say so.
        let _unprintable = error.print();
        if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
            return ExitCode::SUCCESS;
        }
        if error.get(ContextKind::ValidValue).is_none() {
            say(&format!("valid options: {}", options(&T::command()).join(", ")));
        }
        ExitCode::from(2)
    })
}

fn options(command: &clap::Command) -> Vec<String> {
    let mut names: Vec<String> =
        command.get_arguments().filter_map(|argument| argument.get_long()).map(|name| format!("--{name}")).collect();
    names.push("--help".to_owned());
    names
}

/// Writes a line to standard error.
pub fn say(text: &str) {
    use std::io::Write as _;
    // A closed standard error is no reason to end.
    let _closed = writeln!(std::io::stderr(), "{text}");
}

/// Writes a line to standard output and flushes it.
///
/// # Errors
/// If standard output is closed.
pub fn print(text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

/// Sends what the libraries trace to standard error, as `RUST_LOG` asks for; nothing without it.
pub fn log() {
    let filter = tracing_subscriber::EnvFilter::from_default_env();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
