//! Has cases answered by the runners of a pool, several at a time, and keeps the answers in order.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::case::{Case, Surroundings};
use crate::observation::Observation;
use crate::target::pool::TargetPool;
use crate::target::{Outcome, Request};

/// How long a case may take that does not say so itself. A cold JVM needs some seconds for its first query.
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(60);

/// What a target answered, or why there is no answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// An answer that can be compared.
    Observation(Box<Observation>),
    /// The target says that it cannot do this.
    Unsupported(String),
    /// The infrastructure failed, which says nothing about conformance.
    Infrastructure(String),
}

/// What came of one case.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// The answer.
    pub answer: Answer,
    /// How long it took.
    pub duration: Duration,
}

/// Has every case answered. `on_answer` is told of each, as it comes, by the case's index; the result is in the
/// order of the cases. Cases that ask for surroundings of their own come last, those of the same one after another.
/// When a target cannot be started (again), the rest of the cases is not tried.
pub fn execute(pool: &TargetPool, cases: &[&Case], mut on_answer: impl FnMut(usize, &Observed)) -> Vec<Observed> {
    let mut plain: Vec<Vec<usize>> = Vec::new();
    let mut special: BTreeMap<&Surroundings, Vec<usize>> = BTreeMap::new();
    for (index, case) in cases.iter().enumerate() {
        match case.surroundings.is_plain() {
            true => plain.push(vec![index]),
            false => special.entry(&case.surroundings).or_default().push(index),
        }
    }
    let gone = AtomicBool::new(false);
    let mut results: Vec<Option<Observed>> = vec![None; cases.len()];
    let mut take = |index: usize, observed: Observed| {
        on_answer(index, &observed);
        results[index] = Some(observed);
    };
    carry_out(pool, cases, &plain, &gone, &mut take);
    if !special.is_empty() {
        pool.retire(&Surroundings::default());
        carry_out(pool, cases, &special.into_values().collect::<Vec<_>>(), &gone, &mut take);
    }
    let lost = || Observed {
        answer: Answer::Infrastructure(
            "no answer was recorded; this is a mistake of seatrial, please report it".into(),
        ),
        duration: Duration::ZERO,
    };
    results.into_iter().map(|result| result.unwrap_or_else(lost)).collect()
}

/// Carries out pieces of work, several at a time. A piece is cases that are asked one after another.
fn carry_out(
    pool: &TargetPool,
    cases: &[&Case],
    pieces: &[Vec<usize>],
    gone: &AtomicBool,
    take: &mut impl FnMut(usize, Observed),
) {
    let next = AtomicUsize::new(0);
    let (sender, answers) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..pool.limit().min(pieces.len()) {
            let sender = sender.clone();
            let next = &next;
            scope.spawn(move || {
                while let Some(piece) = pieces.get(next.fetch_add(1, Ordering::Relaxed)) {
                    for index in piece {
                        let begin = Instant::now();
                        let answer = match gone.load(Ordering::Relaxed) {
                            true => {
                                Answer::Infrastructure("not tried, since the target could not be started".to_owned())
                            }
                            false => ask(pool, cases[*index], gone),
                        };
                        // The receiver lives as long as this scope.
                        drop(sender.send((*index, Observed { answer, duration: begin.elapsed() })));
                    }
                    if let Some(surroundings) = piece.first().map(|index| &cases[*index].surroundings)
                        && !surroundings.is_plain()
                    {
                        pool.retire(surroundings);
                    }
                }
            });
        }
        drop(sender);
        for (index, observed) in answers {
            take(index, observed);
        }
    });
}

/// Has one case answered by a target that is free.
pub fn ask(pool: &TargetPool, case: &Case, gone: &AtomicBool) -> Answer {
    let id = case.id.to_string();
    let request = Request {
        id: &id,
        case: &case.wire(),
        surroundings: &case.surroundings,
        deadline: case.deadline.unwrap_or(DEFAULT_DEADLINE),
    };
    match pool.observe(&request) {
        Ok(Outcome::Observation(json)) => match Observation::from_json(&json) {
            Ok(observation) => Answer::Observation(Box::new(observation)),
            Err(error) => Answer::Infrastructure(format!("the runner's observation is malformed: {error}")),
        },
        Ok(Outcome::Unsupported { reason }) => Answer::Unsupported(reason),
        Ok(failure) => Answer::Infrastructure(failure.to_string()),
        Err(error) => {
            gone.store(true, Ordering::Relaxed);
            Answer::Infrastructure(error.to_string())
        }
    }
}
