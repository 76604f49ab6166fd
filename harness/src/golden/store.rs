//! Reading goldens, and which of them counts for a version.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::header::{COMPONENTS, FORMAT, Header};
use super::stored::StoredObservation;
use super::{Edition, GoldenError, GoldenLookup, GoldenMaker, GoldenStore, Mode};
use crate::case::diagnostic::Problems;
use crate::case::node_deserializer::read;
use crate::case::read_error::ReadError;
use crate::case::yaml::{Content, Located, Node, Span, parse};
use crate::case::{Case, CaseHash, CaseId, Diagnostic, SparkMinor};
use crate::observation::Observation;
use crate::parallel;

/// The name of a version's index.
pub(super) const INDEX: &str = "index.yaml";

/// What an edition's folder holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct VersionGoldens {
    /// What recorded the edition as a whole. Files that were recorded again since may have been by another patch level.
    pub(super) header: Header,
    /// Every case that was recorded for the edition, with the hash it had.
    pub(super) index: BTreeMap<CaseId, CaseHash>,
    /// The answers in the edition's own files: those that differ from what counts without them.
    pub(super) stored: BTreeMap<CaseId, Answer>,
    /// What recorded each of the files that were read, by their paths relative to the edition's folder.
    pub(super) files: BTreeMap<PathBuf, Header>,
}

/// A recorded answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    pub(super) hash: CaseHash,
    pub(super) observation: Observation,
}

impl GoldenStore {
    /// Reads all goldens below `dir` (the folder `golden`); a folder that does not exist is an empty store.
    ///
    /// # Errors
    ///
    /// What cannot be read, or is not as the writer left it.
    pub fn open(dir: &Path) -> Result<Self, GoldenError> {
        Self::open_part(dir, Mode::Connect, |_| true)
    }

    /// Reads what counts in a mode: which cases were recorded, and of the answers only those to cases of topics (`read/tuples`)
    /// that are wanted. [`lookup_in`](Self::lookup_in) finds the others missing, and those of a later mode.
    ///
    /// # Errors
    ///
    /// What cannot be read, or is not as the writer left it.
    pub fn open_part(dir: &Path, mode: Mode, wanted: impl Fn(&str) -> bool) -> Result<Self, GoldenError> {
        let folders = edition_folders(dir, mode)?;
        let indexes = parallel::map(&folders, |(_, folder)| read_file(&folder.join(INDEX), read_index));
        let mut editions = BTreeMap::new();
        let mut files = Vec::new();
        for ((edition, folder), read) in folders.iter().zip(indexes) {
            let (header, index) = read?;
            let goldens = VersionGoldens { header, index, stored: BTreeMap::new(), files: BTreeMap::new() };
            editions.insert(*edition, goldens);
            let topics = topic_files(folder)?.into_iter().filter(|file| wanted(&file.topic));
            files.extend(topics.map(|file| (*edition, file)));
        }
        let answers =
            parallel::map(&files, |(edition, file)| editions.get(edition).map(|goldens| goldens.read_topic(file)));
        for ((edition, file), answers) in files.into_iter().zip(answers) {
            if let (Some(goldens), Some(answers)) = (editions.get_mut(&edition), answers) {
                let (header, answers) = answers?;
                goldens.stored.extend(answers);
                goldens.files.insert(file.below, header);
            }
        }
        Ok(Self { editions })
    }

    /// The topics of which some version's file has a text in it, in whatever case its letters are.
    ///
    /// # Errors
    ///
    /// What cannot be read.
    pub fn topics_with(dir: &Path, text: &str) -> Result<BTreeSet<String>, GoldenError> {
        let text = text.to_ascii_lowercase();
        let mut topics = BTreeSet::new();
        for (_, folder) in edition_folders(dir, Mode::Classic)? {
            for file in topic_files(&folder)? {
                if !topics.contains(&file.topic) {
                    let bytes = fs::read(&file.path).map_err(|source| unreadable(&file.path, source))?;
                    if String::from_utf8_lossy(&bytes).to_ascii_lowercase().contains(&text) {
                        topics.insert(file.topic);
                    }
                }
            }
        }
        Ok(topics)
    }

