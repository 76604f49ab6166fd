//! `spark.catalog`: what the session knows by name. What changes the catalogue is done when the relation is planned, as in Spark.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, ListBuilder, StringArray, StringBuilder};
use arrow::datatypes::{DataType as ArrowType, Field};
use seatrial_engine::error::SparkError;
use seatrial_engine::error::condition::{CATALOG_NOT_FOUND, SCHEMA_NOT_FOUND};
use seatrial_engine::error::relation::quoted;
use seatrial_engine::session::{Listed, Session};
use seatrial_engine::types::{DataType, StructField, StructType};
use spark_connect_proto::Catalog;
use spark_connect_proto::catalog::CatType;
use spark_connect_proto::read::NamedTable;

use super::super::attribute::{relation_parts, same};
use super::super::syntax::quoted_text;
use super::super::{Planned, Planner, unsupported};
use crate::types::{from_proto, malformed};

impl Planner<'_> {
    pub(super) async fn catalog(&self, catalog: &Catalog) -> Result<Planned, SparkError> {
        let kind =
            catalog.cat_type.as_ref().ok_or_else(|| malformed("an operation of the catalogue without a kind"))?;
        let session = &self.session.engine;
        match kind {
            CatType::CurrentDatabase(_) => self.value(Session::SCHEMA),
            CatType::CurrentCatalog(_) => self.value(Session::CATALOG),
            CatType::SetCurrentDatabase(set) => self.statement(&format!("USE {}", quoted(&[&set.db_name]))).await,
            CatType::SetCurrentCatalog(set) if same(&set.catalog_name, Session::CATALOG) => self.done(),
            CatType::SetCurrentCatalog(set) => Err(CATALOG_NOT_FOUND.error([
                ("catalogName", quoted(&[&set.catalog_name])),
                ("config", format!("\"spark.sql.catalog.{}\"", set.catalog_name)),
            ])),
            CatType::ListCatalogs(list) => {
                let names = listed(&[Session::CATALOG], list.pattern.as_deref());
                self.table(vec![texts("name", some(&names)), texts("description", nothing(names.len()))])
            }
            CatType::ListDatabases(list) => self.databases(&listed(&[Session::SCHEMA], list.pattern.as_deref())),
            CatType::GetDatabase(get) => {
                expect_schema(Some(&get.db_name))?;
                self.databases(&[Session::SCHEMA.to_owned()])
            }
            CatType::DatabaseExists(exists) => self.flag(expect_schema(Some(&exists.db_name)).is_ok()),
            CatType::ListTables(list) => {
                let is_wanted = |relation: &Listed| {
                    list.pattern.as_deref().is_none_or(|pattern| Session::matches(pattern, &relation.name))
                };
                self.relations(
                    &listed_in(session, list.db_name.as_deref())?.into_iter().filter(is_wanted).collect::<Vec<_>>(),
                )
            }
            CatType::ListViews(list) => {
                let is_wanted = |relation: &Listed| {
                    relation.is_temporary
                        && list.pattern.as_deref().is_none_or(|pattern| Session::matches(pattern, &relation.name))
                };
                self.relations(
                    &listed_in(session, list.db_name.as_deref())?.into_iter().filter(is_wanted).collect::<Vec<_>>(),
                )
            }
            CatType::GetTable(get) => {
                let name = in_schema(&get.table_name, get.db_name.as_deref())?;
                self.relations(&[session.listed_relation(&name)?])
            }
            CatType::TableExists(exists) => {
                let name = in_schema(&exists.table_name, exists.db_name.as_deref())?;
                self.flag(session.listed_relation(&name).is_ok())
            }
            CatType::ListColumns(list) => {
                let name = in_schema(&list.table_name, list.db_name.as_deref())?;
                self.columns(&session.listed_relation(&name)?.schema)
            }
            CatType::ListFunctions(list) => {
                expect_schema(list.db_name.as_deref())?;
                let names = session.function_names();
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                self.functions(&listed(&names, list.pattern.as_deref()))
            }
            CatType::GetFunction(get) => {
                let name = get.function_name.to_lowercase();
                match session.function_names().contains(&name) {
                    true => self.functions(&[name]),
                    false => Err(unsupported("a description of this function")),
                }
            }
            CatType::FunctionExists(exists) => {
                let known = session.function_names().contains(&exists.function_name.to_lowercase());
                self.flag(known && expect_schema(exists.db_name.as_deref()).is_ok())
            }
            CatType::DropTempView(dropped) => self.flag(session.drop_temp_view(&dropped.view_name)?),
            CatType::DropGlobalTempView(dropped) => self.flag(session.drop_global_temp_view(&dropped.view_name)?),
            CatType::DropView(dropped) => {
                let name = sql_name(&dropped.view_name)?;
                self.statement(&format!("DROP VIEW {}{name}", if_exists(dropped.if_exists))).await
            }
            CatType::DropTable(dropped) => {
                let name = sql_name(&dropped.table_name)?;
                self.statement(&format!("DROP TABLE {}{name}", if_exists(dropped.if_exists))).await
            }
            CatType::IsCached(asked) => self.flag(session.is_cached(&relation_parts(&asked.table_name)?)?),
            CatType::CacheTable(cache) => {
                let name = relation_parts(&cache.table_name)?;
                session.listed_relation(&name)?;
                self.statement(&format!("CACHE LAZY TABLE {}", quoted(&name))).await
            }
            CatType::UncacheTable(uncache) => {
                let name = relation_parts(&uncache.table_name)?;
                session.listed_relation(&name)?;
                self.statement(&format!("UNCACHE TABLE {}", quoted(&name))).await
            }
            CatType::ClearCache(_) => self.statement("CLEAR CACHE").await,
            CatType::RefreshTable(refresh) => {
                let name = relation_parts(&refresh.table_name)?;
                session.listed_relation(&name)?;
                self.statement(&format!("REFRESH TABLE {}", quoted(&name))).await
            }
            // No rows are kept by the path that they were read from.
            CatType::RefreshByPath(_) => self.done(),
            CatType::CreateTable(create) => {
                let schema = create.schema.as_ref().map(from_proto).transpose()?;
                let options = create.options.iter().collect();
                let comment = create.description.as_deref();
                self.create(
                    &create.table_name,
                    create.source.as_deref(),
                    schema,
                    options,
                    create.path.as_deref(),
                    comment,
                )
                .await
            }
            CatType::CreateExternalTable(create) => {
                let schema = create.schema.as_ref().map(from_proto).transpose()?;
                let options = create.options.iter().collect();
                self.create(&create.table_name, create.source.as_deref(), schema, options, create.path.as_deref(), None)
                    .await
            }
            other => Err(unsupported(name_of(other))),
        }
    }

    /// One text.
    fn value(&self, value: &str) -> Result<Planned, SparkError> {
        self.table(vec![texts("value", vec![Some(value.to_owned())])])
    }

    /// One yes or no.
    fn flag(&self, value: bool) -> Result<Planned, SparkError> {
        self.table(vec![flags("value", vec![value])])
    }

    /// The result of what has none.
    fn done(&self) -> Result<Planned, SparkError> {
        let (field, values) = texts("value", Vec::new());
        self.table(vec![(StructField { nullable: false, ..field }, values)])
    }

    async fn statement(&self, sql: &str) -> Result<Planned, SparkError> {
        self.session.engine.sql(sql).await?;
        self.done()
    }

    fn databases(&self, names: &[String]) -> Result<Planned, SparkError> {
        self.table(vec![
            texts("name", some(names)),
            texts("catalog", names.iter().map(|_| Some(Session::CATALOG.to_owned())).collect()),
            texts("description", names.iter().map(|_| Some("default database".to_owned())).collect()),
            // Tables are not kept anywhere.
            texts("locationUri", nothing(names.len())),
        ])
    }

    fn relations(&self, listed: &[Listed]) -> Result<Planned, SparkError> {
        let of_table = |text: &str| -> Vec<Option<String>> {
            listed.iter().map(|relation| (!relation.is_temporary).then(|| text.to_owned())).collect()
        };
        let kinds = listed.iter().map(|relation| if relation.is_temporary { "TEMPORARY" } else { "MANAGED" });
        self.table(vec![
            texts("name", listed.iter().map(|relation| Some(relation.name.clone())).collect()),
            texts("catalog", of_table(Session::CATALOG)),
            namespaces(listed.iter().map(|relation| {
                Some(match relation {
                    Listed { is_global: true, .. } => vec![Session::GLOBAL.to_owned()],
                    Listed { is_temporary: true, .. } => Vec::new(),
                    _ => vec![Session::SCHEMA.to_owned()],
                })
            })),
            texts("description", nothing(listed.len())),
            texts("tableType", kinds.map(|kind| Some(kind.to_owned())).collect()),
            flags("isTemporary", listed.iter().map(|relation| relation.is_temporary).collect()),
        ])
    }

    fn columns(&self, schema: &StructType) -> Result<Planned, SparkError> {
        let fields = &schema.fields;
        let comment = |field: &StructField| Some(field.metadata.get("comment")?.as_str()?.to_owned());
        let none = || vec![false; fields.len()];
        self.table(vec![
            texts("name", fields.iter().map(|field| Some(field.name.clone())).collect()),
            texts("description", fields.iter().map(comment).collect()),
            texts("dataType", fields.iter().map(|field| Some(field.data_type.simple_string())).collect()),
            flags("nullable", fields.iter().map(|field| field.nullable).collect()),
            flags("isPartition", none()),
            flags("isBucket", none()),
            flags("isCluster", none()),
        ])
    }

    fn functions(&self, names: &[String]) -> Result<Planned, SparkError> {
        self.table(vec![
            texts("name", some(names)),
            texts("catalog", nothing(names.len())),
            namespaces(names.iter().map(|_| None)),
            texts("description", nothing(names.len())),
            // They are no classes here.
            texts("className", names.iter().map(|_| Some(String::new())).collect()),
            flags("isTemporary", vec![true; names.len()]),
        ])
    }

    fn table(&self, columns: Vec<(StructField, ArrayRef)>) -> Result<Planned, SparkError> {
        let (fields, arrays) = columns.into_iter().unzip();
        self.computed_rows(&StructType { fields }, arrays)
    }

    /// `CREATE TABLE … USING …`, and the table.
    async fn create(
        &self,
        name: &str,
        source: Option<&str>,
        schema: Option<DataType>,
        mut options: Vec<(&String, &String)>,
        path: Option<&str>,
        comment: Option<&str>,
    ) -> Result<Planned, SparkError> {
        let source = source.ok_or_else(|| unsupported("tables of the default source"))?;
        let columns = match schema {
            Some(DataType::Struct(schema)) => {
                let column = |field: &StructField| {
                    let not_null = if field.nullable { "" } else { " NOT NULL" };
                    format!("{} {}{not_null}", quoted(&[&field.name]), field.data_type.sql())
                };
                schema.fields.iter().map(column).collect::<Vec<_>>().join(", ")
            }
            Some(_) => return Err(malformed("a table's schema that is no struct")),
            None => String::new(),
        };
        options.sort();
        let options: Vec<String> =
            options.into_iter().map(|(key, value)| format!("{} {}", quoted_text(key), quoted_text(value))).collect();
        let mut sql = format!("CREATE TABLE {}", sql_name(name)?);
        if !columns.is_empty() {
            sql.push_str(&format!(" ({columns})"));
        }
        sql.push_str(&format!(" USING {}", quoted(&[source])));
        if !options.is_empty() {
            sql.push_str(&format!(" OPTIONS ({})", options.join(", ")));
        }
        if let Some(comment) = comment.filter(|comment| !comment.is_empty()) {
            sql.push_str(&format!(" COMMENT {}", quoted_text(comment)));
        }
        if let Some(path) = path.filter(|path| !path.is_empty()) {
            sql.push_str(&format!(" LOCATION {}", quoted_text(path)));
        }
        self.session.engine.sql(&sql).await?;
        self.named_table(&NamedTable { unparsed_identifier: name.to_owned(), ..NamedTable::default() }).await
    }
}

