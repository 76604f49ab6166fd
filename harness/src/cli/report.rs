//! `seatrial report`: renders the stored result of a run again, without asking anybody.

use std::io::Read;
use std::path::Path;

use super::arguments::StoredReportOptions;
use super::exit::{Exit, UsageError};
use super::output::Outputs;
use crate::report::json;

/// Runs the command.
pub(crate) fn run(options: &StoredReportOptions) -> anyhow::Result<Exit> {
    let name = options.file.display();
    let failed = |error: &dyn std::fmt::Display| UsageError(format!("failed to read {name}: {error}"));
    let text = text_of(&options.file).map_err(|error| failed(&error))?;
    let run = json::read(&text).map_err(|error| failed(&error))?;
    // Only now: the place may be that of the file.
    Outputs::open(&options.report)?.write(&run)?;
    Ok(Exit::Ok)
}

fn text_of(file: &Path) -> std::io::Result<String> {
    if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text)?;
        return Ok(text);
    }
    std::fs::read_to_string(file)
}