    /// The versions that were recorded.
    pub fn versions(&self) -> BTreeSet<SparkMinor> {
        self.editions.keys().filter(|edition| edition.mode == Mode::Classic).map(|edition| edition.spark).collect()
    }

    /// Whether a version was recorded in a mode.
    pub fn has(&self, mode: Mode, spark: SparkMinor) -> bool {
        self.editions.contains_key(&Edition { mode, spark })
    }

    /// What recorded the goldens of a version: its image only if all of its files that were read are from that one.
    pub fn made_by(&self, mode: Mode, spark: SparkMinor) -> Option<GoldenMaker> {
        let VersionGoldens { header, files, .. } = self.editions.get(&Edition { mode, spark })?;
        let image = header.image.clone().filter(|_| files.values().all(|file| file.image == header.image));
        Some(GoldenMaker { versions: header.versions.clone(), mode: header.mode.name().to_owned(), image })
    }

    /// The cases that were recorded for a version in classic mode, with the hashes that they had.
    pub fn recorded(&self, spark: SparkMinor) -> impl Iterator<Item = (&CaseId, &CaseHash)> {
        let edition = Edition { mode: Mode::Classic, spark };
        self.editions.get(&edition).into_iter().flat_map(|goldens| &goldens.index)
    }

    /// What real Spark of that version answered in classic mode.
    pub fn lookup(&self, spark: SparkMinor, case: &Case) -> GoldenLookup<'_> {
        self.lookup_in(Mode::Classic, spark, case)
    }

    /// What real Spark of that version answered in a mode.
    pub fn lookup_in(&self, mode: Mode, spark: SparkMinor, case: &Case) -> GoldenLookup<'_> {
        let edition = Edition { mode, spark };
        let Some(recorded_hash) = self.editions.get(&edition).and_then(|goldens| goldens.index.get(&case.id)) else {
            return GoldenLookup::Missing;
        };
        if *recorded_hash != case.hash() {
            return GoldenLookup::Stale { recorded_hash: recorded_hash.clone() };
        }
        match self.answer(edition, &case.id) {
            Some((recorded, answer)) => GoldenLookup::Found { observation: &answer.observation, recorded },
            None => GoldenLookup::Missing,
        }
    }

    /// The answer that counts for an edition: its own, or the newest of an older version in its mode, or else that of classic
    /// mode; always for the same case.
    pub(super) fn answer(&self, edition: Edition, case: &CaseId) -> Option<(SparkMinor, &Answer)> {
        let hash = self.editions.get(&edition)?.index.get(case)?;
        let stored =
            |(edition, goldens): (&Edition, &'_ VersionGoldens)| goldens.stored.contains_key(case).then_some(*edition);
        let Some(recorded) = self.editions.range(edition.and_older()).rev().find_map(stored) else {
            let classic = Edition { mode: Mode::Classic, ..edition };
            let as_classic = (edition != classic).then(|| self.answer(classic, case)).flatten();
            return as_classic.filter(|(_, answer)| answer.hash == *hash);
        };
        let answer = self.editions.get(&recorded)?.stored.get(case)?;
        (answer.hash == *hash).then_some((recorded.spark, answer))
    }
}

/// The paths in a folder, in order; none if it does not exist.
pub(super) fn entries(dir: &Path) -> Result<Vec<PathBuf>, GoldenError> {
    let failed = |source| unreadable(dir, source);
    let found = match fs::read_dir(dir) {
        Ok(found) => found,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut paths = Vec::new();
    for entry in found {
        paths.push(entry.map_err(failed)?.path());
    }
    paths.sort();
    Ok(paths)
}

/// A golden file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GoldenFile {
    format: Located<u32>,
    spark: String,
    #[serde(default)]
    python: Option<String>,
    #[serde(default)]
    java: Option<String>,
    #[serde(default)]
    pyarrow: Option<String>,
    #[serde(default)]
    pandas: Option<String>,
    mode: Located<String>,
    #[serde(default)]
    image: Option<String>,
    cases: Node,
}

