//! `seatrial gate` from outside: a project under version control, a fake engine, and what a release manager sees.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

mod fake_targets;

/// A project in a repository, a cache with a fake Spark, and answers that change while the cases stay the same.
struct Sandbox(TempDir);

struct Run {
    code: i32,
    stdout: String,
    stderr: String,
}

const SCHEMA: &str = r#"{"type":"struct","fields":[{"name":"id","type":"integer","nullable":true,"metadata":{}}]}"#;

impl Sandbox {
    fn new() -> Self {
        let sandbox = Self(tempfile::tempdir().unwrap());
        fake_targets::install_spark(sandbox.0.path(), "4.2.1", "");
        sandbox.write(
            "cases/BEHAVIOURS.md",
            "## read: Rows\n\n| id | since | behaviour |\n|---|---|---|\n| READ-A | 4.0 | a |\n| READ-B | 4.0 | b |\n",
        );
        sandbox.git(&["init", "--quiet", "--initial-branch=main"]);
        sandbox
    }

    /// Cases of one file: name, what it covers. What is answered stands in a file for each.
    fn cases(&self, names: &[(&str, &str)]) {
        let mut text = "feature: rows\ncases:\n".to_owned();
        for (name, covers) in names {
            let answer = self.0.path().join("answers").join(name);
            text += &format!(
                "  - name: {name}\n    covers: [{covers}]\n    python: |\n      # fake: from-file {}\n",
                answer.display()
            );
        }
        self.write("cases/read/rows.yaml", &text);
    }

