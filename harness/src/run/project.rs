//! The folder that holds `cases/` and `golden/`.

use std::path::{Component, Path, PathBuf};

use crate::target::Identity;

/// Where the cases and the goldens lie.
#[derive(Debug, Clone)]
pub struct Project {
    root: PathBuf,
}

/// There is no such folder.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// No folder from here upward holds cases.
    #[error("neither {0} nor a folder above it holds a folder `cases`; name the one that does with --root")]
    NotFound(PathBuf),
    /// The folder that was named holds no cases.
    #[error("{0} holds no folder `cases`")]
    NoCases(PathBuf),
    /// The working directory is gone.
    #[error("failed to find the working directory: {0}")]
    NoDirectory(#[from] std::io::Error),
}

impl Project {
    /// The project in `root`, or else the nearest one from the working directory upward.
    pub fn find(root: Option<&Path>) -> Result<Self, ProjectError> {
        if let Some(root) = root {
            return match root.join("cases").is_dir() {
                true => Ok(Self { root: root.to_owned() }),
                false => Err(ProjectError::NoCases(root.to_owned())),
            };
        }
        let here = std::env::current_dir()?;
        // Relative paths, since they are shown: `cases/read/tuples.yaml`, or `../cases/read/tuples.yaml` from a folder.
        let steps =
            here.ancestors().position(|folder| folder.join("cases").is_dir()).ok_or(ProjectError::NotFound(here))?;
        Ok(Self { root: std::iter::repeat_n(Component::ParentDir, steps).collect() })
    }

    /// The folder of case files.
    pub fn cases(&self) -> PathBuf {
        self.root.join("cases")
    }

    /// The folder of goldens.
    pub fn golden(&self) -> PathBuf {
        self.root.join("golden")
    }

    /// The folder of generated pages.
    pub fn docs(&self) -> PathBuf {
        self.root.join("docs")
    }

    /// The scoreboard.
    pub fn scoreboard(&self) -> PathBuf {
        self.golden().join("SCOREBOARD.md")
    }

    /// The file of a target's known divergences; none for real Spark, which cannot diverge from itself. What a product
    /// answers over Spark Connect is a list of its own.
    pub fn divergences(&self, identity: &Identity) -> Option<PathBuf> {
        if identity.target == "spark" {
            return None;
        }
        // The name comes from a runner: nothing of it may leave the folder.
        let name = match identity.mode.as_str() {
            "connect" if identity.target != "connect" => format!("{}-connect", identity.target),
            _ => identity.target.clone(),
        };
        let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        Some(self.golden().join("divergences").join(format!("{name}.yaml")))
    }

    /// A path below the project's root.
    pub fn join(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }
}
