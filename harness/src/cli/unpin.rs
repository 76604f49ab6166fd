//! `seatrial unpin`: removes divergences that are no longer needed, also those of cases that are gone.

use super::arguments::{ProjectOptions, UnpinOptions};
use super::context;
use super::exit::{Exit, UsageError};
use crate::run::Project;

/// Runs the command.
pub(crate) fn run(project: &ProjectOptions, options: &UnpinOptions) -> anyhow::Result<Exit> {
    let place = Project::find(project.root.as_deref())?;
    // Only the target itself knows its name.
    let pool = context::pool(&options.target, Some(1))?;
    let identity = pool.identity()?;
    pool.stop();
    let Some(file) = place.divergences(&identity) else {
        return Err(UsageError(format!("`{}` is real Spark: nothing is pinned for it", options.target)).into());
    };
    let mut divergences = context::divergences(&place, &identity)?;
    for case in &options.cases {
        if divergences.lookup(options.spark, case).is_none() {
            let message = format!("nothing is pinned for `{case}` and Spark {} in {}", options.spark, file.display());
            return Err(UsageError(message).into());
        }
        divergences.unpin(options.spark, case);
    }
    divergences.save(&file)?;
    for case in &options.cases {
        context::print(&format!("unpinned {case}\n"))?;
    }
    eprintln!("wrote {}", file.display());
    Ok(Exit::Ok)
}
