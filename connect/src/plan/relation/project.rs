//! Operators that compute, rename and leave out columns.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{Expr, Ident, SelectItem};
use seatrial_engine::error::SparkError;
use seatrial_engine::error::condition::{ASSIGNMENT_ARITY_MISMATCH, COLUMN_ALREADY_EXISTS};
use seatrial_engine::error::relation::quoted;
use seatrial_engine::session::Bindings;
use seatrial_engine::types::{DataType, StructField, StructType};
use spark_connect_proto::{Drop, Filter, Project, ToSchema, WithColumns, WithColumnsRenamed};

use super::super::attribute::{Attribute, name_parts, same};
use super::super::expression::{Item, Translator};
use super::super::syntax::{aliased, cast, column, from, ident, null, query_of, select};
use super::super::{Planned, Planner};
use super::function::GENERATORS;
use crate::types::{from_proto, malformed};

/// How a projection was made, so that an operator over it may ask for more of its input.
#[derive(Debug)]
pub(crate) struct Projection {
    /// What is projected.
    pub(crate) input: Arc<Planned>,
    items: Vec<SelectItem>,
    from: Ident,
    bindings: Bindings,
}

impl Planner<'_> {
    pub(super) async fn project(&self, project: &Project) -> Result<Planned, SparkError> {
        let input = match project.input.as_deref() {
            Some(input) => self.relation(input).await?,
            None => self.one_row()?,
        };
        let input = Arc::new(input);
        let mut translator = Translator::new(self, input.scope());
        let mut items = Vec::new();
        for expression in &project.expressions {
            items.extend(translator.items(expression)?);
        }
        self.projected(input, items, translator)
    }

    /// A relation of one row without columns that anybody sees.
    pub(super) fn one_row(&self) -> Result<Planned, SparkError> {
        let query = query_of(select(vec![aliased(super::super::syntax::number(1), "one")], Vec::new()));
        let frame = self.session.engine.query_over(query, &Bindings::default())?;
        let mut planned = self.leaf(&frame, &[])?;
        planned.columns.clear();
        Ok(planned)
    }

    /// `SELECT items FROM input`.
    ///
    /// # Errors
    /// What the engine's analyser says.
    pub(crate) fn projected(
        &self,
        input: Arc<Planned>,
        items: Vec<Item>,
        mut translator: Translator<'_>,
    ) -> Result<Planned, SparkError> {
        if items.is_empty() {
            let frame = input.frame.without_columns()?;
            return Ok(Planned::over(frame, Vec::new(), input.origins.clone()));
        }
        let from_name = translator.bindings.relation(&input.frame)?;
        let mut selected = Vec::with_capacity(items.len());
        let mut columns: Vec<Attribute> = Vec::with_capacity(items.len());
        for item in items {
            let names = match generator(&item.sql) {
                true if item.names.is_empty() => self.generated(&item, &from_name, &translator)?,
                _ if item.names.is_empty() => vec![item.default_name.clone()],
                _ => item.names.clone(),
            };
            let is_repeated = |attribute: &Attribute| columns.iter().any(|column| column.id == attribute.id);
            let attributes: Vec<Attribute> = match item.attribute {
                Some(attribute) if !is_repeated(&attribute) => vec![attribute],
                Some(attribute) => vec![Attribute { id: self.new_id(attribute.name()), ..attribute }],
                None => {
                    let new = |name: &String| Attribute {
                        id: self.new_id(name),
                        qualifier: Vec::new(),
                        field: StructField {
                            metadata: item.metadata.clone().unwrap_or_default(),
                            ..StructField::new(name, DataType::Null)
                        },
                    };
                    names.iter().map(new).collect()
                }
            };
            selected.push(match attributes.as_slice() {
                [attribute] => aliased(item.sql, &attribute.id),
                attributes => SelectItem::ExprWithAliases {
                    expr: item.sql,
                    aliases: attributes.iter().map(|attribute| ident(&attribute.id)).collect(),
                },
            });
            columns.extend(attributes);
        }
        let query = query_of(select(selected.clone(), from(from_name.clone())));
        let frame = self.session.engine.query_over(query, &translator.bindings)?;
        let columns = typed(columns, &frame.schema()?)?;
        let origins = input.origins.clone();
        let bindings = translator.bindings;
        let projection = Projection { input, items: selected, from: from_name, bindings };
        Ok(Planned { projection: Some(Arc::new(projection)), ..Planned::over(frame, columns, origins) })
    }

    /// The names that a generator gives its columns.
    fn generated(
        &self,
        item: &Item,
        from_name: &Ident,
        translator: &Translator<'_>,
    ) -> Result<Vec<String>, SparkError> {
        let query = query_of(select(vec![SelectItem::UnnamedExpr(item.sql.clone())], from(from_name.clone())));
        let frame = self.session.engine.query_over(query, &translator.bindings)?;
        Ok(frame.schema()?.fields.into_iter().map(|field| field.name).collect())
    }

    /// The relation with columns of what it was projected from beside its own, as far as these are wanted.
    ///
    /// # Errors
    /// What the engine's analyser says.
    pub(super) fn with_below(&self, planned: &Planned, wanted: &[Attribute]) -> Result<Planned, SparkError> {
        let Some(projection) = planned.projection.as_ref().filter(|_| !wanted.is_empty()) else {
            return Ok(planned.clone());
        };
        let mut items = projection.items.clone();
        items.extend(wanted.iter().map(|attribute| aliased(attribute.sql(), &attribute.id)));
        let query = query_of(select(items, from(projection.from.clone())));
        let frame = self.session.engine.query_over(query, &projection.bindings)?;
        let columns = planned.columns.iter().chain(wanted).cloned().collect();
        Ok(Planned::over(frame, columns, planned.origins.clone()))
    }

    pub(super) async fn filter(&self, filter: &Filter) -> Result<Planned, SparkError> {
        let input = self.input(filter.input.as_deref()).await?;
        let condition = filter.condition.as_ref().ok_or_else(|| malformed("a filter without a condition"))?;
        let mut translator = Translator::new(self, input.scope());
        let condition = translator.expression(condition)?;
        let reached = self.with_below(&input, &below_of(&input, [&condition]))?;
        self.filtered(&input, &reached, condition, translator.bindings)
    }

    /// `SELECT columns of input FROM reached WHERE condition`.
    ///
    /// # Errors
    /// What the engine's analyser says.
    pub(crate) fn filtered(
        &self,
        input: &Planned,
        reached: &Planned,
        condition: Expr,
        mut bindings: Bindings,
    ) -> Result<Planned, SparkError> {
        let from_name = bindings.relation(&reached.frame)?;
        let mut body = select(as_they_are(&input.columns), from(from_name));
        body.selection = Some(condition);
        self.same_columns(input, body, &bindings)
    }

    /// The select's rows, whose columns are the input's.
    pub(super) fn same_columns(
        &self,
        input: &Planned,
        body: datafusion::sql::sqlparser::ast::Select,
        bindings: &Bindings,
    ) -> Result<Planned, SparkError> {
        let frame = self.session.engine.query_over(query_of(body), bindings)?;
        let columns = typed(input.columns.clone(), &frame.schema()?)?;
        Ok(Planned { projection: input.projection.clone(), ..Planned::over(frame, columns, input.origins.clone()) })
    }

    pub(super) fn to_df(&self, input: Arc<Planned>, names: &[String]) -> Result<Planned, SparkError> {
        if names.len() != input.columns.len() {
            return Err(ASSIGNMENT_ARITY_MISMATCH
                .error([("numTarget", names.len().to_string()), ("numExpr", input.columns.len().to_string())]));
        }
        let items = input.columns.iter().zip(names).map(|(attribute, name)| renamed(attribute, name)).collect();
        let translator = Translator::new(self, input.scope());
        self.projected(input, items, translator)
    }

    pub(super) async fn with_columns_renamed(&self, with: &WithColumnsRenamed) -> Result<Planned, SparkError> {
        let input = self.input(with.input.as_deref()).await?;
        let old = with.rename_columns_map.iter().map(|(from, to)| (from.as_str(), to.as_str()));
        let renames = with.renames.iter().map(|rename| (rename.col_name.as_str(), rename.new_col_name.as_str()));
        let mut items: Vec<Item> = input.columns.iter().map(Item::from).collect();
        for (from, to) in old.chain(renames) {
            for item in &mut items {
                if same(item.name(), from) {
                    item.names = vec![to.to_owned()];
                    item.metadata =
                        item.attribute.take().map(|attribute| attribute.field.metadata).or(item.metadata.take());
                }
            }
        }
        let translator = Translator::new(self, input.scope());
        self.projected(input, items, translator)
    }

    pub(super) async fn with_columns(&self, with: &WithColumns) -> Result<Planned, SparkError> {
        let input = self.input(with.input.as_deref()).await?;
        let mut translator = Translator::new(self, input.scope());
        let mut items: Vec<Item> = input.columns.iter().map(Item::from).collect();
        let mut new: Vec<Item> = Vec::new();
        for alias in &with.aliases {
            let item = translator.aliased(alias)?;
            if new.iter().any(|known| same(known.name(), item.name())) {
                return Err(COLUMN_ALREADY_EXISTS.error([("columnName", quoted(&[item.name().to_lowercase()]))]));
            }
            new.push(item);
        }
        for item in new {
            let mut replaced = false;
            for known in items.iter_mut().filter(|known| same(known.name(), item.name())) {
                *known = item.clone();
                replaced = true;
            }
            if !replaced {
                items.push(item);
            }
        }
        self.projected(input, items, translator)
    }

    pub(super) async fn drop_columns(&self, dropped: &Drop) -> Result<Planned, SparkError> {
        let input = self.input(dropped.input.as_deref()).await?;
        let mut translator = Translator::new(self, input.scope());
        let mut gone: Vec<String> = Vec::new();
        for expression in &dropped.columns {
            // What does not resolve is not there, and need not go.
            if let Ok(Item { attribute: Some(attribute), .. }) = translator.single(expression) {
                gone.push(attribute.id);
            }
        }
        let named = |column: &Attribute| {
            dropped.column_names.iter().any(|name| {
                let parts = name_parts(name).filter(|parts| parts.len() == 1);
                let name = parts.as_deref().and_then(|parts| parts.first()).map_or(name.as_str(), String::as_str);
                same(column.name(), name)
            })
        };
        let kept = input.columns.iter().filter(|column| !named(column) && !gone.contains(&column.id));
        let items = kept.map(Item::from).collect();
        self.projected(input, items, translator)
    }

    pub(super) async fn to_schema(&self, to: &ToSchema) -> Result<Planned, SparkError> {
        let input = self.input(to.input.as_deref()).await?;
        let schema = to.schema.as_ref().ok_or_else(|| malformed("a schema that is missing"))?;
        let DataType::Struct(schema) = from_proto(schema)? else { return Err(malformed("a schema that is no struct")) };
        let mut items = Vec::new();
        for field in schema.fields {
            let found = super::super::attribute::find(&input.columns, std::slice::from_ref(&field.name))?;
            let sql = match found.and_then(|found| found.attribute) {
                Some(attribute) if attribute.field.data_type == field.data_type => attribute.sql(),
                Some(attribute) => cast(attribute.sql(), &field.data_type, false),
                None if field.nullable => cast(null(), &field.data_type, false),
                None => {
                    return Err(super::super::attribute::unresolved(&[field.name], &input.columns));
                }
            };
            items.push(Item { metadata: Some(field.metadata), ..Item::named(sql, &field.name) });
        }
        let translator = Translator::new(self, input.scope());
        self.projected(input, items, translator)
    }
}

