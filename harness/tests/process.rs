//! Runner processes that lie, crash, hang, stutter and flood: each ends in an outcome that says what happened, the
//! next case is answered, and no process is left behind.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::path::Path;
use std::time::{Duration, Instant};

use rstest::rstest;
use seatrial::case::Surroundings;
use seatrial::target::{self, Outcome, Request, Target, TargetId, engine, pool::TargetPool};
use serde_json::{Value, json};

const PATIENT: Duration = Duration::from_secs(60);

fn fake(options: &str) -> TargetId {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fake_targets/fake_runner.py");
    let python = env!("SEATRIAL_BUILD_PYTHON");
    TargetId::Command(format!("'{python}' -I -S '{}' {options}", script.display()))
}

fn open(options: &str) -> Box<dyn Target> {
    target::open(&fake(options), engine::OWN_SPARK, &Surroundings::default()).unwrap()
}

fn case(action: &str) -> Value {
    json!({"python": format!("# fake: {action}\n")})
}

fn ask(target: &mut dyn Target, id: &str, action: &str, deadline: Duration) -> Outcome {
    target.observe(&Request { id, case: &case(action), surroundings: &Surroundings::default(), deadline }).unwrap()
}

/// Asks for a misbehaviour and then for an answer, which must come.
fn misbehave(action: &str, deadline: Duration) -> Outcome {
    let mut target = open("");
    assert!(matches!(ask(&mut *target, "a/b::before", "answer", PATIENT), Outcome::Observation(_)));
    let outcome = ask(&mut *target, "a/b::c", action, deadline);
    assert!(matches!(ask(&mut *target, "a/b::after", "answer", PATIENT), Outcome::Observation(_)), "after {action}");
    target.stop().unwrap();
    outcome
}

fn failure(outcome: Outcome) -> String {
    match outcome {
        Outcome::Failed { context } => context,
        other => panic!("expected a failure, got {other:?}"),
    }
}

#[test]
fn a_target_says_who_it_is() {
    let identity = open("--target spark --spark 4.2.1").start().unwrap();
    assert_eq!((identity.target.as_str(), identity.mode.as_str()), ("spark", "classic"));
    assert_eq!(identity.versions["spark"], "4.2.1");
}

#[test]
fn an_answer_is_handed_on_as_it_is() {
    let mut target = open("");
    let outcome = ask(&mut *target, "a/b::c", r#"answer {"rows": [[1, "ü"]]}"#, PATIENT);
    assert_eq!(outcome, Outcome::Observation(json!({"rows": [[1, "ü"]]})));
    let outcome = ask(&mut *target, "a/b::d", "unsupported no streams here", PATIENT);
    assert_eq!(outcome, Outcome::Unsupported { reason: "no streams here".into() });
    assert_eq!(failure(ask(&mut *target, "a/b::e", "failed it does not parse", PATIENT)), "it does not parse");
    target.stop().unwrap();
}

#[test]
fn a_crash_is_told_with_its_status_and_last_words() {
    let Outcome::Crashed { status, stderr } = misbehave("crash", PATIENT) else { panic!() };
    assert_eq!((status.as_str(), stderr.as_str()), ("exit status 3", "about to crash"));
    let Outcome::Crashed { status, stderr } = misbehave("signal", PATIENT) else { panic!() };
    assert_eq!((status.as_str(), stderr.as_str()), ("signal 11 (SIGSEGV)", ""));
}

#[test]
fn a_hanging_case_is_ended_at_its_deadline() {
    let begin = Instant::now();
    let deadline = Duration::from_millis(500);
    let Outcome::TimedOut { after, stderr } = misbehave("hang", deadline) else { panic!() };
    assert_eq!((after, stderr.as_str()), (deadline, "about to hang"));
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
}

#[rstest]
#[case("hang-hard", Duration::from_millis(800))]
#[case("grandchild", PATIENT)]
#[case("detached-grandchild", Duration::from_millis(800))]
fn no_process_is_left_behind(#[case] action: &str, #[case] deadline: Duration) {
    let (Outcome::TimedOut { stderr, .. } | Outcome::Crashed { stderr, .. }) = misbehave(action, deadline) else {
        panic!("{action}")
    };
    let child = stderr.lines().find_map(|line| line.strip_prefix("child ")).unwrap();
    assert!(has_ended(child), "{child} of {action} is still there");
}

/// Whether a process is gone, or only its entry is left for its new parent to take.
fn has_ended(pid: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).map_or(true, |stat| stat.contains(") Z "))
}

#[test]
fn a_dropped_target_leaves_no_process() {
    let mut target = open("");
    let Outcome::Observation(answer) = ask(&mut *target, "a/b::c", "pid", PATIENT) else { panic!() };
    let pid = answer["partitions"].to_string();
    assert!(!has_ended(&pid));
    drop(target);
    assert!(has_ended(&pid));
}

#[test]
fn an_answer_in_pieces_is_an_answer() {
    assert!(matches!(misbehave("stutter", PATIENT), Outcome::Observation(_)));
}

