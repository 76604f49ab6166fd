//! What CI is told to do must be possible: the workflows for GitHub are pinned and modest, and every command line of
//! `seatrial` in them, in the scripts of `ci/` and in the Makefile is one that the program takes.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Parser;
use serde_json::{Value, json};

use super::arguments::Arguments;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn workflows() -> Vec<(String, String, Value)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root().join("ci/github")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let value: Value = serde_saphyr::from_str(&text).unwrap();
        found.push((path.file_name().unwrap().to_string_lossy().into_owned(), text, value));
    }
    found.sort_by(|left, right| left.0.cmp(&right.0));
    assert!(found.len() >= 2);
    found
}

fn jobs(workflow: &Value) -> impl Iterator<Item = (&String, &Value)> {
    workflow["jobs"].as_object().unwrap().iter()
}

fn steps(workflow: &Value) -> impl Iterator<Item = &Value> {
    jobs(workflow).flat_map(|(_, job)| job["steps"].as_array().unwrap())
}

#[test]
fn workflows_may_read_and_no_more_and_end_in_time() {
    for (name, text, workflow) in workflows() {
        assert_eq!(workflow["permissions"], json!({"contents": "read"}), "{name}");
        assert!(workflow["concurrency"]["group"].is_string(), "{name}");
        assert!(!text.contains("pull_request_target"), "{name}: it would hand secrets to strangers");
        assert!(!text.contains("secrets."), "{name}");
        for (job, body) in jobs(&workflow) {
            assert!(body["timeout-minutes"].is_u64(), "{name}: {job} may hang for six hours");
            assert!(body.get("permissions").is_none(), "{name}: {job}");
            assert!(
                body["runs-on"].as_str().unwrap().ends_with(".04"),
                "{name}: {job} runs on what is the latest by then"
            );
        }
        for step in steps(&workflow) {
            // What a stranger may name must not become a part of a script.
            let run = step["run"].as_str().unwrap_or_default();
            for untrusted in ["github.event", "github.head_ref", "github.ref", "inputs."] {
                assert!(!run.contains(&format!("${{{{ {untrusted}")), "{name}: {run}");
            }
        }
    }
}

#[test]
fn actions_are_pinned_by_commit_with_their_version_beside() {
    let mut pins: BTreeMap<String, String> = BTreeMap::new();
    for (name, text, workflow) in workflows() {
        let used: Vec<&str> = steps(&workflow).filter_map(|step| step["uses"].as_str()).collect();
        for action in &used {
            let (action, commit) = action.split_once('@').unwrap();
            let is_commit = commit.len() == 40 && commit.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            assert!(is_commit, "{name}: {action}@{commit}");
            let first = pins.entry(action.to_owned()).or_insert_with(|| commit.to_owned());
            assert_eq!(first, commit, "{name}: {action} is pinned to two commits");
        }
        let lines: Vec<&str> = text.lines().filter(|line| line.contains("uses: ")).collect();
        assert_eq!(lines.len(), used.len(), "{name}");
        for line in lines {
            let (_, version) = line.split_once(" # v").unwrap_or_else(|| panic!("{name}: no version: {line}"));
            assert!(
                version.split('.').count() == 3 && version.split('.').all(|part| part.parse::<u32>().is_ok()),
                "{line}"
            );
        }
        for step in
            steps(&workflow).filter(|step| step["uses"].as_str().is_some_and(|uses| uses.contains("/checkout@")))
        {
            assert_eq!(step["with"]["persist-credentials"], json!(false), "{name}: {step}");
        }
    }
}

/// The command lines of `seatrial` in a shell text, with values for what only a run knows.
fn commands(text: &str) -> Vec<Vec<String>> {
    let text = text.replace("\\\n", " ");
    let mut found = Vec::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
        let line = line.replace("${{ matrix.spark }}", "4.2.1").replace("${{ matrix.engine }}", "main");
        let words: Vec<String> = line
            .split_whitespace()
            .map(|word| word.trim_matches(|c: char| "\"'`;()".contains(c) || c == '@').to_owned())
            .collect();
        for (index, word) in words.iter().enumerate() {
            let program = ["$seatrial", "$SEATRIAL", "$(SEATRIAL"].contains(&word.as_str())
                || word.ends_with("target/debug/seatrial");
            let ends = |word: &&String| {
                ["|", "||", "&&", ">", "<", "2>", "do", "done", ""].contains(&word.as_str())
                    || word.starts_with(['>', '<'])
            };
            let followed = words.get(index + 1).is_some_and(|next| !next.starts_with('=') && !next.is_empty());
            if program && followed {
                let rest = words.iter().skip(index + 1).take_while(|word| !ends(word));
                found.push(rest.filter(|word| !word.starts_with("2>") && *word != "$").cloned().collect());
            }
        }
    }
    found
}

/// A word as a run would have it.
fn filled(before: &str, word: &str) -> String {
    match (before, word) {
        ("--spark", word) if word.contains("4.2.1") || word.contains('$') => "4.2".to_owned(),
        ("prepare", word) if word.contains('$') => "4.2".to_owned(),
        (_, word) if word.starts_with("spark:") => "spark:4.2.1".to_owned(),
        (_, word) if word.starts_with("docker:") => "docker:4.2.1".to_owned(),
        (_, word) => word.to_owned(),
    }
}

#[test]
fn every_command_of_ci_is_one_that_the_program_takes() {
    let mut texts: Vec<(String, String)> = Vec::new();
    for (name, _, workflow) in workflows() {
        for step in steps(&workflow) {
            texts.extend(step["run"].as_str().map(|run| (name.clone(), run.to_owned())));
        }
    }
    for file in ["ci/containers", "ci/gate", "ci/repro", "Makefile"] {
        texts.push((file.to_owned(), std::fs::read_to_string(root().join(file)).unwrap()));
    }
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    for (name, text) in texts {
        for words in commands(&text) {
            let before = std::iter::once("seatrial").chain(words.iter().map(String::as_str));
            let words: Vec<String> = before.zip(&words).map(|(before, word)| filled(before, word)).collect();
            // All further options, and several names at once.
            let words = words.iter().filter(|word| !["$@", "$(SAMPLE", "$(OTHER_SPARKS"].contains(&word.as_str()));
            let line: Vec<&str> = std::iter::once("seatrial").chain(words.map(String::as_str)).collect();
            *count.entry(name.clone()).or_default() += 1;
            if let Err(error) = Arguments::try_parse_from(&line) {
                panic!("{name}: {}\n{error}", line.join(" "));
            }
        }
    }
    let found: Vec<&str> = count.keys().map(String::as_str).collect();
    assert_eq!(found, ["Makefile", "ci/containers", "ci/gate", "ci/repro", "connector.yml"]);
    assert!(count["Makefile"] >= 8 && count["connector.yml"] == 2, "{count:?}");
}

#[test]
fn the_workflow_for_an_engine_runs_the_gate_with_the_whole_history() {
    let (_, _, workflow) = workflows().into_iter().find(|(name, ..)| name == "engine.yml").unwrap();
    let checkout =
        steps(&workflow).find(|step| step["uses"].as_str().is_some_and(|uses| uses.contains("/checkout@"))).unwrap();
    assert_eq!(checkout["with"]["fetch-depth"], json!(0));
    assert!(steps(&workflow).any(|step| step["run"].as_str().is_some_and(|run| run.starts_with("ci/gate"))));
}
