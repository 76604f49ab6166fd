//! Real PySpark in real containers: what it records, how it is confined, and that it is removed on every path out.
//!
//! These tests need a Docker engine with images that `seatrial targets build` made, and Java for the comparison with a local
//! PySpark. They run where `SEATRIAL_CONTAINER_TESTS` names the versions (`4.3.0`, or `4.0.5,4.3.0`); `ci/containers` sees to
//! all of that. Elsewhere they say that they did nothing.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use seatrial::case::Surroundings;
use seatrial::target::{self, Outcome, Request, TargetId, engine};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Containers of a whole JVM each: one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

const PATIENT: Duration = Duration::from_secs(180);

/// The versions to test with; none where no containers are wanted.
fn versions() -> Option<(Vec<String>, MutexGuard<'static, ()>)> {
    let versions = std::env::var("SEATRIAL_CONTAINER_TESTS").unwrap_or_default();
    if versions.is_empty() {
        eprintln!("not tested, since SEATRIAL_CONTAINER_TESTS names no version; ci/containers runs this test");
        return None;
    }
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    Some((versions.split(',').map(str::to_owned).collect(), alone))
}

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A project of the test's own, with the given case files.
fn sandbox(cases: &[(&str, String)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in cases {
        let file = folder.path().join("cases").join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    folder
}

/// A sample of this project's own cases (rows, batches, errors, filters), and one that asks for a variable and a module.
fn sample() -> Vec<(&'static str, String)> {
    let of_project = ["BEHAVIOURS.md", "read/arity.yaml", "read/batch_mismatches.yaml", "types/timestamp.yaml"];
    let more = ["types/integers.yaml", "filters/comparisons.yaml"];
    let read = |path: &'static str| {
        let file = project().join("cases").join(path);
        (path, fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display())))
    };
    let own = ("read/surrounded.yaml", SURROUNDED.to_owned());
    of_project.into_iter().chain(more).map(read).chain([own]).collect()
}

const SURROUNDED: &str = r#"feature: f
cases:
  - name: a variable and a module
    environment: {TZ: Asia/Kolkata}
    modules:
      helper: |
        ANSWER = 42
    python: |
      import datetime
      from helper import ANSWER
      from pyspark.sql.datasource import DataSource, DataSourceReader

      class Reader(DataSourceReader):
          def read(self, partition):
              import helper
              yield (ANSWER, helper.ANSWER, datetime.datetime(2024, 1, 1))

      class Source(DataSource):
          def schema(self):
              return "a int, b int, at timestamp"

          def reader(self, schema):
              return Reader()
"#;

fn seatrial(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seatrial"));
    command.args(arguments).current_dir(root).stdin(Stdio::null()).env("NO_COLOR", "1");
    command
}

fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker").args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The names of the containers that a process started.
fn containers_of(process: u32) -> Vec<String> {
    let prefix = format!("seatrial-{process}-");
    let names = docker(&["ps", "--all", "--format", "{{.Names}}"]);
    names.lines().filter(|name| name.starts_with(&prefix)).map(str::to_owned).collect()
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENT;
    while !holds() {
        assert!(Instant::now() < deadline, "{what} did not come");
        thread::sleep(Duration::from_millis(100));
    }
}

/// The golden files below a folder, by path, without what tells of the installation's place and patch levels.
fn goldens(root: &Path, images: &mut Vec<String>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root.join("golden")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let mut text = String::new();
            for line in fs::read_to_string(&path).unwrap().lines() {
                match line.split_once(": ") {
                    Some(("image", image)) => images.push(image.to_owned()),
                    // `3.11.7` and `3.11.2` are as good as one another; `17` and `21` are not.
                    Some((name @ ("python" | "java"), version)) => {
                        text += &format!("{name}: {}…\n", version.rsplit_once('.').unwrap().0);
                    }
                    _ => text += &format!("{line}\n"),
                }
            }
            found.push((path.strip_prefix(root).unwrap().display().to_string(), text));
        }
    }
    found.sort();
    found
}

