//! `spark.sql`: a statement is carried out at once and its rows are sent back as a relation of their own; a query is analysed, and
//! the client keeps its text as the relation.

use std::sync::Arc;

use seatrial_engine::python::interpreter::spark_minor;
use seatrial_engine::types::DataType;
use spark_connect_proto::execute_plan_response::{ResponseType, SqlCommandResult};
use spark_connect_proto::relation::RelType;
use spark_connect_proto::{LocalRelation, Relation, Sql, SqlCommand};

use crate::arrow_stream::ArrowEncoder;
use crate::deferred;
use crate::failure::Failure;
use crate::operation::Responder;
use crate::plan;
use crate::session::ConnectSession;

/// Carries out a statement, or analyses a query.
///
/// # Errors
/// Those of the statement.
pub(super) async fn run(session: &ConnectSession, command: &SqlCommand, responder: &Responder) -> Result<(), Failure> {
    let relation = relation_of(command);
    let is_command = match text_of(&relation) {
        Some(text) => session.engine.is_command(text)?,
        None => false,
    };
    let generation = session.engine.generation();
    if !is_command && session.constants.find(&relation, generation).is_some() {
        return respond(responder, relation).await;
    }
    let query = Arc::new(plan::query(session, &relation).await?);
    let relation = if is_command {
        let encoder = ArrowEncoder::try_new(&query.schema, &session.engine.conf())?;
        let encoded = encoder.encode_whole(&deferred::whole(&query.frame).await?)?;
        // Before 4.2 Spark leaves the schema to the Arrow data, which has no metadata.
        let schema = (spark_minor() >= (4, 2)).then(|| DataType::Struct(query.schema.clone()).to_json().to_string());
        let local = LocalRelation { data: Some(encoded.data), schema };
        Relation { common: None, rel_type: Some(RelType::LocalRelation(local)) }
    } else {
        session.constants.add(&relation, generation, &query);
        relation
    };
    respond(responder, relation).await
}

async fn respond(responder: &Responder, relation: Relation) -> Result<(), Failure> {
    responder.send(ResponseType::SqlCommandResult(SqlCommandResult { relation: Some(relation) })).await
}

/// The relation of the text: clients send it whole, those before 4.0 in parts.
fn relation_of(command: &SqlCommand) -> Relation {
    if let Some(input) = &command.input {
        return input.clone();
    }
    #[expect(deprecated, reason = "what older clients send")]
    let sql = Sql {
        query: command.sql.clone(),
        args: command.args.clone(),
        pos_args: command.pos_args.clone(),
        named_arguments: command.named_arguments.clone(),
        pos_arguments: command.pos_arguments.clone(),
    };
    Relation { common: None, rel_type: Some(RelType::Sql(sql)) }
}

/// The text of the statement, below the relations that it refers to.
fn text_of(relation: &Relation) -> Option<&str> {
    match relation.rel_type.as_ref()? {
        RelType::Sql(sql) => Some(&sql.query),
        RelType::WithRelations(with) => text_of(with.root.as_deref()?),
        _ => None,
    }
}
