//! The index of behaviours, `cases/BEHAVIOURS.md`: what cases cover.
//!
//! The file is prose for people with tables for this module: under each heading `## side: Title` a table with the columns
//! id, since, behaviour.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::SparkMinor;
use super::diagnostic::{Diagnostic, Problems};
use super::yaml::Span;

/// The name of the index in the folder of cases.
const FILE: &str = "BEHAVIOURS.md";

/// One thing that a data source can observe of Spark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behaviour {
    /// Its id, as `covers` names it.
    pub id: String,
    /// Where it shows.
    pub side: Side,
    /// The heading it stands under.
    pub chapter: String,
    /// The first version of Spark that has it.
    pub since: SparkMinor,
    /// What is claimed, as Markdown.
    pub text: String,
}

/// Where a behaviour shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// In batch reads and all that leads to them.
    Read,
    /// In writes.
    Write,
    /// In streams.
    Stream,
    /// Over Spark Connect only.
    Connect,
    /// Nowhere: facts from Spark's source that no case can observe.
    Notes,
}

impl Side {
    /// As headings name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Stream => "stream",
            Self::Connect => "connect",
            Self::Notes => "notes",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [Self::Read, Self::Write, Self::Stream, Self::Connect, Self::Notes].into_iter().find(|side| side.name() == name)
    }
}

/// Reads the index below `root` (the folder `cases`), in the file's order; nothing where there is none.
pub(super) fn load(root: &Path) -> (Option<Vec<Behaviour>>, Vec<Diagnostic>) {
    let file = root.join(FILE);
    match fs::read(&file).map(String::from_utf8) {
        Ok(Ok(text)) => {
            let mut problems = Problems::new(&file, &text);
            let behaviours = parse(&text, &mut problems);
            (Some(behaviours), problems.finish())
        }
        Ok(Err(_)) => (None, vec![Diagnostic::of_file(&file, "the file is not UTF-8 text")]),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => (None, Vec::new()),
        Err(error) => (None, vec![Diagnostic::of_file(&file, format!("the file cannot be read: {error}"))]),
    }
}

fn parse(text: &str, problems: &mut Problems<'_>) -> Vec<Behaviour> {
    let mut behaviours: Vec<Behaviour> = Vec::new();
    let mut lines_of: BTreeMap<String, usize> = BTreeMap::new();
    let mut heading: Option<(Side, &str)> = None;
    for (number, line) in text.lines().enumerate().map(|(index, line)| (index + 1, line)) {
        let whole = Span { line: number, column: 1, width: line.chars().count().max(1) };
        if let Some(title) = line.strip_prefix("## ") {
            heading = title.split_once(": ").and_then(|(side, title)| Some((Side::parse(side)?, title.trim())));
            if heading.is_none() {
                let help =
                    Some("it is `## side: Title`, where the side is read, write, stream, connect or notes".into());
                problems.push(whole, "the heading names no side", help);
            }
            continue;
        }
        let Some(cells) = cells(line) else { continue };
        if cells.first().is_some_and(|cell| cell == "id" || cell.starts_with("--")) {
            continue;
        }
        let Some((side, chapter)) = heading else {
            problems.push(whole, "the row stands under no heading of a side", None);
            continue;
        };
        let [id, since, text] = cells.as_slice() else {
            let help = Some("id, since, behaviour; a `|` inside of a cell is written `\\|`".to_owned());
            problems.push(whole, format!("the row has {} cells instead of 3", cells.len()), help);
            continue;
        };
        let Ok(since) = since.parse::<SparkMinor>() else {
            problems.push(whole, format!("`{since}` is not a Spark version such as 4.1"), None);
            continue;
        };
        if let Some(first) = lines_of.insert(id.clone(), number) {
            problems.push(whole, format!("`{id}` stands in line {first} already"), None);
            continue;
        }
        behaviours.push(Behaviour { id: id.clone(), side, chapter: chapter.to_owned(), since, text: text.clone() });
    }
    behaviours
}

/// The cells of a table's row; nothing for other lines.
fn cells(line: &str) -> Option<Vec<String>> {
    let inner = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    let mut cells = vec![String::new()];
    let mut rest = inner.chars().peekable();
    while let Some(c) = rest.next() {
        match (c, cells.last_mut()) {
            ('\\', Some(cell)) if rest.peek() == Some(&'|') => {
                rest.next();
                cell.push('|');
            }
            ('|', _) => cells.push(String::new()),
            (c, Some(cell)) => cell.push(c),
            (_, None) => {}
        }
    }
    Some(cells.into_iter().map(|cell| cell.trim().to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (Vec<Behaviour>, String) {
        let mut problems = Problems::new(Path::new("cases/BEHAVIOURS.md"), text);
        let behaviours = parse(text, &mut problems);
        let found: Vec<String> =
            problems.finish().iter().map(|problem| format!("{}: {}", problem.line, problem.message)).collect();
        (behaviours, found.join("\n"))
    }

    #[test]
    fn rows_are_read_under_their_headings() {
        let text = "# Behaviours\n\nProse | with a bar.\n\n## read: How it begins\n\n| id | since | behaviour |\n|---|---|---|\n\
                    | A-1 | 4.0 | It is `a \\| b`. |\n\n## write: Later\n| B | 4.2 | x |\n";
        let (behaviours, problems) = parsed(text);
        assert_eq!(problems, "");
        assert_eq!(behaviours.len(), 2);
        assert_eq!((behaviours[0].id.as_str(), behaviours[0].text.as_str()), ("A-1", "It is `a | b`."));
        assert_eq!((behaviours[0].side, behaviours[0].chapter.as_str()), (Side::Read, "How it begins"));
        assert_eq!((behaviours[1].side, behaviours[1].since), (Side::Write, SparkMinor::new(4, 2)));
    }

    #[test]
    fn every_problem_of_the_index_is_told() {
        let text = "| A | 4.0 | early |\n## reed: x\n## read: x\n| A | 4.0 | a | b |\n| A | four | a |\n| A | 4.0 | a |\n| A | 4.0 | b |\n";
        insta::assert_snapshot!(parsed(text).1, @r"
        1: the row stands under no heading of a side
        2: the heading names no side
        4: the row has 4 cells instead of 3
        5: `four` is not a Spark version such as 4.1
        7: `A` stands in line 6 already
        ");
    }
}
