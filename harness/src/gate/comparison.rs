//! Finds what changed between a baseline and now.

use std::collections::{BTreeMap, BTreeSet};

use super::baseline::Then;
use super::{Baseline, Candidate, Change, Class, Now, Present, Standing};
use crate::case::{CaseHash, CaseId, SparkMinor};

/// What the gate found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// What was compared with, as a person would call it.
    pub baseline: String,
    /// What a reader must know of the baseline: what it cannot tell.
    pub caveats: Vec<String>,
    /// The candidate.
    pub target: String,
    /// The counts of each version, then and now.
    pub versions: Vec<VersionRow>,
    /// Versions that the baseline has and that were not recorded now.
    pub lost_versions: Vec<SparkMinor>,
    /// What changed, gravest first, then by case.
    pub findings: Vec<Finding>,
    /// Areas that have fewer cases than a baseline that does not name them: area, version, then, now.
    pub shrunken: Vec<(String, SparkMinor, usize, usize)>,
    /// Behaviours that some case covered and none covers now.
    pub lost_behaviours: Vec<LostBehaviour>,
    /// Behaviours that no case covered and one covers now.
    pub gained_behaviours: Vec<String>,
    /// Pins of cases that there are not.
    pub pins_of_nothing: Vec<String>,
    /// Targets that did not end as they should.
    pub faults: Vec<String>,
    /// Whether what is lost is accepted.
    pub allow_lost: bool,
}

/// How one version stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VersionRow {
    /// The version.
    pub spark: SparkMinor,
    /// Its counts at the baseline, if that has it.
    pub then: Option<Tally>,
    /// Its counts now.
    pub now: Tally,
}

/// Counts of cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// All.
    pub cases: usize,
    /// Exact and equivalent ones.
    pub conforming: usize,
    /// Known divergences.
    pub pinned: usize,
}

/// What became of a case in some Spark versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What became of it.
    pub change: Change,
    /// The case as it is called now, or was where it is gone.
    pub id: CaseId,
    /// The versions.
    pub versions: BTreeSet<SparkMinor>,
    /// How it stood; nothing for what is new.
    pub then: Option<String>,
    /// How it stands; nothing for what is gone.
    pub now: Option<String>,
    /// Why it is not as the reference, or why there is no answer.
    pub reason: String,
    /// Its name at the baseline, if that was another.
    pub renamed_from: Option<CaseId>,
    /// Whether the case itself is another than at the baseline.
    pub edited: bool,
    /// The case file and the line, if the case is there.
    pub place: Option<(String, usize)>,
    /// What differs, as lines.
    pub difference: String,
    /// The command that runs the case alone.
    pub rerun: String,
}

/// A behaviour that no case covers any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostBehaviour {
    /// Its id.
    pub id: String,
    /// Whether the index has it still.
    pub indexed: bool,
}

/// Compares. `allow_lost` accepts cases, versions and coverage that are gone.
pub fn compare(baseline: &Baseline, candidate: &Candidate, allow_lost: bool) -> Gate {
    let mut findings: Vec<Finding> = Vec::new();
    let mut versions = Vec::new();
    for spark in &candidate.versions {
        let present: BTreeMap<&CaseId, &Present> =
            candidate.cases.iter().filter(|case| case.spark == *spark).map(|case| (&case.id, case)).collect();
        let then = baseline.versions.get(spark);
        findings.extend(of_version(*spark, then, baseline.names_all, &present));
        versions.push(VersionRow {
            spark: *spark,
            then: baseline.tally(*spark),
            now: Tally::of(present.values().filter_map(|case| case.now.standing()), present.len()),
        });
    }
    let lost_behaviours = baseline.covered.iter().filter(|id| !candidate.covered.contains(*id));
    let lost_behaviours =
        lost_behaviours.map(|id| LostBehaviour { id: id.clone(), indexed: candidate.behaviours.contains(id) });
    let gained = candidate.covered.iter().filter(|id| baseline.knows_coverage() && !baseline.covered.contains(*id));
    let shrunken = baseline.shrunken(candidate);
    let lost_versions = baseline.all_versions().into_iter().filter(|spark| !candidate.recorded.contains(spark));
    Gate {
        baseline: baseline.name.clone(),
        caveats: baseline.caveats.clone(),
        target: candidate.target.clone(),
        versions,
        lost_versions: lost_versions.collect(),
        findings: joined(findings),
        shrunken,
        lost_behaviours: lost_behaviours.collect(),
        gained_behaviours: gained.cloned().collect(),
        pins_of_nothing: candidate.pins_of_nothing.clone(),
        faults: candidate.faults.clone(),
        allow_lost,
    }
}

