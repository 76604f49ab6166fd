#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::path::Path;

use rstest::rstest;

use super::baseline::Then;
use super::comparison::compare;
use super::markdown::Links;
use super::*;
use crate::report::Run;
use crate::report::style::Style;
use crate::report::testing;
use crate::run::Status;
use crate::target::Identity;

const V41: SparkMinor = SparkMinor::new(4, 1);
const V42: SparkMinor = SparkMinor::new(4, 2);

fn hash(text: &str) -> CaseHash {
    CaseHash::of(text.as_bytes())
}

fn engine() -> Identity {
    let identity = serde_json::json!({"protocol": 1, "target": "engine", "versions": {}, "mode": "in-process"});
    serde_json::from_value(identity).unwrap()
}

fn ours(reason: &str) -> Standing {
    Standing::Pinned(Kind::Ours, reason.to_owned())
}

fn divergent() -> Standing {
    Standing::Divergent("values".to_owned())
}

fn present(id: &str, spark: SparkMinor, now: Now) -> Present {
    let difference = match now.standing() {
        Some(Standing::Divergent(_)) => "  - spark   + engine\n  rows (id)\n    - (1)\n    + (2)\n".to_owned(),
        _ => String::new(),
    };
    let id: CaseId = id.parse().unwrap();
    let file = format!("cases/{}.yaml", id.topic());
    let rerun = format!("seatrial check '{id}' --spark {spark}");
    Present { hash: Some(hash(id.name())), id, spark, now, file, line: 7, difference, rerun }
}

fn baseline(cases: &[(&str, SparkMinor, Standing)]) -> Baseline {
    let mut baseline = Baseline { name: "v0.1.0 (0123456789)".into(), names_all: true, ..Baseline::default() };
    for (id, spark, standing) in cases {
        let id: CaseId = id.parse().unwrap();
        let then = Then { standing: standing.clone(), hash: Some(hash(id.name())) };
        baseline.versions.entry(*spark).or_default().insert(id, then);
    }
    baseline
}

fn candidate(cases: &[(&str, SparkMinor, Now)]) -> Candidate {
    let cases: Vec<Present> = cases.iter().map(|(id, spark, now)| present(id, *spark, now.clone())).collect();
    let versions: BTreeSet<SparkMinor> = cases.iter().map(|case| case.spark).collect();
    Candidate { target: "engine".into(), recorded: versions.clone(), versions, cases, ..Candidate::default() }
}

/// What becomes of one case.
fn became(then: Option<Standing>, now: Now) -> Option<Change> {
    let was: Vec<_> = then.into_iter().map(|standing| ("a/b::case", V42, standing)).collect();
    let mut baseline = baseline(&was);
    baseline.versions.entry(V42).or_default();
    let gate = compare(&baseline, &candidate(&[("a/b::case", V42, now)]), false);
    assert!(gate.findings.len() < 2);
    gate.findings.first().map(|finding| finding.change)
}

