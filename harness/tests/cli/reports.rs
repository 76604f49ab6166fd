//! What people and programs read of a run: each line that `check` writes, and each of its formats.

use super::*;

/// A project in which the fake engine answers `answers` where Spark answered one row.
fn project(answers: &[(&str, &str)]) -> Sandbox {
    let sandbox = Sandbox::new();
    let file = |name: &str| sandbox.path(&format!("answer-{name}"));
    let actions: Vec<(&str, String)> =
        answers.iter().map(|(name, _)| (*name, format!("from-file {}", file(name).display()))).collect();
    let cases: Vec<(&str, &str)> = actions.iter().map(|(name, action)| (*name, action.as_str())).collect();
    sandbox.cases("read/one", &cases);
    for (name, _) in answers {
        fs::write(file(name), answer("[[1]]")).unwrap();
    }
    sandbox.record();
    for (name, action) in answers {
        fs::write(file(name), action).unwrap();
    }
    sandbox
}

fn failing(exception: &str, message: &str) -> String {
    let error = serde_json::json!({
        "phase": "read", "exception": exception, "condition": null, "sqlstate": null, "parameters": {},
        "message": message, "jvm": null,
    });
    format!(r#"answer {{"schema":null,"rows":null,"error":{error},"calls":[],"partitions":null}}"#)
}

#[test]
fn every_kind_of_failure_reads_well() {
    let error = failing("ValueError", "boom");
    let sandbox = project(&[
        ("an error instead of rows", &error),
        ("not supported", "unsupported there are no streams yet"),
        ("the runner failed", "failed there is no room on the disk"),
    ]);
    let run = sandbox.check(&[]);
    assert_eq!(run.code, 20);
    insta::assert_snapshot!("failures", run.report());
}

#[test]
fn a_golden_that_was_never_made_reads_well() {
    let sandbox = Sandbox::new();
    sandbox.cases("read/one", &[("a row", &answer("[[1]]"))]);
    let run = sandbox.check(&[]);
    assert_eq!(run.code, 12);
    insta::assert_snapshot!(run.report(), @r"
    GOLDEN MISSING read/one::a row
      cases/read/one.yaml:3
      spark 4.2 was never asked
      record: seatrial record 'read/one::a row' --target spark:4.2
      rerun: seatrial check 'read/one::a row' --target 'FAKE'

    1 case on FAKE against spark 4.2: 1 missing golden
    GOLDEN MISSING        read/one::a row
    ");
}

fn pin(sandbox: &Sandbox, day: &str) {
    let target = fake_targets::target("");
    let pin = ["pin", "read/one::a lie", "--target", &target, "--kind", "ours", "--reason", "It lies.", "--review-by"];
    assert_eq!(sandbox.run(&[&pin[..], &["2999-01-01"]].concat()).code, 0);
    let entries = sandbox.path("golden/divergences/fake.yaml");
    let text = fs::read_to_string(&entries).unwrap();
    fs::write(&entries, text.replace("2999-01-01", day)).unwrap();
}

#[test]
fn an_overdue_divergence_reads_well() {
    let sandbox = project(&[("a lie", &answer("[[2]]"))]);
    pin(&sandbox, "2020-01-01");
    let run = sandbox.check(&[]);
    assert_eq!(run.code, 11);
    insta::assert_snapshot!(run.report(), @r"
    PIN OVERDUE read/one::a lie
      cases/read/one.yaml:3
      this divergence was to be looked at again by 2020-01-01; mend it, or pin it anew
      pinned as ours: It lies. (review by 2020-01-01)
      rerun: seatrial check 'read/one::a lie' --target 'FAKE'

    1 case on FAKE against spark 4.2: 1 overdue pin
       PIN OVERDUE   0.0s read/one::a lie
    ");
}

#[test]
fn what_cannot_be_run_is_told_in_a_line() {
    let sandbox = project(&[("a row", &answer("[[1]]"))]);
    let told = |arguments: &[&str]| {
        let run = sandbox.run(arguments);
        format!("exit {}\n{}{}", run.code, run.stdout, run.stderr)
    };
    insta::assert_snapshot!("no_selection", told(&["check", "--filter", "nothing"]));
    insta::assert_snapshot!("no_selection_for_a_version", {
        let text = "feature: new\ncases:\n  - name: a\n    since: \"4.2\"\n    python: pass\n";
        sandbox.write("cases/read/new.yaml", text);
        told(&["check", "cases/read/new.yaml", "--spark", "4.0"])
    });
    insta::assert_snapshot!("unknown_target", told(&["check", "--target", "spark:3.5"]));
    insta::assert_snapshot!("unknown_path", told(&["check", "cases/nowhere"]));
    insta::assert_snapshot!("unknown_format", told(&["check", "--format", "pdf"]));
    insta::assert_snapshot!(
        "unstartable_target",
        told(&["check", "cases/read/one.yaml", "--target", "cmd:/nowhere/at/all"])
    );
    sandbox.write("cases/read/new.yaml", "feature: broken\ncases:\n  - nam: typo\n");
    insta::assert_snapshot!("broken_case_file", told(&["check", "cases/read/new.yaml"]));
}

#[test]
fn several_formats_are_written_in_one_run() {
    let sandbox = project(&[("a row", &answer("[[1]]")), ("a lie", &answer("[[2]]"))]);
    let names = ["json", "junit", "markdown", "github", "sarif", "badge", "html"];
    let formats: Vec<String> = names.iter().map(|name| format!("{name}=report.{name}")).collect();
    let mut arguments = Vec::new();
    for format in &formats {
        arguments.extend(["--format", format]);
    }
    let run = sandbox.check(&arguments);
    assert_eq!(run.code, 10, "{}", run.stderr);
    assert!(run.stdout.contains("2 cases on FAKE against spark 4.2: 1 exact, 1 divergent"), "{}", run.stdout);
    let text = |name: &str| fs::read_to_string(sandbox.path(&format!("report.{name}"))).unwrap();
    for name in names {
        assert!(run.stderr.contains(&format!("wrote report.{name}\n")), "{}", run.stderr);
        assert!(name == "badge" || text(name).contains("a lie"), "{name}");
    }
    assert!(text("github").starts_with("::error file=cases/read/one.yaml,line=7,title=DIVERGENT read/one%3A%3Aa lie"));
    assert!(text("html").starts_with("<!DOCTYPE html>"));
    // Annotations may stand below the report for people, other formats not.
    let both = sandbox.check(&["--format", "human", "--format", "github"]);
    assert!(both.stdout.starts_with("DIVERGENT") && both.stdout.contains("\n::error file="), "{}", both.stdout);
    let mixed = sandbox.check(&["--format", "human", "--format", "json"]);
    assert_eq!((mixed.code, mixed.stdout.as_str()), (2, ""));
    assert_eq!(mixed.stderr, "error: human and json would be mixed on stdout; name files, as in html=report.html\n");
}

#[test]
fn a_report_that_cannot_be_written_is_an_error() {
    let sandbox = project(&[("a row", &answer("[[1]]"))]);
    let nowhere = sandbox.check(&["--format", "html=no/such/folder/report.html"]);
    assert_eq!((nowhere.code, nowhere.stdout.as_str()), (2, ""), "nobody was asked");
    assert_eq!(
        nowhere.stderr,
        "error: failed to write no/such/folder/report.html: No such file or directory (os error 2)\n"
    );
    let twice = sandbox.check(&["--format", "html=a", "--format", "json=a"]);
    assert_eq!((twice.code, twice.stderr.as_str()), (2, "error: a is named for two reports\n"));
    // A full disk is noticed, and the other reports are written.
    let full = sandbox.check(&["--format", "json=/dev/full", "--format", "badge=badge.json"]);
    assert_eq!(full.code, 2);
    assert!(full.stderr.contains("error: failed to write /dev/full: No space left on device"), "{}", full.stderr);
    assert!(fs::read_to_string(sandbox.path("badge.json")).unwrap().contains("100 %"));
}

#[test]
fn a_stored_run_is_rendered_again() {
    let sandbox = project(&[("a row", &answer("[[1]]")), ("a lie", &answer("[[2]]"))]);
    let human = sandbox.check(&["--format", "json=run.jsonl"]);
    let again = sandbox.run(&["report", "run.jsonl"]);
    assert_eq!(again.code, 0, "{}", again.stderr);
    let target = fake_targets::target("");
    let again = again.stdout.replace(&target, "FAKE").replace(&target.replace('\'', r"'\''"), "FAKE");
    assert_eq!(Run { code: 0, stdout: again, stderr: String::new() }.report(), human.report());
    assert_eq!(sandbox.run(&["report", "run.jsonl", "--format", "html", "-o", "report.html"]).code, 0);
    assert!(fs::read_to_string(sandbox.path("report.html")).unwrap().contains("read/one::a-lie"));
    let text = fs::read_to_string(sandbox.path("run.jsonl")).unwrap();
    let cut: String = text.lines().take(2).map(|line| format!("{line}\n")).collect();
    sandbox.write("cut.jsonl", &cut);
    let run = sandbox.run(&["report", "cut.jsonl"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(run.stderr, @"error: failed to read cut.jsonl: the footer is missing: the run was cut off, and what it says is not the whole");
}

#[test]
fn several_versions_stand_in_one_report() {
    let sandbox = project(&[("a row", &answer("[[1]]"))]);
    let file = sandbox.path("answer-a row");
    fs::write(&file, answer("[[4]]")).unwrap();
    assert_eq!(sandbox.run(&["record", "--target", "spark:4.0"]).code, 0);
    fs::write(&file, answer("[[1]]")).unwrap();
    let run = sandbox.check(&["--spark", "all", "--format", "human", "--format", "json=run.jsonl"]);
    assert_eq!(run.code, 10);
    insta::assert_snapshot!("several_versions", run.report());
    assert!(run.stderr.contains("Spark 4.0\n") && run.stderr.contains("Spark 4.2\n"), "{}", run.stderr);
    let text = fs::read_to_string(sandbox.path("run.jsonl")).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&lines[0]["spark"], &lines[0]["cases"]), (&"4.0,4.2".into(), &2.into()));
    assert_eq!((&lines[1]["spark"], &lines[1]["verdict"]), (&"4.0".into(), &"divergent".into()));
    assert_eq!((&lines[2]["spark"], &lines[2]["verdict"]), (&"4.2".into(), &"exact".into()));
    assert_eq!(lines[0]["versions"][1]["golden"]["versions"]["spark"], "4.2.1");
    // What was then is the baseline for what is now.
    let page = sandbox.run(&["report", "run.jsonl", "--format", "html", "--baseline", "run.jsonl"]);
    assert!(page.stdout.contains("±0"), "{}", page.stderr);
    let baseline = sandbox.run(&["report", "run.jsonl", "--format", "html", "--baseline", "cases/read/one.yaml"]);
    assert_eq!(baseline.code, 2);
    assert_eq!(
        baseline.stderr,
        "error: failed to read cases/read/one.yaml: it is neither a scoreboard nor a result of `seatrial check --format json`\n"
    );
}

#[test]
fn the_schemas_can_be_printed() {
    let sandbox = Sandbox::new();
    for (of, title) in [("case", "Seatrial case file"), ("report", "A line of a Seatrial result file")] {
        let schema: Value = serde_json::from_str(&sandbox.run(&["schema", of]).stdout).unwrap();
        assert_eq!(schema["title"], title);
    }
}
