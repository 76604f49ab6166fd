//! The protocol's own conditions: handles, cursors, and what clients match on.

use seatrial_engine::error::condition::{
    CONNECT_INVALID_PLAN_CANNOT_PARSE, CONNECT_INVALID_PLAN_PLAN_SIZE_LARGER_THAN_MAX, Condition,
    INVALID_CURSOR_DISCONNECTED, INVALID_CURSOR_NOT_REATTACHABLE, INVALID_CURSOR_POSITION_NOT_AVAILABLE,
    INVALID_CURSOR_POSITION_NOT_FOUND, INVALID_HANDLE_FORMAT, INVALID_HANDLE_OPERATION_ABANDONED,
    INVALID_HANDLE_OPERATION_ALREADY_EXISTS, INVALID_HANDLE_OPERATION_NOT_FOUND, INVALID_HANDLE_SESSION_ALREADY_EXISTS,
    INVALID_HANDLE_SESSION_CHANGED, INVALID_HANDLE_SESSION_CLOSED, INVALID_HANDLE_SESSION_NOT_FOUND,
    OPERATION_CANCELED, SQL_CONF_NOT_FOUND,
};

use super::classes::INVALID_PLAN;
use super::{Failure, NO_SUCH_ELEMENT, SQL};

impl Failure {
    /// An id that is no UUID.
    pub(crate) fn handle_format(handle: &str) -> Self {
        invalid_handle(INVALID_HANDLE_FORMAT, handle)
    }

    /// An operation that is unknown, or was released.
    pub(crate) fn operation_not_found(handle: &str) -> Self {
        invalid_handle(INVALID_HANDLE_OPERATION_NOT_FOUND, handle)
    }

    /// An operation that nobody listened to for too long.
    pub(crate) fn operation_abandoned(handle: &str) -> Self {
        invalid_handle(INVALID_HANDLE_OPERATION_ABANDONED, handle)
    }

    /// An operation's id that another one has.
    pub(crate) fn operation_exists(handle: &str) -> Self {
        invalid_handle(INVALID_HANDLE_OPERATION_ALREADY_EXISTS, handle)
    }

    /// A session that is unknown.
    pub(crate) fn session_not_found(handle: &str) -> Self {
        invalid_handle(INVALID_HANDLE_SESSION_NOT_FOUND, handle)
    }

    /// A session that was released, or expired.
    pub(crate) fn session_closed(handle: &str) -> Self {
        invalid_handle(INVALID_HANDLE_SESSION_CLOSED, handle)
    }

    /// A session's id that is taken.
    pub(crate) fn session_exists(handle: &str) -> Self {
        invalid_handle(INVALID_HANDLE_SESSION_ALREADY_EXISTS, handle)
    }

    /// A session that is not the one that the client talked to before.
    pub(crate) fn session_changed(handle: &str) -> Self {
        invalid_handle(INVALID_HANDLE_SESSION_CHANGED, handle)
    }

    /// A response that was released.
    pub(crate) fn position_not_available(response: &str) -> Self {
        let parameters = [("index", "0".to_owned()), ("responseId", response.to_owned())];
        of_protocol(INVALID_CURSOR_POSITION_NOT_AVAILABLE, parameters)
    }

    /// A response that there never was.
    pub(crate) fn position_not_found(response: &str) -> Self {
        of_protocol(INVALID_CURSOR_POSITION_NOT_FOUND, [("responseId", response.to_owned())])
    }

    /// Another stream took over.
    pub(crate) fn disconnected() -> Self {
        of_protocol(INVALID_CURSOR_DISCONNECTED, [])
    }

    /// An operation that was not begun so that it could be attached to.
    pub(crate) fn not_reattachable() -> Self {
        of_protocol(INVALID_CURSOR_NOT_REATTACHABLE, [])
    }

    /// An operation that was interrupted.
    pub(crate) fn canceled() -> Self {
        of_protocol(OPERATION_CANCELED, [])
    }

    /// A compressed plan that cannot be read.
    pub(crate) fn plan_does_not_parse(reason: &str) -> Self {
        of_protocol(CONNECT_INVALID_PLAN_CANNOT_PARSE, [("errorMsg", reason.to_owned())]).with_classes(INVALID_PLAN)
    }

    /// A compressed plan that would be too large.
    pub(crate) fn plan_too_large(limit: usize) -> Self {
        let parameters = [("planSize", "unknown".to_owned()), ("maxPlanSize", limit.to_string())];
        of_protocol(CONNECT_INVALID_PLAN_PLAN_SIZE_LARGER_THAN_MAX, parameters).with_classes(INVALID_PLAN)
    }

    /// A setting that is neither set nor known.
    pub(crate) fn conf_not_found(key: &str) -> Self {
        of_protocol(SQL_CONF_NOT_FOUND, [("sqlConf", format!("\"{key}\""))]).with_classes(NO_SUCH_ELEMENT)
    }
}

fn invalid_handle(condition: Condition, handle: &str) -> Failure {
    of_protocol(condition, [("handle", handle.to_owned())])
}

fn of_protocol<const N: usize>(condition: Condition, parameters: [(&str, String); N]) -> Failure {
    Failure::from(condition.error(parameters)).with_classes(SQL)
}
