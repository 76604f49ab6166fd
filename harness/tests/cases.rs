//! Every case of `cases/` is a test of its own, named by its id: the engine against what Spark 4.2 answered.
//!
//! `cargo test -p seatrial --test cases tuples` runs those with `tuples` in their id. A failure shows what
//! `seatrial check` shows.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use libtest_mimic::{Arguments, Failed, Trial};
use seatrial::case::{self, Case, SparkMinor};
use seatrial::divergence::{Day, Divergences};
use seatrial::golden::{GoldenLookup, GoldenStore, Mode};
use seatrial::report::style::Style;
use seatrial::report::{CaseResult, Sides, human, shell_word};
use seatrial::run::execution::ask;
use seatrial::run::{Judged, Project, Status, judge, today};
use seatrial::target::pool::TargetPool;
use seatrial::target::runner::RunnerTarget;
use seatrial::target::{self, TargetId, engine};

/// The Spark version whose answers are right.
const SPARK: SparkMinor = SparkMinor::new(4, 2);

/// What all tests share.
struct Fixture {
    pool: TargetPool,
    goldens: GoldenStore,
    divergences: Divergences,
    today: Day,
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    match run(&mut arguments) {
        Ok(code) => code,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &mut Arguments) -> Result<ExitCode, String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    // Paths as a person in the project's folder would write them.
    std::env::set_current_dir(&root).map_err(|error| text(&error))?;
    let project = Project::find(None).map_err(|error| text(&error))?;
    let suite = case::load(&project.cases());
    let goldens = GoldenStore::open_part(&project.golden(), Mode::Classic, |_| true).map_err(|error| text(&error))?;
    let divergences = Divergences::load(&project.golden().join("divergences/engine.yaml"))
        .map_err(|diagnostics| diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))?;
    target::end_sessions_on_signals().map_err(|error| text(&error))?;
    let jobs = std::thread::available_parallelism().map_or(1, usize::from).min(4);
    arguments.test_threads.get_or_insert(jobs);
    let pool = TargetPool::new(jobs, |surroundings| {
        let mut command = engine::command_of(env!("CARGO_BIN_EXE_seatrial").into())?;
        command.surround(surroundings)?;
        Ok(Box::new(RunnerTarget::new(TargetId::Engine, command)))
    });
    let today = today();
    let fixture = Arc::new(Fixture { pool, goldens, divergences, today });
    let broken = suite.diagnostics.into_iter().map(|diagnostic| {
        let name = format!("{}:{}", diagnostic.file.display(), diagnostic.line);
        Trial::test(name, move || Err(Failed::from(diagnostic.to_string()))).with_kind("broken")
    });
    let cases = suite.cases.into_iter().filter(|case| case.since <= SPARK).map(|case| {
        let fixture = Arc::clone(&fixture);
        Trial::test(case.id.to_string(), move || check(&fixture, &case))
    });
    let trials: Vec<Trial> = broken.chain(cases).collect();
    let conclusion = libtest_mimic::run(arguments, trials);
    let faults = fixture.pool.stop();
    for fault in &faults {
        eprintln!("error: {fault}");
    }
    Ok(if faults.is_empty() { conclusion.exit_code() } else { ExitCode::FAILURE })
}

fn check(fixture: &Fixture, case: &Case) -> Result<(), Failed> {
    let begin = Instant::now();
    let judged = match fixture.goldens.lookup(SPARK, case) {
        GoldenLookup::Found { observation, .. } => {
            let answer = ask(&fixture.pool, case, &AtomicBool::new(false));
            judge(observation, &answer, case, fixture.divergences.lookup(SPARK, &case.id), fixture.today)
        }
        GoldenLookup::Stale { .. } => Judged::plain(Status::StaleGolden),
        GoldenLookup::Missing => Judged::plain(Status::MissingGolden),
    };
    if judged.status.is_fine() {
        return Ok(());
    }
    let rerun = format!("cargo test -p seatrial --test cases -- --exact {}", shell_word(&case.id.to_string()));
    let result = CaseResult { rerun, ..CaseResult::new(case, SPARK, judged).took(begin.elapsed()) };
    let sides = Sides::new(SPARK, Mode::Classic, "engine".to_owned());
    Err(Failed::from(human::failure(&result, &sides, Style::PLAIN)))
}