impl GoldenFile {
    fn header(&self, mode: Mode) -> Header {
        let versions =
            [Some(&self.spark), self.python.as_ref(), self.java.as_ref(), self.pyarrow.as_ref(), self.pandas.as_ref()];
        let known = COMPONENTS.iter().zip(versions);
        let versions = known.filter_map(|(name, version)| version.map(|version| ((*name).to_owned(), version.clone())));
        Header { versions: versions.collect(), mode, image: self.image.clone() }
    }
}

/// A version's file with the answers to the cases of one topic.
struct TopicFile {
    topic: String,
    path: PathBuf,
    /// The path relative to the version's folder.
    below: PathBuf,
}

/// The folders of the editions that count in a mode, in order.
fn edition_folders(dir: &Path, last: Mode) -> Result<Vec<(Edition, PathBuf)>, GoldenError> {
    let version = |path: &PathBuf| path.file_name()?.to_str()?.parse().ok();
    let mut folders = Vec::new();
    for mode in Mode::ALL.into_iter().filter(|mode| *mode <= last) {
        let found = entries(&mode.folder(dir))?.into_iter();
        let found = found.filter_map(|path| Some((Edition { mode, spark: version(&path)? }, path)));
        folders.extend(found.filter(|(_, path)| path.is_dir()));
    }
    folders.sort();
    Ok(folders)
}

/// The files with answers in a version's folder.
fn topic_files(folder: &Path) -> Result<Vec<TopicFile>, GoldenError> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(current) = folders.pop() {
        for path in entries(&current)? {
            let below = path.strip_prefix(folder).unwrap_or(&path).to_owned();
            let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
            if path.is_dir() {
                folders.push(path);
            } else if below != Path::new(INDEX) && !hidden && path.extension().is_some_and(|ending| ending == "yaml") {
                let topic = below.with_extension("").to_string_lossy().replace('\\', "/");
                files.push(TopicFile { topic, path, below });
            }
        }
    }
    files.sort_by(|left, right| left.below.cmp(&right.below));
    Ok(files)
}

impl VersionGoldens {
    /// Reads a file, and what recorded it.
    fn read_topic(&self, file: &TopicFile) -> Result<(Header, BTreeMap<CaseId, Answer>), GoldenError> {
        let (header, answers) = read_file(&file.path, |node| read_answers(node, &file.topic, &self.index))?;
        if header.answers_as(&self.header) {
            return Ok((header, answers));
        }
        let (of_file, of_index) = (header.describe(), self.header.describe());
        let message = format!("the file was recorded by {of_file}, and the version's index by {of_index}");
        Err(broken(Diagnostic::of_file(&file.path, message)))
    }
}

fn unreadable(path: &Path, source: std::io::Error) -> GoldenError {
    GoldenError::Io { action: "read", path: path.to_owned(), source }
}

fn broken(mut problem: Diagnostic) -> GoldenError {
    problem.help.get_or_insert_with(|| "goldens are written by `seatrial record` alone; record them again".to_owned());
    GoldenError::Broken(Box::new(problem))
}

