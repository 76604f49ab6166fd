//! A client's session: the engine's, and what the protocol keeps beside it.

use seatrial_engine::session::Session;

/// What one user's session id stands for.
#[derive(Debug)]
pub(crate) struct ConnectSession {
    /// The engine's session: registered sources, views, settings.
    pub(crate) engine: Session,
}