#[rstest]
#[case(Some(Standing::Exact), Now::Stands(Standing::Exact), None)]
#[case(Some(Standing::Exact), Now::Stands(Standing::Equivalent), None)]
#[case(Some(Standing::Exact), Now::Stands(divergent()), Some(Change::Regressed))]
#[case(Some(Standing::Equivalent), Now::Stands(Standing::Unsupported("no".into())), Some(Change::Regressed))]
// A pin excuses no regression.
#[case(Some(Standing::Exact), Now::Stands(ours("why")), Some(Change::RegressedPinned))]
#[case(Some(Standing::Exact), Now::PinOverdue(ours("why")), Some(Change::RegressedPinned))]
#[case(Some(Standing::Exact), Now::PinChanged(divergent()), Some(Change::Regressed))]
#[case(Some(ours("why")), Now::Stands(ours("why")), None)]
#[case(Some(ours("why  so")), Now::Stands(ours("why\nso")), None)]
#[case(Some(ours("why")), Now::Stands(ours("because")), Some(Change::Reclassified))]
#[case(Some(ours("why")), Now::Stands(Standing::Pinned(Kind::Wont, "why".into())), Some(Change::Reclassified))]
#[case(Some(ours("why")), Now::Stands(divergent()), Some(Change::NewlyDivergent))]
#[case(Some(ours("why")), Now::Stands(Standing::Exact), Some(Change::Improved))]
#[case(Some(ours("why")), Now::PinNeedless(Standing::Exact), Some(Change::PinNeedless))]
#[case(Some(ours("why")), Now::PinChanged(divergent()), Some(Change::PinChanged))]
#[case(Some(ours("why")), Now::PinOverdue(ours("why")), Some(Change::PinOverdue))]
#[case(Some(divergent()), Now::Stands(divergent()), Some(Change::StillDivergent))]
#[case(Some(divergent()), Now::Stands(ours("why")), Some(Change::Reclassified))]
#[case(None, Now::Stands(Standing::Exact), Some(Change::New))]
#[case(None, Now::Stands(ours("why")), Some(Change::NewPinned))]
#[case(None, Now::Stands(divergent()), Some(Change::NewlyDivergent))]
#[case(Some(Standing::Exact), Now::GoldenStale, Some(Change::GoldenStale))]
#[case(None, Now::GoldenMissing, Some(Change::GoldenMissing))]
#[case(Some(Standing::Exact), Now::NoAnswer("it crashed".into()), Some(Change::NoAnswer))]
fn what_becomes_of_a_case(#[case] then: Option<Standing>, #[case] now: Now, #[case] change: Option<Change>) {
    assert_eq!(became(then, now), change);
}

#[test]
fn a_case_of_the_same_content_under_another_name_is_renamed_and_not_lost() {
    let mut now = candidate(&[
        ("a/b::new", V42, Now::Stands(Standing::Exact)),
        ("a/b::worse", V42, Now::Stands(divergent())),
        ("a/b::edited", V42, Now::Stands(Standing::Exact)),
    ]);
    now.cases[0].hash = Some(hash("old"));
    now.cases[1].hash = Some(hash("good"));
    let then = baseline(&[
        ("a/b::old", V42, Standing::Exact),
        ("a/b::good", V42, Standing::Exact),
        ("a/b::gone", V42, Standing::Exact),
    ]);
    let gate = compare(&then, &now, false);
    let found: Vec<String> = gate
        .findings
        .iter()
        .map(|finding| {
            let from = finding.renamed_from.as_ref().map(|id| format!(" from {}", id.name())).unwrap_or_default();
            format!("{} {}{from}", finding.change.name(), finding.id.name())
        })
        .collect();
    assert_eq!(found, ["regressed worse from good", "lost gone", "new edited", "renamed new from old"]);
}

#[test]
fn what_is_lost_keeps_the_release_unless_that_is_accepted() {
    let mut then = baseline(&[("a/b::gone", V42, Standing::Exact), ("a/b::kept", V41, Standing::Exact)]);
    then.covered = ["READ-A".to_owned(), "READ-B".to_owned()].into();
    let mut now = candidate(&[("a/b::kept", V42, Now::Stands(Standing::Exact))]);
    now.covered = ["READ-B".to_owned(), "READ-C".to_owned()].into();
    now.behaviours = now.covered.clone();
    for (allow_lost, passes) in [(false, false), (true, true)] {
        let gate = compare(&then, &now, allow_lost);
        assert_eq!(gate.passes(), passes);
        assert_eq!(gate.lost_versions, [V41]);
        assert_eq!(gate.lost_behaviours, [LostBehaviour { id: "READ-A".into(), indexed: false }]);
        assert_eq!(gate.gained_behaviours, ["READ-C"]);
        assert_eq!(gate.of_change(Change::Lost).count(), 1);
    }
}

#[test]
fn a_version_that_is_left_out_is_not_lost() {
    let then = baseline(&[("a/b::x", V41, Standing::Exact), ("a/b::x", V42, Standing::Exact)]);
    let mut now = candidate(&[("a/b::x", V42, Now::Stands(Standing::Exact))]);
    now.recorded.insert(V41);
    let gate = compare(&then, &now, false);
    assert!(gate.passes());
    assert_eq!(gate.headline(), "nothing changed");
}

