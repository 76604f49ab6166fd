//! `seatrial explain`: what a word of a report means.

use super::arguments::{ExplainOptions, ProjectOptions, SelectionOptions};
use super::context::{self, Loaded};
use super::exit::{Exit, UsageError};
use crate::divergence::Divergences;
use crate::explain::{Sources, explain, of_word, overview, topics};
use crate::golden::{GoldenStore, Mode};

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
    let pins = place.golden().join("divergences/engine.yaml");
    let divergences = Divergences::load(&pins).map_err(|diagnostics| {
        context::print_diagnostics(&diagnostics);
        UsageError(format!("{} does not read as a list of divergences", pins.display()))
    })?;
    let explained = |goldens: &GoldenStore| {
        let sources = Sources { suite: &suite, goldens, divergences: &divergences, exits: &exits };
        match &options.what {
            None => Ok(overview(&sources)),
            Some(what) => explain(what, &sources),
        }
    };
    let folder = place.golden();
    let few = match &options.what {
        None => None,
        Some(what) => topics(what, &suite, &folder)?,
    };
    let text = match few {
        Some(few) => explained(&GoldenStore::open_part(&folder, Mode::Classic, |topic| few.contains(topic))?).ok(),
        None => None,
    };
    // What is unknown may be near to what any golden shows.
    let text = match text {
        Some(text) => text,
        None => explained(&GoldenStore::open_part(&folder, Mode::Classic, |_| true)?)
            .map_err(|unknown| UsageError(unknown.to_string()))?,
    };
    context::print(&text)?;
    Ok(Exit::Ok)
}
