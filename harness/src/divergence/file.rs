//! The file of divergences: read with positions, written in one canonical way.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::str::FromStr;

use serde::Deserialize;

use super::{Actual, Day, Divergence, Divergences, Kind};
use crate::case::diagnostic::{Diagnostic, Problems};
use crate::case::node_deserializer::read;
use crate::case::yaml::{Located, Node, Span, parse};
use crate::case::{CaseId, SparkMinor};
use crate::compare::Reason;
use crate::golden::canonical::{Canonical, quoted};
use crate::golden::stored::StoredObservation;
use crate::golden::{GoldenError, replace_file};

/// The format of the file.
const FORMAT: u32 = 1;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: Located<u32>,
    divergences: Vec<Node>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    case: Located<String>,
    versions: Located<Vec<Located<String>>>,
    verdict: EntryVerdict,
    kind: Kind,
    reason: Located<String>,
    review_by: Located<String>,
    /// The answer; none where the candidate does not answer.
    #[serde(default)]
    actual: Option<Located<StoredObservation>>,
}

/// How the candidate's answer compares; only what diverges is pinned.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum EntryVerdict {
    /// In what it differs.
    Divergent(Vec<Located<String>>),
    /// Why the candidate cannot do this.
    Unsupported(String),
}

impl Divergences {
    /// Reads `golden/divergences/<target>.yaml`; a file that does not exist means none.
    ///
    /// # Errors
    ///
    /// All problems of the file.
    pub fn load(file: &Path) -> Result<Self, Vec<Diagnostic>> {
        match fs::read(file).map(String::from_utf8) {
            Ok(Ok(text)) => Self::from_yaml(file, &text),
            Ok(Err(_)) => Err(vec![Diagnostic::of_file(file, "the file is not UTF-8 text")]),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(vec![Diagnostic::of_file(file, format!("the file cannot be read: {error}"))]),
        }
    }

    /// Reads the text of `file`.
    ///
    /// # Errors
    ///
    /// All problems of the text.
    pub fn from_yaml(file: &Path, text: &str) -> Result<Self, Vec<Diagnostic>> {
        let mut problems = Problems::new(file, text);
        let divergences = Self::parse(text, &mut problems);
        let found = problems.finish();
        if found.is_empty() { Ok(divergences) } else { Err(found) }
    }

    fn parse(text: &str, problems: &mut Problems<'_>) -> Self {
        let mut divergences = Self::default();
        let tree = match parse(text) {
            Ok(tree) => tree,
            Err(error) => {
                problems.push_syntax(error);
                return divergences;
            }
        };
        let file: File = match read(&tree) {
            Ok(file) => file,
            Err(error) => {
                problems.push_read(error);
                return divergences;
            }
        };
        if file.format.value != FORMAT {
            let message = format!("the format is {}, and this program knows {FORMAT}", file.format.value);
            problems.push(file.format.span, message, None);
            return divergences;
        }
        for node in &file.divergences {
            match read::<Entry>(node) {
                Ok(entry) => divergences.entries.extend(divergences.checked(entry, problems)),
                Err(error) => problems.push_read(error),
            }
        }
        divergences.sort();
        divergences
    }

    fn checked(&self, entry: Entry, problems: &mut Problems<'_>) -> Option<Divergence> {
        let case: Option<CaseId> = parsed(&entry.case, problems);
        let review_by: Option<Day> = parsed(&entry.review_by, problems);
        let versions: BTreeSet<SparkMinor> =
            entry.versions.value.iter().filter_map(|version| parsed(version, problems)).collect();
        if entry.versions.value.is_empty() {
            problems.push(entry.versions.span, "a divergence names the Spark versions that it is about", None);
        }
        let reason = entry.reason.value.trim().to_owned();
        if reason.is_empty() {
            let help = Some("say in a sentence why the answer differs".to_owned());
            problems.push(entry.reason.span, "the reason is empty", help);
        }
        let actual = actual_of(entry.verdict, entry.actual, entry.case.span, problems);
        let case = case?;
        for version in &versions {
            if self.lookup(*version, &case).is_some() {
                problems.push(entry.case.span, format!("the case is pinned for {version} already"), None);
            }
        }
        Some(Divergence { case, versions, actual: actual?, kind: entry.kind, reason, review_by: review_by? })
    }

    /// The canonical text of the file.
    pub fn to_yaml(&self) -> String {
        let mut out = Canonical::default();
        out.line(0, &format!("format: {FORMAT}"));
        if self.entries.is_empty() {
            out.line(0, "divergences: []");
            return out.finish();
        }
        out.line(0, "divergences:");
        let list = |items: Vec<String>| format!("[{}]", items.join(", "));
        for entry in &self.entries {
            out.line(2, &format!("- case: {}", quoted(&entry.case.to_string())));
            let versions = entry.versions.iter().map(|version| quoted(&version.to_string())).collect();
            out.line(4, &format!("versions: {}", list(versions)));
            out.line(4, &format!("kind: {}", entry.kind));
            out.text(4, "reason", &entry.reason);
            out.line(4, &format!("review_by: {}", entry.review_by));
            match &entry.actual {
                Actual::Unsupported { reason } => {
                    out.line(4, &format!("verdict: {{unsupported: {}}}", quoted(reason)));
                }
                Actual::Answer { reasons, observation } => {
                    let reasons = reasons.iter().map(|reason| reason.name().to_owned()).collect();
                    out.line(4, &format!("verdict: {{divergent: {}}}", list(reasons)));
                    let mut actual = Canonical::default();
                    actual.observation(6, observation);
                    let actual = actual.finish();
                    out.line(4, if actual.is_empty() { "actual: {}" } else { "actual:" });
                    out.raw(&actual);
                }
            }
        }
        out.finish()
    }

    /// Writes the canonical text to `golden/divergences/<target>.yaml`, as a whole or not at all.
    ///
    /// # Errors
    ///
    /// What the file system says.
    pub fn save(&self, file: &Path) -> Result<(), GoldenError> {
        replace_file(file, &self.to_yaml())
    }
}

fn actual_of(
    verdict: EntryVerdict,
    actual: Option<Located<StoredObservation>>,
    entry: Span,
    problems: &mut Problems<'_>,
) -> Option<Actual> {
    let names = match (verdict, &actual) {
        (EntryVerdict::Divergent(names), _) => names,
        (EntryVerdict::Unsupported(reason), None) => return Some(Actual::Unsupported { reason }),
        (EntryVerdict::Unsupported(_), Some(actual)) => {
            problems.push(actual.span, "what is unsupported has no answer", None);
            return None;
        }
    };
    let mut reasons = BTreeSet::new();
    for name in &names {
        match Reason::ALL.into_iter().find(|reason| reason.name() == name.value) {
            Some(reason) => {
                reasons.insert(reason);
            }
            None => problems.push(name.span, format!("`{}` is no reason of a divergence", name.value), None),
        }
    }
    let Some(actual) = actual else {
        problems.push(entry, "the answer that diverges is missing: `actual`", None);
        return None;
    };
    match actual.value.observation(actual.span) {
        Ok(observation) => Some(Actual::Answer { reasons, observation: Box::new(observation) }),
        Err(error) => {
            problems.push_read(error);
            None
        }
    }
}

fn parsed<T: FromStr>(text: &Located<String>, problems: &mut Problems<'_>) -> Option<T>
where
    T::Err: std::fmt::Display,
{
    match text.value.parse() {
        Ok(value) => Some(value),
        Err(error) => {
            problems.push(text.span, error.to_string(), None);
            None
        }
    }
}