fn texts(name: &str, values: Vec<Option<String>>) -> (StructField, ArrayRef) {
    (StructField::new(name, DataType::String { collation: None }), Arc::new(StringArray::from(values)))
}

fn flags(name: &str, values: Vec<bool>) -> (StructField, ArrayRef) {
    let field = StructField { nullable: false, ..StructField::new(name, DataType::Boolean) };
    (field, Arc::new(BooleanArray::from(values)))
}

fn namespaces(values: impl Iterator<Item = Option<Vec<String>>>) -> (StructField, ArrayRef) {
    let element = Box::new(DataType::String { collation: None });
    let mut lists = ListBuilder::new(StringBuilder::new()).with_field(Field::new("element", ArrowType::Utf8, true));
    for value in values {
        lists.append_option(value.map(|parts| parts.into_iter().map(Some)));
    }
    (StructField::new("namespace", DataType::Array { element, contains_null: true }), Arc::new(lists.finish()))
}

fn some(names: &[String]) -> Vec<Option<String>> {
    names.iter().cloned().map(Some).collect()
}

fn nothing(rows: usize) -> Vec<Option<String>> {
    vec![None; rows]
}

fn listed(names: &[&str], pattern: Option<&str>) -> Vec<String> {
    let is_wanted = |name: &&&str| pattern.is_none_or(|pattern| Session::matches(pattern, name));
    names.iter().filter(is_wanted).map(|name| (*name).to_owned()).collect()
}

