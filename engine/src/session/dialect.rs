//! Spark's SQL where the parser or DataFusion's planner knows another dialect: literals with a suffix, names of types, functions
//! that cast, functions that DataFusion has under another name.

use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, TimeUnit};
use datafusion::error::Result;
use datafusion::logical_expr::planner::TypePlanner;
use datafusion::sql::sqlparser::ast::{
    self, BinaryOperator, CastKind, CeilFloorKind, DataType as SqlType, DateTimeField, ExactNumberInfo, Expr,
    FunctionArg, FunctionArgExpr, FunctionArguments, Ident, ObjectName, TimezoneInfo, TrimWhereField, UnaryOperator,
    Value, VisitMut, VisitorMut,
};
use datafusion::sql::sqlparser::dialect::SparkSqlDialect;
use datafusion::sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

use super::aggregate_names::{self, Translated};
use super::coercion::instant;
use super::functions::intervals;
use super::interval::{Literal, Unit};
use super::names::name_of;
use super::{Shown, named_arguments, spark_dialect, syntax, table_samples, text_cast};
use crate::error::SparkError;
use crate::error::condition::INVALID_TYPED_LITERAL;
use crate::types::StructField;
use crate::types::arrow::to_arrow_field;

/// Spark's types for the names in a `CAST` or a typed literal.
#[derive(Debug)]
pub(super) struct SparkTypes;

impl TypePlanner for SparkTypes {
    fn plan_type_field(&self, sql_type: &SqlType) -> Result<Option<FieldRef>> {
        let data_type = match sql_type {
            SqlType::Timestamp(_, TimezoneInfo::None) => instant(),
            SqlType::TimestampNtz(_) => DataType::Timestamp(TimeUnit::Microsecond, None),
            SqlType::String(_) => DataType::Utf8,
            SqlType::Real => DataType::Float32,
            SqlType::Binary(_) => DataType::Binary,
            SqlType::Custom(name, _) => match name.to_string().to_lowercase().as_str() {
                "byte" => DataType::Int8,
                "short" => DataType::Int16,
                "long" => DataType::Int64,
                "timestamp_ltz" => instant(),
                "timestamp_ntz" => DataType::Timestamp(TimeUnit::Microsecond, None),
                "string" => DataType::Utf8,
                "binary" => DataType::Binary,
                _ => return Ok(of_ddl(sql_type)),
            },
            SqlType::Array(_) | SqlType::Map(..) | SqlType::Struct(..) | SqlType::Interval { .. } => {
                return Ok(of_ddl(sql_type));
            }
            _ => return Ok(None),
        };
        Ok(Some(Arc::new(Field::new("", data_type, true))))
    }
}

/// A type as Spark's DDL reads it; none leaves its error to DataFusion.
fn of_ddl(sql_type: &SqlType) -> Option<FieldRef> {
    let text = match sql_type {
        // Quotes only let a name hold any text.
        SqlType::Custom(ObjectName(parts), modifiers) if modifiers.is_empty() && parts.len() == 1 => {
            parts[0].as_ident()?.value.clone()
        }
        sql_type => ddl_text(sql_type),
    };
    let data_type = crate::types::DataType::from_ddl(&text).ok()?;
    to_arrow_field(&StructField::new("", data_type)).ok().map(Arc::new)
}

/// The type as Spark writes it.
fn ddl_text(sql_type: &SqlType) -> String {
    match sql_type {
        SqlType::Map(key, value) => format!("map<{}, {}>", ddl_text(key), ddl_text(value)),
        SqlType::Array(ast::ArrayElemTypeDef::AngleBracket(element)) => format!("array<{}>", ddl_text(element)),
        other => other.to_string(),
    }
}

