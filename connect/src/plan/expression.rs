//! Expressions of Spark Connect, written as SQL's.

mod fields;
mod function;
mod origin;
mod python;
mod text;
mod window;

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    Expr, LambdaFunction, LambdaFunctionParameter, LambdaSyntax, OneOrManyWithParens, OrderByExpr,
};
use seatrial_engine::error::SparkError;
use seatrial_engine::session::{Bindings, Shown};
use seatrial_engine::types::{DataType, StructField, StructType};
use serde_json::{Map, Value};
use spark_connect_proto::Expression;
use spark_connect_proto::expression::ExprType;
use spark_connect_proto::expression::cast::{CastToType, EvalMode};
use spark_connect_proto::expression::sort_order::{NullOrdering, SortDirection};
use spark_connect_proto::expression::{self, Literal};

use super::attribute::{Attribute, Resolved, dot, name_parts, same, subscript};
use super::literal::{Typed, value_of};
use super::scope::Scope;
use super::syntax::{boolean, cast, null, number, text as text_literal};
use super::{Planner, unsupported};
use crate::shown::Shower;
use crate::types::{from_proto, malformed};

/// A column of a select list.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    /// What computes it.
    pub(crate) sql: Expr,
    /// Its names, if it has any of its own: several for a generator's columns.
    pub(crate) names: Vec<String>,
    /// The name that it has otherwise.
    pub(crate) default_name: String,
    /// The column that it hands on as it is.
    pub(crate) attribute: Option<Attribute>,
    /// The metadata that the client gave it.
    pub(crate) metadata: Option<Map<String, Value>>,
}

impl Item {
    /// A computed column of that name.
    pub(crate) fn named(sql: Expr, name: &str) -> Self {
        Self { names: vec![name.to_owned()], ..Self::unnamed(sql, name.to_owned()) }
    }

    /// A computed column that has a name only as long as it is given none.
    pub(crate) fn unnamed(sql: Expr, default_name: String) -> Self {
        Self { sql, names: Vec::new(), default_name, attribute: None, metadata: None }
    }

    /// The name of its only column.
    pub(crate) fn name(&self) -> &str {
        self.names.first().map_or(self.default_name.as_str(), String::as_str)
    }
}

impl From<Resolved> for Item {
    fn from(resolved: Resolved) -> Self {
        Self { attribute: resolved.attribute, ..Self::unnamed(resolved.sql, resolved.name) }
    }
}

impl From<&Attribute> for Item {
    fn from(attribute: &Attribute) -> Self {
        Resolved::from(attribute).into()
    }
}

/// Writes the expressions of one operator as SQL's.
pub(crate) struct Translator<'p> {
    pub(crate) planner: &'p Planner<'p>,
    /// What names mean.
    pub(crate) scope: Scope,
    /// What the written expressions are bound to.
    pub(crate) bindings: Bindings,
    /// How bound literals are shown in names.
    pub(crate) shown: Shown,
}

impl<'p> Translator<'p> {
    /// A translator of expressions in this scope.
    pub(crate) fn new(planner: &'p Planner<'p>, scope: Scope) -> Self {
        let engine = &planner.session.engine;
        let (functions, time_zone) = (engine.user_function_names(), engine.conf().time_zone());
        let shown = Shown { functions, time_zone, ..Shown::default() };
        Self { planner, scope, bindings: Bindings::default(), shown }
    }

    /// The name that Spark gives a column of this expression.
    pub(crate) fn name_of(&self, expr: &Expr) -> String {
        self.shown.pretty(expr)
    }

    /// The columns that an expression of a select list stands for: a star for many.
    ///
    /// # Errors
    /// What does not resolve, and what is not supported.
    pub(crate) fn items(&mut self, expression: &Expression) -> Result<Vec<Item>, SparkError> {
        match kind(expression)? {
            ExprType::UnresolvedStar(star) => self.star(star),
            ExprType::UnresolvedRegex(regex) => self.regex(regex),
            ExprType::ExpressionString(string) => self.items_of_text(&string.expression),
            ExprType::Alias(alias) => Ok(vec![self.aliased(alias)?]),
            ExprType::UnresolvedAttribute(attribute) => {
                let name = &attribute.unparsed_identifier;
                // `a.*` may come as a name.
                Ok(vec![self.scope.resolve(name, attribute.plan_id)?.into()])
            }
            _ => Ok(vec![self.single(expression)?]),
        }
    }