fn sql_name(name: &str) -> Result<String, SparkError> {
    Ok(quoted(&relation_parts(name)?))
}

/// The name of a table, by itself or in the schema that is given beside it.
fn in_schema(name: &str, schema: Option<&str>) -> Result<Vec<String>, SparkError> {
    match schema {
        None => relation_parts(name),
        Some(schema) => {
            let mut parts = relation_parts(schema)?;
            parts.push(name.to_owned());
            Ok(parts)
        }
    }
}

/// The tables and views that a schema lists.
fn listed_in(session: &Session, schema: Option<&str>) -> Result<Vec<Listed>, SparkError> {
    if schema.is_some_and(|schema| same(schema, Session::GLOBAL)) {
        return Ok(session.listed_global_views());
    }
    expect_schema(schema)?;
    Ok(session.listed_relations())
}

/// That there is such a schema.
fn expect_schema(name: Option<&str>) -> Result<(), SparkError> {
    let Some(name) = name else { return Ok(()) };
    let parts = relation_parts(name)?;
    match parts.as_slice() {
        [schema] if same(schema, Session::SCHEMA) => Ok(()),
        [catalog, schema] if same(catalog, Session::CATALOG) && same(schema, Session::SCHEMA) => Ok(()),
        [schema] => Err(SCHEMA_NOT_FOUND.error([("schemaName", quoted(&[Session::CATALOG, schema]))])),
        parts => Err(SCHEMA_NOT_FOUND.error([("schemaName", quoted(parts))])),
    }
}