/// What became of the cases of one version.
fn of_version(
    spark: SparkMinor,
    then: Option<&BTreeMap<CaseId, Then>>,
    names_all: bool,
    present: &BTreeMap<&CaseId, &Present>,
) -> Vec<Finding> {
    let nothing = BTreeMap::new();
    let known = then.is_some();
    let then = then.unwrap_or(&nothing);
    let old_names = renames(then, present);
    let mut findings = Vec::new();
    for (id, case) in present {
        let renamed_from = old_names.get(*id).copied();
        let unlisted = Then { standing: Standing::Exact, hash: None };
        // A baseline that names only what is not exact says nothing of a case that it does not name.
        let was = then.get(renamed_from.unwrap_or(id)).or((known && !names_all).then_some(&unlisted));
        let Some(change) = change(was.map(|was| &was.standing), &case.now, renamed_from.is_some()) else { continue };
        let reason = match &case.now {
            Now::NoAnswer(context) => context.as_str(),
            now => now.standing().map_or("", Standing::reason),
        };
        findings.push(Finding {
            change,
            id: (*id).clone(),
            versions: [spark].into(),
            then: was.map(|was| was.standing.name()),
            now: Some(case.now.name()),
            reason: reason.to_owned(),
            renamed_from: renamed_from.cloned(),
            edited: was
                .and_then(|was| was.hash.as_ref())
                .zip(case.hash.as_ref())
                .is_some_and(|(then, now)| then != now),
            place: Some((case.file.clone(), case.line)),
            difference: case.difference.clone(),
            rerun: case.rerun.clone(),
        });
    }
    let moved: BTreeSet<&CaseId> = old_names.into_values().collect();
    for (id, was) in then.iter().filter(|(id, _)| !present.contains_key(id) && !moved.contains(id)) {
        findings.push(Finding {
            change: Change::Lost,
            id: id.clone(),
            versions: [spark].into(),
            then: Some(was.standing.name()),
            now: None,
            reason: was.standing.reason().to_owned(),
            renamed_from: None,
            edited: false,
            place: None,
            difference: String::new(),
            rerun: String::new(),
        });
    }
    findings
}

/// New name → old name, for cases that are gone and of which the very same is there under a name that is new.
fn renames<'a>(
    then: &'a BTreeMap<CaseId, Then>,
    present: &BTreeMap<&'a CaseId, &'a Present>,
) -> BTreeMap<&'a CaseId, &'a CaseId> {
    let mut gone: BTreeMap<&CaseHash, Vec<&CaseId>> = BTreeMap::new();
    // Backwards, so that the first name of several is taken first.
    for (id, was) in then.iter().rev().filter(|(id, _)| !present.contains_key(id)) {
        if let Some(hash) = &was.hash {
            gone.entry(hash).or_default().push(id);
        }
    }
    let new = present.iter().filter(|(id, _)| !then.contains_key(id));
    new.filter_map(|(id, case)| Some((*id, gone.get_mut(case.hash.as_ref()?)?.pop()?))).collect()
}

/// What became of one case; nothing where all is as it was.
fn change(then: Option<&Standing>, now: &Now, renamed: bool) -> Option<Change> {
    let conformed = then.is_some_and(Standing::conforms);
    let change = match now {
        Now::NoAnswer(_) => Change::NoAnswer,
        Now::GoldenStale => Change::GoldenStale,
        Now::GoldenMissing => Change::GoldenMissing,
        Now::PinNeedless(_) => Change::PinNeedless,
        // Known or not, a case that conformed and does not is a loss.
        Now::PinChanged(_) if conformed => Change::Regressed,
        Now::PinOverdue(_) if conformed => Change::RegressedPinned,
        Now::PinChanged(_) => Change::PinChanged,
        Now::PinOverdue(_) => Change::PinOverdue,
        Now::Stands(now) => match (then, now) {
            (None, now) if now.conforms() => Change::New,
            (None, Standing::Pinned(..)) => Change::NewPinned,
            (None, _) => Change::NewlyDivergent,
            (Some(then), now) if then.conforms() && now.conforms() => return renamed.then_some(Change::Renamed),
            (Some(then), Standing::Pinned(..)) if then.conforms() => Change::RegressedPinned,
            (Some(then), _) if then.conforms() => Change::Regressed,
            (Some(_), now) if now.conforms() => Change::Improved,
            (Some(Standing::Pinned(kind, reason)), Standing::Pinned(now, why)) => {
                let same = kind == now && reason.split_whitespace().eq(why.split_whitespace());
                return if same { renamed.then_some(Change::Renamed) } else { Some(Change::Reclassified) };
            }
            (Some(_), Standing::Pinned(..)) => Change::Reclassified,
            // What was known is not any more.
            (Some(Standing::Pinned(..)), _) => Change::NewlyDivergent,
            (Some(_), _) => Change::StillDivergent,
        },
    };
    Some(change)
}

