//! Several runners of one target, used by as many threads at a time.
//!
//! Runners are made when they are first needed, up to a limit. Cases that ask for surroundings of their own share one runner
//! for each of these; of such runners there are at most as many again, and one that is idle makes room for another.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::{Identity, Outcome, Request, Target, TargetError};
use crate::case::Surroundings;

type Open = Box<dyn Fn(&Surroundings) -> Result<Box<dyn Target>, TargetError> + Send + Sync>;

/// A pool of runners of one target.
pub struct TargetPool {
    open: Open,
    limit: usize,
    state: Mutex<State>,
    returned: Condvar,
}

#[derive(Default)]
struct State {
    runners: BTreeMap<Surroundings, Runners>,
    identity: Option<Identity>,
    /// What went wrong with runners that were stopped on the way.
    faults: Vec<TargetError>,
}

#[derive(Default)]
struct Runners {
    idle: Vec<Box<dyn Target>>,
    made: usize,
}

/// What a thread that wants a runner may do.
enum Turn {
    Use(Box<dyn Target>),
    Make,
    /// Stop this one and make another in its place.
    Replace(Box<dyn Target>),
    Wait,
}

impl State {
    fn turn(&mut self, wanted: &Surroundings, limit: usize) -> Turn {
        let runners = self.runners.entry(wanted.clone()).or_default();
        if let Some(target) = runners.idle.pop() {
            return Turn::Use(target);
        }
        let most = if wanted.is_plain() { limit } else { 1 };
        if runners.made >= most {
            return Turn::Wait;
        }
        let special: usize =
            self.runners.iter().filter(|(other, _)| !other.is_plain()).map(|(_, runners)| runners.made).sum();
        let turn = if wanted.is_plain() || special < limit {
            Turn::Make
        } else {
            self.take_idle_other(wanted).map_or(Turn::Wait, Turn::Replace)
        };
        if !matches!(turn, Turn::Wait) {
            self.runners.entry(wanted.clone()).or_default().made += 1;
        }
        turn
    }

    /// Takes out an idle runner of other surroundings that are not plain.
    fn take_idle_other(&mut self, wanted: &Surroundings) -> Option<Box<dyn Target>> {
        let mut others = self.runners.iter_mut().filter(|(other, _)| !other.is_plain() && *other != wanted);
        others.find_map(|(_, runners)| {
            let target = runners.idle.pop()?;
            runners.made -= 1;
            Some(target)
        })
    }
}

impl TargetPool {
    /// A pool of at most `limit` (at least one) targets made by `open`.
    pub fn new(
        limit: usize,
        open: impl Fn(&Surroundings) -> Result<Box<dyn Target>, TargetError> + Send + Sync + 'static,
    ) -> Self {
        Self { open: Box::new(open), limit: limit.max(1), state: Mutex::default(), returned: Condvar::new() }
    }

    /// How many targets there are at most.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Starts the first target, unless that is done, and says who it is.
    pub fn identity(&self) -> Result<Identity, TargetError> {
        if let Some(identity) = &self.state().identity {
            return Ok(identity.clone());
        }
        let identity = self.with_target(&Surroundings::default(), |target| target.start())?;
        Ok(self.state().identity.insert(identity).clone())
    }

    /// Has one case carried out by a target that is free; waits while none is.
    pub fn observe(&self, request: &Request<'_>) -> Result<Outcome, TargetError> {
        self.with_target(request.surroundings, |target| target.observe(request))
    }

    /// Stops the idle targets of these surroundings: no more cases are expected for them.
    pub fn retire(&self, surroundings: &Surroundings) {
        let mut state = self.state();
        let Some(runners) = state.runners.get_mut(surroundings) else { return };
        let idle = std::mem::take(&mut runners.idle);
        runners.made -= idle.len();
        drop(state);
        self.end(idle);
    }

    /// Stops all targets in good order. The errors are those of targets that said something unasked or did not exit.
    pub fn stop(&self) -> Vec<TargetError> {
        let runners = std::mem::take(&mut self.state().runners);
        self.end(runners.into_values().flat_map(|runners| runners.idle).collect());
        std::mem::take(&mut self.state().faults)
    }

    /// Stops targets at the same time: each of them may take seconds.
    fn end(&self, targets: Vec<Box<dyn Target>>) {
        let faults: Vec<TargetError> = std::thread::scope(|scope| {
            let stops: Vec<_> =
                targets.into_iter().map(|mut target| scope.spawn(move || target.stop().err())).collect();
            stops.into_iter().filter_map(|stop| stop.join().ok().flatten()).collect()
        });
        self.state().faults.extend(faults);
        self.returned.notify_all();
    }

    fn with_target<T>(
        &self,
        surroundings: &Surroundings,
        action: impl FnOnce(&mut dyn Target) -> Result<T, TargetError>,
    ) -> Result<T, TargetError> {
        let mut target = self.take(surroundings)?;
        let result = action(&mut *target);
        self.state().runners.entry(surroundings.clone()).or_default().idle.push(target);
        // All: those that wait may want runners of other surroundings than this one.
        self.returned.notify_all();
        result
    }

