//! A project as a baseline: what its goldens' index, its pins and its scoreboard say of how each case stood.
//!
//! Which cases there were is what the index lists, and which of them diverged is what is pinned: every check holds both
//! against the truth. The scoreboard tells what neither does, which case was equivalent and which diverged unpinned, as far
//! as it was written anew with them: where it contradicts them it is not believed, and the reader is told.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::baseline::{Baseline, BaselineError, Then, standing_of};
use super::{Kind, Standing};
use crate::case::{self, CaseHash, CaseId, SparkMinor, Suite};
use crate::divergence::Divergences;
use crate::golden::{GoldenStore, Mode};
use crate::run::Project;
use crate::scoreboard::{self, Board};
use crate::target::Identity;

/// How many contradictions a caveat names.
const NAMED: usize = 3;

/// Reads the project in `folder` as it is for a target. `name` is what a person would call it.
pub(super) fn read(name: &str, folder: &Path, identity: &Identity) -> Result<Baseline, BaselineError> {
    let project = Project::find(Some(folder)).map_err(|_| BaselineError::NoGoldens(name.to_owned()))?;
    let broken = |what: &str, message: String| BaselineError::BrokenProject {
        name: name.to_owned(),
        what: what.to_owned(),
        message,
    };
    let goldens = GoldenStore::open_part(&project.golden(), Mode::Classic, |_| false)
        .map_err(|error| broken("the index of the goldens", error.to_string()))?;
    if goldens.versions().is_empty() {
        return Err(BaselineError::NoGoldens(name.to_owned()));
    }
    let pins = project.divergences(identity).map_or(Ok(Divergences::default()), |file| Divergences::load(&file));
    let pins = pins.map_err(|problems| {
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        broken("the list of divergences", problems.join("\n"))
    })?;
    let file = project.scoreboard();
    let text = match file.is_file() {
        true => super::baseline::read(&file, &format!("golden/SCOREBOARD.md of {name}"))?,
        false => String::new(),
    };
    let board = match scoreboard::read(&text) {
        None if !text.is_empty() => return Err(BaselineError::Unknown(format!("golden/SCOREBOARD.md of {name}"))),
        board => board,
    };
    let suite = case::load(&project.cases());
    let mut reading = Reading { board: board.as_ref(), pins: &pins, contradictions: BTreeSet::new() };
    let mut baseline = Baseline { name: name.to_owned(), names_all: true, text, ..Baseline::default() };
    let mut changed = BTreeSet::new();
    for version in goldens.versions() {
        let recorded = recorded(&goldens, version, &suite, &mut changed);
        baseline.versions.insert(version, reading.version(version, recorded));
    }
    baseline.covered = suite.cases.iter().flat_map(|case| case.covers.iter().cloned()).collect();
    baseline.caveats.extend(of_files(&suite));
    baseline.caveats.extend(of_changed(&changed));
    baseline.caveats.extend(reading.caveat(&baseline.versions));
    Ok(baseline)
}

/// The cases that were recorded for a version and were there, with what changes their behaviour. `changed` gets those that
/// were changed since they were recorded.
fn recorded(
    goldens: &GoldenStore,
    version: SparkMinor,
    suite: &Suite,
    changed: &mut BTreeSet<CaseId>,
) -> BTreeMap<CaseId, CaseHash> {
    let mut cases = BTreeMap::new();
    for (id, recorded) in goldens.recorded(version) {
        match suite.cases.binary_search_by(|case| case.id.cmp(id)) {
            Ok(index) => {
                let hash = suite.cases[index].hash();
                if hash != *recorded {
                    changed.insert(id.clone());
                }
                cases.insert(id.clone(), hash);
            }
            // Where a file does not load, nobody can tell which of its cases were gone.
            Err(_) if !suite.diagnostics.is_empty() => {
                cases.insert(id.clone(), recorded.clone());
            }
            Err(_) => {}
        }
    }
    cases
}

/// Holds the scoreboard against what was recorded and pinned.
struct Reading<'a> {
    board: Option<&'a Board>,
    pins: &'a Divergences,
    /// What the scoreboard says and is not so.
    contradictions: BTreeSet<String>,
}

