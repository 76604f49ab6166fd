//! Sources that attack the process they run in, on the engine's real runner: each ends in an outcome that says what
//! happened, and the cases after it are answered.
#![expect(clippy::panic, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::path::Path;

use seatrial::case::{self, Case};
use seatrial::observation::Value;
use seatrial::run::{Answer, execute};
use seatrial::target::pool::TargetPool;
use seatrial::target::runner::RunnerTarget;
use seatrial::target::{TargetId, engine};

#[test]
fn an_attack_takes_only_its_own_case_along() {
    let file = Path::new("harness/tests/hostile/process.yaml");
    let suite = case::load_text(file, "hostile/process", include_str!("hostile/process.yaml"));
    assert_eq!(suite.diagnostics, []);
    // One runner, so that every attack hits the one that the next case needs.
    let pool = TargetPool::new(1, |surroundings| {
        let mut command = engine::command_of(env!("CARGO_BIN_EXE_seatrial").into())?;
        command.surround(surroundings)?;
        Ok(Box::new(RunnerTarget::new(TargetId::Engine, command)))
    });
    let cases: Vec<&Case> = suite.cases.iter().collect();
    let observed = execute(&pool, &cases, |_, _| {});
    let answers: BTreeMap<&str, Answer> =
        cases.iter().zip(observed).map(|(case, observed)| (case.id.name(), observed.answer)).collect();
    for (name, failure) in [
        ("exits when defined", "the target's process ended during the case (exit status 7)"),
        ("exits while reading", "the target's process ended during the case (exit status 7)"),
        ("segfaults", "the target's process ended during the case (signal 11 (SIGSEGV))"),
        ("hangs when defined", "no answer within 3 s, so the target was ended"),
        ("hangs while reading", "no answer within 3 s, so the target was ended"),
        ("hangs without giving the interpreter away", "no answer within 3 s, so the target was ended"),
        ("does not parse", "SyntaxError: '(' was never closed"),
        ("raises when defined", "RuntimeError: no"),
        ("exits politely", "SystemExit: 3"),
    ] {
        let Answer::Infrastructure(context) = &answers[name] else { panic!("{name}: {:?}", answers[name]) };
        assert!(context.contains(failure), "{name}: {context}");
    }
    for name in [
        "prints 100 MB while reading",
        "prints 100 MB to stderr and through the descriptor when defined",
        "forks a child that holds everything open",
        "is a good one after all this",
    ] {
        let Answer::Observation(observation) = &answers[name] else { panic!("{name}: {:?}", answers[name]) };
        assert_eq!(observation.rows, Some(vec![vec![Value::Integer(1)]]), "{name}");
    }
    assert_eq!(answers.len(), 13);
    assert!(pool.stop().is_empty());
}