/// The text with `exists` of an array in quotes, and with Spark's number literals as casts: `1.5D`, `1.5BD`, `1.5F`, `1S`, `1Y`, and `1e3`, which is a double.
/// A text that does not tokenise is left to the parser's own error.
pub(super) fn with_plain_numbers(text: &str) -> String {
    let Ok(tokens) = Tokenizer::new(&SparkSqlDialect {}, text).tokenize_with_location() else {
        return text.to_owned();
    };
    let mut plain = String::with_capacity(text.len());
    let mut copied = 0;
    for (index, token) in tokens.iter().enumerate() {
        if is_exists_of_array(&tokens[index..])
            && let (Some(start), Some(end)) = (offset(text, token.span.start), offset(text, token.span.end))
        {
            plain.push_str(&text[copied..start]);
            plain.push_str(&format!("`{}`", &text[start..end].to_lowercase()));
            copied = end;
        }
        let Token::Number(number, false) = &token.token else { continue };
        let suffix = tokens.get(index + 1).and_then(|next| suffix(token, next));
        let sql_type = match suffix.as_deref() {
            Some("d") => "DOUBLE".to_owned(),
            Some("f") => "FLOAT".to_owned(),
            Some("s") => "SMALLINT".to_owned(),
            Some("y") => "TINYINT".to_owned(),
            Some("bd") => decimal_type(number),
            None if number.contains(['e', 'E']) => "DOUBLE".to_owned(),
            _ => continue,
        };
        let end = if suffix.is_some() {
            tokens.get(index + 1).map_or(token.span.end, |next| next.span.end)
        } else {
            token.span.end
        };
        let (Some(start), Some(end)) = (offset(text, token.span.start), offset(text, end)) else { continue };
        plain.push_str(&text[copied..start]);
        plain.push_str(&format!("CAST('{number}' AS {sql_type})"));
        copied = end;
    }
    plain.push_str(&text[copied..]);
    plain
}

/// Whether the tokens begin with `exists(` and no query follows: the function, which the parser takes for the predicate.
fn is_exists_of_array(tokens: &[TokenWithSpan]) -> bool {
    use datafusion::sql::sqlparser::keywords::Keyword;
    let Some((Token::Word(word), rest)) = tokens.split_first().map(|(first, rest)| (&first.token, rest)) else {
        return false;
    };
    let mut tokens = rest.iter().map(|token| &token.token).filter(|token| !matches!(token, Token::Whitespace(_)));
    if word.keyword != Keyword::EXISTS || word.quote_style.is_some() || tokens.next() != Some(&Token::LParen) {
        return false;
    }
    let queries = [Keyword::SELECT, Keyword::WITH, Keyword::FROM, Keyword::VALUES, Keyword::TABLE];
    match tokens.next() {
        Some(Token::Word(word)) => word.quote_style.is_some() || !queries.contains(&word.keyword),
        Some(Token::LParen) | None => false,
        Some(_) => true,
    }
}

/// The word that stands directly behind a number.
fn suffix(number: &TokenWithSpan, next: &TokenWithSpan) -> Option<String> {
    match &next.token {
        Token::Word(word) if word.quote_style.is_none() && number.span.end == next.span.start => {
            Some(word.value.to_lowercase())
        }
        _ => None,
    }
}

fn decimal_type(number: &str) -> String {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole = whole.trim_start_matches('0').len();
    format!("DECIMAL({}, {})", (whole + fraction.len()).max(1), fraction.len())
}

/// The place of a location in the text, in bytes.
fn offset(text: &str, location: Location) -> Option<usize> {
    let line = usize::try_from(location.line).ok()?.checked_sub(1)?;
    let column = usize::try_from(location.column).ok()?.checked_sub(1)?;
    let start = match line {
        0 => 0,
        line => text.match_indices('\n').nth(line - 1)?.0 + 1,
    };
    let rest = &text[start..];
    rest.char_indices().map(|(offset, _)| offset).chain([rest.len()]).nth(column).map(|offset| start + offset)
}

/// Spells the statement's expressions as DataFusion does.
///
/// # Errors
/// `INVALID_TYPED_LITERAL`.
pub(super) fn translate(statement: &mut ast::Statement, with_ids: bool) -> std::result::Result<(), SparkError> {
    match statement.visit(&mut Translation { with_ids }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(*error),
    }
}

/// Fails for `date'x'`.
fn check_literal(literal: &ast::TypedString) -> ControlFlow<Box<SparkError>> {
    let (data_type, name) = match literal.data_type {
        SqlType::Date => (DataType::Date32, "DATE"),
        SqlType::Timestamp(..) => (instant(), "TIMESTAMP"),
        _ => return ControlFlow::Continue(()),
    };
    let Some(text) = literal.value.value.clone().into_string() else { return ControlFlow::Continue(()) };
    let plain = text_cast::plain(&text, &data_type, false);
    // The day may be none of its month.
    let day = plain.as_deref().and_then(|plain| plain.get(..10)).filter(|day| day.as_bytes()[4] == b'-');
    let day = day.map(str::parse::<chrono::NaiveDate>);
    if plain.is_some() && !matches!(day, Some(Err(_))) {
        return ControlFlow::Continue(());
    }
    let parameters = [("valueType", format!("\"{name}\"")), ("value", format!("'{text}'"))];
    ControlFlow::Break(Box::new(INVALID_TYPED_LITERAL.error(parameters)))
}