#[test]
fn a_scoreboard_alone_names_what_was_not_exact_and_counts_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("released.md");
    let board = "# Scoreboard\n\n| area | Spark | cases | exact | equivalent | ours |\n|---|---|---|---|---|---|\n\
                 | a | 4.2 | 4 | 3 | 0 | 1 |\n\n- `a/b::known` (4.2) ours: why\n";
    std::fs::write(&file, board).unwrap();
    let then = Baseline::of_file(&file, &engine()).unwrap();
    let now = candidate(&[
        ("a/b::known", V42, Now::Stands(ours("why"))),
        ("a/b::fine", V42, Now::Stands(Standing::Exact)),
        ("a/b::bad", V42, Now::Stands(ours("new"))),
    ]);
    let gate = compare(&then, &now, false);
    assert_eq!(gate.shrunken, [("a".to_owned(), V42, 4, 3)]);
    assert_eq!(gate.headline(), "1 regressed and pinned, 1 area with fewer cases");
    assert_eq!(gate.versions[0].then, Some(Tally { cases: 4, conforming: 3, pinned: 1 }));
    assert_eq!(gate.caveats.len(), 1);
}

/// A project of cases `a/b::x` (covers `A-1`) and `a/b::y` (since 4.2), recorded for 4.1 and 4.2; `a/b::p` is pinned.
struct Released(tempfile::TempDir);

impl Released {
    const CASES: &str = "feature: f\ncases:\n  - name: x\n    covers: [A-1]\n    python: pass\n  - name: p\n    python: p\n  \
                         - name: y\n    since: '4.2'\n    python: 'y'\n";

    fn new() -> Self {
        let released = Self(tempfile::tempdir().unwrap());
        released.write("cases/a/b.yaml", Self::CASES);
        released.record(V41, &["x", "p"]);
        released.record(V42, &["x", "p", "y"]);
        released.write(
            "golden/divergences/engine.yaml",
            "format: 1\ndivergences:\n  - case: \"a/b::p\"\n    versions: [\"4.1\", \"4.2\"]\n    kind: ours\n    \
             reason: \"why\"\n    review_by: 2999-01-01\n    verdict: {unsupported: \"no\"}\n",
        );
        released.board(2, 3, "- `a/b::p` (4.1, 4.2) ours: why\n- `a/b::y` (4.2) equivalent: JVM\n");
        released
    }

