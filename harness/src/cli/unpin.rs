//! `seatrial unpin`: removes divergences that are no longer needed, also those of cases that are gone.

use super::arguments::{ProjectOptions, UnpinOptions};
use super::context;
use super::exit::{Exit, UsageError};
use crate::case::SparkMinor;
use crate::golden::{GoldenStore, Mode};
use crate::run::Project;
use crate::target::engine::OWN_SPARK;

/// Runs the command.
pub(crate) fn run(project: &ProjectOptions, options: &UnpinOptions) -> anyhow::Result<Exit> {
    let place = Project::find(project.root.as_deref())?;
    let identity = context::identity(&options.target, OWN_SPARK)?;
    let Some(file) = place.divergences(&identity) else {
        return Err(UsageError(format!("`{}` is real Spark: nothing is pinned for it", options.target)).into());
    };
    let versions = options.versions.of(&GoldenStore::open_part(&place.golden(), Mode::Classic, |_| false)?);
    let mut divergences = context::divergences(&place, &identity)?;
    let mut unpinned = String::new();
    for case in &options.cases {
        let pinned: Vec<SparkMinor> =
            versions.iter().copied().filter(|version| divergences.lookup(*version, case).is_some()).collect();
        if pinned.is_empty() {
            let versions: Vec<String> = versions.iter().map(ToString::to_string).collect();
            let message =
                format!("nothing is pinned for `{case}` and Spark {} in {}", versions.join(", "), file.display());
            return Err(UsageError(message).into());
        }
        for version in pinned {
            divergences.unpin(version, case);
            unpinned += &format!("unpinned {case} for {version}\n");
        }
    }
    divergences.save(&file)?;
    context::print(&unpinned)?;
    eprintln!("wrote {}", file.display());
    Ok(Exit::Ok)
}
