//! The program from outside: exit codes, reports, and runs in which targets misbehave.
//!
//! A project is made for each test. Real Spark is a fake virtual environment whose Python is the fake runner, so
//! goldens are recorded by the very code that records real ones.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

mod fake_targets;
#[path = "cli/reports.rs"]
mod reports;

/// A project, a cache with fake Sparks, and a fake Java.
struct Sandbox {
    folder: TempDir,
}

/// What a run of the program gave.
struct Run {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Sandbox {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("project/cases/read")).unwrap();
        let sandbox = Self { folder };
        sandbox.fake_spark("4.2.1", "");
        sandbox.fake_spark("4.0.5", "");
        sandbox
    }

    /// An environment that looks installed, whose Python is the fake runner.
    fn fake_spark(&self, version: &str, options: &str) {
        fake_targets::install_spark(self.folder.path(), version, options);
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join("project").join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let file = self.path(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    /// A case file of cases whose fake runner acts as told: name, action.
    fn cases(&self, topic: &str, cases: &[(&str, &str)]) {
        let mut text = format!("feature: {topic}\ncases:\n");
        for (name, action) in cases {
            text += &format!("  - name: {name}\n    deadline: 2\n    python: |\n      # fake: {action}\n");
        }
        self.write(&format!("cases/{topic}.yaml"), &text);
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let output = self.command(arguments).output().unwrap();
        let text = |bytes: Vec<u8>| {
            String::from_utf8(bytes).unwrap().replace(&*self.folder.path().to_string_lossy(), "SANDBOX")
        };
        Run { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_seatrial"));
        command
            .args(arguments)
            .current_dir(self.path(""))
            .stdin(Stdio::null())
            .env("SEATRIAL_CACHE", self.folder.path().join("cache"))
            .env("JAVA_HOME", self.folder.path().join("java"))
            .env("DOCKER_HOST", "unix:///nowhere/docker.sock")
            .env("NO_COLOR", "1");
        command
    }

    /// Checks a fake engine that answers as the cases' files say.
    fn check(&self, more: &[&str]) -> Run {
        let target = fake_targets::target("");
        let mut arguments = vec!["check", "--target", &target];
        arguments.extend(more);
        let mut run = self.run(&arguments);
        for text in [&mut run.stdout, &mut run.stderr] {
            *text = text.replace(&target, "FAKE").replace(&target.replace('\'', r"'\''"), "FAKE");
        }
        run
    }

    /// Records what the cases' files say now, as Spark 4.2.
    fn record(&self) {
        let run = self.run(&["record", "--target", "spark:4.2"]);
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    }
}

impl Run {
    /// The report without durations.
    fn report(&self) -> String {
        let mut text = String::new();
        for line in self.stdout.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let is_time = |word: &&str| word.strip_suffix('s').is_some_and(|number| number.parse::<f64>().is_ok());
            text += &words.iter().map(|word| if is_time(word) { "0.0s" } else { word }).collect::<Vec<_>>().join(" ");
            text.push('\n');
        }
        text
    }

    fn json(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

const ONE_INT: &str = r#"{"type":"struct","fields":[{"name":"id","type":"integer","nullable":true,"metadata":{}}]}"#;

fn answer(rows: &str) -> String {
    format!(r#"answer {{"schema":{ONE_INT},"rows":{rows},"error":null,"calls":[],"partitions":null}}"#)
}

#[test]
fn what_spark_answered_is_what_conforms() {
    let sandbox = Sandbox::new();
    sandbox.cases("read/one", &[("a row", &answer("[[1]]")), ("no row", &answer("[]"))]);
    sandbox.record();
    let run = sandbox.check(&[]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_eq!(run.stdout, "2 cases on FAKE against spark 4.2: 2 exact\n");
    assert!(run.stderr.contains("EXACT") && run.stderr.contains("read/one::a row"), "{}", run.stderr);
}

#[test]
fn nothing_selected_has_a_code_of_its_own() {
    let sandbox = Sandbox::new();
    sandbox.cases("read/one", &[("a row", "answer")]);
    let run = sandbox.check(&["--filter", "no such case"]);
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (4, "", "no case is selected\n"));
    assert_eq!(sandbox.run(&["list", "--filter", "no such case"]).code, 4);
}

#[test]
fn a_wrong_command_line_is_usage() {
    let sandbox = Sandbox::new();
    sandbox.cases("read/one", &[("a row", "answer")]);
    let cases: [(&[&str], &str); 9] = [
        (
            &["check", "--target", "spark:3.5"],
            "there is no target `spark:3.5`; known targets: engine, engine:connect, spark:4.0.5",
        ),
        (&["check", "--target", "docker:3.5"], "there is no target `docker:3.5`"),
        (&["check", "--target", "cmd:'./my-runner"], "does not read as a command line: a quote is not closed"),
        (&["targets", "build", "spark:4.3"], "`spark:4.3.0` has no image; name a target such as docker:4.3.0"),
        (&["check", "--target", "engine:subprocess"], "target `engine:subprocess` is not built yet"),
        (&["check", "cases/nowhere"], "there is no case file or folder `cases/nowhere`"),
        (&["check", "--root", "cases"], "cases holds no folder `cases`"),
        (&["record", "--target", "engine"], "goldens are what real PySpark answers, and `engine` is not it"),
        (&["frobnicate"], "unrecognized subcommand 'frobnicate'"),
    ];
    for (arguments, message) in cases {
        let run = sandbox.run(arguments);
        assert_eq!(run.code, 2, "{arguments:?}: {}", run.stderr);
        assert!(run.stderr.contains(message), "{arguments:?}: {}", run.stderr);
        assert_eq!(run.stdout, "", "{arguments:?}");
    }
}

#[test]
fn the_help_has_the_table_of_exit_codes() {
    let run = Sandbox::new().run(&["--help"]);
    assert_eq!(run.code, 0);
    for code in
        ["0  ok", "2  usage", "4  nothing", "10  not", "11  a pinned", "12  a golden", "20  a target", "70  internal"]
    {
        assert!(run.stdout.contains(code), "{code}");
    }
    assert!(!run.stdout.contains("runner"), "the runner is hidden");
}

#[test]
fn a_golden_that_is_missing_or_stale_is_told_without_asking_anybody() {
    let sandbox = Sandbox::new();
    sandbox.cases("read/one", &[("a row", &answer("[[1]]"))]);
    let run = sandbox.check(&[]);
    assert_eq!(run.code, 12);
    assert!(run.stdout.contains("GOLDEN MISSING read/one::a row"), "{}", run.stdout);
    sandbox.record();
    sandbox.cases("read/one", &[("a row", &answer("[[2]]"))]);
    let run = sandbox.check(&[]);
    assert_eq!(run.code, 12);
    insta::assert_snapshot!(run.report());
}

/// Makes a case whose golden is `right` and to which the fake engine answers `wrong`, although its text is the same.
fn lying(sandbox: &Sandbox, right: &str, wrong: &str) -> String {
    let file = sandbox.path("answer");
    sandbox.cases("read/lie", &[("a lie", &format!("from-file {}", file.display())), ("a truth", &answer("[[1]]"))]);
    fs::write(&file, right).unwrap();
    sandbox.record();
    fs::write(&file, wrong).unwrap();
    file.display().to_string()
}

#[test]
fn a_wrong_answer_is_shown_as_the_difference_that_it_is() {
    let sandbox = Sandbox::new();
    lying(&sandbox, &answer("[[1],[2],[3]]"), &answer("[[1],[2],[4]]"));
    let run = sandbox.check(&[]);
    assert_eq!(run.code, 10, "{}", run.stderr);
    insta::assert_snapshot!(run.report());
}

#[test]
fn a_pinned_divergence_holds_until_something_changes() {
    let sandbox = Sandbox::new();
    let file = lying(&sandbox, &answer("[[1]]"), &answer("[[2]]"));
    let target = fake_targets::target("");
    let pin = |day: &str| {
        sandbox.run(&[
            "pin",
            "read/lie::a lie",
            "--target",
            &target,
            "--kind",
            "ours",
            "--reason",
            "It lies.",
            "--review-by",
            day,
        ])
    };
    let past = pin("2020-01-01");
    assert_eq!((past.code, past.stderr.as_str()), (2, "error: --review-by 2020-01-01 is past\n"));
    assert_eq!(pin("2999-01-01").code, 0);
    assert_eq!(sandbox.check(&[]).stdout, "2 cases on FAKE against spark 4.2: 1 exact, 1 pinned\n");
    fs::write(&file, answer("[[3]]")).unwrap();
    let changed = sandbox.check(&[]);
    assert_eq!(changed.code, 11, "{}", changed.stderr);
    insta::assert_snapshot!("pin_changed", changed.report());
    fs::write(&file, answer("[[1]]")).unwrap();
    let needless = sandbox.check(&[]);
    assert_eq!(needless.code, 11);
    insta::assert_snapshot!("pin_needless", needless.report());
    fs::write(&file, answer("[[2]]")).unwrap();
    let entries = sandbox.path("golden/divergences/fake.yaml");
    let text = fs::read_to_string(&entries).unwrap();
    fs::write(&entries, text.replace("2999-01-01", "2020-01-01")).unwrap();
    let overdue = sandbox.check(&[]);
    assert_eq!(overdue.code, 11);
    assert!(overdue.stdout.contains("PIN OVERDUE read/lie::a lie"), "{}", overdue.stdout);
    // The pin is the fake target's: real Spark is judged without it.
    let reference = sandbox.run(&["check", "--target", "spark:4.2"]);
    assert_eq!(reference.code, 10, "{}", reference.stdout);
}

#[test]
fn a_pin_of_a_case_that_is_gone_is_stale() {
    let sandbox = Sandbox::new();
    lying(&sandbox, &answer("[[1]]"), &answer("[[2]]"));
    let target = fake_targets::target("");
    let pin = [
        "pin",
        "read/lie::a lie",
        "--target",
        &target,
        "--kind",
        "wont",
        "--reason",
        "So it is.",
        "--review-by",
        "2999-01-01",
    ];
    assert_eq!(sandbox.run(&pin).code, 0);
    sandbox.cases("read/lie", &[("a truth", &answer("[[1]]"))]);
    let run = sandbox.check(&[]);
    assert_eq!(run.code, 11);
    assert!(
        run.stderr.contains("a divergence is pinned for `read/lie::a lie`, and there is no such case"),
        "{}",
        run.stderr
    );
    let unpin = ["unpin", "read/lie::a lie", "--target", &target];
    assert_eq!(sandbox.run(&unpin).code, 0);
    assert_eq!(sandbox.check(&[]).code, 0);
    assert_eq!(sandbox.run(&unpin).code, 2, "nothing is pinned any more");
}

#[test]
fn a_broken_case_file_stops_neither_the_others_nor_goes_unnoticed() {
    let sandbox = Sandbox::new();
    sandbox.cases("read/one", &[("a row", &answer("[[1]]"))]);
    sandbox.record();
    sandbox.write("cases/read/broken.yaml", "feature: broken\ncases:\n  - nam: typo\n");
    let run = sandbox.check(&[]);
    assert_eq!(run.code, 2);
    assert!(run.stdout.contains("1 case on FAKE against spark 4.2: 1 exact"), "{}", run.stdout);
    assert!(run.stderr.contains("cases/read/broken.yaml:3"), "{}", run.stderr);
    assert_eq!(sandbox.check(&["cases/read/one.yaml"]).code, 0, "the broken file was not selected");
    let record = sandbox.run(&["record", "cases/read/one.yaml", "--target", "spark:4.2"]);
    assert_eq!(record.code, 2);
    assert!(record.stderr.contains("nothing was recorded: mend the case files first"), "{}", record.stderr);
}

#[test]
fn failures_of_the_infrastructure_name_their_case_and_the_rest_goes_on() {
    let sandbox = Sandbox::new();
    let file = sandbox.path("answer");
    let action = format!("from-file {}", file.display());
    let names = ["crash", "garbage", "hang"];
    let mut cases: Vec<(&str, &str)> = names.iter().map(|name| (*name, "answer")).collect();
    let actions: Vec<String> = names.iter().map(|name| format!("{action}-{name}")).collect();
    for (case, action) in cases.iter_mut().zip(&actions) {
        case.1 = action;
    }
    let right = answer("[[1]]");
    cases.push(("right", &right));
    sandbox.cases("read/hostile", &cases);
    for name in names {
        fs::write(format!("{}-{name}", file.display()), &right).unwrap();
    }
    sandbox.record();
    for name in names {
        fs::write(format!("{}-{name}", file.display()), name).unwrap();
    }
    let run = sandbox.check(&[]);
    assert_eq!(run.code, 20, "{}", run.stderr);
    insta::assert_snapshot!(run.report());
}

#[test]
fn a_target_that_does_not_start_is_a_target_failure() {
    let sandbox = Sandbox::new();
    sandbox.cases("read/one", &[("a row", &answer("[[1]]"))]);
    sandbox.record();
    let run = sandbox.run(&["check", "--target", "cmd:/nowhere/at/all"]);
    assert_eq!((run.code, run.stdout.as_str()), (20, ""));
    assert!(run.stderr.contains("target `cmd:/nowhere/at/all` could not be started"), "{}", run.stderr);
}

#[test]
fn without_java_real_spark_is_refused_with_the_remedy() {
    let sandbox = Sandbox::new();
    sandbox.cases("read/one", &[("a row", "answer")]);
    let output = sandbox.command(&["record", "--target", "spark:4.2"]).env("JAVA_HOME", "/nowhere").output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(20), "{stderr}");
    assert!(stderr.contains("Java 17") && stderr.contains("openjdk-17"), "{stderr}");
}

#[test]
fn a_spark_of_another_version_records_nothing() {
    let sandbox = Sandbox::new();
    sandbox.cases("read/one", &[("a row", "answer")]);
    sandbox.fake_spark("4.2.1", "--spark-is 4.0.5");
    let run = sandbox.run(&["record", "--target", "spark:4.2"]);
    assert_eq!(run.code, 20, "{}", run.stderr);
    assert!(run.stderr.contains("its runner is Spark 4.0.5"), "{}", run.stderr);
    assert!(!sandbox.path("golden").exists());
}

#[test]
fn an_engine_with_another_pyspark_than_asked_for_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.cases("read/one", &[("a row", &answer("[[1]]"))]);
    assert_eq!(sandbox.run(&["record", "--target", "spark:4.0"]).code, 0);
    let mut command = sandbox.command(&["check", "--spark", "4.0"]);
    let output = command.env("SEATRIAL_PYTHON", env!("SEATRIAL_BUILD_PYTHON")).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(20), "{stderr}");
    assert!(stderr.contains("PySpark 4.0 is asked for, and its Python (SEATRIAL_PYTHON="), "{stderr}");
    assert!(stderr.contains(") has PySpark 4.2."), "{stderr}");
}

#[test]
fn targets_name_the_versions_that_the_engine_can_follow() {
    let sandbox = Sandbox::new();
    let run = sandbox.run(&["targets"]);
    assert_eq!(run.code, 0);
    let line = |name: &str| run.stdout.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert!(
        line("engine --spark 4.0").contains("no     its virtual environment SANDBOX/cache/client-4.0.4"),
        "{}",
        run.stdout
    );
    assert!(line("engine --spark 4.3").contains("SANDBOX/cache/spark-4.3.0"), "{}", run.stdout);
    assert!(!run.stdout.contains("engine --spark 4.2"), "{}", run.stdout);
}

#[test]
fn without_docker_a_container_is_refused_with_the_remedy() {
    let sandbox = Sandbox::new();
    sandbox.cases("read/one", &[("a row", &answer("[[1]]"))]);
    sandbox.record();
    let parts = match cfg!(feature = "docker") {
        true => ["is not ready: a Docker engine (", "apt-get install docker.io", "dockerd &"],
        false => ["is not ready: containers (", "this seatrial was built without them", "cargo build "],
    };
    for command in [["check", "--target", "docker:4.2"], ["record", "--target", "docker:4.2"]] {
        let run = sandbox.run(&command);
        assert_eq!((run.code, run.stdout.as_str()), (20, ""), "{}", run.stderr);
        for part in ["target `docker:4.2.1` "].into_iter().chain(parts) {
            assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
        }
    }
    let targets = sandbox.run(&["targets"]);
    let line = targets.stdout.lines().find(|line| line.starts_with("docker:4.3.0")).unwrap();
    let missing = if cfg!(feature = "docker") { "no     a Docker engine (" } else { "no     containers (" };
    assert!(line.contains(missing), "{line}");
}

#[test]
fn an_image_is_built_by_docker_from_what_the_program_holds() {
    let sandbox = Sandbox::new();
    let program = sandbox.folder.path().join("bin/docker");
    let log = sandbox.path("log");
    let build = |arguments: &[&str]| {
        let mut command = sandbox.command(&["targets", "build"]);
        let path = format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap());
        let output = command.args(arguments).env("PATH", path).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let text = "#!/bin/sh\n[ \"$1\" = version ] && exit 0\necho \"$@\" >> LOG\nwhile [ \"$1\" != --iidfile ]; do shift; done\n\
                echo sha256:abc > \"$2\"\nfor context; do :; done\necho progress\ncat \"$context/requirements.txt\"\n";
    fake_targets::script(&program, &text.replace("LOG", &log.display().to_string()));
    let (code, stdout, stderr) = build(&["docker:4.0", "docker:4.3", "--base-image", "mine:1"]);
    let expected = "docker:4.0.5 seatrial-pyspark:4.0.5 sha256:abc\ndocker:4.3.0 seatrial-pyspark:4.3.0 sha256:abc\n";
    assert_eq!((code, stdout.as_str()), (Some(0), expected), "{stderr}");
    assert!(stderr.contains("progress") && stderr.contains("pyarrow=="), "{stderr}");
    let asked = fs::read_to_string(&log).unwrap();
    assert!(asked.contains("--build-arg SPARK_VERSION=4.3.0 ") && asked.contains("BASE_IMAGE=mine:1 "), "{asked}");

    fake_targets::script(
        &program,
        "#!/bin/sh\n[ \"$1\" = version ] && exit 0\necho 'pull access denied' >&2\nexit 1\n",
    );
    let (code, stdout, stderr) = build(&["docker:4.3"]);
    assert_eq!((code, stdout.as_str()), (Some(20), ""));
    for part in
        ["pull access denied", "`docker build` ended with exit status: 1", "ci/images/base/build", "--certificates"]
    {
        assert!(stderr.contains(part), "{part}: {stderr}");
    }

    fake_targets::script(&program, "#!/bin/sh\necho 'Cannot connect to the Docker daemon' >&2\nexit 1\n");
    let (code, stdout, stderr) = build(&["docker:4.3"]);
    assert_eq!((code, stdout.as_str()), (Some(20), ""));
    for part in ["is not ready: a Docker engine (Cannot connect to the Docker daemon)", "apt-get install docker.io"] {
        assert!(stderr.contains(part), "{part}: {stderr}");
    }
}

#[test]
fn a_case_that_fails_is_not_recorded() {
    let sandbox = Sandbox::new();
    sandbox
        .cases("read/one", &[("a row", &answer("[[1]]")), ("broken", "failed it does not parse"), ("crash", "crash")]);
    let run = sandbox.run(&["record", "--target", "spark:4.2"]);
    assert_eq!(run.code, 20);
    assert!(run.stdout.contains("new read/one::a row"), "{}", run.stdout);
    assert!(run.stderr.contains("`read/one::broken` was not recorded: it does not parse"), "{}", run.stderr);
    assert!(run.stderr.contains("`read/one::crash` was not recorded: the target's process ended"), "{}", run.stderr);
    assert_eq!(sandbox.check(&["read/one::a row"]).code, 0);
}

#[test]
fn the_json_report_is_lines_that_add_up() {
    let sandbox = Sandbox::new();
    lying(&sandbox, &answer("[[1]]"), &answer("[[2]]"));
    let report = sandbox.path("report.jsonl");
    let run = sandbox.check(&["--format", "json"]);
    assert_eq!(run.code, 10);
    let lines = run.json();
    assert_eq!(lines[0]["kind"], "header");
    assert_eq!((&lines[0]["format"], &lines[0]["spark"], &lines[0]["cases"]), (&2.into(), &"4.2".into(), &2.into()));
    assert_eq!(lines[1]["id"], "read/lie::a lie");
    assert_eq!((&lines[1]["verdict"], &lines[1]["reasons"]), (&"divergent".into(), &serde_json::json!(["values"])));
    assert_eq!(lines[2]["verdict"], "exact");
    let footer = lines.last().unwrap();
    let total: u64 = footer
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, _)| !["kind", "cases", "exit_code"].contains(&name.as_str()))
        .map(|(_, count)| count.as_u64().unwrap())
        .sum();
    assert_eq!((footer["kind"].as_str(), footer["cases"].as_u64(), total), (Some("footer"), Some(2), 2));
    assert_eq!((&footer["exact"], &footer["divergent"], &footer["exit_code"]), (&1.into(), &1.into(), &10.into()));
    let run = sandbox.check(&["--format", "json", "-o", &report.display().to_string()]);
    assert_eq!((run.code, run.stdout.as_str()), (10, ""));
    assert_eq!(fs::read_to_string(report).unwrap().lines().count(), 4);
}

