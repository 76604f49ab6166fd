//! The lines of a case in its file: what a reader sees is what stands there.

use std::collections::BTreeMap;
use std::path::Path;

use crate::case::Case;

/// Keys whose content the page says in its own words.
const SAID_ELSEWHERE: [&str; 5] = ["name", "about", "covers", "since", "deadline"];

/// The case files' lines.
pub(crate) struct Sources<'c>(BTreeMap<&'c Path, Vec<String>>);

/// A case as its file has it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Source {
    /// The module under `python`, if that is the case's form.
    pub(crate) python: String,
    /// The other keys.
    pub(crate) yaml: String,
}

impl<'c> Sources<'c> {
    /// Reads the files of all cases. One that has gone meanwhile has no lines.
    pub(crate) fn read(cases: &'c [Case]) -> Self {
        let mut files = BTreeMap::new();
        for case in cases {
            files.entry(case.location.file.as_path()).or_insert_with(|| {
                let text = std::fs::read_to_string(&case.location.file).unwrap_or_default();
                text.lines().map(str::to_owned).collect()
            });
        }
        Self(files)
    }

    /// The lines of a case.
    pub(crate) fn of(&self, case: &Case) -> Source {
        self.0.get(case.location.file.as_path()).map_or_else(Source::default, |lines| split(lines, case.location.line))
    }
}

/// Splits the lines of the case whose name stands in line `number` (from 1).
fn split(lines: &[String], number: usize) -> Source {
    // The item begins with its dash, which need not stand in the name's line.
    let dash = |line: &str| line.trim_start().starts_with("- ");
    let Some(start) = lines.iter().take(number).rposition(|line| dash(line)) else { return Source::default() };
    let indent = indentation(&lines[start]);
    let inside = |line: &&String| line.trim().is_empty() || indentation(line) > indent;
    let body = lines[start + 1..].iter().take_while(inside);
    let first = lines[start].replacen('-', " ", 1);
    let mut source = Source::default();
    let mut key = String::new();
    for line in std::iter::once(&first).chain(body) {
        let own = line.get(indent + 2..).unwrap_or_default();
        if !own.is_empty() && !own.starts_with([' ', '#', '-', ']', '}']) {
            key = own.split(':').next().unwrap_or_default().trim().to_owned();
            if key == "python" && own.trim_end().ends_with('|') {
                continue;
            }
        }
        match key.as_str() {
            key if SAID_ELSEWHERE.contains(&key) => {}
            "python" => {
                source.python += own.strip_prefix("  ").unwrap_or(own);
                source.python.push('\n');
            }
            _ => {
                source.yaml += own;
                source.yaml.push('\n');
            }
        }
    }
    source.python = source.python.trim_end().to_owned();
    source.yaml = source.yaml.trim_end().to_owned();
    source
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_split_into_its_module_and_the_rest() {
        let text = "feature: f\ncases:\n  - name: a\n    about: |\n      long\n      prose\n    covers: [X]\n    python: |\n      import os\n\n      class A:\n        pass\n    query: SELECT 1\n\n  - name: b\n    source:\n      rows: []\n";
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let first = split(&lines, 3);
        assert_eq!(first.python, "import os\n\nclass A:\n  pass");
        assert_eq!(first.yaml, "query: SELECT 1");
        assert_eq!(split(&lines, 15), Source { python: String::new(), yaml: "source:\n  rows: []".into() });
    }
}
