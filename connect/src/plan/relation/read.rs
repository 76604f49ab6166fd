//! Relations that come from outside the query: data sources, tables, SQL texts, ranges.

use seatrial_engine::error::SparkError;
use seatrial_engine::error::condition::TABLE_OR_VIEW_NOT_FOUND;
use seatrial_engine::session::{DataFrame, Session};
use seatrial_engine::types::DataType;
use spark_connect_proto::read::{DataSource, NamedTable, ReadType};
use spark_connect_proto::relation::RelType;
use spark_connect_proto::{Range, Read, Relation, Sql, WithRelations};

use super::super::attribute::{relation_parts, same};
use super::super::expression::Translator;
use super::super::scope::Scope;
use super::super::syntax::quoted_text;
use super::super::{Planned, Planner, unsupported};
use crate::types::malformed;

impl Planner<'_> {
    pub(super) async fn read(&self, relation: &Relation, read: &Read) -> Result<Planned, SparkError> {
        if read.is_streaming {
            return Err(unsupported("streaming reads"));
        }
        match read.read_type.as_ref().ok_or_else(|| malformed("a read of nothing"))? {
            ReadType::DataSource(source) => {
                let reads = &self.session.reads;
                let frame = match reads.get(relation) {
                    Some(frame) => frame,
                    None => self.data_source(source).inspect(|frame| reads.keep(relation, frame))?,
                };
                self.leaf(&frame, &[])
            }
            ReadType::NamedTable(table) => self.named_table(table).await,
        }
    }

    fn data_source(&self, source: &DataSource) -> Result<DataFrame, SparkError> {
        if !source.predicates.is_empty() {
            return Err(unsupported("JDBC predicates"));
        }
        let mut reader = self.session.engine.read();
        if let Some(format) = &source.format {
            reader = reader.format(format);
        }
        let mut options: Vec<(&String, &String)> = source.options.iter().collect();
        options.sort();
        for (key, value) in options {
            reader = reader.option(key, value);
        }
        match source.schema.as_deref() {
            None | Some("") => {}
            Some(schema) => {
                // The client sends JSON for a StructType, and a text as it is.
                reader = match schema.trim_start().starts_with('{') {
                    true => match DataType::from_json_text(schema)? {
                        DataType::Struct(schema) => reader.schema_type(schema)?,
                        _ => return Err(malformed("a schema that is no struct")),
                    },
                    false => reader.schema(schema)?,
                };
            }
        }
        // Python answers for its schema here.
        tokio::task::block_in_place(|| reader.load(&source.paths))
    }

    pub(super) async fn named_table(&self, table: &NamedTable) -> Result<Planned, SparkError> {
        let name = &table.unparsed_identifier;
        let parts = relation_parts(name)?;
        let quoted = seatrial_engine::error::relation::quoted(&parts);
        let mut options: Vec<String> =
            table.options.iter().map(|(key, value)| format!("{} = {}", quoted_text(key), quoted_text(value))).collect();
        options.sort();
        let with = if options.is_empty() { String::new() } else { format!(" WITH ({})", options.join(", ")) };
        let frame = self.session.engine.sql(&format!("SELECT * FROM {quoted}{with}")).await;
        let frame = frame.map_err(|error| of_relation(error, &parts))?;
        let qualifier = match parts.as_slice() {
            [name] if self.session.engine.has_view(name) => vec![name.clone()],
            [schema, name] if same(schema, Session::GLOBAL) && self.session.engine.has_global_view(name) => {
                vec![Session::GLOBAL.to_owned(), name.clone()]
            }
            [.., name] => vec!["spark_catalog".to_owned(), "default".to_owned(), name.clone()],
            [] => Vec::new(),
        };
        self.leaf(&frame, &qualifier)
    }

    pub(super) async fn sql(&self, sql: &Sql) -> Result<Planned, SparkError> {
        #[expect(deprecated, reason = "clients before 4.0 send literals")]
        let old = !sql.args.is_empty() || !sql.pos_args.is_empty();
        if old {
            return Err(unsupported("SQL arguments of clients before 4.0"));
        }
        let mut translator = Translator::new(self, Scope::default());
        let mut named = Vec::new();
        for (name, value) in &sql.named_arguments {
            named.push((name.clone(), translator.expression(value)?));
        }
        let positional = translator.expressions(&sql.pos_arguments)?;
        let mut bindings = translator.bindings;
        for (name, planned) in self.named_references() {
            bindings.relation_as(&name, &planned.visible()?)?;
        }
        let frame = self.session.engine.sql_with(&sql.query, named, positional, &bindings).await?;
        self.leaf(&frame, &[])
    }

    pub(super) async fn with_relations(&self, with: &WithRelations) -> Result<Planned, SparkError> {
        for reference in &with.references {
            let planned = self.relation(reference).await?;
            if let Some(RelType::SubqueryAlias(alias)) = &reference.rel_type {
                self.name_reference(&alias.alias, planned.clone());
            }
            if let Some(plan_id) = reference.common.as_ref().and_then(|common| common.plan_id) {
                self.refer(plan_id, planned);
            }
        }
        let root = with.root.as_deref().ok_or_else(|| malformed("a query without a root"))?;
        self.relation(root).await
    }

    pub(super) fn range(&self, range: &Range) -> Result<Planned, SparkError> {
        let start = range.start.unwrap_or(0);
        let frame = self.session.engine.range(start, range.end, range.step, range.num_partitions)?;
        self.leaf(&frame, &[])
    }
}

/// The error of a table that is missing, over the relation alone: the client wrote no query.
fn of_relation(mut error: SparkError, parts: &[String]) -> SparkError {
    if error.condition.as_deref() == Some(TABLE_OR_VIEW_NOT_FOUND.name)
        && let Some(end) = error.message.find("; line ")
    {
        error.message.truncate(end);
        error.message.push_str(&format!(";\n'UnresolvedRelation [{}], [], false\n", parts.join(", ")));
    }
    error
}