impl Reading<'_> {
    /// How the cases of a version stood.
    fn version(&mut self, version: SparkMinor, recorded: BTreeMap<CaseId, CaseHash>) -> BTreeMap<CaseId, Then> {
        let stale = self.stale_areas(version, &recorded);
        for (id, _) in self.board.iter().flat_map(|board| board.others.keys()).filter(|(_, other)| *other == version) {
            if !recorded.contains_key(id) {
                self.contradictions.insert(format!("it lists {id}, which was not recorded"));
            }
        }
        let standing = |(id, hash): (CaseId, CaseHash)| {
            let standing = self.standing(version, &id, stale.contains(id.area()));
            (id, Then { standing, hash: Some(hash) })
        };
        recorded.into_iter().map(standing).collect()
    }

    /// The areas of which the scoreboard has another number of cases than were recorded.
    fn stale_areas(&mut self, version: SparkMinor, recorded: &BTreeMap<CaseId, CaseHash>) -> BTreeSet<String> {
        let Some(board) = self.board else { return recorded.keys().map(|id| id.area().to_owned()).collect() };
        let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for id in recorded.keys() {
            counts.entry(id.area()).or_default().0 += 1;
        }
        for ((area, _), listed) in board.counts.iter().filter(|((_, other), _)| *other == version) {
            counts.entry(area).or_default().1 += listed.cases;
        }
        let stale = counts.into_iter().filter(|(_, (recorded, listed))| recorded != listed);
        let mut areas = BTreeSet::new();
        for (area, (recorded, listed)) in stale {
            let listed = number(listed, "case", "cases");
            let contradiction =
                format!("it counts {listed} of {area} for Spark {version}, and {recorded} were recorded");
            self.contradictions.insert(contradiction);
            areas.insert(area.to_owned());
        }
        areas
    }

    /// How one case stood; `stale` says that the scoreboard may not know it.
    fn standing(&mut self, version: SparkMinor, id: &CaseId, stale: bool) -> Standing {
        let listed = self.board.and_then(|board| board.others.get(&(id.clone(), version))).map(standing_of);
        let listed_kind: Option<Kind> = match &listed {
            Some(Standing::Pinned(kind, _)) => Some(*kind),
            _ => None,
        };
        match (self.pins.lookup(version, id), listed) {
            (Some(pin), _) => {
                if self.board.is_some() && listed_kind != Some(pin.kind) {
                    self.contradictions.insert(format!("it does not list {id} as {}, which is its pin", pin.kind));
                }
                Standing::Pinned(pin.kind, pin.reason.clone())
            }
            (None, Some(Standing::Pinned(kind, _))) => {
                self.contradictions.insert(format!("it lists {id} as {kind}, and no pin says so"));
                Standing::Unpinned
            }
            (None, Some(listed)) => listed,
            (None, None) if stale => Standing::Unpinned,
            (None, None) => Standing::Exact,
        }
    }

    /// What a reader must know of the scoreboard, if it does not tell the whole.
    fn caveat(&self, versions: &BTreeMap<SparkMinor, BTreeMap<CaseId, Then>>) -> Option<String> {
        let problem = match self.board {
            None => "it has no golden/SCOREBOARD.md".to_owned(),
            Some(_) if self.contradictions.is_empty() => return None,
            Some(_) => {
                let named: Vec<&str> = self.contradictions.iter().take(NAMED).map(String::as_str).collect();
                let more = match self.contradictions.len().saturating_sub(NAMED) {
                    0 => String::new(),
                    more => format!("; and {more} more"),
                };
                format!("its scoreboard is stale ({}{more})", named.join("; "))
            }
        };
        let unpinned = |(_, then): &(&CaseId, &Then)| then.standing == Standing::Unpinned;
        let cases: BTreeSet<&CaseId> = versions.values().flatten().filter(unpinned).map(|(id, _)| id).collect();
        Some(format!(
            "{problem}: {} that it does not tell of count as conforming, since nothing was pinned; to know how they stood, \
             run `seatrial check --spark all --format json=FILE` there and name FILE with --baseline, and write the \
             scoreboard anew (`seatrial scoreboard`) with each release",
            number(cases.len(), "case", "cases")
        ))
    }
}

/// What is to be known of case files that do not load.
fn of_files(suite: &Suite) -> Option<String> {
    let problems = suite.diagnostics.len();
    (problems > 0).then(|| {
        format!(
            "its case files have {} by today's rules: which behaviours the files covered that do not load is not known",
            number(problems, "problem", "problems")
        )
    })
}

/// What is to be known of cases whose goldens were stale.
fn of_changed(changed: &BTreeSet<CaseId>) -> Option<String> {
    let first = changed.first()?;
    let cases = number(changed.len(), "case", "cases");
    Some(format!(
        "{cases} changed there since real Spark was asked ({first} for one): how the former form stood counts"
    ))
}

fn number(number: usize, one: &str, several: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { several })
}
