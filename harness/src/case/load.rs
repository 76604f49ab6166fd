//! Loading case files: every problem of every file becomes a diagnostic, and what is in order is loaded.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::diagnostic::{Diagnostic, Problems};
use super::file::{CaseFile, FileCase, FileRead, FileStep, OneOrMany, Ordered, Scalar};
use super::node_deserializer::read;
use super::read_error::suggestion;
use super::yaml::{Content, Located, Node, Span, parse};
use super::{Case, CaseId, Location, Read, ReadPath, SparkMinor, Step, Suite, Surroundings, behaviours, python_source};
use crate::parallel;

/// Loads every case file below `root` (the folder `cases`), in path order; a broken file does not stop the others.
pub fn load(root: &Path) -> Suite {
    let (behaviours, mut diagnostics) = behaviours::load(root);
    let index: Option<BTreeSet<&str>> =
        behaviours.as_ref().map(|behaviours| behaviours.iter().map(|behaviour| behaviour.id.as_str()).collect());
    let mut suite = Suite::default();
    suite.diagnostics.append(&mut diagnostics);
    let mut files = Vec::new();
    collect(root, &mut files, &mut suite.diagnostics);
    files.sort();
    for (cases, problems) in parallel::map(&files, |file| load_file(root, file, index.as_ref())) {
        suite.cases.extend(cases);
        suite.diagnostics.extend(problems);
    }
    suite.cases.sort_by(|left, right| left.id.cmp(&right.id));
    suite.behaviours = behaviours.unwrap_or_default();
    suite
}

/// The cases of a file below `root`, and its problems.
fn load_file(root: &Path, file: &Path, index: Option<&BTreeSet<&str>>) -> (Vec<Case>, Vec<Diagnostic>) {
    let failed = |problem| (Vec::new(), vec![problem]);
    let topic = match topic_of(root, file) {
        Ok(topic) => topic,
        Err(problem) => return failed(problem),
    };
    match fs::read(file).map(String::from_utf8) {
        Ok(Ok(text)) => {
            let mut problems = Problems::new(file, &text);
            let cases = load_cases(file, &topic, &text, index, &mut problems);
            (cases, problems.finish())
        }
        Ok(Err(_)) => failed(Diagnostic::of_file(file, "the file is not UTF-8 text")),
        Err(error) => failed(Diagnostic::of_file(file, format!("the file cannot be read: {error}"))),
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>, problems: &mut Vec<Diagnostic>) {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            problems.push(Diagnostic::of_file(folder, format!("the folder cannot be read: {error}")));
            return;
        }
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if name.to_string_lossy().starts_with('.') {
            continue;
        }
        match (entry.file_type(), path.extension().and_then(|ending| ending.to_str())) {
            // A symbolic link to a folder is not followed: it may lead back here.
            (Ok(kind), _) if kind.is_dir() => collect(&path, files, problems),
            (_, Some("yaml")) => files.push(path),
            (_, Some("yml")) => {
                let mut problem = Diagnostic::of_file(&path, "a case file's name ends in `.yaml`");
                problem.help = Some("rename it, or it is not read".to_owned());
                problems.push(problem);
            }
            _ => {}
        }
    }
}

/// `<area>/<topic>`, from the path below `root`.
fn topic_of(root: &Path, file: &Path) -> Result<String, Diagnostic> {
    let below = file.strip_prefix(root).unwrap_or(file).with_extension("");
    let parts: Option<Vec<&str>> = below.components().map(|part| part.as_os_str().to_str()).collect();
    match parts {
        Some(parts) if parts.len() > 1 && !parts.iter().any(|part| part.contains("::")) => Ok(parts.join("/")),
        Some(parts) if parts.len() == 1 => {
            Err(Diagnostic::of_file(file, "a case file lies in the folder of its area: cases/<area>/<topic>.yaml"))
        }
        _ => Err(Diagnostic::of_file(file, "the path is part of case ids: it must be UTF-8 and have no `::`")),
    }
}

/// Loads the cases of one file's text. `file` is where it lies, `topic` is `<area>/<topic>`.
pub fn load_text(file: &Path, topic: &str, text: &str) -> Suite {
    let mut problems = Problems::new(file, text);
    let cases = load_cases(file, topic, text, None, &mut problems);
    Suite { cases, diagnostics: problems.finish(), ..Suite::default() }
}