    /// The column of an expression that has names of its own.
    ///
    /// # Errors
    /// As [`items`](Self::items); where it has no name, or metadata that are none.
    pub(crate) fn aliased(&mut self, alias: &expression::Alias) -> Result<Item, SparkError> {
        let inner = alias.expr.as_deref().ok_or_else(|| malformed("an alias of nothing"))?;
        let mut item = self.single(inner)?;
        if alias.name.is_empty() {
            return Err(malformed("an alias without a name"));
        }
        item.names.clone_from(&alias.name);
        // Under another name it is another column.
        item.attribute = None;
        if let Some(metadata) = alias.metadata.as_deref().filter(|text| !text.is_empty()) {
            let metadata = serde_json::from_str(metadata);
            item.metadata = Some(metadata.map_err(|_| malformed("metadata that is no JSON object"))?);
        }
        Ok(item)
    }

    /// The one column of an expression.
    ///
    /// # Errors
    /// As [`items`](Self::items); where it stands for another number of columns.
    pub(crate) fn single(&mut self, expression: &Expression) -> Result<Item, SparkError> {
        if matches!(
            kind(expression)?,
            ExprType::UnresolvedStar(_)
                | ExprType::UnresolvedRegex(_)
                | ExprType::ExpressionString(_)
                | ExprType::Alias(_)
                | ExprType::UnresolvedAttribute(_)
        ) {
            let mut items = self.items(expression)?;
            return match (items.pop(), items.is_empty()) {
                (Some(item), true) => Ok(item),
                _ => Err(unsupported("a star in this place")),
            };
        }
        if let ExprType::UpdateFields(update) = kind(expression)? {
            let parts = self.updated(update)?;
            let default_name = parts.name();
            let sql = parts.into_sql()?;
            return Ok(Item::unnamed(sql, default_name));
        }
        let sql = self.expression(expression)?;
        let default_name = match kind(expression)? {
            // The field that is taken out of a struct gives its name.
            ExprType::UnresolvedExtractValue(extract) => match extract.extraction.as_deref().and_then(text_of) {
                Some(field) if self.is_struct(extract.child.as_deref()) => field.to_owned(),
                _ => self.name_of(&sql),
            },
            _ => self.name_of(&sql),
        };
        Ok(Item::unnamed(sql, default_name))
    }

    /// An expression within another.
    ///
    /// # Errors
    /// What does not resolve, and what is not supported.
    pub(crate) fn expression(&mut self, expression: &Expression) -> Result<Expr, SparkError> {
        let sql = self.sql_of(expression)?;
        self.note_call(expression, &sql);
        Ok(sql)
    }

