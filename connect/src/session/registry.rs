//! The sessions of a server, by user and id. Nobody can see another user's.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use seatrial_engine::session::Session;
use uuid::Uuid;

use super::{ConnectSession, SessionKey};
use crate::failure::{Failure, server_stopped};

/// How many closed sessions are known as such.
const CLOSED_KEPT: usize = 1000;

/// How many sessions there may be, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SessionsLimits {
    /// How many at once.
    pub(crate) count: usize,
    /// How long one stays that nobody uses.
    pub(crate) idle: Duration,
    /// How long an operation stays that nobody listens to.
    pub(crate) detached: Duration,
}

/// All sessions.
#[derive(Debug)]
pub(crate) struct Sessions {
    /// The engine's first session, which others are made from; no client has it.
    engine: Session,
    limits: SessionsLimits,
    /// Whether a server before this one crashed, and its sessions with it.
    replaces_crashed: bool,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    sessions: BTreeMap<SessionKey, Arc<ConnectSession>>,
    closed: VecDeque<SessionKey>,
    /// Whether the server stops.
    stopping: bool,
}

impl Sessions {
    pub(crate) fn new(engine: Session, limits: SessionsLimits, replaces_crashed: bool) -> Self {
        Self { engine, limits, replaces_crashed, known: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The session of that key, made now if there is none.
    ///
    /// # Errors
    /// `INVALID_HANDLE.FORMAT`, `.SESSION_CLOSED`, and `.SESSION_CHANGED` if the client has seen another one; too many sessions.
    pub(crate) fn open(&self, key: SessionKey, seen: Option<&str>) -> Result<Arc<ConnectSession>, Failure> {
        check_id(&key.session_id)?;
        let mut known = self.lock();
        if known.stopping {
            return Err(Failure::session_changed(&key.session_id));
        }
        if let Some(session) = known.sessions.get(&key) {
            return used(session, seen);
        }
        known.check_not_closed(&key)?;
        if seen.is_some_and(|seen| !seen.is_empty()) {
            return Err(Failure::session_changed(&key.session_id));
        }
        self.insert(&mut known, key, self.engine.new_session())
    }

    fn insert(&self, known: &mut Known, key: SessionKey, engine: Session) -> Result<Arc<ConnectSession>, Failure> {
        if known.sessions.len() >= self.limits.count {
            let message = format!("The server has {} sessions already; stop some.", self.limits.count);
            return Err(Failure::exhausted(message));
        }
        let session = Arc::new(ConnectSession::new(engine, key.clone()));
        known.sessions.insert(key, Arc::clone(&session));
        Ok(session)
    }

    /// The session of that key.
    ///
    /// # Errors
    /// `INVALID_HANDLE.FORMAT`, `.SESSION_NOT_FOUND`, `.SESSION_CLOSED`, `.SESSION_CHANGED`.
    pub(crate) fn find(&self, key: &SessionKey, seen: Option<&str>) -> Result<Arc<ConnectSession>, Failure> {
        check_id(&key.session_id)?;
        let known = self.lock();
        match known.sessions.get(key) {
            Some(session) => used(session, seen),
            None => {
                known.check_not_closed(key)?;
                // A client that hears "not found" sends its query again, which may be what crashed the server.
                Err(if self.replaces_crashed || known.stopping {
                    Failure::session_changed(&key.session_id)
                } else {
                    Failure::session_not_found(&key.session_id)
                })
            }
        }
    }

    /// A session that begins with what another one has.
    ///
    /// # Errors
    /// As [`find`](Self::find); an id that is taken.
    pub(crate) fn copy(&self, from: &ConnectSession, id: Option<&str>) -> Result<Arc<ConnectSession>, Failure> {
        let session_id = id.map_or_else(|| Uuid::new_v4().to_string(), str::to_owned);
        check_id(&session_id)?;
        let key = SessionKey { session_id, user_id: from.key.user_id.clone() };
        let mut known = self.lock();
        known.check_not_closed(&key)?;
        if known.sessions.contains_key(&key) {
            return Err(Failure::session_exists(&key.session_id));
        }
        self.insert(&mut known, key, from.engine.cloned_session())
    }

    /// Ends a session and all that it does; it may come again only if the client asked for that.
    pub(crate) fn release(&self, key: &SessionKey, allow_reconnect: bool) -> Option<Arc<ConnectSession>> {
        let mut known = self.lock();
        let session = known.sessions.remove(key);
        if !allow_reconnect {
            known.remember_closed(key);
        }
        drop(known);
        if let Some(session) = &session {
            session.close();
        }
        session
    }

    /// Ends what nobody has used for too long.
    pub(crate) fn expire(&self) {
        let all: Vec<Arc<ConnectSession>> = self.lock().sessions.values().cloned().collect();
        for session in all {
            session.operations.abandon(self.limits.detached);
            if session.idle() >= self.limits.idle {
                tracing::info!("the session {} was idle for too long", session.key.session_id);
                self.release(&session.key, false);
            }
        }
    }

    /// Whether anything is running.
    pub(crate) fn is_busy(&self) -> bool {
        let known = self.lock();
        known.sessions.values().any(|session| session.operations.all().iter().any(|operation| operation.is_running()))
    }

    /// Begins nothing more, since the server stops.
    pub(crate) fn begin_to_stop(&self) {
        self.lock().stopping = true;
    }

    /// Ends all sessions, and tells those who wait that the server stops; whether anybody did.
    pub(crate) fn close(&self) -> bool {
        let sessions = std::mem::take(&mut self.lock().sessions);
        let mut waiting = false;
        for session in sessions.into_values() {
            waiting |= !session.operations.interrupt(|_| true, server_stopped).is_empty();
            session.close();
        }
        waiting
    }
}

impl Known {
    fn check_not_closed(&self, key: &SessionKey) -> Result<(), Failure> {
        if self.closed.contains(key) { Err(Failure::session_closed(&key.session_id)) } else { Ok(()) }
    }

    fn remember_closed(&mut self, key: &SessionKey) {
        if self.closed.contains(key) {
            return;
        }
        if self.closed.len() == CLOSED_KEPT {
            self.closed.pop_front();
        }
        self.closed.push_back(key.clone());
    }
}

fn used(session: &Arc<ConnectSession>, seen: Option<&str>) -> Result<Arc<ConnectSession>, Failure> {
    if seen.is_some_and(|seen| !seen.is_empty() && seen != session.server_side_id) {
        return Err(Failure::session_changed(&session.key.session_id));
    }
    session.touch();
    Ok(Arc::clone(session))
}

/// Ids are UUIDs, so that nobody guesses them.
fn check_id(id: &str) -> Result<(), Failure> {
    match Uuid::try_parse(id) {
        Ok(_) if id.len() == 36 => Ok(()),
        _ => Err(Failure::handle_format(id)),
    }
}
