//! The formats by their names.

use super::baseline::Baseline;
use super::model::Run;
use super::style::Style;
use super::{badge, github, html, human, json, junit, markdown, sarif};

/// A rendering of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// For people at a terminal.
    Human,
    /// JSON lines.
    Json,
    /// JUnit XML, which most CI services read.
    Junit,
    /// For the summary of a CI job.
    Markdown,
    /// Annotations in GitHub Actions.
    Github,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// The JSON that shields.io makes a badge of.
    Badge,
    /// A page for browsers.
    Html,
}

/// Why a run cannot be rendered: a mistake of ours.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// No JSON could be made.
    #[error("failed to make JSON of the report: {0}")]
    Json(#[from] serde_json::Error),
    /// No XML could be made.
    #[error("failed to make XML of the report: {0}")]
    Xml(#[from] quick_junit::SerializeError),
}

impl Format {
    /// All of them, in the order in which messages list them.
    pub const ALL: [Self; 8] =
        [Self::Human, Self::Json, Self::Junit, Self::Markdown, Self::Github, Self::Sarif, Self::Badge, Self::Html];

    /// As `--format` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Json => "json",
            Self::Junit => "junit",
            Self::Markdown => "markdown",
            Self::Github => "github",
            Self::Sarif => "sarif",
            Self::Badge => "badge",
            Self::Html => "html",
        }
    }

    /// The format of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// The run in this format. `style` is for people's eyes alone; the `baseline` is shown where there is room for it.
    ///
    /// # Errors
    ///
    /// Never, but for a mistake of ours.
    pub fn render(self, run: &Run, style: Style, baseline: Option<&Baseline>) -> Result<String, RenderError> {
        Ok(match self {
            Self::Human => human::render(run, style),
            Self::Json => json::render(run)?,
            Self::Junit => junit::render(run)?,
            Self::Markdown => markdown::render(run, baseline),
            Self::Github => github::render(run),
            Self::Sarif => sarif::render(run)?,
            Self::Badge => badge::render(run)?,
            Self::Html => html::render(run, baseline),
        })
    }
}
