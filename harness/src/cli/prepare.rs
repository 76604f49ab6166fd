//! `seatrial prepare`: installs the PySparks that the engine needs to follow other versions than its own.

use super::arguments::{PrepareOptions, ProjectOptions};
use super::context;
use super::exit::Exit;
use crate::golden::{GoldenStore, Mode};
use crate::run::Project;
use crate::target::engine::{self, OWN_SPARK};
use crate::target::environment::Environments;

/// Runs the command.
pub(crate) fn run(project: &ProjectOptions, options: &PrepareOptions) -> anyhow::Result<Exit> {
    let mut versions = options.versions.clone();
    if versions.is_empty() {
        let place = Project::find(project.root.as_deref())?;
        versions.extend(GoldenStore::open_part(&place.golden(), Mode::Classic, |_| false)?.versions());
    }
    let environments = Environments::of_user()?;
    for version in versions {
        if version == OWN_SPARK {
            continue;
        }
        let python = engine::require(&environments, version)?;
        context::print(&format!("{version} {}\n", python.display()))?;
    }
    Ok(Exit::Ok)
}