#[test]
fn later_versions_are_left_out_and_counted() {
    let sandbox = Sandbox::new();
    let text = format!(
        "feature: one\ncases:\n  - name: old\n    python: |\n      # fake: {0}\n  - name: new\n    since: \"4.2\"\n    python: |\n      # fake: {0}\n",
        answer("[[1]]")
    );
    sandbox.write("cases/read/one.yaml", &text);
    assert_eq!(sandbox.run(&["record", "--target", "spark:4.0"]).code, 0);
    let run = sandbox.check(&["--spark", "4.0"]);
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (0, "1 case on FAKE against spark 4.0: 1 exact\n1 more need a later Spark and were left out\n")
    );
    assert_eq!(sandbox.check(&["--spark", "4.0", "read/one::new"]).code, 4);
}

/// Recording an older version leaves the cases alone that it does not have.
#[test]
fn recording_an_older_version_keeps_what_only_later_ones_have() {
    let sandbox = Sandbox::new();
    let text = format!(
        "feature: one\ncases:\n  - name: old\n    python: |\n      # fake: {0}\n  - name: new\n    since: \"4.2\"\n    python: |\n      # fake: {0}\n",
        answer("[[1]]")
    );
    sandbox.write("cases/read/one.yaml", &text);
    for version in ["4.2", "4.0"] {
        assert_eq!(sandbox.run(&["record", "--target", &format!("spark:{version}")]).code, 0);
    }
    assert_eq!(sandbox.check(&["--spark", "4.2"]).stdout, "2 cases on FAKE against spark 4.2: 2 exact\n");
}