struct Translation {
    /// Whether names of columns are a planner's.
    with_ids: bool,
}

impl VisitorMut for Translation {
    type Break = Box<SparkError>;

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Box<SparkError>> {
        // What is not true is told as it was written.
        if let Expr::Function(function) = expr
            && function.name.to_string().eq_ignore_ascii_case("assert_true")
            && let ast::FunctionArguments::List(list) = &mut function.args
            && let [ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(condition))] = list.args.as_slice()
        {
            let name = name_of(condition, &Shown::default(), self.with_ids);
            let message = Value::SingleQuotedString(format!("'{name}' is not true!"));
            let message = ast::FunctionArgExpr::Expr(Expr::Value(message.into()));
            list.args.push(ast::FunctionArg::Unnamed(message));
        }
        ControlFlow::Continue(())
    }

    fn post_visit_table_factor(&mut self, factor: &mut ast::TableFactor) -> ControlFlow<Box<SparkError>> {
        match table_samples::write_out(factor) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(Box::new(error)),
        }
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Box<SparkError>> {
        if let Expr::TypedString(literal) = expr {
            check_literal(literal)?;
        }
        if let Expr::Function(function) = expr
            && let [ast::ObjectNamePart::Identifier(name)] = function.name.0.as_slice()
        {
            let lower = name.value.to_lowercase();
            if let Err(error) = named_arguments::place(&lower, function) {
                return ControlFlow::Break(Box::new(error));
            }
            if let Some(ast::WindowType::WindowSpec(ast::WindowSpec { window_frame: Some(frame), .. })) =
                &mut function.over
            {
                positive(&mut frame.start_bound);
                frame.end_bound.iter_mut().for_each(positive);
            }
        }
        if let Some(translated) = translated(expr) {
            *expr = translated;
        }
        ControlFlow::Continue(())
    }
}

/// Spark's `-1 FOLLOWING` is the row before: `1 PRECEDING`.
fn positive(bound: &mut ast::WindowFrameBound) {
    if let ast::WindowFrameBound::Following(Some(distance)) = bound
        && let Expr::UnaryOp { op: ast::UnaryOperator::Minus, expr } = distance.as_ref()
    {
        *bound = ast::WindowFrameBound::Preceding(Some(expr.clone()));
    }
}

