//! Where queries run: on threads of their own, so that a source's Python code never holds up the server.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::failure::Failure;

/// Runs what may take long.
#[derive(Debug, Clone)]
pub(crate) struct Workers(Handle);

impl Workers {
    /// Works on this runtime.
    pub(crate) fn new(runtime: Handle) -> Self {
        Self(runtime)
    }

    /// Runs the work to its end on a thread that it may block. Who stops waiting for it also stops the work.
    ///
    /// # Errors
    /// The work's own; a panic in it is its failure, and nothing else's.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Failure>> + Send + 'static,
    ) -> Result<T, Failure> {
        let (waiting, mut gone) = oneshot::channel::<()>();
        let runtime = self.0.clone();
        let thread = self.0.spawn_blocking(move || {
            runtime.block_on(async move {
                tokio::select! {
                    result = guarded(work) => result,
                    // Only dropping the sender ends this.
                    _ = &mut gone => Err(Failure::canceled()),
                }
            })
        });
        let result = thread.await;
        drop(waiting);
        result.unwrap_or_else(|error| Err(Failure::internal(error)))
    }

    /// Runs the work, whoever waits.
    pub(crate) fn start(&self, work: impl Future<Output = ()> + Send + 'static) {
        let runtime = self.0.clone();
        drop(self.0.spawn_blocking(move || runtime.block_on(work)));
    }
}

/// The work, whose panic is an error.
pub(crate) async fn guarded<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().cloned();
        let said = said.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Err(Failure::internal(format!("a panic: {}", said.as_deref().unwrap_or("without a message"))))
    })
}