fn if_exists(tolerant: bool) -> &'static str {
    if tolerant { "IF EXISTS " } else { "" }
}

/// How an operation that is not supported is called in PySpark.
fn name_of(kind: &CatType) -> &'static str {
    match kind {
        CatType::RecoverPartitions(_) => "spark.catalog.recoverPartitions",
        CatType::CreateDatabase(_) => "spark.catalog.createDatabase",
        CatType::DropDatabase(_) => "spark.catalog.dropDatabase",
        CatType::ListPartitions(_) => "spark.catalog.listPartitions",
        CatType::GetTableProperties(_) => "spark.catalog.getTableProperties",
        CatType::GetCreateTableString(_) => "spark.catalog.getCreateTableString",
        CatType::TruncateTable(_) => "spark.catalog.truncateTable",
        CatType::AnalyzeTable(_) => "spark.catalog.analyzeTable",
        _ => "this operation of the catalogue",
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(None, true)]
    #[case(Some("DEFAULT"), true)]
    #[case(Some("spark_catalog.default"), true)]
    #[case(Some("nope"), false)]
    fn there_is_one_schema(#[case] name: Option<&str>, #[case] expected: bool) {
        assert_eq!(expect_schema(name).is_ok(), expected);
    }

    #[test]
    fn names_are_filtered_as_show_tables_does() {
        assert_eq!(listed(&["abc", "b"], Some("a*|x")), ["abc"]);
        assert_eq!(listed(&["abc", "b"], None).len(), 2);
    }
}