#[test]
fn a_rerun_command_runs_that_case_alone() {
    let sandbox = Sandbox::new();
    sandbox.cases("read/one", &[("a", &answer("[[1]]")), ("a b", &answer("[[2]]")), ("it's", &answer("[[3]]"))]);
    sandbox.record();
    assert_eq!(sandbox.check(&["read/one::a"]).stdout, "1 case on FAKE against spark 4.2: 1 exact\n");
    assert_eq!(sandbox.check(&["cases/read/one.yaml::t's"]).stdout, "1 case on FAKE against spark 4.2: 1 exact\n");
    assert_eq!(sandbox.check(&["cases/read"]).stdout, "3 cases on FAKE against spark 4.2: 3 exact\n");
    assert_eq!(sandbox.check(&["read"]).stdout, "3 cases on FAKE against spark 4.2: 3 exact\n");
    assert_eq!(sandbox.check(&["--filter", "one::a"]).stdout, "2 cases on FAKE against spark 4.2: 2 exact\n");
}

#[test]
fn a_difference_of_versions_reads_like_release_notes() {
    let sandbox = Sandbox::new();
    let file = sandbox.path("answer");
    sandbox
        .cases("read/versions", &[("changes", &format!("from-file {}", file.display())), ("stays", &answer("[[1]]"))]);
    fs::write(&file, answer("[[1]]")).unwrap();
    assert_eq!(sandbox.run(&["record", "--target", "spark:4.0"]).code, 0);
    fs::write(&file, answer("[[2]]")).unwrap();
    assert_eq!(sandbox.run(&["record", "--target", "spark:4.2"]).code, 0);
    let run = sandbox.run(&["diff", "spark:4.0", "spark:4.2"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    insta::assert_snapshot!(run.report());
}

#[test]
fn the_scoreboard_is_checked() {
    let sandbox = Sandbox::new();
    sandbox.cases("read/one", &[("a row", &answer("[[1]]"))]);
    sandbox.record();
    let target = fake_targets::target("");
    assert_eq!(sandbox.run(&["scoreboard", "--target", &target, "--check"]).code, 12);
    assert_eq!(sandbox.run(&["scoreboard", "--target", &target]).code, 0);
    assert!(sandbox.path("golden/SCOREBOARD.md").exists());
    assert_eq!(sandbox.run(&["scoreboard", "--target", &target, "--check"]).code, 0);
}

#[test]
fn listings_are_data() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "cases/read/one.yaml",
        "feature: one thing\ncases:\n  - name: a row\n    covers: [READ-ONE]\n    source:\n      schema: id int\n      rows: [[1]]\n",
    );
    let run = sandbox.run(&["list"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, "read/one: one thing\n  a row [READ-ONE]\n"));
    let line = &sandbox.run(&["list", "--format", "json"]).json()[0];
    assert_eq!(
        (&line["id"], &line["covers"], &line["form"]),
        (&"read/one::a row".into(), &serde_json::json!(["READ-ONE"]), &"source".into())
    );
    let schema: Value = serde_json::from_str(&sandbox.run(&["schema"]).stdout).unwrap();
    assert!(schema.is_object());
    let targets = sandbox.run(&["targets"]);
    assert_eq!(targets.code, 0);
    assert!(targets.stdout.contains("spark:4.2.1") && targets.stdout.contains("spark-4.1.4"), "{}", targets.stdout);
}