    fn write(&self, path: &str, text: &str) {
        let file = self.0.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    fn record(&self, version: SparkMinor, names: &[&str]) {
        let cases = crate::case::load_text(Path::new("b.yaml"), "a/b", Self::CASES).cases;
        let mut text = format!("format: 1\nspark: \"{version}.0\"\nmode: \"classic\"\ncases:\n");
        for name in names {
            let hash = cases.iter().find(|case| case.id.name() == *name).map_or_else(|| hash(name), |case| case.hash());
            text += &format!("  \"a/b::{name}\": \"{hash}\"\n");
        }
        self.write(&format!("golden/{version}/index.yaml"), &text);
    }

    /// The scoreboard: how many cases it counts for each version, and the lines of what is not exact.
    fn board(&self, of_41: usize, of_42: usize, lines: &str) {
        let head = "# Scoreboard\n\n| area | Spark | cases | exact | equivalent | ours |\n|---|---|---|---|---|---|\n";
        let row = |version, cases| format!("| a | {version} | {cases} | 0 | 0 | 0 |\n");
        self.write("golden/SCOREBOARD.md", &format!("{head}{}{}\n{lines}", row(V41, of_41), row(V42, of_42)));
    }

    fn baseline(&self) -> Baseline {
        Baseline::of_project("v1", self.0.path(), &engine()).unwrap()
    }
}

/// How the cases of a version stood.
fn standings(baseline: &Baseline, version: SparkMinor) -> Vec<String> {
    let cases = &baseline.versions[&version];
    cases.iter().map(|(id, then)| format!("{} {}", id.name(), then.standing.name())).collect()
}

#[test]
fn a_project_says_of_every_case_how_it_stood() {
    let released = Released::new();
    let of_file = Baseline::of_file(&released.0.path().join("golden/SCOREBOARD.md"), &engine()).unwrap();
    for baseline in [released.baseline(), of_file] {
        assert_eq!(standings(&baseline, V41), ["p pinned as ours", "x exact"]);
        assert_eq!(standings(&baseline, V42), ["p pinned as ours", "x exact", "y equivalent"]);
        assert!(baseline.versions[&V42].values().all(|then| then.hash.is_some()));
        assert_eq!(baseline.covered, ["A-1".to_owned()].into());
        assert_eq!(baseline.caveats, [""; 0]);
    }
}

#[test]
fn what_a_stale_scoreboard_does_not_tell_is_not_taken_for_exact() {
    let released = Released::new();
    // Written before `p` was pinned and `y` was there.
    released.board(2, 2, "- `a/b::gone` (4.2) ours: why\n- `a/b::x` (4.1) wont: why\n");
    let baseline = released.baseline();
    assert_eq!(standings(&baseline, V41), ["p pinned as ours", "x not pinned"]);
    assert_eq!(standings(&baseline, V42), ["p pinned as ours", "x not pinned", "y not pinned"]);
    let caveats = baseline.caveats.join("\n");
    insta::assert_snapshot!(caveats, @"its scoreboard is stale (it counts 2 cases of a for Spark 4.2, and 3 were recorded; it does not list a/b::p as ours, which is its pin; it lists a/b::gone, which was not recorded; and 1 more): 2 cases that it does not tell of count as conforming, since nothing was pinned; to know how they stood, run `seatrial check --spark all --format json=FILE` there and name FILE with --baseline, and write the scoreboard anew (`seatrial scoreboard`) with each release");
    // A loss stays one: nothing was pinned there.
    let now = candidate(&[("a/b::y", V42, Now::Stands(ours("new")))]);
    let gate = compare(&baseline, &now, true);
    assert_eq!(gate.of_change(Change::RegressedPinned).count(), 1);
}

#[test]
fn a_project_without_a_scoreboard_says_what_was_pinned() {
    let released = Released::new();
    std::fs::remove_file(released.0.path().join("golden/SCOREBOARD.md")).unwrap();
    let baseline = released.baseline();
    assert_eq!(standings(&baseline, V41), ["p pinned as ours", "x not pinned"]);
    assert!(baseline.caveats[0].starts_with("it has no golden/SCOREBOARD.md: 2 cases that it does not tell of"));
}

#[test]
fn what_does_not_load_or_was_changed_is_told() {
    let released = Released::new();
    released.write("cases/a/b.yaml", &Released::CASES.replace("python: pass", "python: changed"));
    assert_eq!(
        released.baseline().caveats,
        ["1 case changed there since real Spark was asked (a/b::x for one): how the former form stood counts"]
    );
    released.write("cases/a/b.yaml", "feature: f\ncases: 1\n");
    let baseline = released.baseline();
    assert_eq!(standings(&baseline, V42), ["p pinned as ours", "x exact", "y equivalent"]);
    assert_eq!(baseline.caveats.len(), 1, "{:?}", baseline.caveats);
    // A case that is gone and is in the index still was not there.
    released.write("cases/a/b.yaml", "feature: f\ncases:\n  - {name: x, python: pass}\n");
    released.board(1, 1, "");
    assert_eq!(standings(&released.baseline(), V42), ["x exact"]);
}

#[test]
fn a_project_that_is_no_baseline_is_told() {
    let error = |folder: &Path| Baseline::of_project("v1", folder, &engine()).unwrap_err().to_string();
    let nothing = tempfile::tempdir().unwrap();
    let none = error(nothing.path());
    assert!(none.starts_with("v1 has no golden/<version>/index.yaml to compare with: nothing was recorded"), "{none}");
    let released = Released::new();
    released.write("golden/divergences/engine.yaml", "format: 9\ndivergences: []\n");
    let broken = error(released.0.path());
    assert!(
        broken.starts_with("the list of divergences of v1 does not read by today's rules; name its sc"),
        "{broken}"
    );
    released.write("golden/4.2/index.yaml", "format: 1\n");
    let broken = error(released.0.path());
    assert!(
        broken.starts_with("the index of the goldens of v1 does not read by today's rules; name its s"),
        "{broken}"
    );
    released.write("golden/SCOREBOARD.md", "hello\n");
}

fn file_baseline(text: &str) -> Result<Baseline, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.jsonl");
    std::fs::write(&file, text).unwrap();
    let shown = |error: baseline::BaselineError| error.to_string().replace(&file.display().to_string(), "run.jsonl");
    Baseline::of_file(Path::new(&file), &engine()).map_err(shown)
}