    fn sql_of(&mut self, expression: &Expression) -> Result<Expr, SparkError> {
        let missing = || malformed("an expression without its child");
        match kind(expression)? {
            ExprType::Literal(literal) => self.literal(literal),
            ExprType::UnresolvedAttribute(attribute) => {
                Ok(self.scope.resolve(&attribute.unparsed_identifier, attribute.plan_id)?.sql)
            }
            ExprType::UnresolvedFunction(function) => self.function(function),
            ExprType::CallFunction(function) => {
                let arguments = self.expressions(&function.arguments)?;
                let name = name_parts(&function.function_name).and_then(|mut parts| parts.pop());
                let name = name.unwrap_or_else(|| function.function_name.clone());
                Ok(super::syntax::call(&name.to_lowercase(), arguments))
            }
            ExprType::ExpressionString(string) => {
                let mut items = self.items_of_text(&string.expression)?;
                match (items.pop(), items.is_empty()) {
                    (Some(item), true) => Ok(item.sql),
                    _ => Err(unsupported("a star within an expression")),
                }
            }
            // Only `count(*)` and its like get this far.
            ExprType::UnresolvedStar(_) => Ok(Expr::Wildcard(AttachedToken::empty())),
            ExprType::Alias(alias) => self.expression(alias.expr.as_deref().ok_or_else(missing)?),
            ExprType::Cast(conversion) => {
                let inner = self.expression(conversion.expr.as_deref().ok_or_else(missing)?)?;
                let data_type = match conversion.cast_to_type.as_ref() {
                    Some(CastToType::Type(data_type)) => from_proto(data_type)?,
                    Some(CastToType::TypeStr(text)) => DataType::from_ddl(text)?,
                    None => return Err(malformed("a cast without a type")),
                };
                Ok(cast(inner, &data_type, conversion.eval_mode() == EvalMode::Try))
            }
            ExprType::SortOrder(order) => self.expression(order.child.as_deref().ok_or_else(missing)?),
            ExprType::LambdaFunction(lambda) => {
                let body = self.expression(lambda.function.as_deref().ok_or_else(missing)?)?;
                let parameter = |variable: &expression::UnresolvedNamedLambdaVariable| LambdaFunctionParameter {
                    name: super::syntax::ident(&variable.name_parts.join(".")),
                    data_type: None,
                };
                let params = lambda.arguments.iter().map(parameter).collect();
                Ok(Expr::Lambda(LambdaFunction {
                    params: OneOrManyWithParens::Many(params),
                    body: Box::new(body),
                    syntax: LambdaSyntax::Arrow,
                }))
            }
            ExprType::UnresolvedNamedLambdaVariable(variable) => {
                Ok(super::syntax::column(&variable.name_parts.join(".")))
            }
            ExprType::Window(window) => self.window(window),
            ExprType::UnresolvedExtractValue(extract) => {
                let child = extract.child.as_deref().ok_or_else(missing)?;
                let extraction = extract.extraction.as_deref().ok_or_else(missing)?;
                let base = self.expression(child)?;
                match text_of(extraction) {
                    Some(field) if self.is_struct(Some(child)) => Ok(dot(base, field)),
                    _ => Ok(subscript(base, self.expression(extraction)?)),
                }
            }
            ExprType::NamedArgumentExpression(_) => Err(unsupported("named arguments")),
            ExprType::UpdateFields(update) => self.updated(update)?.into_sql(),
            ExprType::CommonInlineUserDefinedFunction(function) => self.python(function),
            ExprType::SubqueryExpression(subquery) => self.subquery(subquery),
            ExprType::UnresolvedRegex(_) => Err(unsupported("colRegex within an expression")),
            ExprType::TypedAggregateExpression(_) => Err(unsupported("aggregators of Scala")),
            ExprType::MergeAction(_) => Err(unsupported("MERGE INTO")),
            ExprType::DirectShufflePartitionId(_) => Err(unsupported("repartitionById")),
            ExprType::Extension(_) => Err(unsupported("extensions of the protocol")),
        }
    }

    /// Several expressions.
    ///
    /// # Errors
    /// As [`expression`](Self::expression).
    pub(crate) fn expressions(&mut self, expressions: &[Expression]) -> Result<Vec<Expr>, SparkError> {
        expressions.iter().map(|expression| self.expression(expression)).collect()
    }

    /// A value that the client wrote.
    ///
    /// # Errors
    /// As [`value_of`].
    pub(crate) fn literal(&mut self, literal: &Literal) -> Result<Expr, SparkError> {
        let typed = value_of(literal)?;
        self.value(typed)
    }

    /// A value as an expression: by SQL's words where it has any, bound to a name otherwise.
    ///
    /// # Errors
    /// When the type has no Arrow form.
    pub(crate) fn value(&mut self, typed: Typed) -> Result<Expr, SparkError> {
        use datafusion::common::ScalarValue;
        match (&typed.value, &typed.data_type) {
            (ScalarValue::Boolean(Some(value)), _) => return Ok(boolean(*value)),
            (ScalarValue::Int32(Some(value)), DataType::Integer) if *value >= 0 => {
                return Ok(number(i64::from(*value)));
            }
            (ScalarValue::Utf8(Some(value)), DataType::String { collation: None }) => return Ok(text_literal(value)),
            (ScalarValue::Null, _) => return Ok(null()),
            _ => {}
        }
        let shown = self.shown_literal(&typed)?;
        let field = StructField::new("", typed.data_type);
        let bound = self.bindings.literal(typed.value, &field)?;
        if let Expr::Function(function) = &bound
            && let Some(name) = function.name.0.last().and_then(|part| part.as_ident())
        {
            self.shown.literals.insert(name.value.clone(), shown);
        }
        Ok(bound)
    }