#[test]
fn a_container_and_a_local_pyspark_record_the_same() {
    let Some((versions, _alone)) = versions() else { return };
    let sample = sample();
    for version in versions {
        let record = |kind: &str| {
            let folder = sandbox(&sample);
            let output =
                seatrial(folder.path(), &["record", "--target", &format!("{kind}:{version}")]).output().unwrap();
            assert!(output.status.success(), "{kind}: {}", String::from_utf8_lossy(&output.stderr));
            folder
        };
        let (contained, local) = (record("docker"), record("spark"));
        let (mut images, mut none) = (Vec::new(), Vec::new());
        let (contained_goldens, local_goldens) =
            (goldens(contained.path(), &mut images), goldens(local.path(), &mut none));
        for (left, right) in contained_goldens.iter().zip(&local_goldens) {
            assert_same(left, right);
        }
        assert_eq!(contained_goldens.len(), local_goldens.len());
        let id = docker(&["image", "inspect", "--format", "{{.Id}}", &format!("seatrial-pyspark:{version}")]);
        assert_eq!(images.len(), contained_goldens.len(), "every file names the image");
        assert!(images.iter().all(|image| *image == format!("\"{id}\"")), "{images:?}");
        assert_eq!(none, Vec::<String>::new());
    }
}

fn assert_same(left: &(String, String), right: &(String, String)) {
    assert_eq!(left.0, right.0);
    for (number, (contained, local)) in left.1.lines().zip(right.1.lines()).enumerate() {
        assert_eq!(contained, local, "{}:{}", left.0, number + 1);
    }
    assert_eq!(left.1.len(), right.1.len(), "{}", left.0);
}

#[test]
fn versions_run_side_by_side_and_conform() {
    let Some((versions, _alone)) = versions() else { return };
    thread::scope(|scope| {
        for version in &versions {
            scope.spawn(move || {
                let target = format!("docker:{version}");
                let arguments = ["check", "--target", &target, "cases/types/integers.yaml", "cases/read/arity.yaml"];
                let output = seatrial(&project(), &arguments).output().unwrap();
                let report = String::from_utf8_lossy(&output.stdout).into_owned();
                assert!(output.status.success(), "{report}{}", String::from_utf8_lossy(&output.stderr));
            });
        }
    });
}

/// A run of a case that hangs, and its container.
struct Hanging {
    _folder: TempDir,
    child: Child,
    container: String,
}

fn hanging(version: &str) -> Hanging {
    let case = "feature: f\ncases:\n  - name: a\n    deadline: 300\n    python: |\n      import sys, time\n      \
                print('hangs', file=sys.stderr, flush=True)\n      time.sleep(300)\n";
    let folder = sandbox(&[("read/hang.yaml", case.to_owned())]);
    let mut command = seatrial(folder.path(), &["record", "--target", &format!("docker:{version}")]);
    let mut child = command.env("RUST_LOG", "off").stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("hangs") {
        line.clear();
        assert!(stderr.read_line(&mut line).unwrap() > 0, "it ended before it hung");
    }
    thread::spawn(move || drop(stderr.read_to_end(&mut Vec::new())));
    let containers = containers_of(child.id());
    assert_eq!(containers.len(), 1);
    Hanging { _folder: folder, child, container: containers[0].clone() }
}

#[cfg(unix)]
fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