    fn take(&self, surroundings: &Surroundings) -> Result<Box<dyn Target>, TargetError> {
        let mut state = self.state();
        loop {
            match state.turn(surroundings, self.limit) {
                Turn::Use(target) => return Ok(target),
                Turn::Wait => state = self.returned.wait(state).unwrap_or_else(PoisonError::into_inner),
                Turn::Make => {
                    drop(state);
                    return self.make(surroundings);
                }
                Turn::Replace(other) => {
                    drop(state);
                    self.end(vec![other]);
                    return self.make(surroundings);
                }
            }
        }
    }

    /// Makes a target, which was counted already.
    fn make(&self, surroundings: &Surroundings) -> Result<Box<dyn Target>, TargetError> {
        (self.open)(surroundings).inspect_err(|_| {
            if let Some(runners) = self.state().runners.get_mut(surroundings) {
                runners.made -= 1;
            }
            self.returned.notify_all();
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for TargetPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TargetPool").field("limit", &self.limit).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use std::sync::Arc;
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;

    /// Tells on a shared list when it is made and stopped.
    struct Told(String, Arc<Mutex<Vec<String>>>);

    impl Target for Told {
        fn start(&mut self) -> Result<Identity, TargetError> {
            Err(TargetError::Start { target: self.0.clone(), reason: "it is not needed".into() })
        }

        fn observe(&mut self, request: &Request<'_>) -> Result<Outcome, TargetError> {
            std::thread::sleep(Duration::from_millis(5));
            Ok(Outcome::Failed { context: format!("{} by {}", request.id, self.0) })
        }

        fn stop(&mut self) -> Result<(), TargetError> {
            self.1.lock().unwrap().push(format!("stop {}", self.0));
            Ok(())
        }
    }

    fn pool(limit: usize) -> (TargetPool, Arc<Mutex<Vec<String>>>) {
        let log = Arc::new(Mutex::new(Vec::new()));
        let own = Arc::clone(&log);
        let pool = TargetPool::new(limit, move |surroundings| {
            let name = surroundings.environment.get("TZ").cloned().unwrap_or_else(|| "plain".into());
            own.lock().unwrap().push(format!("make {name}"));
            Ok(Box::new(Told(name, Arc::clone(&own))))
        });
        (pool, log)
    }

    fn zone(name: &str) -> Surroundings {
        Surroundings { environment: [("TZ".to_owned(), name.to_owned())].into(), ..Surroundings::default() }
    }

    fn ask(pool: &TargetPool, id: &str, surroundings: &Surroundings) -> String {
        let case = Value::Null;
        let request = Request { id, case: &case, surroundings, deadline: Duration::from_secs(1) };
        pool.observe(&request).unwrap().to_string()
    }

    #[test]
    fn cases_of_the_same_surroundings_share_a_runner() {
        let (pool, log) = pool(2);
        for id in ["a", "b"] {
            assert_eq!(ask(&pool, id, &zone("X")), format!("{id} by X"));
            assert_eq!(ask(&pool, id, &Surroundings::default()), format!("{id} by plain"));
        }
        pool.retire(&zone("X"));
        assert_eq!(ask(&pool, "c", &zone("X")), "c by X");
        assert!(pool.stop().is_empty());
        let log = log.lock().unwrap().join(", ");
        assert_eq!(
            log.replace("stop plain, stop X", "stop X, stop plain"),
            "make X, make plain, stop X, make X, stop X, stop plain"
        );
    }

    #[test]
    fn an_idle_runner_makes_room_for_one_of_other_surroundings() {
        let (pool, log) = pool(1);
        for name in ["X", "Y", "X"] {
            ask(&pool, "a", &zone(name));
        }
        assert_eq!(log.lock().unwrap().join(", "), "make X, stop X, make Y, stop Y, make X");
    }

    #[test]
    fn many_threads_get_their_turn() {
        let (pool, log) = pool(2);
        std::thread::scope(|scope| {
            for index in 0..24 {
                let pool = &pool;
                scope.spawn(move || {
                    let name = ["X", "Y", "Z"][index % 3];
                    assert_eq!(ask(pool, "a", &zone(name)), format!("a by {name}"));
                });
            }
        });
        let made = |log: &[String], name: &str| log.iter().filter(|line| **line == format!("make {name}")).count();
        let alive = |log: &[String]| log.iter().filter(|line| line.starts_with("make")).count();
        let log = log.lock().unwrap();
        assert!(["X", "Y", "Z"].into_iter().all(|name| made(&log, name) >= 1), "{log:?}");
        let stopped = log.iter().filter(|line| line.starts_with("stop")).count();
        assert!(alive(&log) - stopped <= 2, "{log:?}");
    }

    #[test]
    fn a_target_that_cannot_be_made_leaves_its_place() {
        let pool =
            TargetPool::new(1, |_| Err(TargetError::Start { target: "x".into(), reason: json!("no").to_string() }));
        for _ in 0..3 {
            let case = Value::Null;
            let surroundings = zone("X");
            let deadline = Duration::from_secs(1);
            assert!(pool.observe(&Request { id: "a", case: &case, surroundings: &surroundings, deadline }).is_err());
        }
    }
}
