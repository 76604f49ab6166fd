//! `createTempView` and its like.

use seatrial_engine::error::condition::TEMP_TABLE_OR_VIEW_ALREADY_EXISTS;
use seatrial_engine::error::relation::quoted;
use spark_connect_proto::CreateDataFrameViewCommand;

use crate::failure::Failure;
use crate::plan::Planner;
use crate::session::ConnectSession;
use crate::types::malformed;

/// Gives a query a name in the session.
///
/// # Errors
/// `TEMP_TABLE_OR_VIEW_ALREADY_EXISTS`, and those of the query.
pub(super) async fn create(session: &ConnectSession, command: &CreateDataFrameViewCommand) -> Result<(), Failure> {
    let input = command.input.as_ref().ok_or_else(|| malformed("a view of nothing"))?;
    let planned = Planner::new(session).relation(input).await?;
    let engine = &session.engine;
    let known = if command.is_global { engine.has_global_view(&command.name) } else { engine.has_view(&command.name) };
    if !command.replace && known {
        return Err(TEMP_TABLE_OR_VIEW_ALREADY_EXISTS.error([("relationName", quoted(&[&command.name]))]).into());
    }
    let frame = planned.visible()?;
    if command.is_global {
        return Ok(frame.create_or_replace_global_temp_view(&command.name)?);
    }
    Ok(frame.create_or_replace_temp_view(&command.name)?)
}