#[rstest]
#[case("garbage", r"the runner wrote a line that is not one JSON object (expected value at line 1 column 1): `Setting default log level to \u{1b}[1mWARN\u{1b}[0m`")]
#[case("two-on-a-line", "the runner wrote a line that is not one JSON object (trailing characters at line 1 column")]
#[case("array", "the runner wrote a message that the protocol does not know (")]
#[case("unknown-message", "the runner wrote a message that the protocol does not know (unknown variant `progress`")]
#[case("started-again", "the runner answered a case with `started`")]
#[case("not-text", "the runner wrote a line that is not UTF-8: `\u{fffd}\u{fffd}`")]
#[case("half", "the runner ended in the middle of a line: `{\"observation\"")]
#[case("close", "the runner closed its stdout but runs on")]
#[case("wrong-id", "the runner answered a case that it was not asked for: `another/file::case`")]
#[case("flood-stdout", "the runner wrote a line of more than 64 MiB")]
#[case(
    "flood-lines",
    "the runner wrote a line that is not one JSON object (expected value at line 1 column 1): `print`"
)]
fn each_break_of_the_protocol_has_a_reason_of_its_own(#[case] action: &str, #[case] reason: &str) {
    let context = failure(misbehave(action, PATIENT));
    assert!(context.starts_with(reason), "{context}");
}

#[test]
fn a_second_answer_is_never_taken_for_the_next_one() {
    let mut target = open("");
    assert!(matches!(ask(&mut *target, "a/b::one", "twice", PATIENT), Outcome::Observation(_)));
    let context = failure(ask(&mut *target, "a/b::two", "answer", PATIENT));
    assert_eq!(context, "the runner answered case `a/b::one` a second time instead of this one");
    assert!(matches!(ask(&mut *target, "a/b::two", "answer", PATIENT), Outcome::Observation(_)));
    target.stop().unwrap();
}

#[test]
fn a_second_answer_to_the_last_case_is_noticed_at_the_end() {
    let mut target = open("");
    assert!(matches!(ask(&mut *target, "a/b::last", "twice", PATIENT), Outcome::Observation(_)));
    let message = target.stop().unwrap_err().to_string();
    assert!(message.contains("a line that nobody asked for") && message.contains("`a/b::last`"), "{message}");
}

#[test]
fn a_hundred_megabytes_on_stderr_are_only_a_tail() {
    let mut target = open("");
    assert!(matches!(ask(&mut *target, "a/b::c", "flood-stderr", PATIENT), Outcome::Observation(_)));
    let Outcome::Crashed { stderr, .. } = ask(&mut *target, "a/b::d", "crash", PATIENT) else { panic!() };
    assert!(stderr.len() < 20_000 && stderr.ends_with("about to crash"), "{} bytes", stderr.len());
}

#[test]
fn a_runner_that_ended_after_its_answer_is_told_so() {
    let mut target = open("");
    assert!(matches!(ask(&mut *target, "a/b::c", "exit-after-answer", PATIENT), Outcome::Observation(_)));
    std::thread::sleep(Duration::from_millis(200));
    let outcome = ask(&mut *target, "a/b::d", "answer", PATIENT);
    let Outcome::Crashed { status, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(status, "exit status 0, after it had answered `a/b::c`");
    assert!(matches!(ask(&mut *target, "a/b::d", "answer", PATIENT), Outcome::Observation(_)));
}

#[test]
fn a_runner_that_does_not_stop_is_ended() {
    let mut target = open("");
    assert!(matches!(ask(&mut *target, "a/b::c", "deaf", PATIENT), Outcome::Observation(_)));
    let message = target.stop().unwrap_err().to_string();
    assert!(message.ends_with("it did not exit within 5 s after `stop`"), "{message}");
}

#[rstest]
#[case(
    "--protocol 2",
    "it speaks protocol 2, this seatrial speaks protocol 1: use a newer seatrial or an older runner"
)]
#[case("--protocol 0", "it speaks protocol 0, this seatrial speaks protocol 1: use a newer runner")]
#[case(
    "--first die",
    "the runner ended before it answered `start` (exit status 1); the end of its stderr:\nthere is no Java here"
)]
#[case(
    "--first garbage",
    "it wrote a line that is not one JSON object (expected value at line 1 column 1): `Welcome to Spark`"
)]
fn a_runner_that_cannot_be_used_is_refused_at_the_start(#[case] options: &str, #[case] reason: &str) {
    let message = open(options).start().unwrap_err().to_string();
    assert_eq!(message, format!("target `{}` could not be started: {reason}", fake(options)));
}

#[test]
fn a_program_that_does_not_exist_is_named() {
    let mut target =
        target::open(&TargetId::Command("/nowhere/at/all".into()), engine::OWN_SPARK, &Surroundings::default())
            .unwrap();
    let message = target.start().unwrap_err().to_string();
    assert!(message.contains("failed to run /nowhere/at/all: No such file or directory"), "{message}");
}

#[test]
fn a_pool_has_as_many_runners_as_its_limit() {
    let pool = TargetPool::new(2, |surroundings| target::open(&fake(""), engine::OWN_SPARK, surroundings));
    std::thread::scope(|scope| {
        for number in 0..12 {
            let pool = &pool;
            scope.spawn(move || {
                let id = format!("a/b::{number}");
                let action = if number == 5 { "crash" } else { "answer" };
                let (case, surroundings) = (case(action), Surroundings::default());
                let request = Request { id: &id, case: &case, surroundings: &surroundings, deadline: PATIENT };
                let outcome = pool.observe(&request).unwrap();
                assert_eq!(matches!(outcome, Outcome::Crashed { .. }), number == 5);
            });
        }
    });
    assert_eq!(pool.identity().unwrap().target, "fake");
    assert!(pool.stop().is_empty());
}