fn translated(expr: &mut Expr) -> Option<Expr> {
    match expr {
        // `1L` is a BIGINT.
        Expr::Value(value) => match &value.value {
            Value::Number(number, true) => {
                let number = Expr::Value(Value::Number(number.clone(), false).into());
                Some(cast(number, SqlType::BigInt(None)))
            }
            _ => None,
        },
        Expr::CompoundFieldAccess { access_chain, .. } => {
            // The planner takes a field's name for one in quotes only.
            for access in access_chain {
                if let ast::AccessExpr::Dot(Expr::Identifier(name)) = access {
                    let name = Value::SingleQuotedString(name.value.clone());
                    *access = ast::AccessExpr::Dot(Expr::Value(name.into()));
                }
            }
            None
        }
        Expr::Collate { expr, collation } => {
            let name = collation.0.last().and_then(|part| part.as_ident())?.value.clone();
            let name = Expr::Value(Value::SingleQuotedString(name).into());
            Some(call("collate", vec![expr.as_ref().clone(), name]))
        }
        Expr::Interval(interval) => written_interval(interval),
        Expr::BinaryOp { left, op, right } if shift(op).is_some() => {
            Some(call(shift(op)?, vec![left.as_ref().clone(), right.as_ref().clone()]))
        }
        // DataFusion negates no durations.
        Expr::UnaryOp { op: UnaryOperator::Minus, expr: inner } if is_made_interval(inner) => {
            Some(call("interval_negative", vec![inner.as_ref().clone()]))
        }
        Expr::InSubquery { expr: values, subquery, negated: false } if matches!(values.as_ref(), Expr::Tuple(_)) => {
            in_together(values, subquery)
        }
        // A text is the number or the condition that it says.
        Expr::UnaryOp { op, expr: inner } if is_text(inner) => match op {
            UnaryOperator::Not => {
                Some(Expr::UnaryOp { op: *op, expr: Box::new(cast(inner.as_ref().clone(), SqlType::Boolean)) })
            }
            UnaryOperator::Minus | UnaryOperator::Plus => {
                let double = cast(inner.as_ref().clone(), SqlType::Double(ast::ExactNumberInfo::None));
                Some(Expr::UnaryOp { op: *op, expr: Box::new(double) })
            }
            _ => None,
        },
        Expr::UnaryOp { op: UnaryOperator::BitwiseNot, expr } => Some(call("bit_not", vec![expr.as_ref().clone()])),
        Expr::BinaryOp { left, op: BinaryOperator::MyIntegerDivide, right } => {
            Some(call("div", vec![left.as_ref().clone(), right.as_ref().clone()]))
        }
        Expr::Substring { expr, substring_from, substring_for, .. } => {
            let bounds = [substring_from, substring_for].into_iter().flatten().map(|bound| bound.as_ref().clone());
            Some(call("substring", std::iter::once(expr.as_ref().clone()).chain(bounds).collect()))
        }
        Expr::Position { expr, r#in } => Some(call("locate", vec![expr.as_ref().clone(), r#in.as_ref().clone()])),
        Expr::Overlay { expr, overlay_what, overlay_from, overlay_for } => {
            let arguments = [Some(expr), Some(overlay_what), Some(overlay_from), overlay_for.as_mut()];
            Some(call("overlay", arguments.into_iter().flatten().map(|argument| argument.as_ref().clone()).collect()))
        }
        Expr::Trim { trim_where, trim_what, expr, trim_characters: None } => {
            let text = expr.as_ref().clone();
            Some(match (trim_where, trim_what.as_deref().cloned()) {
                (None | Some(TrimWhereField::Both), None) => call("trim", vec![text]),
                (None | Some(TrimWhereField::Both), Some(characters)) => call("btrim", vec![text, characters]),
                (Some(side), characters) => {
                    let name = if *side == TrimWhereField::Leading { "ltrim" } else { "rtrim" };
                    call(name, characters.into_iter().chain([text]).collect())
                }
            })
        }
        Expr::Struct { values, fields } if fields.is_empty() && !values.is_empty() => Some(struct_of(values)),
        Expr::Ceil { expr, field } => rounding("ceil", expr, field),
        Expr::Floor { expr, field } => rounding("floor", expr, field),
        Expr::Extract { field, expr, .. } => {
            date_part(&field.to_string()).map(|function| call(function, vec![expr.as_ref().clone()]))
        }
        Expr::RLike { negated, expr, pattern, .. } => {
            let matches = call("regexp_like", vec![expr.as_ref().clone(), pattern.as_ref().clone()]);
            Some(if *negated { Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(matches) } } else { matches })
        }
        Expr::Like { negated, any, expr, pattern, escape_char } => {
            let (patterns, op) = match pattern.as_ref() {
                Expr::Tuple(patterns) if *any => (patterns.clone(), BinaryOperator::Or),
                Expr::Nested(pattern) if *any => (vec![pattern.as_ref().clone()], BinaryOperator::Or),
                // `LIKE ALL (…)` is parsed as a call.
                Expr::Function(all) if all.name.to_string().eq_ignore_ascii_case("all") => {
                    (arguments(&all.args)?, BinaryOperator::And)
                }
                _ => return None,
            };
            let likes = patterns.iter().map(|pattern| Expr::Like {
                negated: *negated,
                any: false,
                expr: expr.clone(),
                pattern: Box::new(pattern.clone()),
                escape_char: escape_char.clone(),
            });
            let any = likes.reduce(|left, right| Expr::BinaryOp {
                left: Box::new(left),
                op: op.clone(),
                right: Box::new(right),
            });
            any.map(|any| Expr::Nested(Box::new(any)))
        }
        Expr::Function(function) => {
            let [ast::ObjectNamePart::Identifier(name)] = function.name.0.as_slice() else { return None };
            // The rank of a row is an INT.
            let ranks = ["row_number", "rank", "dense_rank", "ntile"];
            if function.over.is_some() && ranks.iter().any(|rank| name.value.eq_ignore_ascii_case(rank)) {
                return Some(cast(expr.clone(), SqlType::Int(None)));
            }
            let lower = name.value.to_lowercase();
            match aggregate_names::translate(&lower, function, cast) {
                Translated::No => {}
                Translated::Call => return None,
                Translated::Cast(sql_type) => return Some(cast(expr.clone(), sql_type)),
            }
            if function.over.is_some() || function.filter.is_some() {
                return None;
            }
            let arguments = arguments(&function.args)?;
            of_function(&lower, arguments)
        }
        _ => None,
    }
}

