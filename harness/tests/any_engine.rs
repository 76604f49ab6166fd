//! Any program as a target: `cmd:` with runners that are right, that cannot do much, and that misbehave. Each way to
//! misbehave has a verdict, an exit code and words of its own.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rstest::rstest;
use serde_json::Value;
use tempfile::TempDir;

mod fake_targets;

/// A project with two cases whose goldens are empty results. The first does on the target what a file says.
struct Project {
    folder: TempDir,
}

struct Run {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Project {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fake_targets::install_spark(folder.path(), "4.2.1", "");
        let project = Self { folder };
        let text = format!(
            "feature: f\ncases:\n  - name: a first one\n    deadline: 2\n    python: |\n      # fake: from-file {}\n  \
             - name: the next one\n    deadline: 2\n    python: |\n      # fake: answer\n",
            project.action().display()
        );
        fs::create_dir_all(project.path("cases/read")).unwrap();
        fs::write(project.path("cases/read/two.yaml"), text).unwrap();
        project.act("answer");
        let record = project.run(&["record", "--target", "spark:4.2"]);
        assert_eq!(record.code, Some(0), "{}", record.stderr);
        project
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join("project").join(path)
    }

    fn action(&self) -> PathBuf {
        self.folder.path().join("action")
    }

    fn act(&self, action: &str) {
        fs::write(self.action(), action).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_seatrial"));
        command.args(arguments).current_dir(self.path("")).stdin(Stdio::null()).env("NO_COLOR", "1");
        command.env("SEATRIAL_CACHE", self.folder.path().join("cache"));
        command.env("JAVA_HOME", self.folder.path().join("java"));
        let output = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Run { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

const LIE: &str =
    r#"answer {"schema":{"type":"struct","fields":[]},"rows":[[]],"error":null,"calls":[],"partitions":null}"#;
const MALFORMED: &str = r#"answer {"schema":{"type":"struct","fields":[]},"rows":[[1]]}"#;

#[rstest]
#[case::right("answer", 0, "", "2 exact")]
#[case::stutters("stutter", 0, "", "2 exact")]
#[case::lies(LIE, 10, "DIVERGENT", "differs in: ")]
#[case::cannot("unsupported no streams here", 10, "UNSUPPORTED", "no streams here")]
#[case::fails("failed it does not parse", 20, "INFRASTRUCTURE", "it does not parse")]
#[case::malformed(MALFORMED, 20, "INFRASTRUCTURE", "the runner's observation is malformed: rows[0]: has 1 values")]
#[case::crashes("crash", 20, "INFRASTRUCTURE", "the target's process ended during the case (exit status 3)")]
#[case::is_killed("signal", 20, "INFRASTRUCTURE", "the target's process ended during the case (signal 11 (SIGSEGV))")]
#[case::hangs("hang", 20, "INFRASTRUCTURE", "no answer within 2 s, so the target was ended")]
#[case::hangs_in_a_line("half-and-hang", 20, "INFRASTRUCTURE", "no answer within 2 s, so the target was ended")]
#[case::ends_in_a_line("half", 20, "INFRASTRUCTURE", "the runner ended in the middle of a line")]
#[case::prints("garbage", 20, "INFRASTRUCTURE", "the runner wrote a line that is not one JSON object")]
#[case::unknown_answer(
    "unknown-message",
    20,
    "INFRASTRUCTURE",
    "the runner wrote a message that the protocol does not know"
)]
#[case::unknown_case(
    "wrong-id",
    20,
    "INFRASTRUCTURE",
    "the runner answered a case that it was not asked for: `another/file::case`"
)]
fn what_a_runner_does_is_told_apart(
    #[case] action: &str,
    #[case] code: i32,
    #[case] verdict: &str,
    #[case] words: &str,
) {
    let project = Project::new();
    project.act(action);
    let run = project.run(&["check", "--target", &fake_targets::target("")]);
    assert_eq!(run.code, Some(code), "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains(words), "{}", run.stdout);
    if !verdict.is_empty() {
        assert!(run.stdout.contains(&format!("{verdict} read/two::a first one")), "{}", run.stdout);
        assert!(run.stdout.contains("1 exact"), "the next case is answered: {}", run.stdout);
    }
}

#[test]
fn a_second_answer_is_not_the_next_cases() {
    let project = Project::new();
    project.act("twice");
    let run = project.run(&["check", "--target", &fake_targets::target("")]);
    assert_eq!(run.code, Some(20), "{}", run.stdout);
    assert!(run.stdout.contains("INFRASTRUCTURE read/two::the next one"), "{}", run.stdout);
    let words = "the runner answered case `read/two::a first one` a second time instead of this one";
    assert!(run.stdout.contains(words), "{}", run.stdout);
}

#[rstest]
#[case::newer(
    "--protocol 2",
    "it speaks protocol 2, this seatrial speaks protocol 1: use a newer seatrial or an older runner"
)]
#[case::older("--protocol 0", "it speaks protocol 0, this seatrial speaks protocol 1: use a newer runner")]
#[case::ends("--first die", "the runner ended before it answered `start` (exit status 1)")]
#[case::prints("--first garbage", "it wrote a line that is not one JSON object")]
fn a_runner_that_does_not_introduce_itself_ends_the_run(#[case] options: &str, #[case] words: &str) {
    let project = Project::new();
    let run = project.run(&["check", "--target", &fake_targets::target(options)]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(20), ""));
    assert!(run.stderr.contains(words), "{}", run.stderr);
}

#[rstest]
#[case::a_fake("--target fake")]
#[case::one_that_claims_to_be_spark("--target spark --spark 4.2.1")]
fn no_command_writes_goldens(#[case] options: &str) {
    let project = Project::new();
    let run = project.run(&["record", "--target", &fake_targets::target(options)]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(run.stderr.contains("goldens are what real PySpark answers"), "{}", run.stderr);
}

#[test]
fn no_shell_runs_a_command() {
    let project = Project::new();
    let run = project.run(&["check", "--target", "cmd:true; touch made-by-a-shell"]);
    assert_eq!(run.code, Some(20));
    assert!(run.stderr.contains("failed to run true;"), "{}", run.stderr);
    assert!(!project.path("made-by-a-shell").exists());
}

/// The runner of the protocol's documentation, on this project's own cases: it is right, or it says that it cannot.
#[test]
fn the_sample_runner_is_honest() {
    let output = Command::new(env!("CARGO_BIN_EXE_seatrial"))
        .args(["check", "--format", "json", "--target", "cmd:perl harness/tests/runners/sample.pl"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(10), "{stderr}");
    let mut verdicts: BTreeMap<String, usize> = BTreeMap::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        if let Some(verdict) = line["verdict"].as_str().or_else(|| line["status"].as_str()) {
            *verdicts.entry(verdict.to_owned()).or_default() += 1;
        }
    }
    let kinds: Vec<&str> = verdicts.keys().map(String::as_str).collect();
    assert_eq!(kinds, ["exact", "unsupported"], "{verdicts:?}");
    assert!(verdicts["exact"] >= 2, "{verdicts:?}");
}
