//! Recording: the only code that opens goldens for writing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::canonical::{Canonical, quoted};
use super::header::{Header, ReferenceRecording};
use super::store::{Answer, INDEX};
use super::{Edition, GoldenError, GoldenStore, GoldenWriter, Mode, Written};
use crate::case::{Case, CaseHash, CaseId};
use crate::observation::Observation;

/// What one edition answered to every case recorded for it, wherever the answer is stored.
type Answers = BTreeMap<CaseId, Answer>;

impl GoldenWriter {
    /// A writer into `dir` (the folder `golden`).
    pub fn new(dir: &Path, recording: ReferenceRecording) -> Self {
        Self { dir: dir.to_owned(), recording }
    }

    /// Stores the answers of the recording's edition and keeps those of cases that were not recorded this time.
    ///
    /// `existing` are the ids of all cases there are: the others are removed, from every edition. Do not call this
    /// when case files are broken: their cases would count as removed. An answer that equals the version before, or over
    /// Spark Connect that of classic mode, is left out; answers of other editions that were left out since they equalled
    /// the old answer are written out.
    /// Every file is replaced as a whole, or not at all.
    ///
    /// # Errors
    ///
    /// What cannot be read or written, and what [`Self::admit`] refuses.
    pub fn write(&self, answers: &[(&Case, Observation)], existing: &BTreeSet<CaseId>) -> Result<Written, GoldenError> {
        let store = GoldenStore::open(&self.dir)?;
        let edition = self.edition();
        let recorded: Answers = answers
            .iter()
            .map(|(case, observation)| {
                (case.id.clone(), Answer { hash: case.hash(), observation: observation.clone() })
            })
            .collect();
        self.admit(&store, &recorded.keys().collect(), existing)?;

        let mut headers: BTreeMap<Edition, Header> =
            store.editions.iter().map(|(edition, goldens)| (*edition, goldens.header.clone())).collect();
        if kept(&store, edition, &recorded.keys().collect(), existing) == 0 {
            headers.insert(edition, self.recording.header().clone());
        }
        let mut removed = BTreeSet::new();
        let mut all: BTreeMap<Edition, Answers> = BTreeMap::new();
        for (other, goldens) in &store.editions {
            let mut kept = Answers::new();
            for id in goldens.index.keys() {
                match store.answer(*other, id) {
                    Some((_, answer)) if existing.contains(id) => {
                        kept.insert(id.clone(), answer.clone());
                    }
                    Some(_) => {
                        removed.insert(id.clone());
                    }
                    None => {}
                }
            }
            all.insert(*other, kept);
        }
        all.entry(edition).or_default().extend(recorded.clone());

        let mut written = Written { removed, ..Written::default() };
        let mut all_stored = BTreeMap::new();
        for (other, header) in &headers {
            let stored = stored_of(&all, &all_stored, *other);
            all_stored.insert(*other, stored.clone());
            let index = all.get(other).into_iter().flatten().map(|(id, answer)| (id, &answer.hash)).collect();
            if *other == edition {
                written.kept = recorded.keys().filter(|id| stored.contains_key(*id)).count();
                written.pruned = recorded.len() - written.kept;
            }
            let old = store.editions.get(other).map(|goldens| goldens.files.clone()).unwrap_or_default();
            let mut topics: BTreeMap<&str, Vec<(&CaseId, &Answer)>> = BTreeMap::new();
            for (id, answer) in stored {
                topics.entry(id.topic()).or_default().push((id, answer));
            }
            let texts = topics.into_iter().map(|(topic, answers)| {
                let path = topic_path(topic);
                let now = *other == edition && answers.iter().any(|(id, _)| recorded.contains_key(*id));
                let header = if now { self.recording.header() } else { old.get(&path).unwrap_or(header) };
                let text = topic_text(header, &answers);
                (path, text)
            });
            self.write_topics(*other, texts.collect(), old.keys(), &mut written)?;
            self.replace(&other.folder().join(INDEX), &index_text(header, &index), &mut written)?;
        }
        Ok(written)
    }

    fn edition(&self) -> Edition {
        Edition { mode: self.recording.mode(), spark: self.recording.spark().minor() }
    }