    /// How a bound literal is shown in the name of a column.
    fn shown_literal(&self, typed: &Typed) -> Result<String, SparkError> {
        use datafusion::common::ScalarValue;
        if let ScalarValue::Binary(Some(bytes)) = &typed.value {
            return Ok(format!("X'{}'", bytes.iter().map(|byte| format!("{byte:02X}")).collect::<String>()));
        }
        let shower = Shower::of_session(&self.planner.session.engine)?;
        let texts = shower.column(&typed.value.to_array()?, &typed.data_type)?;
        let Some(text) = texts.into_iter().next().flatten() else { return Ok("NULL".to_owned()) };
        Ok(match typed.data_type {
            DataType::Date => format!("DATE '{text}'"),
            DataType::Timestamp => format!("TIMESTAMP '{text}'"),
            DataType::TimestampNtz => format!("TIMESTAMP_NTZ '{text}'"),
            _ => text,
        })
    }

    /// A key to sort by.
    ///
    /// # Errors
    /// As [`expression`](Self::expression).
    pub(crate) fn sort_key(&mut self, order: &expression::SortOrder) -> Result<OrderByExpr, SparkError> {
        let child = order.child.as_deref().ok_or_else(|| malformed("a sort key of nothing"))?;
        let expr = self.expression(child)?;
        let ascending = order.direction() != SortDirection::Descending;
        let nulls_first = match order.null_ordering() {
            NullOrdering::SortNullsFirst => true,
            NullOrdering::SortNullsLast => false,
            NullOrdering::SortNullsUnspecified => ascending,
        };
        // A number would be taken for the place of a column.
        let expr = if matches!(expr, Expr::Value(_)) { Expr::Nested(Box::new(expr)) } else { expr };
        Ok(super::syntax::sort_key(expr, ascending, nulls_first))
    }

    fn star(&mut self, star: &expression::UnresolvedStar) -> Result<Vec<Item>, SparkError> {
        if let Some(plan_id) = star.plan_id {
            let origin = self.scope.origins.iter().find(|origin| origin.plan_id == plan_id);
            let columns = origin.map(|origin| origin.columns.clone()).unwrap_or_default();
            let here = |column: &&Attribute| self.scope.columns.iter().any(|known| known.id == column.id);
            return Ok(columns.iter().filter(here).map(Item::from).collect());
        }
        match star.unparsed_target.as_deref() {
            None => Ok(self.scope.columns.iter().map(Item::from).collect()),
            Some(target) => {
                let target = target.strip_suffix(".*").unwrap_or(target);
                let parts = name_parts(target).ok_or_else(|| malformed("a star of no name"))?;
                self.star_of(&parts)
            }
        }
    }

    /// `target.*`: the columns of a relation, or the fields of a struct.
    fn star_of(&mut self, target: &[String]) -> Result<Vec<Item>, SparkError> {
        let qualified = |attribute: &&Attribute| {
            let skipped = attribute.qualifier.len().checked_sub(target.len());
            skipped.is_some_and(|skipped| {
                attribute.qualifier[skipped..].iter().zip(target).all(|(left, right)| same(left, right))
            })
        };
        let columns: Vec<Item> = self.scope.columns.iter().filter(qualified).map(Item::from).collect();
        if !columns.is_empty() {
            return Ok(columns);
        }
        let resolved = self.scope.by_name(target)?;
        let Some(Attribute { field: StructField { data_type: DataType::Struct(schema), .. }, .. }) =
            &resolved.attribute
        else {
            return Err(super::attribute::unresolved(target, &self.scope.columns));
        };
        let field = |field: &StructField| Item::unnamed(dot(resolved.sql.clone(), &field.name), field.name.clone());
        Ok(schema.fields.iter().map(field).collect())
    }

    /// The columns whose whole names match.
    fn regex(&mut self, regex: &expression::UnresolvedRegex) -> Result<Vec<Item>, SparkError> {
        let name = regex.col_name.as_str();
        let Some(pattern) = name.strip_prefix('`').and_then(|name| name.strip_suffix('`')) else {
            let resolved = self.scope.resolve(name, regex.plan_id)?;
            return Ok(resolved.attribute.as_ref().map(Item::from).into_iter().collect());
        };
        let pattern = regex::Regex::new(&format!("(?i)^(?:{pattern})$"))
            .map_err(|error| SparkError::plain(seatrial_engine::error::ExceptionClass::Analysis, error.to_string()))?;
        Ok(self.scope.columns.iter().filter(|column| pattern.is_match(column.name())).map(Item::from).collect())
    }

