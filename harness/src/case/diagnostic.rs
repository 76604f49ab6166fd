//! A problem of a YAML file: where, what, and what to do about it.
//!
//! The only place that knows annotate-snippets.

use std::fmt;
use std::path::PathBuf;

/// A mistake in a file a person (or a merge) wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1; 0 where the file as a whole is meant (it cannot be read).
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// How many characters are marked, at least one.
    pub width: usize,
    /// What is wrong, as a fragment.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The source line's text.
    pub source_line: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file.display(), self.line, self.column, self.message)
    }
}

impl std::error::Error for Diagnostic {}
