//! A problem of a YAML file: where, what, and what to do about it.
//!
//! The only place that knows annotate-snippets.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use annotate_snippets::{AnnotationKind, Element, Level, Renderer, Snippet};

use super::read_error::ReadError;
use super::yaml::{Span, SyntaxError};

/// A mistake in a file a person (or a merge) wrote. It displays itself with the source line and a marker below it.
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

impl Diagnostic {
    /// A problem of the file as a whole.
    pub fn of_file(file: &Path, message: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line: 0,
            column: 1,
            width: 1,
            message: message.into(),
            help: None,
            source_line: String::new(),
        }
    }

    /// The text for a terminal, coloured if wanted; the colours repeat what the text says.
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let path = self.file.display().to_string();
        let mut group = Level::ERROR.primary_title(self.message.as_str()).elements(Vec::<Element<'_>>::new());
        if self.line == 0 {
            group = group.element(annotate_snippets::Origin::path(path.as_str()));
        } else {
            group = group.element(
                Snippet::source(self.source_line.as_str())
                    .line_start(self.line)
                    .path(path.as_str())
                    .annotation(AnnotationKind::Primary.span(self.marked())),
            );
        }
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        renderer.render(&[group]).to_string()
    }

    /// The marked bytes of the source line.
    fn marked(&self) -> Range<usize> {
        let byte = |characters: usize| {
            self.source_line.char_indices().nth(characters).map_or(self.source_line.len(), |(byte, _)| byte)
        };
        let start = self.column.saturating_sub(1);
        byte(start)..byte(start.saturating_add(self.width))
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Diagnostic {}

/// Collects the problems of one file.
#[derive(Debug)]
pub(crate) struct Problems<'a> {
    file: &'a Path,
    lines: Vec<&'a str>,
    found: Vec<Diagnostic>,
}

impl<'a> Problems<'a> {
    pub(crate) fn new(file: &'a Path, text: &'a str) -> Self {
        Self { file, lines: text.lines().collect(), found: Vec::new() }
    }

    pub(crate) fn push(&mut self, span: Span, message: impl Into<String>, help: Option<String>) {
        self.found.push(Diagnostic {
            file: self.file.to_owned(),
            line: span.line.max(1),
            column: span.column,
            width: span.width,
            message: message.into(),
            help,
            source_line: self.lines.get(span.line.saturating_sub(1)).copied().unwrap_or_default().to_owned(),
        });
    }

    pub(crate) fn push_read(&mut self, error: ReadError) {
        let span = error.span.unwrap_or(Span { line: 1, column: 1, width: 1 });
        self.push(span, error.message, error.help);
    }

    pub(crate) fn push_syntax(&mut self, error: SyntaxError) {
        self.push(error.span, format!("this is not YAML: {}", error.message), None);
    }

    pub(crate) fn count(&self) -> usize {
        self.found.len()
    }

    /// All problems, by position.
    pub(crate) fn finish(mut self) -> Vec<Diagnostic> {
        self.found.sort_by_key(|problem| (problem.line, problem.column));
        self.found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_shows_the_line_and_a_remedy() {
        let text = "feature: x\n  é: [1, two]\n";
        let mut problems = Problems::new(Path::new("cases/read/tuples.yaml"), text);
        problems.push(Span { line: 2, column: 10, width: 3 }, "expected an int", Some("quote it".into()));
        insta::assert_snapshot!(problems.finish()[0], @r"
        error: expected an int
         --> cases/read/tuples.yaml:2:10
          |
        2 |   é: [1, two]
          |          ^^^
          |
          = help: quote it
        ");
    }

    #[test]
    fn positions_outside_the_line_are_harmless() {
        for (line, column, width) in [(1, 500, 3), (99, 1, 1), (0, 0, 0), (2, 3, usize::MAX)] {
            let mut problems = Problems::new(Path::new("x"), "a\nü");
            problems.push(Span { line, column, width }, "m", None);
            assert!(problems.finish()[0].to_string().contains("error: m"));
        }
        assert!(Diagnostic::of_file(Path::new("x.yaml"), "cannot be read").to_string().contains("x.yaml"));
    }
}