/// Loads the cases of a file. `index` holds the ids that they may cover; without it any will do.
fn load_cases(
    file: &Path,
    topic: &str,
    text: &str,
    index: Option<&BTreeSet<&str>>,
    problems: &mut Problems<'_>,
) -> Vec<Case> {
    let tree = match parse(text) {
        Ok(tree) => tree,
        Err(error) => {
            problems.push_syntax(error);
            return Vec::new();
        }
    };
    let case_file: CaseFile = match read(&tree) {
        Ok(case_file) => case_file,
        Err(error) => {
            problems.push_read(error);
            return Vec::new();
        }
    };
    one_line(&case_file.feature, "feature", problems);
    if case_file.cases.is_empty() {
        problems.push(tree.span, "the file has no cases", None);
    }
    let mut names: BTreeMap<String, Span> = BTreeMap::new();
    let mut cases = Vec::new();
    for node in &case_file.cases {
        let before = problems.count();
        let case: FileCase = match read(node) {
            Ok(case) => case,
            Err(error) => {
                problems.push_read(error);
                continue;
            }
        };
        if let Some(first) = names.get(&case.name.value) {
            let help = format!("the first stands in line {}; a case's name is its identity", first.line);
            problems.push(case.name.span, "a case of this name stands in this file already", Some(help));
        } else {
            names.insert(case.name.value.clone(), case.name.span);
        }
        let location = Location { file: file.to_owned(), line: case.name.span.line, column: case.name.span.column };
        check_covers(&case.covers, index, problems);
        let checked = check(case, node, problems);
        if let Some(parts) = checked.filter(|_| problems.count() == before) {
            cases.push(parts.into_case(topic, &case_file, location));
        }
    }
    cases
}

/// A text that must fit a line: ids and headings.
fn one_line(text: &Located<String>, key: &str, problems: &mut Problems<'_>) {
    let value = &text.value;
    if value.trim().is_empty() {
        problems.push(text.span, format!("`{key}` is empty"), None);
    } else if value.trim() != value || value.chars().any(char::is_control) {
        let help = Some("use `about` for prose".to_owned());
        problems.push(text.span, format!("`{key}` must be one line without blanks at its ends"), help);
    }
}

fn check_covers(covers: &[Located<String>], index: Option<&BTreeSet<&str>>, problems: &mut Problems<'_>) {
    for id in covers {
        let known_shape = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-';
        if id.value.is_empty() || !id.value.chars().all(known_shape) {
            let help = Some("an id of the behaviour catalogue looks like `READ-ARITY`".to_owned());
            problems.push(id.span, format!("`{}` is not an id of the behaviour catalogue", id.value), help);
        } else if let Some(index) = index
            && !index.contains(id.value.as_str())
        {
            let known: Vec<&str> = index.iter().copied().collect();
            let help = suggestion(&id.value, &known).filter(|help| help.starts_with("did you mean"));
            let message = format!("`{}` is not in cases/BEHAVIOURS.md", id.value);
            problems.push(id.span, message, help.or_else(|| Some("describe the behaviour there".to_owned())));
        }
    }
}

/// A case that was read and checked, without its id.
struct Checked {
    case: FileCase,
    since: SparkMinor,
    python: String,
    declarative: bool,
    conf: Vec<(String, String)>,
    surroundings: Surroundings,
    deadline: Option<Duration>,
    canonical_source: Value,
}

fn check(case: FileCase, node: &Node, problems: &mut Problems<'_>) -> Option<Checked> {
    one_line(&case.name, "name", problems);
    let since = match case.since.as_ref().map(|since| (since.value.parse::<SparkMinor>(), since.span)) {
        None => SparkMinor::new(4, 0),
        Some((Ok(version), _)) => version,
        Some((Err(error), span)) => {
            problems.push(span, error.to_string(), None);
            SparkMinor::new(4, 0)
        }
    };
    let deadline = case.deadline.as_ref().and_then(|seconds| match Duration::try_from_secs_f64(seconds.value) {
        Ok(duration) if !duration.is_zero() => Some(duration),
        _ => {
            problems.push(seconds.span, "a deadline is a positive number of seconds", None);
            None
        }
    });
    check_steps(&case, problems);
    let surroundings = Surroundings::of(&case, problems);
    let conf = case.conf.0.iter().map(|(key, value)| (key.clone(), conf_text(value))).collect();
    let (python, declarative) = match (&case.source, &case.python) {
        (Some(source), None) => {
            let read_schema = user_schema(&case);
            (python_source::module(&source.value, source.span, read_schema, &case.calls, problems), true)
        }
        (None, Some(python)) => {
            if python.value.trim().is_empty() {
                problems.push(python.span, "`python` is empty", None);
            }
            (python.value.clone(), false)
        }
        (Some(_), Some(python)) => {
            let help = Some("keep one of them".to_owned());
            problems.push(python.span, "the case has both `source` and `python`", help);
            return None;
        }
        (None, None) => {
            let help = Some("describe the source by `source:`, or write it as a module under `python:`".to_owned());
            problems.push(case.name.span, "the case has neither `source` nor `python`", help);
            return None;
        }
    };
    let canonical_source = match &node.content {
        Content::Mapping(entries) => entries
            .iter()
            .find(|(key, _)| key.content == Content::String("source".to_owned()))
            .map_or(Value::Null, |(_, source)| plain_json(source)),
        _ => Value::Null,
    };
    Some(Checked { case, since, python, declarative, conf, surroundings, deadline, canonical_source })
}

