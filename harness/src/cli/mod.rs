//! The command line: understands arguments, calls the library, prints, and ends with an exit code of the table.
//!
//! stdout is data (reports, listings), stderr is for people (progress, errors). Each command is a module of its own.

mod arguments;
mod check;
#[cfg(test)]
mod ci_tests;
mod context;
mod diff;
mod docs;
mod exit;
mod explain;
mod gate;
mod judging;
mod list;
mod output;
mod pin;
mod prepare;
mod progress;
mod record;
mod report;
mod repro;
mod schema;
mod scoreboard;
mod server;
mod targets;
mod unpin;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command};
pub use exit::Exit;

/// Runs the program as its command line says.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are no errors: clap prints them to stdout.
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Ok };
            // There is no other place to report to when the terminal is gone.
            drop(error.print());
            return exit.into();
        }
    };
    let result = match &arguments.command {
        // The engine's runner: this process becomes a target, so nothing of the harness runs in it.
        Command::Runner => return crate::engine_runner::run(),
        Command::Check(options) => check::run(&arguments.project, options),
        Command::Record(options) => record::run(&arguments.project, options),
        Command::Gate(options) => gate::run(&arguments.project, options),
        Command::Explain(options) => explain::run(&arguments.project, options),
        Command::Repro(options) => repro::run(&arguments.project, options),
        Command::Diff(options) => diff::run(&arguments.project, options),
        Command::List(options) => list::run(&arguments.project, options),
        Command::Docs(options) => docs::run(&arguments.project, options),
        Command::Targets(options) => targets::run(options),
        Command::Prepare(options) => prepare::run(&arguments.project, options),
        Command::Scoreboard(options) => scoreboard::run(&arguments.project, options),
        Command::Pin(options) => pin::run(&arguments.project, options),
        Command::Unpin(options) => unpin::run(&arguments.project, options),
        Command::Report(options) => report::run(options),
        Command::Schema(options) => schema::run(options.of),
        Command::Server(options) => server::run(options),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(error) => {
            eprintln!("error: {}", message(&error));
            Exit::of_error(&error).into()
        }
    }
}

/// An error and its causes; one that says its cause itself does not say it twice.
fn message(error: &anyhow::Error) -> String {
    let mut causes = error.chain().map(ToString::to_string);
    let first = causes.next().unwrap_or_default();
    causes.fold(first, |text, cause| if text.contains(&cause) { text } else { format!("{text}: {cause}") })
}
