//! `seatrial explain`: what a word of a report means.

use super::arguments::{ExplainOptions, ProjectOptions, SelectionOptions};
use super::context::{self, Loaded};
use super::exit::{Exit, UsageError};
use crate::divergence::Divergences;
use crate::explain::{Sources, explain, of_word, overview};
use crate::golden::GoldenStore;

/// Runs the command.
pub(crate) fn run(project: &ProjectOptions, options: &ExplainOptions) -> anyhow::Result<Exit> {
    let exits = Exit::ALL.map(|exit| (exit.code(), exit.meaning()));
    if let Some(text) = options.what.as_ref().and_then(|what| of_word(what, &exits)) {
        context::print(&text)?;
        return Ok(Exit::Ok);
    }
    let all = SelectionOptions { paths: Vec::new(), filter: None };
    // What does not load is told, and does not keep from explaining the rest.
    let Loaded { project: place, suite, .. } = context::load(project, &all)?;
    let goldens = GoldenStore::open(&place.golden())?;
    let pins = place.golden().join("divergences/engine.yaml");
    let divergences = Divergences::load(&pins).map_err(|diagnostics| {
        context::print_diagnostics(&diagnostics);
        UsageError(format!("{} does not read as a list of divergences", pins.display()))
    })?;
    let sources = Sources { suite: &suite, goldens: &goldens, divergences: &divergences, exits: &exits };
    let text = match &options.what {
        None => overview(&sources),
        Some(what) => explain(what, &sources).map_err(|unknown| UsageError(unknown.to_string()))?,
    };
    context::print(&text)?;
    Ok(Exit::Ok)
}