fn read_file<T>(path: &Path, content: impl FnOnce(&Node) -> Result<T, ReadError>) -> Result<(Header, T), GoldenError> {
    let text = match fs::read(path).map(String::from_utf8) {
        Ok(Ok(text)) => text,
        Ok(Err(_)) => {
            return Err(broken(Diagnostic::of_file(path, "the file is not UTF-8 text")));
        }
        Err(source) => return Err(unreadable(path, source)),
    };
    let mut problems = Problems::new(path, &text);
    let result = match parse(&text) {
        Err(error) => {
            problems.push_syntax(error);
            None
        }
        Ok(tree) => match read_tree(&tree, content) {
            Ok(result) => Some(result),
            Err(error) => {
                problems.push_read(error);
                None
            }
        },
    };
    match (result, problems.finish().into_iter().next()) {
        (Some(result), None) => Ok(result),
        (_, Some(problem)) => Err(broken(problem)),
        (None, None) => Err(broken(Diagnostic::of_file(path, "the file cannot be read"))),
    }
}

fn read_tree<T>(tree: &Node, content: impl FnOnce(&Node) -> Result<T, ReadError>) -> Result<(Header, T), ReadError> {
    let file: GoldenFile = read(tree)?;
    if file.format.value != FORMAT {
        let message = format!("the format is {}, and this program knows {FORMAT}", file.format.value);
        return Err(ReadError { message, help: None, span: Some(file.format.span) });
    }
    let Some(mode) = Mode::named(&file.mode.value) else {
        let message = format!("the mode is '{}', and this program knows classic and connect", file.mode.value);
        return Err(ReadError { message, help: None, span: Some(file.mode.span) });
    };
    Ok((file.header(mode), content(&file.cases)?))
}

fn read_index(cases: &Node) -> Result<BTreeMap<CaseId, CaseHash>, ReadError> {
    let Content::Mapping(entries) = &cases.content else {
        return Err(wrong(cases.span, "expected a mapping of case ids to hashes"));
    };
    let mut index = BTreeMap::new();
    for (key, value) in entries {
        let id: CaseId = parsed(key)?;
        if index.insert(id, parsed(value)?).is_some() {
            return Err(wrong(key.span, "the case is listed twice"));
        }
    }
    Ok(index)
}

fn read_answers(
    cases: &Node,
    topic: &str,
    index: &BTreeMap<CaseId, CaseHash>,
) -> Result<BTreeMap<CaseId, Answer>, ReadError> {
    let Content::Sequence(nodes) = &cases.content else {
        return Err(wrong(cases.span, "expected a list of cases"));
    };
    let mut answers = BTreeMap::new();
    for node in nodes {
        let Content::Mapping(entries) = &node.content else {
            return Err(wrong(node.span, "expected a mapping"));
        };
        let (mut name, mut hash) = (None, None);
        for (key, value) in entries {
            match &key.content {
                Content::String(key) if key == "case" => name = Some(value),
                Content::String(key) if key == "hash" => hash = Some(value),
                Content::String(key) if StoredObservation::KEYS.contains(&key.as_str()) => {}
                _ => return Err(wrong(key.span, "the key is unknown")),
            }
        }
        let (Some(name), Some(hash)) = (name, hash) else {
            return Err(wrong(node.span, "the keys `case` and `hash` are needed"));
        };
        let Content::String(text) = &name.content else {
            return Err(wrong(name.span, "expected a case's name"));
        };
        let id = CaseId::new(topic, text.as_str());
        if !index.contains_key(&id) {
            return Err(wrong(name.span, "the version's index does not list the case"));
        }
        let answer = Answer { hash: parsed(hash)?, observation: StoredObservation::read_from(entries, node.span)? };
        if answers.insert(id, answer).is_some() {
            return Err(wrong(name.span, "the case is recorded twice"));
        }
    }
    Ok(answers)
}

fn parsed<T: std::str::FromStr>(node: &Node) -> Result<T, ReadError>
where
    T::Err: std::fmt::Display,
{
    match &node.content {
        Content::String(text) => text.parse().map_err(|error: T::Err| wrong(node.span, &error.to_string())),
        _ => Err(wrong(node.span, "expected a string")),
    }
}

fn wrong(span: Span, message: &str) -> ReadError {
    ReadError { message: message.to_owned(), help: None, span: Some(span) }
}