#[test]
fn a_container_is_confined_and_ctrl_c_removes_it() {
    let Some((versions, _alone)) = versions() else { return };
    for name in ["-INT", "-TERM"] {
        let mut hanging = hanging(&versions[0]);
        let container: Value = serde_json::from_str(&docker(&["inspect", &hanging.container])).unwrap();
        let host = &container[0]["HostConfig"];
        assert_eq!(host["NetworkMode"], "none");
        assert_eq!(host["ReadonlyRootfs"], true);
        assert_eq!((&host["Memory"], &host["MemorySwap"]), (&json!(3_221_225_472_u64), &json!(3_221_225_472_u64)));
        assert!(host["NanoCpus"].as_u64().unwrap() <= 2_000_000_000 && host["NanoCpus"] != 0, "{}", host["NanoCpus"]);
        assert_eq!((&host["PidsLimit"], &host["CapDrop"]), (&json!(1024), &json!(["ALL"])));
        assert_eq!(container[0]["Config"]["User"], "seatrial");
        signal(&hanging.child, name);
        let begin = Instant::now();
        assert!(!hanging.child.wait().unwrap().success());
        assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
        assert_eq!(containers_of(hanging.child.id()), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn what_a_killed_run_left_is_removed_by_the_next() {
    let Some((versions, _alone)) = versions() else { return };
    let mut left = hanging(&versions[0]);
    let other = hanging(&versions[0]);
    signal(&left.child, "-KILL");
    left.child.wait().unwrap();
    assert_eq!(containers_of(left.child.id()).len(), 1, "nobody was there to remove it");
    assert!(seatrial(&project(), &["targets"]).status().unwrap().success());
    assert_eq!(containers_of(left.child.id()), Vec::<String>::new());
    assert_eq!(containers_of(other.child.id()).len(), 1, "the container of a run that is alive stays");
    signal(&other.child, "-INT");
    wait_until("the end of the other container", || containers_of(other.child.id()).is_empty());
    let Hanging { mut child, .. } = other;
    child.wait().unwrap();
}

fn ask(target: &mut dyn target::Target, python: &str, deadline: Duration) -> Outcome {
    let case = json!({
        "python": python, "register": null, "conf": {}, "query": null, "calls": [], "count_partitions": false,
        "read": {"format": null, "options": [], "schema": null, "path": null},
    });
    target.observe(&Request { id: "a/b::c", case: &case, surroundings: &Surroundings::default(), deadline }).unwrap()
}

const GOOD: &str = "from pyspark.sql.datasource import DataSource, DataSourceReader\n\
                    class R(DataSourceReader):\n    def read(self, partition):\n        yield (1,)\n\
                    class S(DataSource):\n    def schema(self):\n        return 'id int'\n    \
                    def reader(self, schema):\n        return R()\n";

#[test]
fn a_case_that_breaks_its_container_is_told_with_the_log_and_the_next_is_answered() {
    let Some((versions, _alone)) = versions() else { return };
    let id: TargetId = format!("docker:{}", versions[0]).parse().unwrap();
    let mut target = target::open(&id, engine::OWN_SPARK, &Surroundings::default()).unwrap();
    let identity = target.start().unwrap();
    assert_eq!(identity.target, "spark");
    assert!(identity.image.unwrap().starts_with("sha256:"));
    let exits = "import os, sys\nprint('last words', file=sys.stderr, flush=True)\nos._exit(7)\n";
    let Outcome::Crashed { status, stderr } = ask(&mut *target, exits, PATIENT) else { panic!() };
    assert_eq!(status, "exit status 7");
    assert!(stderr.contains("last words"), "{stderr}");
    let log = stderr.split_once("(all that it wrote: ").unwrap().1.trim_end_matches(')');
    assert!(fs::read_to_string(log).unwrap().contains("last words"), "{log}");
    fs::remove_file(log).unwrap();
    let killed = "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n";
    let Outcome::Crashed { status, .. } = ask(&mut *target, killed, PATIENT) else { panic!() };
    assert_eq!(status, "signal 11 (SIGSEGV)");
    let Outcome::TimedOut { .. } = ask(&mut *target, "import time\ntime.sleep(100)\n", Duration::from_secs(2)) else {
        panic!()
    };
    let writes = "open('/opt/seatrial/modules/x', 'w')\n";
    let Outcome::Failed { context } = ask(&mut *target, writes, PATIENT) else { panic!() };
    assert!(context.contains("Read-only file system") || context.contains("Permission denied"), "{context}");
    let calls = "import socket\nsocket.create_connection(('192.0.2.1', 80), 5)\n";
    let Outcome::Failed { context } = ask(&mut *target, calls, PATIENT) else { panic!() };
    assert!(context.contains("Network is unreachable"), "{context}");
    let Outcome::Observation(observation) = ask(&mut *target, GOOD, PATIENT) else { panic!() };
    assert_eq!(observation["rows"], json!([[1]]));
    target.stop().unwrap();
    assert_eq!(containers_of(std::process::id()), Vec::<String>::new());
}

#[test]
fn a_case_that_uses_up_the_memory_is_told_so() {
    let Some((versions, _alone)) = versions() else { return };
    let id: TargetId = format!("docker:{}", versions[0]).parse().unwrap();
    let mut target = target::open(&id, engine::OWN_SPARK, &Surroundings::default()).unwrap();
    let greedy = "kept = []\nwhile True:\n    kept.append(bytearray(b'x') * (64 << 20))\n";
    let Outcome::Crashed { status, .. } = ask(&mut *target, greedy, PATIENT) else { panic!() };
    assert_eq!(status, "signal 9 (SIGKILL); its container had used up its 3 GiB of memory");
    drop(target);
    assert_eq!(containers_of(std::process::id()), Vec::<String>::new());
}

#[test]
fn a_panic_leaves_no_container() {
    let Some((versions, _alone)) = versions() else { return };
    let id: TargetId = format!("docker:{}", versions[0]).parse().unwrap();
    let panicked = std::panic::catch_unwind(|| {
        let mut target = target::open(&id, engine::OWN_SPARK, &Surroundings::default()).unwrap();
        target.start().unwrap();
        assert_eq!(containers_of(std::process::id()).len(), 1);
        panic!("as a test does");
    });
    assert!(panicked.is_err());
    assert_eq!(containers_of(std::process::id()), Vec::<String>::new());
}
