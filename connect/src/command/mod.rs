//! Commands: plans that do something instead of giving rows.

mod data_source;
mod function;
mod sql;
mod view;

use std::sync::Arc;

use spark_connect_proto::Command;
use spark_connect_proto::command::CommandType;

use crate::failure::Failure;
use crate::operation::Responder;
use crate::session::ConnectSession;

/// Carries a command out.
///
/// # Errors
/// The command's own; what is not supported is named.
pub(crate) async fn run(
    session: &Arc<ConnectSession>,
    command: &Command,
    responder: &Responder,
) -> Result<(), Failure> {
    let Some(command) = &command.command_type else {
        return Err(Failure::unsupported("command", "unknown"));
    };
    match command {
        CommandType::RegisterDataSource(source) => data_source::register(session, source),
        CommandType::RegisterFunction(message) => function::register(session, message),
        CommandType::SqlCommand(command) => sql::run(session, command, responder).await,
        CommandType::CreateDataframeView(command) => view::create(session, command).await,
        other => Err(Failure::unsupported("command", name(other))),
    }
}

/// A command's name in the protocol.
fn name(command: &CommandType) -> &'static str {
    match command {
        CommandType::RegisterFunction(_) => "register_function",
        CommandType::WriteOperation(_) => "write_operation",
        CommandType::CreateDataframeView(_) => "create_dataframe_view",
        CommandType::WriteOperationV2(_) => "write_operation_v2",
        CommandType::SqlCommand(_) => "sql_command",
        CommandType::WriteStreamOperationStart(_) => "write_stream_operation_start",
        CommandType::StreamingQueryCommand(_) => "streaming_query_command",
        CommandType::GetResourcesCommand(_) => "get_resources_command",
        CommandType::StreamingQueryManagerCommand(_) => "streaming_query_manager_command",
        CommandType::RegisterTableFunction(_) => "register_table_function",
        CommandType::StreamingQueryListenerBusCommand(_) => "streaming_query_listener_bus_command",
        CommandType::RegisterDataSource(_) => "register_data_source",
        CommandType::CreateResourceProfileCommand(_) => "create_resource_profile_command",
        CommandType::CheckpointCommand(_) => "checkpoint_command",
        CommandType::RemoveCachedRemoteRelationCommand(_) => "remove_cached_remote_relation_command",
        CommandType::MergeIntoTableCommand(_) => "merge_into_table_command",
        CommandType::MlCommand(_) => "ml_command",
        CommandType::ExecuteExternalCommand(_) => "execute_external_command",
        CommandType::PipelineCommand(_) => "pipeline_command",
        CommandType::Extension(_) => "extension",
    }
}