/// Whether an expression is a call that makes an interval.
fn is_made_interval(expr: &Expr) -> bool {
    match expr {
        Expr::Nested(inner) => is_made_interval(inner),
        Expr::Function(function) => {
            let name = function.name.to_string();
            name.starts_with("interval_") || matches!(name.as_str(), "make_dt_interval" | "make_ym_interval")
        }
        _ => false,
    }
}

/// `(a, b) IN (SELECT x, y …)`: whether there is a row of such values.
fn in_together(values: &Expr, subquery: &ast::Query) -> Option<Expr> {
    let Expr::Tuple(values) = values else { return None };
    let name = |index: usize| Ident::with_quote('`', format!("__in_{index}"));
    let columns = (0..values.len()).map(|index| ast::TableAliasColumnDef { name: name(index), data_type: None });
    let alias =
        ast::TableAlias { explicit: true, name: Ident::with_quote('`', "__in"), columns: columns.collect(), at: None };
    let equal = values.iter().enumerate().map(|(index, value)| {
        let column = Expr::CompoundIdentifier(vec![Ident::with_quote('`', "__in"), name(index)]);
        binary(column, BinaryOperator::Eq, Expr::Nested(Box::new(value.clone())))
    });
    let condition = equal.reduce(|left, right| binary(left, BinaryOperator::And, right))?;
    let mut query = subquery.clone();
    let relation = ast::TableFactor::Derived {
        lateral: false,
        subquery: Box::new(subquery.clone()),
        alias: Some(alias),
        sample: None,
    };
    let one = ast::SelectItem::UnnamedExpr(Expr::Value(Value::Number("1".to_owned(), false).into()));
    let from = vec![ast::TableWithJoins { relation, joins: Vec::new() }];
    let select = ast::Select { selection: Some(condition), ..syntax::select(vec![one], from) };
    query.with = None;
    query.order_by = None;
    query.limit_clause = None;
    query.body = Box::new(ast::SetExpr::Select(Box::new(select)));
    Some(Expr::Exists { subquery: Box::new(query), negated: false })
}

/// Whether an expression is certainly a text.
fn is_text(expr: &Expr) -> bool {
    match expr {
        Expr::Nested(inner) => is_text(inner),
        Expr::Value(value) => matches!(value.value, Value::SingleQuotedString(_) | Value::DoubleQuotedString(_)),
        Expr::Cast { data_type, .. } => matches!(data_type, SqlType::String(_) | SqlType::Varchar(_) | SqlType::Text),
        _ => false,
    }
}

/// The function that a shift means.
fn shift(op: &BinaryOperator) -> Option<&'static str> {
    match op {
        BinaryOperator::PGBitwiseShiftLeft => Some("shiftleft"),
        BinaryOperator::PGBitwiseShiftRight => Some("shiftright"),
        BinaryOperator::Custom(symbol) if symbol == spark_dialect::UNSIGNED_SHIFT => Some("shiftrightunsigned"),
        _ => None,
    }
}

/// An interval literal as a call; none leaves an interval of an expression to DataFusion.
fn written_interval(interval: &ast::Interval) -> Option<Expr> {
    let Expr::Value(value) = interval.value.as_ref() else { return None };
    let text = value.value.clone().into_string()?;
    let unit = |field: &DateTimeField| Unit::of_name(&field.to_string());
    let start = unit(interval.leading_field.as_ref()?)?;
    let literal = match &interval.last_field {
        Some(end) => Literal::of_range(&text, start, unit(end)?)?,
        None => Literal::of_units(&[(text, start)])?,
    };
    let (name, arguments) = intervals::of_literal(&literal);
    let number = |text: String| match text.strip_prefix('-') {
        Some(digits) => Expr::UnaryOp {
            op: UnaryOperator::Minus,
            expr: Box::new(Expr::Value(Value::Number(digits.to_owned(), false).into())),
        },
        None => Expr::Value(Value::Number(text, false).into()),
    };
    Some(call(name, arguments.into_iter().map(number).collect()))
}