    /// What is answered to a case from now on.
    fn answer(&self, name: &str, rows: &str) {
        let file = self.0.path().join("answers").join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        let answer = format!(r#"answer {{"schema":{SCHEMA},"rows":{rows},"error":null,"calls":[],"partitions":null}}"#);
        fs::write(file, answer).unwrap();
    }

    fn write(&self, path: &str, text: &str) {
        let file = self.0.path().join("project").join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    fn git(&self, arguments: &[&str]) {
        let mut command = Command::new("git");
        command.arg("-C").arg(self.0.path().join("project")).args([
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@example.org",
        ]);
        let output = command.args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Records, writes the scoreboard, and makes a release of it.
    fn release(&self, tag: &str) {
        for arguments in
            [&["record", "--target", "spark:4.2"][..], &["scoreboard", "--target", &fake_targets::target("")]]
        {
            let run = self.run(arguments);
            assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
        }
        self.git(&["add", "."]);
        self.git(&["commit", "--quiet", "-m", tag]);
        self.git(&["tag", tag]);
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_seatrial"));
        let output: Output = command
            .args(arguments)
            .current_dir(self.0.path().join("project"))
            .env("SEATRIAL_CACHE", self.0.path().join("cache"))
            .env("JAVA_HOME", self.0.path().join("java"))
            .env("NO_COLOR", "1")
            .env_remove("GITHUB_REPOSITORY")
            .output()
            .unwrap();
        let target = fake_targets::target("");
        let text = |bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).unwrap().replace(&target.replace('\'', r"'\''"), "FAKE");
            text.replace(&target, "FAKE").replace(&*self.0.path().to_string_lossy(), "SANDBOX")
        };
        Run { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    fn gate(&self, more: &[&str]) -> Run {
        let target = fake_targets::target("");
        let mut arguments = vec!["gate", "--target", &target];
        arguments.extend(more);
        self.run(&arguments)
    }

    /// The hash in a report becomes a word.
    fn hash(&self, run: &Run, revision: &str) -> String {
        let mut command = Command::new("git");
        command.arg("-C").arg(self.0.path().join("project")).args(["rev-parse", "--short=10", revision]);
        let hash = String::from_utf8(command.output().unwrap().stdout).unwrap();
        run.stdout.replace(hash.trim(), "HASH")
    }
}

/// A release of four cases, then: one answer wrong, one case gone, one renamed, one new.
fn eventful() -> Sandbox {
    let sandbox = Sandbox::new();
    for name in ["kept", "wrong", "gone", "old"] {
        sandbox.answer(name, "[[1]]");
    }
    sandbox.cases(&[("kept", "READ-A"), ("wrong", ""), ("gone", "READ-B"), ("old", "")]);
    sandbox.release("v1");
    sandbox.answer("new", "[[1]]");
    sandbox.cases(&[("kept", "READ-A"), ("wrong", ""), ("old", ""), ("new", "")]);
    let renamed = fs::read_to_string(sandbox.0.path().join("project/cases/read/rows.yaml")).unwrap();
    sandbox.write("cases/read/rows.yaml", &renamed.replace("- name: old", "- name: another name"));
    let record = sandbox.run(&["record", "--target", "spark:4.2"]);
    assert_eq!(record.code, 0, "{}", record.stderr);
    sandbox.answer("wrong", "[[2]]");
    sandbox
}

#[test]
fn a_release_that_changed_nothing_passes() {
    let sandbox = Sandbox::new();
    sandbox.answer("one", "[[1]]");
    sandbox.cases(&[("one", "READ-A")]);
    sandbox.release("v1");
    let run = sandbox.gate(&["--baseline", "v1"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.ends_with("GATE PASSED: nothing changed\n"), "{}", run.stdout);
}

#[test]
fn what_was_lost_since_the_release_is_told_and_fails() {
    let sandbox = eventful();
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "--quiet", "-m", "work"]);
    // Without a name it is the latest tag.
    let run = sandbox.gate(&[]);
    assert_eq!(run.code, 10, "{}{}", run.stdout, run.stderr);
    insta::assert_snapshot!("release", sandbox.hash(&run, "v1"));
    let run = sandbox.gate(&["--format", "markdown"]);
    assert_eq!(run.code, 10);
    insta::assert_snapshot!("release_in_markdown", sandbox.hash(&run, "v1"));
}

#[test]
fn a_pin_hides_no_regression_and_what_is_lost_can_be_accepted() {
    let sandbox = eventful();
    let target = fake_targets::target("");
    let pin = ["pin", "read/rows::wrong", "--target", &target, "--kind", "wont", "--reason", "So it is."];
    let pinned = sandbox.run(&[&pin[..], &["--review-by", "2999-01-01"]].concat());
    assert_eq!(pinned.code, 0, "{}", pinned.stderr);
    let json = |more: &[&str]| -> (i32, Value) {
        let run = sandbox.gate(&[&["--baseline", "v1", "--format", "json"], more].concat());
        (run.code, serde_json::from_str(&run.stdout).unwrap())
    };
    let (code, report) = json(&["--allow-lost"]);
    assert_eq!((code, &report["passed"]), (10, &Value::Bool(false)));
    let found: Vec<&str> =
        report["findings"].as_array().unwrap().iter().map(|finding| finding["change"].as_str().unwrap()).collect();
    assert_eq!(found, ["regressed_pinned", "lost", "new", "renamed"]);
    sandbox.answer("wrong", "[[1]]");
    let (code, report) = json(&["--allow-lost"]);
    assert_eq!(code, 11, "the pin is needless: {report}");
    let unpin = sandbox.run(&["unpin", "read/rows::wrong", "--target", &target]);
    assert_eq!(unpin.code, 0, "{}", unpin.stderr);
    assert_eq!(json(&["--allow-lost"]).0, 0);
    assert_eq!(json(&[]).0, 10);
}

#[test]
fn several_reports_come_of_one_run() {
    let sandbox = eventful();
    let run = sandbox.gate(&["--baseline", "v1", "--format", "json=gate.json", "--format", "markdown=gate.md"]);
    assert_eq!(run.code, 10);
    assert!(run.stdout.contains("GATE FAILED"), "people see the report too: {}", run.stdout);
    let read = |path: &str| fs::read_to_string(sandbox.0.path().join("project").join(path)).unwrap();
    assert!(read("gate.md").starts_with("## ❌ Gate failed"));
    assert_eq!(serde_json::from_str::<Value>(&read("gate.json")).unwrap()["exit_code"], 10);
}

#[test]
fn a_golden_that_is_stale_or_missing_comes_before_what_was_found() {
    let sandbox = eventful();
    let file = sandbox.0.path().join("project/cases/read/rows.yaml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text + "  - name: never asked\n    python: pass\n").unwrap();
    let run = sandbox.gate(&["--baseline", "v1"]);
    assert_eq!(run.code, 12, "{}", run.stderr);
    assert!(run.stdout.contains("Golden missing (1)"), "{}", run.stdout);
}

#[test]
fn every_kind_of_baseline_is_taken() {
    let sandbox = eventful();
    let project = sandbox.0.path().join("project");
    fs::write(project.join("released.md"), fs::read(project.join("golden/SCOREBOARD.md")).unwrap()).unwrap();
    let target = fake_targets::target("");
    sandbox.answer("wrong", "[[1]]");
    let stored = sandbox.run(&["check", "--target", &target, "--format", "json", "-o", "run.jsonl"]);
    assert_eq!(stored.code, 0, "{}", stored.stderr);
    sandbox.answer("wrong", "[[2]]");
    for baseline in ["v1", "released.md", "run.jsonl"] {
        let run = sandbox.gate(&["--baseline", baseline]);
        assert_eq!(run.code, 10, "{baseline}: {}", run.stderr);
        assert!(run.stdout.contains("Regressed (1)\n"), "{baseline}: {}", run.stdout);
    }
}

#[test]
fn a_renamed_case_of_a_stored_run_is_told() {
    let sandbox = Sandbox::new();
    sandbox.answer("old", "[[1]]");
    sandbox.cases(&[("old", "")]);
    sandbox.release("v1");
    let stored = sandbox.run(&["check", "--target", &fake_targets::target(""), "--format", "json", "-o", "run.jsonl"]);
    assert_eq!(stored.code, 0, "{}", stored.stderr);
    let file = sandbox.0.path().join("project/cases/read/rows.yaml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("- name: old", "- name: another name")).unwrap();
    assert_eq!(sandbox.run(&["record", "--target", "spark:4.2"]).code, 0);
    let run = sandbox.gate(&["--baseline", "run.jsonl"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("Renamed (1)\n") && run.stdout.contains("    was: read/rows::old\n"), "{}", run.stdout);
}

#[test]
fn a_scoreboard_that_was_not_written_anew_is_told_and_hides_no_loss() {
    let sandbox = Sandbox::new();
    for name in ["one", "two"] {
        sandbox.answer(name, "[[1]]");
    }
    sandbox.cases(&[("one", "")]);
    sandbox.release("v1");
    sandbox.cases(&[("one", ""), ("two", "")]);
    assert_eq!(sandbox.run(&["record", "--target", "spark:4.2"]).code, 0);
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "--quiet", "-m", "without the scoreboard"]);
    let run = sandbox.gate(&["--baseline", "HEAD"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let caveat = "note of the baseline: its scoreboard is stale (it counts 1 case of read for Spark 4.2, and 2 were recorded): 2 cases";
    assert!(run.stdout.contains(caveat), "{}", run.stdout);
    sandbox.answer("two", "[[2]]");
    let run = sandbox.gate(&["--baseline", "HEAD"]);
    assert_eq!(run.code, 10, "{}", run.stderr);
    assert!(run.stdout.contains("    not pinned → divergent\n"), "{}", run.stdout);
}

#[test]
fn a_baseline_that_is_none_is_told_before_anything_runs() {
    let sandbox = eventful();
    sandbox.write("notes.txt", "hello\n");
    sandbox.write("broken.jsonl", "{\"kind\":\"header\",\"format\":2}\n");
    let cases = [
        ("v9", "error: `v9` is neither a file nor a revision that git knows here\n"),
        ("--format", "error: a value is required for '--baseline <REV|FILE>'"),
        (
            "broken.jsonl",
            "error: broken.jsonl does not read as a result of `seatrial check --format json`: line 1: missing field `seatrial`\n",
        ),
        ("notes.txt", "error: notes.txt is neither a scoreboard nor a result of `seatrial check --format json`\n"),
    ];
    for (baseline, message) in cases {
        let run = sandbox.gate(&["--baseline", baseline]);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{baseline}: {}", run.stderr);
        assert!(run.stderr.contains(message), "{baseline}: {}", run.stderr);
    }
    fs::remove_dir_all(sandbox.0.path().join("project/.git")).unwrap();
    let run = sandbox.gate(&[]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("lies in no git repository; name a scoreboard or a result of"), "{}", run.stderr);
    assert!(sandbox.gate(&["--baseline", "v1"]).stderr.contains("there is no file v1, and no git repository"));
}