/// The columns by their own names.
pub(crate) fn as_they_are(columns: &[Attribute]) -> Vec<SelectItem> {
    columns.iter().map(|attribute| SelectItem::UnnamedExpr(column(&attribute.id))).collect()
}

/// The column under another name.
pub(crate) fn renamed(attribute: &Attribute, name: &str) -> Item {
    Item { metadata: Some(attribute.field.metadata.clone()), ..Item::named(attribute.sql(), name) }
}

/// The attributes with the types that their columns were planned to have.
///
/// # Errors
/// When there are more or fewer columns than attributes.
pub(crate) fn typed(attributes: Vec<Attribute>, schema: &StructType) -> Result<Vec<Attribute>, SparkError> {
    if attributes.len() != schema.fields.len() {
        return Err(SparkError::internal(format!(
            "{} columns were planned where {} were expected",
            schema.fields.len(),
            attributes.len()
        )));
    }
    let typed = attributes.into_iter().zip(&schema.fields).map(|(mut attribute, field)| {
        attribute.field.data_type = field.data_type.clone();
        attribute.field.nullable = field.nullable;
        if attribute.field.metadata.is_empty() {
            attribute.field.metadata = field.metadata.clone();
        }
        attribute
    });
    Ok(typed.collect())
}

/// The columns below the relation that expressions use and the relation itself does not have.
pub(crate) fn below_of<'e>(input: &Planned, expressions: impl IntoIterator<Item = &'e Expr>) -> Vec<Attribute> {
    use datafusion::sql::sqlparser::ast::visit_expressions;
    let Some(projection) = &input.projection else { return Vec::new() };
    let mut wanted: Vec<Attribute> = Vec::new();
    for expression in expressions {
        let _ = visit_expressions(expression, |expr| {
            if let Expr::Identifier(ident) = expr
                && !input.columns.iter().chain(&wanted).any(|column| column.id == ident.value)
                && let Some(below) = projection.input.columns.iter().find(|column| column.id == ident.value)
            {
                wanted.push(below.clone());
            }
            std::ops::ControlFlow::<()>::Continue(())
        });
    }
    wanted
}

/// Whether an expression is a generator, which has columns of its own.
fn generator(expr: &Expr) -> bool {
    let Expr::Function(function) = expr else { return false };
    let name = function.name.0.last().and_then(|part| part.as_ident()).map(|ident| ident.value.to_lowercase());
    name.is_some_and(|name| GENERATORS.contains(&name.as_str()))
}