/// Joins the findings that say the same of several versions, and sorts.
fn joined(findings: Vec<Finding>) -> Vec<Finding> {
    let mut joined: BTreeMap<(Change, CaseId), Vec<Finding>> = BTreeMap::new();
    for finding in findings {
        let same = joined.entry((finding.change, finding.id.clone())).or_default();
        let twin = same.iter_mut().find(|other| {
            let versions = other.versions.clone();
            // Which version's pair of commands and differences is shown does not matter.
            let (difference, rerun) = (other.difference.clone(), other.rerun.clone());
            **other == Finding { versions, difference, rerun, ..finding.clone() }
        });
        match twin {
            Some(twin) => twin.versions.extend(finding.versions),
            None => same.push(finding),
        }
    }
    joined.into_values().flatten().collect()
}

impl Tally {
    /// Counts the standings of `cases` cases, of which some may have none.
    pub fn of<'a>(standings: impl IntoIterator<Item = &'a Standing>, cases: usize) -> Self {
        let mut tally = Self { cases, ..Self::default() };
        for standing in standings {
            tally.conforming += usize::from(standing.conforms());
            tally.pinned += usize::from(matches!(standing, Standing::Pinned(..)));
        }
        tally
    }
}

impl Gate {
    /// The findings of one kind.
    pub fn of_change(&self, change: Change) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.change == change)
    }

    /// Whether a finding keeps the release from being made.
    pub fn fails(&self, finding: &Finding) -> bool {
        finding.change.class() != Class::Note && !(self.allow_lost && finding.change == Change::Lost)
    }

    /// Whether something of the classes keeps the release from being made.
    pub fn fails_by(&self, class: Class) -> bool {
        let lost = !self.lost_versions.is_empty() || !self.shrunken.is_empty() || !self.lost_behaviours.is_empty();
        let beside = match class {
            Class::Target => !self.faults.is_empty(),
            Class::Parity => lost && !self.allow_lost,
            Class::Pin => !self.pins_of_nothing.is_empty(),
            Class::Golden | Class::Note => false,
        };
        beside || self.findings.iter().any(|finding| self.fails(finding) && finding.change.class() == class)
    }

    /// Whether the release may be made.
    pub fn passes(&self) -> bool {
        ![Class::Target, Class::Golden, Class::Parity, Class::Pin].into_iter().any(|class| self.fails_by(class))
    }

    /// What the gate found in a line: `3 regressed, 1 lost; 12 improved`.
    pub fn headline(&self) -> String {
        let count = |change: Change| self.of_change(change).count();
        let parts = |fails: bool| {
            let mut parts: Vec<String> = Change::ALL
                .into_iter()
                .filter(|change| (change.class() != Class::Note) == fails && count(*change) > 0)
                .map(|change| format!("{} {}", count(change), change.phrase()))
                .collect();
            let mut add = |number: usize, one: &str, several: &str| match number {
                0 => {}
                1 => parts.push(format!("1 {one}")),
                number => parts.push(format!("{number} {several}")),
            };
            if fails {
                add(self.lost_versions.len(), "version lost", "versions lost");
                add(self.shrunken.len(), "area with fewer cases", "areas with fewer cases");
                add(self.lost_behaviours.len(), "behaviour uncovered", "behaviours uncovered");
                add(self.pins_of_nothing.len(), "pin of no case", "pins of no case");
                add(self.faults.len(), "target failed", "targets failed");
            } else {
                add(self.gained_behaviours.len(), "behaviour newly covered", "behaviours newly covered");
            }
            parts.join(", ")
        };
        match (parts(true), parts(false)) {
            (bad, good) if bad.is_empty() && good.is_empty() => "nothing changed".to_owned(),
            (bad, good) if bad.is_empty() => good,
            (bad, good) if good.is_empty() => bad,
            (bad, good) => format!("{bad}; {good}"),
        }
    }
}
