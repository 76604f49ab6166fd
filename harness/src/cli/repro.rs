//! `seatrial repro CASE`: a script that shows a case's behaviour on real PySpark and on the engine.

use std::io::Write;

use super::arguments::{ProjectOptions, ReproOptions, SelectionOptions};
use super::context::{self, Loaded};
use super::exit::{Exit, UsageError};
use crate::golden::{GoldenLookup, GoldenStore, Mode};
use crate::repro::Repro;
use crate::run::selection::SelectionError;
use crate::target::TargetId;
use crate::target::environment::Installation;
use crate::target::id::KNOWN_SPARK_VERSIONS;

/// Runs the command.
pub(crate) fn run(project: &ProjectOptions, options: &ReproOptions) -> anyhow::Result<Exit> {
    let wanted = SelectionOptions { paths: vec![options.case.clone()], filter: None };
    let no_case = || UsageError(format!("there is no case `{}`; `seatrial list` has them all", options.case));
    let loaded = context::load(project, &wanted);
    let Loaded { project: place, suite, selection, broken } = loaded.map_err(|error| match error.downcast_ref() {
        Some(SelectionError::NoSuchPath(_)) => no_case().into(),
        _ => error,
    })?;
    let case = match selection.pick_all(&suite).as_slice() {
        [case] => *case,
        [] if broken => return Ok(Exit::Usage),
        [] => return Err(no_case().into()),
        several => {
            let ids: Vec<String> = several.iter().take(5).map(|case| format!("\n  {}", case.id)).collect();
            let more =
                if several.len() > 5 { format!("\n  … and {} more", several.len() - 5) } else { String::new() };
            let message =
                format!("`{}` is {} cases, and a script shows one:{}{more}", options.case, several.len(), ids.concat());
            return Err(UsageError(message).into());
        }
    };
    if case.since > options.spark {
        let message = format!("`{}` shows what Spark has since {}: name that with --spark", case.id, case.since);
        return Err(UsageError(message).into());
    }
    let Ok(TargetId::Spark(patch)) = format!("spark:{}", options.spark).parse() else {
        let known = KNOWN_SPARK_VERSIONS.join(", ");
        return Err(UsageError(format!("no Spark {} is known; known are {known}", options.spark)).into());
    };
    let goldens = GoldenStore::open_part(&place.golden(), Mode::Classic, |topic| topic == case.id.topic())?;
    let golden = match goldens.lookup(options.spark, case) {
        GoldenLookup::Found { observation, .. } => Some(observation),
        GoldenLookup::Stale { .. } | GoldenLookup::Missing => {
            eprintln!(
                "note: real Spark {} was not asked about the case as it is now: the script compares nothing",
                options.spark
            );
            None
        }
    };
    let requirements = Installation::spark(&patch).classic_requirements();
    let repro = Repro { case, spark: options.spark, patch: patch.as_str(), requirements: &requirements, golden };
    let script = repro.script();
    match &options.output {
        None => context::print(&script)?,
        Some(path) => {
            let failed = |error: std::io::Error| UsageError(format!("failed to write {}: {error}", path.display()));
            let mut file = std::fs::File::create(path).map_err(failed)?;
            file.write_all(script.as_bytes()).map_err(failed)?;
            eprintln!("wrote {}", path.display());
        }
    }
    Ok(Exit::Ok)
}