/// A project with an index of three behaviours, one of which is covered by a case that Spark has answered.
fn indexed() -> Sandbox {
    let sandbox = Sandbox::new();
    let index = "# Behaviours\n\n## read: Rows\n\n| id | since | behaviour |\n|---|---|---|\n| READ-A | 4.0 | It is `a`. |\n\
                 | READ-B | 4.1 | It is b. |\n\n## write: Rows\n\n| id | since | behaviour |\n|---|---|---|\n| WRITE-A | 4.0 | It is written. |\n";
    sandbox.write("cases/BEHAVIOURS.md", index);
    sandbox.write("cases/README.md", "1. `read/`: second, first\n");
    let python = format!("    python: |\n      # fake: {}\n", answer("[[1]]"));
    let case = |name: &str, more: &str| format!("  - name: {name}\n{more}{python}");
    let first = format!("feature: the first\nabout: Prose.\ncases:\n{}", case("a row", "    covers: [READ-A]\n"));
    sandbox.write("cases/read/first.yaml", &first);
    let second = format!("feature: the second\ncases:\n{}", case("new", "    since: '4.2'\n    query: SELECT 1\n"));
    sandbox.write("cases/read/second.yaml", &second);
    for version in ["4.0", "4.2"] {
        assert_eq!(sandbox.run(&["record", "--target", &format!("spark:{version}")]).code, 0);
    }
    sandbox
}

