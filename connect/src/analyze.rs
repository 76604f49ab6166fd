//! `AnalyzePlan`: what is known of a query before it runs.

use seatrial_engine::python::interpreter::PythonRuntime;
use seatrial_engine::types::{DataType, StructType};
use sha2::{Digest, Sha256};
use spark_connect_proto::Relation;
use spark_connect_proto::analyze_plan_request::explain::ExplainMode;
use spark_connect_proto::analyze_plan_request::{self as request, Analyze};
use spark_connect_proto::analyze_plan_response::{self as response, Result as Answer};
use spark_connect_proto::relation::RelType;

use crate::canonical;
use crate::failure::Failure;
use crate::persisted::{DEFAULT_LEVEL, NO_LEVEL};
use crate::plan::{self, Query};
use crate::plan_request;
use crate::session::ConnectSession;
use crate::types::{schema_to_proto, to_proto};

/// Answers a question; `limit` bounds the bytes of a compressed plan.
///
/// # Errors
/// What the analyser reports; what is not supported is named.
pub(crate) async fn run(session: &ConnectSession, asked: Option<Analyze>, limit: usize) -> Result<Answer, Failure> {
    let query = async |plan| analyzed(session, plan, limit).await;
    Ok(match asked {
        None => return Err(Failure::unsupported("analysis", "unknown")),
        Some(Analyze::Schema(asked)) => {
            let schema = Some(schema_to_proto(&query(asked.plan).await?.schema));
            Answer::Schema(response::Schema { schema })
        }
        Some(Analyze::Explain(asked)) => {
            let mode = asked.explain_mode();
            let explain_string = explained(&query(asked.plan).await?, mode).await?;
            Answer::Explain(response::Explain { explain_string })
        }
        Some(Analyze::TreeString(asked)) => {
            let schema = query(asked.plan).await?.schema;
            let levels = asked.level.and_then(|level| usize::try_from(level).ok()).filter(|level| *level > 0);
            let tree_string = schema.tree_string_to(levels.unwrap_or(usize::MAX));
            Answer::TreeString(response::TreeString { tree_string })
        }
        Some(Analyze::IsLocal(asked)) => {
            let relation = plan_request::relation(asked.plan, limit)?;
            plan::query(session, &relation).await?;
            let is_local = matches!(relation.rel_type, Some(RelType::LocalRelation(_)));
            Answer::IsLocal(response::IsLocal { is_local })
        }
        Some(Analyze::IsStreaming(asked)) => {
            // A streaming read is refused by the analyser, so what passes is none.
            query(asked.plan).await?;
            Answer::IsStreaming(response::IsStreaming { is_streaming: false })
        }
        Some(Analyze::InputFiles(asked)) => {
            // Only sources of Spark's own read files that it knows of.
            query(asked.plan).await?;
            Answer::InputFiles(response::InputFiles { files: Vec::new() })
        }
        Some(Analyze::SparkVersion(request::SparkVersion {})) => {
            let version = PythonRuntime::get()?.pyspark.clone();
            Answer::SparkVersion(response::SparkVersion { version })
        }
        Some(Analyze::DdlParse(asked)) => {
            let parsed = Some(to_proto(&data_type(&asked.ddl_string)?));
            Answer::DdlParse(response::DdlParse { parsed })
        }
        Some(Analyze::JsonToDdl(asked)) => match DataType::from_json_text(&asked.json_string)? {
            DataType::Struct(schema) => Answer::JsonToDdl(response::JsonToDdl { ddl_string: schema.to_ddl() }),
            other => return Err(Failure::invalid(format!("{} is not a struct.", other.sql()))),
        },
        Some(Analyze::SameSemantics(asked)) => {
            let mut texts = Vec::new();
            for plan in [asked.target_plan, asked.other_plan] {
                texts.push(canonical::text(&checked(session, plan_request::relation(plan, limit)?).await?));
            }
            Answer::SameSemantics(response::SameSemantics {
                result: texts.iter().all(|text| texts.first() == Some(text)),
            })
        }
        Some(Analyze::SemanticHash(asked)) => {
            let relation = checked(session, plan_request::relation(asked.plan, limit)?).await?;
            Answer::SemanticHash(response::SemanticHash { result: hash(&canonical::text(&relation)) })
        }
        Some(Analyze::Persist(asked)) => {
            let relation = checked(session, asked.relation.unwrap_or_default()).await?;
            session.persisted.add(&relation, asked.storage_level.unwrap_or(DEFAULT_LEVEL));
            Answer::Persist(response::Persist {})
        }
        Some(Analyze::Unpersist(asked)) => {
            session.persisted.remove(&checked(session, asked.relation.unwrap_or_default()).await?);
            Answer::Unpersist(response::Unpersist {})
        }
        Some(Analyze::GetStorageLevel(asked)) => {
            let relation = checked(session, asked.relation.unwrap_or_default()).await?;
            let level = session.persisted.level(&relation).unwrap_or(NO_LEVEL);
            Answer::GetStorageLevel(response::GetStorageLevel { storage_level: Some(level) })
        }
    })
}

async fn analyzed(
    session: &ConnectSession,
    plan: Option<spark_connect_proto::Plan>,
    limit: usize,
) -> Result<Query, Failure> {
    Ok(plan::query(session, &plan_request::relation(plan, limit)?).await?)
}

/// The relation, if it can be analysed.
async fn checked(session: &ConnectSession, relation: Relation) -> Result<Relation, Failure> {
    plan::query(session, &relation).await?;
    Ok(relation)
}

/// A number that is the same for the same text.
fn hash(text: &str) -> i32 {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(4).fold(0, |hash, byte| (hash << 8) | i32::from(*byte))
}

/// The text of `df.explain(mode)`. The plans in it are DataFusion's.
async fn explained(query: &Query, mode: ExplainMode) -> Result<String, Failure> {
    let physical =
        async || Ok::<_, Failure>(format!("== Physical Plan ==\n{}\n", query.frame.explain().await?.trim_end()));
    Ok(match mode {
        ExplainMode::Extended => {
            let analyzed = query.frame.analyzed()?;
            let columns =
                query.schema.fields.iter().map(|field| format!("{}: {}", field.name, field.data_type.simple_string()));
            let columns = columns.collect::<Vec<_>>().join(", ");
            format!(
                "== Parsed Logical Plan ==\n{analyzed}\n\n== Analyzed Logical Plan ==\n{columns}\n{analyzed}\n\n\
                 == Optimized Logical Plan ==\n{}\n\n{}",
                query.frame.optimized().await?,
                physical().await?,
            )
        }
        ExplainMode::Cost => {
            format!("== Optimized Logical Plan ==\n{}\n\n{}", query.frame.optimized().await?, physical().await?)
        }
        ExplainMode::Unspecified | ExplainMode::Simple | ExplainMode::Codegen | ExplainMode::Formatted => {
            physical().await?
        }
    })
}

/// The type that a text means: a table schema, or a type, or the fields of a struct.
fn data_type(text: &str) -> Result<DataType, Failure> {
    let error = match StructType::from_table_schema(text) {
        Ok(schema) => return Ok(DataType::Struct(schema)),
        Err(error) => error,
    };
    let others = [text.to_owned(), format!("struct<{}>", text.trim())];
    others.iter().find_map(|text| DataType::from_ddl(text).ok()).ok_or_else(|| error.into())
}
