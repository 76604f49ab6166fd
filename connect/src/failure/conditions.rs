//! The protocol's own conditions: handles, cursors, and what clients match on.

use std::collections::BTreeMap;

use seatrial_engine::error::{ExceptionClass, SparkError};

use super::{Failure, NO_SUCH_ELEMENT, SQL};

impl Failure {
    /// An id that is no UUID.
    pub(crate) fn handle_format(handle: &str) -> Self {
        let text = "Handle must be an UUID string of the format '00112233-4455-6677-8899-aabbccddeeff'";
        invalid_handle("FORMAT", handle, text)
    }

    /// An operation that is unknown, or was released.
    pub(crate) fn operation_not_found(handle: &str) -> Self {
        invalid_handle("OPERATION_NOT_FOUND", handle, "Operation not found.")
    }

    /// An operation that nobody listened to for too long.
    pub(crate) fn operation_abandoned(handle: &str) -> Self {
        let text = "Operation was considered abandoned because of inactivity and removed.";
        invalid_handle("OPERATION_ABANDONED", handle, text)
    }

    /// An operation's id that another one has.
    pub(crate) fn operation_exists(handle: &str) -> Self {
        invalid_handle("OPERATION_ALREADY_EXISTS", handle, "Operation already exists.")
    }

    /// A session that is unknown.
    pub(crate) fn session_not_found(handle: &str) -> Self {
        invalid_handle("SESSION_NOT_FOUND", handle, "Session not found.")
    }

    /// A session that was released, or expired.
    pub(crate) fn session_closed(handle: &str) -> Self {
        invalid_handle("SESSION_CLOSED", handle, "Session was closed.")
    }

    /// A session's id that is taken.
    pub(crate) fn session_exists(handle: &str) -> Self {
        let text = "Session already exists. Please provide a different session ID for the cloned session.";
        invalid_handle("SESSION_ALREADY_EXISTS", handle, text)
    }

    /// A session that is not the one that the client talked to before.
    pub(crate) fn session_changed(handle: &str) -> Self {
        let text = "The existing Spark server driver instance has restarted. Please reconnect.";
        invalid_handle("SESSION_CHANGED", handle, text)
    }

    /// A response that was released.
    pub(crate) fn position_not_available(response: &str) -> Self {
        let text = format!("The cursor position id {response} is no longer available at index 0.");
        let parameters = [("index", "0".to_owned()), ("responseId", response.to_owned())];
        invalid_cursor("POSITION_NOT_AVAILABLE", &text, parameters.into())
    }

    /// A response that there never was.
    pub(crate) fn position_not_found(response: &str) -> Self {
        let text = format!("The cursor position id {response} is not found.");
        invalid_cursor("POSITION_NOT_FOUND", &text, [("responseId", response.to_owned())].into())
    }

    /// Another stream took over.
    pub(crate) fn disconnected() -> Self {
        invalid_cursor("DISCONNECTED", "The cursor has been disconnected by the server.", BTreeMap::new())
    }

    /// An operation that was not begun so that it could be attached to.
    pub(crate) fn not_reattachable() -> Self {
        invalid_cursor("NOT_REATTACHABLE", "The cursor is not reattachable.", BTreeMap::new())
    }

    /// An operation that was interrupted.
    pub(crate) fn canceled() -> Self {
        protocol("OPERATION_CANCELED", "HY008", "Operation has been canceled.".to_owned(), BTreeMap::new())
    }

    /// A compressed plan that cannot be read.
    pub(crate) fn plan_does_not_parse(reason: &str) -> Self {
        let text = format!("The Spark Connect plan is invalid. Cannot decompress or parse the input plan ({reason})");
        let parameters = [("errorMsg", reason.to_owned())].into();
        invalid_plan("CONNECT_INVALID_PLAN.CANNOT_PARSE", text, parameters)
    }

    /// A compressed plan that would be too large.
    pub(crate) fn plan_too_large(limit: usize) -> Self {
        let parameters: BTreeMap<&str, String> =
            [("planSize", "unknown".to_owned()), ("maxPlanSize", limit.to_string())].into();
        let text = format!("The Spark Connect plan is invalid. The plan size is larger than max (unknown vs. {limit})");
        invalid_plan("CONNECT_INVALID_PLAN.PLAN_SIZE_LARGER_THAN_MAX", text, parameters)
    }

    /// A setting that is neither set nor known.
    pub(crate) fn conf_not_found(key: &str) -> Self {
        let text = format!("The SQL config \"{key}\" cannot be found. Please verify that the config exists.");
        let parameters = [("sqlConf", format!("\"{key}\""))].into();
        protocol("SQL_CONF_NOT_FOUND", "42K0I", text, parameters).with_classes(NO_SUCH_ELEMENT)
    }
}

fn invalid_plan(condition: &str, text: String, parameters: BTreeMap<&str, String>) -> Failure {
    protocol(condition, "56K00", text, parameters).with_classes(super::classes::INVALID_PLAN)
}

fn invalid_handle(reason: &str, handle: &str, text: &str) -> Failure {
    let text = format!("The handle {handle} is invalid. {text}");
    protocol(&format!("INVALID_HANDLE.{reason}"), "HY000", text, [("handle", handle.to_owned())].into())
}

fn invalid_cursor(reason: &str, text: &str, parameters: BTreeMap<&str, String>) -> Failure {
    protocol(&format!("INVALID_CURSOR.{reason}"), "HY109", format!("The cursor is invalid. {text}"), parameters)
}

fn protocol(condition: &str, state: &str, text: String, parameters: BTreeMap<&str, String>) -> Failure {
    let error = SparkError {
        exception: ExceptionClass::Spark,
        condition: Some(condition.to_owned()),
        sql_state: Some(state.to_owned()),
        parameters: parameters.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        message: format!("[{condition}] {text} SQLSTATE: {state}"),
    };
    Failure::from(error).with_classes(SQL)
}
