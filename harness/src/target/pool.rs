//! Several runners of one target, used by as many threads at a time.
//!
//! Runners are made when they are first needed, up to a limit.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::{Identity, Outcome, Request, Target, TargetError};

type Open = Box<dyn Fn() -> Result<Box<dyn Target>, TargetError> + Send + Sync>;

/// A pool of runners of one target.
pub struct TargetPool {
    open: Open,
    limit: usize,
    state: Mutex<State>,
    returned: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Box<dyn Target>>,
    made: usize,
    identity: Option<Identity>,
}

impl TargetPool {
    /// A pool of at most `limit` (at least one) targets made by `open`.
    pub fn new(limit: usize, open: impl Fn() -> Result<Box<dyn Target>, TargetError> + Send + Sync + 'static) -> Self {
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
        let identity = self.with_target(|target| target.start())?;
        Ok(self.state().identity.insert(identity).clone())
    }

    /// Has one case carried out by a target that is free; waits while none is.
    pub fn observe(&self, request: &Request<'_>) -> Result<Outcome, TargetError> {
        self.with_target(|target| target.observe(request))
    }

    /// Stops all targets in good order. The errors are those of targets that said something unasked or did not exit.
    pub fn stop(&self) -> Vec<TargetError> {
        let idle = std::mem::take(&mut self.state().idle);
        // At the same time: each of them may take seconds.
        std::thread::scope(|scope| {
            let stops: Vec<_> = idle.into_iter().map(|mut target| scope.spawn(move || target.stop().err())).collect();
            stops.into_iter().filter_map(|stop| stop.join().ok().flatten()).collect()
        })
    }

    fn with_target<T>(&self, action: impl FnOnce(&mut dyn Target) -> Result<T, TargetError>) -> Result<T, TargetError> {
        let mut target = self.take()?;
        let result = action(&mut *target);
        self.state().idle.push(target);
        self.returned.notify_one();
        result
    }

    fn take(&self) -> Result<Box<dyn Target>, TargetError> {
        let mut state = self.state();
        loop {
            if let Some(target) = state.idle.pop() {
                return Ok(target);
            }
            if state.made < self.limit {
                state.made += 1;
                drop(state);
                return (self.open)().inspect_err(|_| {
                    self.state().made -= 1;
                    self.returned.notify_one();
                });
            }
            state = self.returned.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
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