/// The first schema that the user gives: it types the columns of a source that has no schema of its own.
fn user_schema(case: &FileCase) -> Option<&str> {
    if let Some(read) = &case.read {
        return read.value.schema.as_deref();
    }
    case.steps.iter().flat_map(|steps| &steps.value).find_map(|step| match step {
        FileStep::Load(load) => load.schema.as_deref(),
        _ => None,
    })
}

fn check_steps(case: &FileCase, problems: &mut Problems<'_>) {
    let Some(steps) = &case.steps else { return };
    if let Some(read) = &case.read {
        let help = Some("make it a step: `- load: {…}`".to_owned());
        problems.push(read.span, "the case has both `read` and `steps`", help);
    }
    for step in &steps.value {
        match step {
            FileStep::NewSession(wanted) if !wanted.value => {
                problems.push(wanted.span, "`new_session` is `true`, or the step is left out", None);
            }
            FileStep::Sql(text) if text.value.trim().is_empty() => {
                problems.push(text.span, "the statement is empty", None);
            }
            _ => {}
        }
    }
    if case.query.is_none() && !steps.value.iter().any(|step| matches!(step, FileStep::Load(_))) {
        let help = Some("add a `load` step, or ask something".to_owned());
        problems.push(steps.span, "`query: null` collects what was loaded, and no step loads", help);
    }
}

impl Checked {
    fn into_case(self, topic: &str, file: &CaseFile, location: Location) -> Case {
        let case = self.case;
        Case {
            id: CaseId::new(topic, case.name.value),
            feature: file.feature.value.clone(),
            feature_about: file.about.clone(),
            about: case.about,
            since: self.since,
            covers: case.covers.into_iter().map(|id| id.value).collect(),
            conf: self.conf,
            python: self.python,
            declarative: self.declarative,
            register: case.register,
            read: case.read.map(|read| read_of(read.value)).unwrap_or_default(),
            steps: case.steps.map(|steps| steps.value.into_iter().map(step_of).collect()),
            query: case.query,
            ordered: case.ordered,
            calls: case.calls,
            count_partitions: case.count_partitions,
            surroundings: self.surroundings,
            deadline: self.deadline,
            location,
            canonical_source: self.canonical_source,
        }
    }
}

fn read_of(read: FileRead) -> Read {
    Read { format: read.format, options: options_of(read.options), schema: read.schema, path: read.path.map(path_of) }
}

fn step_of(step: FileStep) -> Step {
    match step {
        FileStep::Load(load) => Step::Load {
            view: load.view.unwrap_or_else(|| "source".to_owned()),
            read: Read {
                format: load.format,
                options: options_of(load.options),
                schema: load.schema,
                path: load.path.map(path_of),
            },
        },
        FileStep::Sql(text) => Step::Sql(text.value),
        FileStep::Register(expressions) => Step::Register(expressions),
        FileStep::NewSession(_) => Step::NewSession,
    }
}

fn options_of(Ordered(options): Ordered<Scalar>) -> Vec<(String, Value)> {
    options.into_iter().map(|(key, Scalar(value))| (key, value)).collect()
}

fn path_of(path: OneOrMany) -> ReadPath {
    match path {
        OneOrMany::One(path) => ReadPath::One(path),
        OneOrMany::Many(paths) => ReadPath::Many(paths),
    }
}

/// Session configuration is text; `true` and `10` are written as Spark reads them.
fn conf_text(Scalar(value): &Scalar) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A node as JSON, in which values that differ in YAML stay different.
fn plain_json(node: &Node) -> Value {
    match &node.content {
        Content::Null => Value::Null,
        Content::Boolean(value) => json!(value),
        Content::Integer(value) => json!({ "int": value.to_string() }),
        Content::Float(value) => json!({ "float": format!("{value:?}") }),
        Content::String(value) => json!(value),
        Content::Sequence(nodes) => Value::Array(nodes.iter().map(plain_json).collect()),
        Content::Mapping(entries) if entries.iter().all(|(key, _)| matches!(key.content, Content::String(_))) => {
            let pair = |(key, value): &(Node, Node)| match &key.content {
                Content::String(name) => (name.clone(), plain_json(value)),
                _ => (String::new(), plain_json(value)),
            };
            Value::Object(entries.iter().map(pair).collect::<Map<_, _>>())
        }
        Content::Mapping(entries) => {
            let pairs = entries.iter().map(|(key, value)| json!([plain_json(key), plain_json(value)]));
            json!({ "map": pairs.collect::<Vec<_>>() })
        }
    }
}