/// A rounding, whose number of places the parser takes for a value.
fn rounding(name: &str, expr: &Expr, field: &CeilFloorKind) -> Option<Expr> {
    match field {
        CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) => Some(call(name, vec![expr.clone()])),
        CeilFloorKind::DateTimeField(_) => None,
        CeilFloorKind::Scale(places) => Some(call(name, vec![expr.clone(), Expr::Value(places.clone())])),
    }
}

/// A struct of values, whose fields are named by them or by their places.
fn struct_of(values: &[Expr]) -> Expr {
    let fields = values.iter().enumerate().flat_map(|(index, value)| {
        let (name, value) = match value {
            Expr::Named { expr, name } => (name.value.clone(), expr.as_ref().clone()),
            Expr::Identifier(name) => (name.value.clone(), value.clone()),
            Expr::CompoundIdentifier(parts) => {
                (parts.last().map(|name| name.value.clone()).unwrap_or_default(), value.clone())
            }
            value => (format!("col{}", index + 1), value.clone()),
        };
        [Expr::Value(Value::SingleQuotedString(name).into()), value]
    });
    call("named_struct", fields.collect())
}

/// The function that gives a part of a date or a time.
pub(super) fn date_part(part: &str) -> Option<&'static str> {
    Some(match part.to_lowercase().as_str() {
        "year" | "y" | "years" | "yr" | "yrs" => "year",
        "yearofweek" => "yearofweek",
        "quarter" | "qtr" => "quarter",
        "month" | "mon" | "mons" | "months" => "month",
        "week" | "w" | "weeks" => "weekofyear",
        "day" | "d" | "days" => "day",
        "dayofweek" | "dow" => "dayofweek",
        "dayofweek_iso" | "dow_iso" => "dayofweek_iso",
        "doy" | "dayofyear" => "dayofyear",
        "hour" | "h" | "hours" | "hr" | "hrs" => "hour",
        "minute" | "m" | "min" | "mins" | "minutes" => "minute",
        "second" | "s" | "sec" | "seconds" | "secs" => "seconds_with_fraction",
        _ => return None,
    })
}

/// A `CASE` of these conditions and results.
pub(super) fn case(conditions: Vec<(Expr, Expr)>, otherwise: Option<Expr>) -> Expr {
    Expr::Case {
        case_token: ast::helpers::attached_token::AttachedToken::empty(),
        end_token: ast::helpers::attached_token::AttachedToken::empty(),
        operand: None,
        conditions: conditions.into_iter().map(|(condition, result)| ast::CaseWhen { condition, result }).collect(),
        else_result: otherwise.map(Box::new),
    }
}

fn binary(left: Expr, op: BinaryOperator, right: Expr) -> Expr {
    Expr::BinaryOp { left: Box::new(left), op, right: Box::new(right) }
}