    /// Whether an expression is a struct, as far as that can be told before it is planned: of a column, or a field of one.
    fn is_struct(&self, expression: Option<&Expression>) -> bool {
        expression.and_then(|expression| self.type_of(expression)).is_some_and(|data_type| {
            matches!(data_type, DataType::Struct(_))
                || matches!(&data_type, DataType::Array { element, .. } if matches!(element.as_ref(), DataType::Struct(_)))
        })
    }

    fn type_of(&self, expression: &Expression) -> Option<DataType> {
        match expression.expr_type.as_ref()? {
            ExprType::UnresolvedAttribute(attribute) => {
                let resolved = self.scope.resolve(&attribute.unparsed_identifier, attribute.plan_id).ok()?;
                match resolved.attribute {
                    Some(attribute) => Some(attribute.field.data_type),
                    None => self.type_of_path(&attribute.unparsed_identifier),
                }
            }
            ExprType::UnresolvedExtractValue(extract) => {
                let base = self.type_of(extract.child.as_deref()?)?;
                match base {
                    DataType::Struct(schema) => {
                        let name = text_of(extract.extraction.as_deref()?)?;
                        let field = super::attribute::field_of(&schema.fields, name).ok()?;
                        Some(field.data_type.clone())
                    }
                    DataType::Array { element, .. } => Some(*element),
                    DataType::Map { value, .. } => Some(*value),
                    _ => None,
                }
            }
            ExprType::Literal(literal) => Some(value_of(literal).ok()?.data_type),
            ExprType::UnresolvedFunction(function) => match function.function_name.to_lowercase().as_str() {
                "struct" => {
                    let arguments = function.arguments.iter().enumerate();
                    let fields = arguments.map(|(index, argument)| self.field_of_struct(index, argument));
                    Some(DataType::Struct(StructType { fields: fields.collect() }))
                }
                // Its fields are not known here.
                "named_struct" | "from_json" => Some(DataType::Struct(StructType::default())),
                _ => None,
            },
            ExprType::UpdateFields(_) => Some(DataType::Struct(StructType::default())),
            ExprType::Alias(alias) => self.type_of(alias.expr.as_deref()?),
            ExprType::Cast(conversion) => match conversion.cast_to_type.as_ref()? {
                CastToType::Type(data_type) => from_proto(data_type).ok(),
                CastToType::TypeStr(text) => DataType::from_ddl(text).ok(),
            },
            _ => None,
        }
    }

    /// The field that an argument of `struct` becomes.
    fn field_of_struct(&self, index: usize, argument: &Expression) -> StructField {
        let name = match argument.expr_type.as_ref() {
            Some(ExprType::Alias(alias)) => alias.name.first().cloned(),
            Some(ExprType::UnresolvedAttribute(attribute)) => {
                name_parts(&attribute.unparsed_identifier).and_then(|mut parts| parts.pop())
            }
            Some(ExprType::UnresolvedExtractValue(extract)) => {
                extract.extraction.as_deref().and_then(text_of).map(str::to_owned)
            }
            _ => None,
        };
        let name = name.unwrap_or_else(|| format!("col{}", index + 1));
        StructField::new(name, self.type_of(argument).unwrap_or(DataType::Null))
    }

    /// The type of a field within a column.
    fn type_of_path(&self, name: &str) -> Option<DataType> {
        let parts = name_parts(name)?;
        (1..parts.len()).find_map(|split| {
            let base = self.scope.by_name(&parts[..split]).ok()?.attribute?;
            parts[split..].iter().try_fold(base.field.data_type, |data_type, part| match data_type {
                DataType::Struct(schema) => {
                    Some(super::attribute::field_of(&schema.fields, part).ok()?.data_type.clone())
                }
                DataType::Map { value, .. } => Some(*value),
                _ => None,
            })
        })
    }
}

/// The kind of an expression.
///
/// # Errors
/// When it has none that this version knows.
pub(crate) fn kind(expression: &Expression) -> Result<&ExprType, SparkError> {
    expression.expr_type.as_ref().ok_or_else(|| unsupported("an expression of this kind"))
}

/// The text of a literal.
fn text_of(expression: &Expression) -> Option<&str> {
    match expression.expr_type.as_ref()? {
        ExprType::Literal(literal) => match literal.literal_type.as_ref()? {
            expression::literal::LiteralType::String(text) => Some(text),
            _ => None,
        },
        _ => None,
    }
}
