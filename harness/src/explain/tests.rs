#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;

use rstest::rstest;
use tempfile::TempDir;

use super::*;
use crate::case;

const CASES: &str = "feature: rows by position
about: A row is a tuple.
cases:
  - name: too short
    covers: [READ-ARITY]
    source: {schema: 'a int, b int', rows: [[1]]}
  - name: right
    about: |
      As many values
      as columns.
    covers: [READ-ARITY]
    source: {schema: a int, rows: [[1]]}
  - name: of another version
    since: '4.2'
    source: {schema: a int, rows: [[2], [3]]}
";

const BEHAVIOURS: &str = "## read: Rows

| id | since | behaviour |
|---|---|---|
| READ-ARITY | 4.0 | A row of another length is refused with `DATA_SOURCE_RETURN_SCHEMA_MISMATCH`. |
| READ-NONE | 4.1 | Nobody covers this. |
";

const ERROR: &str = "    error:
      phase: \"read\"
      exception: \"PythonException\"
      message: \"An exception was thrown from the Python worker:\\nPySparkRuntimeError: [DATA_SOURCE_RETURN_SCHEMA_MISMATCH] too short\"
      python: {type: \"PySparkRuntimeError\", message: \"[DATA_SOURCE_RETURN_SCHEMA_MISMATCH] too short\"}
";

const ERROR_WITH_CONDITION: &str = "    error:
      phase: \"read\"
      exception: \"PythonException\"
      condition: \"DATA_SOURCE_RETURN_SCHEMA_MISMATCH.ARITY\"
      sqlstate: \"38000\"
      message: \"[DATA_SOURCE_RETURN_SCHEMA_MISMATCH.ARITY] too short\"
";

const DIVERGENCES: &str = "format: 1
divergences:
  - case: \"read/rows::too short\"
    versions: [\"4.2\"]
    kind: wont
    reason: \"The message has no position.\"
    review_by: 2999-01-01
    verdict: {unsupported: \"no\"}
";

const EXITS: [(u8, &str); 2] = [(0, "ok"), (10, "not conformant: a case diverges or is not supported")];

struct Project(TempDir);

impl Project {
    fn new() -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        project.write("cases/BEHAVIOURS.md", BEHAVIOURS);
        project.write("cases/read/rows.yaml", CASES);
        let suite = case::load(&project.0.path().join("cases"));
        assert_eq!(suite.diagnostics, []);
        let hash = |name: &str| suite.cases.iter().find(|case| case.id.name() == name).unwrap().hash();
        let row = "    schema:\n      - {name: \"a\", type: \"integer\", nullable: true, metadata: {}}\n    rows:\n      - [1]\n";
        for (version, patch, error) in [("4.0", "4.0.5", ERROR), ("4.2", "4.2.1", ERROR_WITH_CONDITION)] {
            let head = format!("format: 1\nspark: \"{patch}\"\nmode: \"classic\"\ncases:\n");
            let (short, right) = (hash("too short"), hash("right"));
            let index = format!("  \"read/rows::right\": \"{right}\"\n  \"read/rows::too short\": \"{short}\"\n");
            project.write(&format!("golden/{version}/index.yaml"), &format!("{head}{index}"));
            let cases = format!(
                "  - case: \"right\"\n    hash: \"{right}\"\n{row}  - case: \"too short\"\n    hash: \"{short}\"\n{error}"
            );
            project.write(&format!("golden/{version}/read/rows.yaml"), &format!("{head}{cases}"));
        }
        project
    }

    fn write(&self, path: &str, text: &str) {
        let file = self.0.path().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    fn with<T>(&self, use_of: impl FnOnce(&Sources<'_>) -> T) -> T {
        let root = self.0.path();
        let suite = case::load(&root.join("cases"));
        let goldens = GoldenStore::open(&root.join("golden")).unwrap();
        let divergences = Divergences::from_yaml(&root.join("engine.yaml"), DIVERGENCES).unwrap();
        use_of(&Sources { suite: &suite, goldens: &goldens, divergences: &divergences, exits: &EXITS })
    }

    fn explained(&self, what: &str) -> String {
        let text = self.with(|sources| explain(what, sources).unwrap_or_else(|unknown| unknown.to_string()));
        text.replace(&*self.0.path().to_string_lossy(), "PROJECT")
    }
}

#[test]
fn a_condition_is_explained_with_its_subclasses() {
    insta::assert_snapshot!(Project::new().explained("DATA_SOURCE_RETURN_SCHEMA_MISMATCH"));
}

#[test]
fn the_spelling_of_a_condition_does_not_matter() {
    let project = Project::new();
    let whole = project.explained("data_source_return_schema_mismatch.arity");
    assert!(
        whole.starts_with(
            "DATA_SOURCE_RETURN_SCHEMA_MISMATCH.ARITY  an error condition of Spark, seen since Spark 4.2\n"
        )
    );
    assert!(project.explained("38000").starts_with("38000  a SQLSTATE, seen since Spark 4.2\n"));
}

#[rstest]
#[case("read/rows::right", true)]
#[case("read-arity", true)]
#[case("38000", true)]
#[case("data_source_return_schema_mismatch", true)]
#[case("exakt", false)]
fn only_the_goldens_that_are_needed_are_named(#[case] asked: &str, #[case] few: bool) {
    let project = Project::new();
    let of_one = Some(["read/rows".to_owned()].into());
    let goldens = project.0.path().join("golden");
    let named = project.with(|sources| topics(asked, sources.suite, &goldens).unwrap());
    assert_eq!(named, of_one.filter(|_| few));
}

#[test]
fn a_behaviour_is_explained_by_its_cases() {
    let project = Project::new();
    insta::assert_snapshot!(project.explained("read-arity"));
    assert!(project.explained("READ-NONE").ends_with("\nNo case covers it yet.\n"));
}

#[test]
fn a_case_is_explained_by_what_spark_answers() {
    let project = Project::new();
    insta::assert_snapshot!(project.explained("read/rows::right"));
    let unasked = project.explained("read/rows::of another version");
    assert!(unasked.contains("nothing that is recorded: `seatrial record` asks it"), "{unasked}");
}

#[rstest]
#[case("exact", "exact  a verdict on a case\n")]
#[case("PIN NEEDLESS", "pin_needless  a finding of `seatrial gate`\n")]
#[case("stale pin", "stale_pin  a verdict on a case\n")]
#[case("ours", "ours  a kind of pinned divergence\n")]
#[case("error message", "error message  a reason of divergence\n")]
#[case("plan", "plan  a phase of a case\n")]
#[case("10", "10  an exit code\n  not conformant: a case diverges or is not supported\n")]
fn a_word_is_explained(#[case] word: &str, #[case] beginning: &str) {
    let text = Project::new().explained(word);
    assert!(text.starts_with(beginning), "{text}");
}

#[test]
fn a_word_of_two_meanings_is_explained_twice() {
    let text = Project::new().explained("stale_golden");
    assert!(text.contains("a verdict on a case") && text.contains("a finding of `seatrial gate`"), "{text}");
}

#[rstest]
#[case("exakt", "nothing is called `exakt`; did you mean\n  exact")]
#[case("READ-ARTY", "nothing is called `READ-ARTY`; did you mean\n  READ-ARITY")]
#[case("READ-TUPLE-ARITY", "nothing is called `READ-TUPLE-ARITY`; did you mean\n  READ-ARITY")]
#[case("arity", "nothing is called `arity`; did you mean\n  READ-ARITY\n  DATA_SOURCE_RETURN_SCHEMA_MISMATCH.ARITY")]
#[case("read/rows::rigth", "nothing is called `read/rows::rigth`; did you mean\n  read/rows::right")]
#[case("", "nothing is called ``; `seatrial explain` lists the words, `seatrial list` the cases")]
#[case("@@@@@@@@", "nothing is called `@@@@@@@@`; `seatrial explain` lists the words, `seatrial list` the cases")]
fn what_is_unknown_is_answered_with_the_nearest_names(#[case] asked: &str, #[case] answer: &str) {
    assert_eq!(Project::new().explained(asked), answer);
}

#[test]
fn the_overview_has_every_word() {
    let text = Project::new().with(overview);
    for word in words::all() {
        assert!(text.contains(&format!("  {} ", word.name)), "{} is not in\n{text}", word.name);
    }
    insta::assert_snapshot!(text);
}