fn of_function(name: &str, arguments: Vec<Expr>) -> Option<Expr> {
    let null = || Expr::Value(Value::Null.into());
    let number = |number: &str| Expr::Value(Value::Number(number.to_owned(), false).into());
    let single = || <[Expr; 1]>::try_from(arguments.clone()).ok().map(|[argument]| argument);
    let casts = |sql_type: SqlType| single().map(|argument| cast(argument, sql_type));
    match name {
        "double" => casts(SqlType::Double(ExactNumberInfo::None)),
        "float" => casts(SqlType::Float(ExactNumberInfo::None)),
        "tinyint" => casts(SqlType::TinyInt(None)),
        "smallint" => casts(SqlType::SmallInt(None)),
        "int" => casts(SqlType::Int(None)),
        "bigint" => casts(SqlType::BigInt(None)),
        "string" => casts(SqlType::String(None)),
        "boolean" => casts(SqlType::Boolean),
        "binary" => casts(SqlType::Binary(None)),
        "date" => casts(SqlType::Date),
        "timestamp" => casts(SqlType::Timestamp(None, TimezoneInfo::None)),
        "isnull" => single().map(|argument| Expr::IsNull(Box::new(argument))),
        "isnotnull" => single().map(|argument| Expr::IsNotNull(Box::new(argument))),
        "startswith" => Some(call("either_starts_with", arguments)),
        "endswith" => Some(call("either_ends_with", arguments)),
        "contains" => Some(call("either_contains", arguments)),
        "random" => Some(call("rand", arguments)),
        "size" | "cardinality" | "array_size" => Some(cast(call("cardinality", arguments), SqlType::Int(None))),
        "array" => Some(call("make_array", arguments)),
        "if" => {
            let [condition, then, otherwise] = <[Expr; 3]>::try_from(arguments).ok()?;
            Some(case(vec![(condition, then)], Some(otherwise)))
        }
        "nvl2" => {
            let [value, present, absent] = <[Expr; 3]>::try_from(arguments).ok()?;
            Some(case(vec![(Expr::IsNotNull(Box::new(value)), present)], Some(absent)))
        }
        "ifnull" | "nvl" => (arguments.len() == 2).then(|| call("coalesce", arguments)),
        "zeroifnull" => single().map(|argument| call("coalesce", vec![argument, number("0")])),
        "struct" if !arguments.is_empty() => Some(struct_of(&arguments)),
        "decode" if arguments.len() > 2 => {
            let (value, rest) = arguments.split_first()?;
            let pairs = rest.chunks_exact(2);
            let otherwise = pairs.remainder().first().cloned();
            let conditions =
                pairs.map(|pair| (binary(value.clone(), BinaryOperator::Spaceship, pair[0].clone()), pair[1].clone()));
            Some(case(conditions.collect(), otherwise))
        }
        "nullif" => {
            let [value, other] = <[Expr; 2]>::try_from(arguments).ok()?;
            Some(case(vec![(binary(value.clone(), BinaryOperator::Eq, other), null())], Some(value)))
        }
        "nullifzero" => single()
            .map(|value| case(vec![(binary(value.clone(), BinaryOperator::Eq, number("0")), null())], Some(value))),
        "equal_null" => {
            let [value, other] = <[Expr; 2]>::try_from(arguments).ok()?;
            Some(Expr::Nested(Box::new(binary(value, BinaryOperator::Spaceship, other))))
        }
        "current_date" | "curdate" if arguments.is_empty() => {
            Some(cast(cast(call("now", arguments), SqlType::Timestamp(None, TimezoneInfo::None)), SqlType::Date))
        }
        "current_timestamp" | "localtimestamp" if arguments.is_empty() => {
            let now = cast(call("now", arguments), SqlType::Timestamp(None, TimezoneInfo::None));
            Some(if name == "localtimestamp" { cast(now, SqlType::TimestampNtz(None)) } else { now })
        }
        "to_date" | "try_to_date" | "to_timestamp" | "try_to_timestamp" | "to_timestamp_ltz" | "to_timestamp_ntz" => {
            let sql_type = match name {
                "to_date" | "try_to_date" => SqlType::Date,
                "to_timestamp_ntz" => SqlType::TimestampNtz(None),
                _ => SqlType::Timestamp(None, TimezoneInfo::None),
            };
            match (arguments.len(), name) {
                (1, "try_to_date" | "try_to_timestamp") => single().map(|argument| try_cast(argument, sql_type)),
                (1, _) => casts(sql_type),
                (2, "to_date") => Some(call("date_of_pattern", arguments)),
                (2, "try_to_date") => Some(call("try_date_of_pattern", arguments)),
                (2, "to_timestamp" | "to_timestamp_ltz") => Some(call("instant_of_pattern", arguments)),
                (2, "try_to_timestamp") => Some(call("try_instant_of_pattern", arguments)),
                _ => None,
            }
        }
        "unix_timestamp" | "to_unix_timestamp" => match arguments.len() {
            0 => Some(call("unix_seconds", vec![call("now", arguments)])),
            1 => Some(call("unix_seconds", arguments)),
            2 => Some(call("seconds_of_pattern", arguments)),
            _ => None,
        },
        "timestampadd" | "dateadd" | "date_add" if arguments.len() == 3 => {
            Some(call("timestampadd", units(arguments)?))
        }
        "timestampdiff" | "timediff" | "datediff" | "date_diff" if arguments.len() == 3 => {
            Some(call("timestampdiff", units(arguments)?))
        }
        "convert_timezone" => match arguments.len() {
            2 => Some(call("convert_timezone_of", [vec![call("current_timezone", Vec::new())], arguments].concat())),
            _ => Some(call("convert_timezone_of", arguments)),
        },
        "stack" => stacked(&arguments),
        "json_tuple" => {
            let (json, names) = arguments.split_first()?;
            let fields = names.iter().enumerate().flat_map(|(index, name)| {
                let path =
                    call("concat", vec![Expr::Value(Value::SingleQuotedString("$.".to_owned()).into()), name.clone()]);
                let name = Expr::Value(Value::SingleQuotedString(format!("c{index}")).into());
                [name, call("get_json_object", vec![json.clone(), path])]
            });
            Some(call("inline", vec![call("make_array", vec![call("named_struct", fields.collect())])]))
        }
        "date_part" | "datepart" => {
            let [part, value] = <[Expr; 2]>::try_from(arguments).ok()?;
            let Expr::Value(part) = part else { return None };
            let Value::SingleQuotedString(part) = part.value else { return None };
            date_part(&part).map(|function| call(function, vec![value]))
        }
        _ => None,
    }
}