#[test]
fn behaviours_without_a_case_are_listed() {
    let sandbox = indexed();
    let run = sandbox.run(&["list", "--uncovered"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, "READ-B  It is b.\n"));
    assert_eq!(run.stderr, "cases cover 1 of 2 behaviours (50.0 %)\n");
    let json = sandbox.run(&["list", "--uncovered", "--side", "all", "--format", "json"]);
    let ids: Vec<String> =
        json.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].to_string()).collect();
    assert_eq!(ids, ["\"READ-B\"", "\"WRITE-A\""]);
}

#[test]
fn a_behaviour_that_the_index_lacks_is_a_mistake_of_the_case() {
    let sandbox = indexed();
    let case = "feature: f\ncases:\n  - name: a\n    covers: [READ-A, READ-AB]\n    python: pass\n";
    sandbox.write("cases/read/wrong.yaml", case);
    let run = sandbox.run(&["check", "cases/read/wrong.yaml"]);
    assert_eq!(run.code, 2);
    insta::assert_snapshot!(run.stderr, @r"
    error: `READ-AB` is not in cases/BEHAVIOURS.md
     --> cases/read/wrong.yaml:4:22
      |
    4 |     covers: [READ-A, READ-AB]
      |                      ^^^^^^^
      |
      = help: did you mean `READ-A`?

    no case is selected
    ");
}

#[test]
fn the_pages_show_the_cases_with_the_answers() {
    let sandbox = indexed();
    assert_eq!(sandbox.run(&["docs", "--check"]).code, 12);
    assert_eq!(sandbox.run(&["docs"]).code, 0);
    assert_eq!(sandbox.run(&["docs", "--check"]).code, 0);
    insta::assert_snapshot!("docs_index", fs::read_to_string(sandbox.path("docs/behaviours.md")).unwrap());
    insta::assert_snapshot!("docs_page", fs::read_to_string(sandbox.path("docs/behaviours/read.md")).unwrap());
    sandbox.write("docs/behaviours/gone.md", "x");
    assert_eq!(sandbox.run(&["docs", "--check"]).code, 12);
    assert_eq!(sandbox.run(&["docs"]).code, 0);
    assert!(!sandbox.path("docs/behaviours/gone.md").exists());
}

#[test]
fn new_behaviour_is_told_as_such() {
    let run = indexed().run(&["diff", "spark:4.0", "spark:4.2"]);
    insta::assert_snapshot!(run.stdout, @r"
    From spark:4.0.5 to spark:4.2.1: 0 of 1 cases are answered differently, 1 is new.

      - spark:4.0.5   + spark:4.2.1

    read/second: the second

    * new: new
        + 1 row: (1)
    ");
}

#[test]
fn a_case_is_pinned_for_every_version_in_which_it_diverges() {
    let sandbox = Sandbox::new();
    let file = sandbox.path("answer");
    sandbox.cases("read/lie", &[("a lie", &format!("from-file {}", file.display()))]);
    for (version, value) in [("4.0", "[[1]]"), ("4.2", "[[2]]")] {
        fs::write(&file, answer(value)).unwrap();
        assert_eq!(sandbox.run(&["record", "--target", &format!("spark:{version}")]).code, 0);
    }
    fs::write(&file, answer("[[3]]")).unwrap();
    let target = fake_targets::target("");
    let rest = ["--target", &target, "--kind", "ours", "--reason", "It lies.", "--review-by", "2999-01-01"];
    let pin = |versions: &[&str]| sandbox.run(&[&["pin", "read/lie::a lie"], versions, &rest[..]].concat());
    let run = pin(&["--all-versions"]);
    assert_eq!(run.stdout, "pinned read/lie::a lie for 4.0 as ours\npinned read/lie::a lie for 4.2 as ours\n");
    let pins = || fs::read_to_string(sandbox.path("golden/divergences/fake.yaml")).unwrap();
    assert!(pins().contains("versions: [\"4.0\", \"4.2\"]"), "{}", pins());
    fs::write(&file, answer("[[1]]")).unwrap();
    let run = pin(&["--spark", "4.0,4.2"]);
    assert_eq!(run.stdout, "pinned read/lie::a lie for 4.2 as ours\n");
    assert!(run.stderr.contains("conforms to Spark 4.0"), "{}", run.stderr);
    let unpin = ["unpin", "read/lie::a lie", "--target", &target, "--all-versions"];
    let run = sandbox.run(&unpin);
    assert_eq!(run.stdout, "unpinned read/lie::a lie for 4.0\nunpinned read/lie::a lie for 4.2\n");
}

#[test]
fn interrupting_a_run_leaves_no_files_behind() {
    let sandbox = Sandbox::new();
    let case = "feature: f\ncases:\n  - name: waits\n    modules: {harbour: x = 1}\n    python: |\n      import time\n      time.sleep(600)\n";
    sandbox.write("cases/read/waits.yaml", case);
    assert_eq!(sandbox.run(&["record", "--target", "spark:4.2"]).code, 0);
    let temporary = sandbox.folder.path().join("tmp");
    fs::create_dir(&temporary).unwrap();
    let entries = || fs::read_dir(&temporary).unwrap().count();
    let mut command = sandbox.command(&["check"]);
    let mut child = command.env("TMPDIR", &temporary).stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    // The plain runner's folder, the special runner's, and that of its modules.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while entries() < 2 && std::time::Instant::now() < deadline {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert!(entries() >= 2);
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(!child.wait().unwrap().success());
    assert_eq!(entries(), 0);
}

#[test]
fn interrupting_a_run_ends_its_runners() {
    let sandbox = Sandbox::new();
    let file = sandbox.path("answer");
    sandbox.cases("read/one", &[("a row", &format!("from-file {}", file.display()))]);
    fs::write(&file, answer("[[1]]")).unwrap();
    sandbox.record();
    let mark = sandbox.path("pid");
    fs::write(&file, format!("hang-with-pid {}", mark.display())).unwrap();
    let target = fake_targets::target("");
    let mut child =
        sandbox.command(&["check", "--target", &target]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    let pid = loop {
        match fs::read_to_string(&mark) {
            Ok(pid) if pid.ends_with('\n') => break pid.trim().to_owned(),
            _ if std::time::Instant::now() > deadline => panic!("the runner did not come up"),
            _ => std::thread::sleep(std::time::Duration::from_millis(10)),
        }
    };
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let status = child.wait().unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(2), "{status}");
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    assert!(stat.is_empty() || stat.contains(") Z "), "the runner is still there: {stat}");
}
