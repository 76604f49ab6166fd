//! Scripts of `seatrial repro`, run on the engine. `ci/repro` runs the same cases on real Spark (`make verify`).
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rstest::rstest;
use seatrial::case::{self, SparkMinor, Suite};
use seatrial::golden::{GoldenLookup, GoldenStore};
use seatrial::observation::Observation;
use seatrial::repro::Repro;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn seatrial(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_seatrial")).args(arguments).current_dir(root()).output().unwrap()
}

/// The cases and the goldens, which are read once.
struct Project {
    suite: Suite,
    goldens: GoldenStore,
}

impl Project {
    fn load() -> Self {
        let goldens = GoldenStore::open(&root().join("golden")).unwrap();
        Self { suite: case::load(&root().join("cases")), goldens }
    }

    /// Runs a case's script on the engine's program; `change` falsifies what Spark answered.
    fn on_engine(&self, id: &str, change: impl FnOnce(&mut Observation)) -> (Option<i32>, String) {
        let spark = SparkMinor::new(4, 2);
        let case = self.suite.cases.iter().find(|case| case.id.to_string() == id);
        let case = case.unwrap_or_else(|| panic!("ci/repro-cases.txt names {id}, which is no case"));
        let mut golden = match self.goldens.lookup(spark, case) {
            GoldenLookup::Found { observation, .. } => observation.clone(),
            other => panic!("{id}: {other:?}"),
        };
        change(&mut golden);
        let script = Repro { case, spark, patch: "4.2.1", requirements: &[], golden: Some(&golden) }.script();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("repro.py");
        std::fs::write(&file, script).unwrap();
        let mut python = Command::new(root().join(".venv/bin/python"));
        let output = python
            .arg(&file)
            .arg("--engine")
            .current_dir(folder.path())
            .env("SEATRIAL", env!("CARGO_BIN_EXE_seatrial"))
            .env_remove("SEATRIAL_PYTHON")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.code(), format!("{text}{}", String::from_utf8_lossy(&output.stderr)))
    }
}

/// The cases of `ci/repro`: a line each, `#` begins a comment.
fn sample() -> Vec<String> {
    let text = std::fs::read_to_string(root().join("ci/repro-cases.txt")).unwrap();
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

#[test]
fn a_script_shows_on_the_engine_what_spark_answered() {
    let project = Project::load();
    let cases = sample();
    assert!(cases.len() >= 8);
    for case in cases {
        let (code, text) = project.on_engine(&case, |_| {});
        assert_eq!(code, Some(0), "{case}:\n{text}");
        assert!(text.ends_with("THE SAME as real Spark answered.\n"), "{case}:\n{text}");
    }
    let (code, text) = project.on_engine("read/by_position::lists", |golden| golden.rows = Some(Vec::new()));
    assert_eq!(code, Some(1), "{text}");
    assert!(text.ends_with("\nNOT THE SAME as real Spark answered: rows.\n"), "{text}");
}

#[test]
fn a_script_is_what_a_person_would_write() {
    let script = String::from_utf8(seatrial(&["repro", "read/by_position::lists"]).stdout).unwrap();
    let (own, rest) = script.split_once("# --- The rest shows what came of it").unwrap();
    insta::assert_snapshot!(own);
    assert!(rest.contains("def canonical_rows(") && rest.contains("def describe_error("));
    assert_eq!(script.matches("# >>> the data source\n").count(), 1);
}

#[rstest]
#[case(&["repro", "read/by_position::nothing"], "error: there is no case `read/by_position::nothing`; `seatrial list` has them all\n")]
#[case(&["repro", "filters/comparisons", "--spark", "4.2"], "cases, and a script shows one:\n  filters/comparisons::")]
#[case(&["repro", "read/by_position::lists", "--spark", "9.9"], "error: no Spark 9.9 is known; known are 4.0.5, ")]
#[case(&["repro", "nothing/here"], "error: there is no case `nothing/here`; `seatrial list` has them all\n")]
#[case(&["repro", "filters/first_filter::a reader that keeps every filter", "--spark", "4.0"], "shows what Spark has since 4.1")]
fn what_is_asked_must_be_one_case(#[case] arguments: &[&str], #[case] message: &str) {
    let output = seatrial(arguments);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains(message), "{error}");
}