#[test]
fn a_stored_run_is_a_baseline() {
    let run = testing::run();
    let text = crate::report::json::render(&run).unwrap();
    let baseline = file_baseline(&text).unwrap();
    assert!(baseline.names_all && baseline.caveats.is_empty());
    let standing = |status: Status| run.cases.iter().filter(|case| case.status == status).count();
    let stands = |wanted: &str| {
        let standings = baseline.versions.values().flat_map(BTreeMap::values);
        standings.filter(|then| then.standing.name().starts_with(wanted)).count()
    };
    assert_eq!(stands("equivalent"), standing(Status::Equivalent));
    assert_eq!(stands("unsupported"), standing(Status::Unsupported));
    assert_eq!(stands("pinned"), standing(Status::Pinned) + standing(Status::OverduePin));
    let none = [Status::Infrastructure, Status::StaleGolden, Status::MissingGolden];
    assert_eq!(stands(""), run.cases.len() - none.map(standing).iter().sum::<usize>());
}

#[test]
fn a_renamed_case_of_a_stored_run_is_not_lost() {
    let mut run = testing::run();
    let case = run.cases.iter_mut().find(|case| case.status == Status::Exact).unwrap();
    let (id, spark) = (case.id.clone(), case.spark);
    case.hash = Some(hash("the same"));
    let mut now = candidate(&[("new/file::name", spark, Now::Stands(Standing::Exact))]);
    now.cases[0].hash = Some(hash("the same"));
    let baseline = |run: &Run| file_baseline(&crate::report::json::render(run).unwrap()).unwrap();
    let gate = compare(&baseline(&run), &now, true);
    assert_eq!(gate.of_change(Change::Renamed).next().unwrap().renamed_from, Some(id));
    // Older results hold no hashes.
    for case in &mut run.cases {
        case.hash = None;
    }
    let old = baseline(&run);
    assert!(old.caveats[0].contains("shows as lost and new"), "{:?}", old.caveats);
    assert_eq!(compare(&old, &now, true).of_change(Change::Renamed).count(), 0);
}

#[test]
fn a_broken_run_is_told() {
    let text = crate::report::json::render(&testing::run()).unwrap();
    let cut = text.trim_end().rsplit_once('\n').unwrap().0;
    let expected = "run.jsonl does not read as a result of `seatrial check --format json`: the footer is missing: the run \
                    was cut off, and what it says is not the whole";
    assert_eq!(file_baseline(cut), Err(expected.to_owned()));
}

#[test]
fn what_is_neither_is_told() {
    let expected = "run.jsonl is neither a scoreboard nor a result of `seatrial check --format json`";
    assert_eq!(file_baseline("hello"), Err(expected.to_owned()));
}