/// The arguments of a function whose first one is a unit of time, which is a word or a text.
fn units(mut arguments: Vec<Expr>) -> Option<Vec<Expr>> {
    if let Some(Expr::Identifier(unit)) = arguments.first() {
        let unit = Value::SingleQuotedString(unit.value.clone());
        *arguments.first_mut()? = Expr::Value(unit.into());
    }
    Some(arguments)
}

/// `stack(2, a, b, c)`: so many rows of what follows.
fn stacked(arguments: &[Expr]) -> Option<Expr> {
    let (Expr::Value(rows), values) = arguments.split_first()? else { return None };
    let Value::Number(rows, _) = &rows.value else { return None };
    let rows: usize = rows.to_string().parse().ok().filter(|rows| *rows > 0)?;
    let width = values.len().div_ceil(rows);
    let row = |row: usize| {
        let fields = (0..width).flat_map(|column| {
            let value = values.get(row * width + column).cloned();
            let name = Expr::Value(Value::SingleQuotedString(format!("col{column}")).into());
            [name, value.unwrap_or_else(|| Expr::Value(Value::Null.into()))]
        });
        call("named_struct", fields.collect())
    };
    Some(call("inline", vec![call("make_array", (0..rows).map(row).collect())]))
}

/// The arguments of a plain call.
pub(super) fn arguments(arguments: &FunctionArguments) -> Option<Vec<Expr>> {
    match arguments {
        FunctionArguments::None => Some(Vec::new()),
        FunctionArguments::List(list) if list.clauses.is_empty() && list.duplicate_treatment.is_none() => {
            let arguments = list.args.iter().map(|argument| match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
                _ => None,
            });
            arguments.collect()
        }
        _ => None,
    }
}

fn try_cast(expr: Expr, data_type: SqlType) -> Expr {
    Expr::Cast { kind: CastKind::TryCast, expr: Box::new(expr), data_type, array: false, format: None }
}

fn cast(expr: Expr, data_type: SqlType) -> Expr {
    Expr::Cast { kind: CastKind::Cast, expr: Box::new(expr), data_type, array: false, format: None }
}

/// A call of a function by its name.
pub(super) fn call(name: &str, arguments: Vec<Expr>) -> Expr {
    syntax::call(Ident::new(name), arguments, false)
}

/// A call of a function by a name that is no plain identifier.
pub(super) fn call_quoted(name: &str, arguments: Vec<Expr>) -> Expr {
    syntax::call(Ident::with_quote('`', name), arguments, false)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("SELECT 1.5D, 'é' , 2e3", "SELECT CAST('1.5' AS DOUBLE), 'é' , CAST('2e3' AS DOUBLE)")]
    #[case("SELECT\n 1.55bd\n + 1", "SELECT\n CAST('1.55' AS DECIMAL(3, 2))\n + 1")]
    #[case("SELECT 1.5, 7L, '1.5D', 1 d", "SELECT 1.5, 7L, '1.5D', 1 d")]
    #[case("SELECT 'open", "SELECT 'open")]
    #[case("SELECT EXISTS (a, x -> x = 1)", "SELECT `exists` (a, x -> x = 1)")]
    #[case("SELECT exists (SELECT 1), exists((SELECT 1))", "SELECT exists (SELECT 1), exists((SELECT 1))")]
    fn numbers_with_a_suffix_become_casts(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(with_plain_numbers(text), expected);
    }
}