    /// Whether the recorder may answer for these cases while the other answers of its edition stay. Installations that may
    /// answer otherwise (see [`Header::answers_as`]) do not share an edition, and no two installations share a file: its
    /// header names one.
    ///
    /// # Errors
    ///
    /// [`GoldenError::OtherVersions`] and [`GoldenError::OtherPatchLevels`].
    pub fn admit(
        &self,
        store: &GoldenStore,
        recorded: &BTreeSet<&CaseId>,
        existing: &BTreeSet<CaseId>,
    ) -> Result<(), GoldenError> {
        let edition = self.edition();
        let now = self.recording.header();
        let Some(goldens) = store.editions.get(&edition) else {
            return Ok(());
        };
        let kept = kept(store, edition, recorded, existing);
        if kept > 0 && !goldens.header.answers_as(now) {
            return Err(GoldenError::OtherVersions { kept, recorded: goldens.header.describe(), now: now.describe() });
        }
        for topic in recorded.iter().map(|id| id.topic()).collect::<BTreeSet<_>>() {
            let Some(header) = goldens.files.get(&topic_path(topic)).filter(|header| *header != now) else { continue };
            let stays = |id: &CaseId| id.topic() == topic && existing.contains(id) && !recorded.contains(id);
            let kept = goldens.stored.keys().filter(|id| stays(id)).count();
            if kept > 0 {
                return Err(GoldenError::OtherPatchLevels {
                    topic: topic.to_owned(),
                    kept,
                    recorded: header.describe(),
                    now: now.describe(),
                });
            }
        }
        Ok(())
    }

    /// Writes an edition's files, and removes those that it has no more.
    fn write_topics<'a>(
        &self,
        edition: Edition,
        texts: BTreeMap<PathBuf, String>,
        old: impl Iterator<Item = &'a PathBuf>,
        written: &mut Written,
    ) -> Result<(), GoldenError> {
        let folder = edition.folder();
        for (below, text) in &texts {
            self.replace(&folder.join(below), text, written)?;
        }
        for orphan in old.filter(|path| !texts.contains_key(*path)) {
            let path = self.dir.join(&folder).join(orphan);
            fs::remove_file(&path).map_err(|source| GoldenError::Io {
                action: "remove",
                path: path.clone(),
                source,
            })?;
            written.files.insert(folder.join(orphan));
            if let Some(parent) = path.parent() {
                // Fails, as it should, while other files are there.
                let _ = fs::remove_dir(parent);
            }
        }
        Ok(())
    }

    /// Writes a file beside its place and moves it there, unless it is there already.
    fn replace(&self, below: &Path, text: &str, written: &mut Written) -> Result<(), GoldenError> {
        let path = self.dir.join(below);
        if fs::read(&path).is_ok_and(|current| current == text.as_bytes()) {
            return Ok(());
        }
        super::replace_file(&path, text)?;
        written.files.insert(below.to_owned());
        Ok(())
    }
}

/// How many of an edition's recorded cases exist and keep the answer they have.
fn kept(store: &GoldenStore, edition: Edition, recorded: &BTreeSet<&CaseId>, existing: &BTreeSet<CaseId>) -> usize {
    let index = store.editions.get(&edition).into_iter().flat_map(|goldens| goldens.index.keys());
    index.filter(|id| existing.contains(id) && !recorded.contains(id)).count()
}

/// The file of a topic, below its edition's folder.
fn topic_path(topic: &str) -> PathBuf {
    PathBuf::from(format!("{topic}.yaml"))
}

/// What an edition stores: the answers that differ from what counts without them, as [`GoldenStore::answer`] finds it. `stored`
/// is what the editions before store.
fn stored_of<'a>(
    all: &'a BTreeMap<Edition, Answers>,
    stored: &BTreeMap<Edition, BTreeMap<&'a CaseId, &'a Answer>>,
    edition: Edition,
) -> BTreeMap<&'a CaseId, &'a Answer> {
    let older = |id: &CaseId| stored.range(edition.and_older()).rev().find_map(|(_, stored)| stored.get(id).copied());
    let classic = Edition { mode: Mode::Classic, ..edition };
    let as_classic = |id: &CaseId| all.get(&classic).filter(|_| classic != edition)?.get(id);
    let without = |id: &CaseId| older(id).or_else(|| as_classic(id));
    all.get(&edition).into_iter().flatten().filter(|(id, answer)| without(id) != Some(*answer)).collect()
}

fn topic_text(header: &Header, answers: &[(&CaseId, &Answer)]) -> String {
    let mut out = Canonical::default();
    header.write(&mut out);
    out.line(0, "cases:");
    for (id, answer) in answers {
        out.line(2, &format!("- case: {}", quoted(id.name())));
        out.line(4, &format!("hash: {}", quoted(answer.hash.as_str())));
        out.observation(4, &answer.observation);
    }
    out.finish()
}

fn index_text(header: &Header, index: &BTreeMap<&CaseId, &CaseHash>) -> String {
    let mut out = Canonical::default();
    header.write(&mut out);
    if index.is_empty() {
        out.line(0, "cases: {}");
    } else {
        out.line(0, "cases:");
    }
    for (id, hash) in index {
        out.line(2, &format!("{}: {}", quoted(&id.to_string()), quoted(hash.as_str())));
    }
    out.finish()
}