/// One of everything.
fn eventful() -> Gate {
    let cases: [(&str, Option<Standing>, Option<Now>); 14] = [
        ("crashed", Some(Standing::Exact), Some(Now::NoAnswer("the runner ended with signal 9".into()))),
        ("now wrong", Some(Standing::Exact), Some(Now::Stands(divergent()))),
        ("hidden by a pin", Some(Standing::Exact), Some(Now::Stands(ours("DataFusion <rounds> `a_b` otherwise.")))),
        ("gone", Some(Standing::Exact), None),
        ("new and wrong", None, Some(Now::Stands(Standing::Unsupported("no streams".into())))),
        ("changed", Some(Standing::Exact), Some(Now::GoldenStale)),
        ("never asked", None, Some(Now::GoldenMissing)),
        ("wrong in another way", Some(ours("why")), Some(Now::PinChanged(divergent()))),
        ("mended with its pin left", Some(ours("why")), Some(Now::PinNeedless(Standing::Exact))),
        ("overdue", Some(ours("why")), Some(Now::PinOverdue(ours("why")))),
        ("mended", Some(ours("why")), Some(Now::Stands(Standing::Exact))),
        ("covered now", None, Some(Now::Stands(Standing::Exact))),
        ("known from the start", None, Some(Now::Stands(ours("Not built yet.")))),
        ("as ever", Some(Standing::Exact), Some(Now::Stands(Standing::Exact))),
    ];
    let id = |name: &str| format!("read/rows::{name}");
    let (mut was, mut is) = (Vec::new(), Vec::new());
    for (name, then, now) in &cases {
        for spark in [V41, V42] {
            was.extend(then.clone().map(|then| (id(name), spark, then)));
            is.extend(now.clone().map(|now| (id(name), spark, now)));
        }
    }
    let was: Vec<_> = was.iter().map(|(id, spark, standing)| (id.as_str(), *spark, standing.clone())).collect();
    let is: Vec<_> = is.iter().map(|(id, spark, now)| (id.as_str(), *spark, now.clone())).collect();
    let mut then = baseline(&was);
    then.covered.insert("READ-A".into());
    then.caveats.push("its scoreboard is old".into());
    let mut now = candidate(&is);
    now.covered.insert("READ-B".into());
    now.pins_of_nothing.push("read/rows::removed".into());
    for case in now.cases.iter_mut().filter(|case| case.id.name() == "hidden by a pin") {
        case.hash = Some(hash("edited"));
    }
    compare(&then, &now, false)
}

#[test]
fn everything_is_told_at_the_terminal() {
    insta::assert_snapshot!(human::render(&eventful(), Style::PLAIN));
}

#[test]
fn everything_is_told_in_a_pull_request() {
    let links = Links { base: Some("https://github.com/o/r/blob/abc/sub/".into()) };
    insta::assert_snapshot!(markdown::render(&eventful(), &links));
}

#[test]
fn everything_is_told_to_programs() {
    insta::assert_snapshot!(serde_json::to_string_pretty(&json::render(&eventful(), 20)).unwrap());
}

#[test]
fn nothing_is_told_in_few_words() {
    let gate = compare(
        &baseline(&[("a/b::x", V42, Standing::Exact)]),
        &candidate(&[("a/b::x", V42, Now::Stands(Standing::Exact))]),
        false,
    );
    insta::assert_snapshot!(human::render(&gate, Style::PLAIN), @r"
    engine compared with v0.1.0 (0123456789)

      Spark  cases   conform           pinned
      4.2    1 (±0)  1 (±0)   100.0 %  0 (±0)

    GATE PASSED: nothing changed
    ");
    insta::assert_snapshot!(markdown::render(&gate, &Links::default()), @r"
    ## ✅ Gate passed: nothing changed

    `engine` compared with v0.1.0 (0123456789).

    | Spark | cases | conform | | pinned |
    |---|---:|---:|---:|---:|
    | 4.2 | 1 (±0) | 1 (±0) | 100.0 % | 0 (±0) |
    ");
}

#[test]
fn a_report_fits_a_comment_however_much_changed() {
    let names: Vec<String> =
        (0..3000).map(|number| format!("read/rows::case {number} {}", "long ".repeat(10))).collect();
    let now: Vec<_> = names.iter().map(|id| (id.as_str(), V42, Now::Stands(divergent()))).collect();
    let then: Vec<_> = names.iter().map(|id| (id.as_str(), V42, Standing::Exact)).collect();
    let text = markdown::render(&compare(&baseline(&then), &candidate(&now), false), &Links::default());
    assert!(text.len() < 65_000, "{}", text.len());
    assert!(text.starts_with("## ❌ Gate failed: 3000 regressed\n"));
    assert!(text.trim_end().ends_with("lines more, which `seatrial gate` prints."));
}
