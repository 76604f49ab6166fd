//! Spark's SQL where the parser or DataFusion's planner knows another dialect: literals with a suffix, names of types, functions
//! that cast, functions that DataFusion has under another name.

use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, TimeUnit};
use datafusion::error::Result;
use datafusion::logical_expr::planner::TypePlanner;
use datafusion::sql::sqlparser::ast::{
    self, BinaryOperator, CastKind, DataType as SqlType, ExactNumberInfo, Expr, FunctionArg, FunctionArgExpr,
    FunctionArguments, Ident, ObjectName, TimezoneInfo, UnaryOperator, Value, VisitMut, VisitorMut,
};
use datafusion::sql::sqlparser::dialect::SparkSqlDialect;
use datafusion::sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

use super::coercion::instant;
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
        sql_type => sql_type.to_string(),
    };
    let data_type = crate::types::DataType::from_ddl(&text).ok()?;
    to_arrow_field(&StructField::new("", data_type)).ok().map(Arc::new)
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
pub(super) fn translate(statement: &mut ast::Statement) {
    let _ = statement.visit(&mut Translation);
}

struct Translation;

impl VisitorMut for Translation {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Some(translated) = translated(expr) {
            *expr = translated;
        }
        ControlFlow::Continue(())
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
            if function.over.is_some() || function.filter.is_some() {
                return None;
            }
            let arguments = arguments(&function.args)?;
            of_function(&name.value.to_lowercase(), arguments)
        }
        _ => None,
    }
}

fn of_function(name: &str, arguments: Vec<Expr>) -> Option<Expr> {
    let single = || <[Expr; 1]>::try_from(arguments.clone()).ok().map(|[argument]| argument);
    let casts = |sql_type: SqlType| single().map(|argument| cast(argument, sql_type));
    let part = |part: &str| {
        let part = Expr::Value(Value::SingleQuotedString(part.to_owned()).into());
        single().map(|argument| call("date_part", vec![part, argument]))
    };
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
        "date" | "to_date" => casts(SqlType::Date),
        "timestamp" => casts(SqlType::Timestamp(None, TimezoneInfo::None)),
        "isnull" => single().map(|argument| Expr::IsNull(Box::new(argument))),
        "isnotnull" => single().map(|argument| Expr::IsNotNull(Box::new(argument))),
        "year" | "month" | "hour" | "minute" | "quarter" => part(name),
        "day" | "dayofmonth" => part("day"),
        "startswith" => Some(call("either_starts_with", arguments)),
        "endswith" => Some(call("either_ends_with", arguments)),
        "contains" => Some(call("either_contains", arguments)),
        "rand" if arguments.is_empty() => Some(call("random", arguments)),
        "size" => Some(cast(call("cardinality", arguments), SqlType::Int(None))),
        "array" => Some(call("make_array", arguments)),
        "array_contains" => Some(call("array_has", arguments)),
        "if" => {
            let [condition, then, otherwise] = <[Expr; 3]>::try_from(arguments).ok()?;
            Some(Expr::Case {
                case_token: ast::helpers::attached_token::AttachedToken::empty(),
                end_token: ast::helpers::attached_token::AttachedToken::empty(),
                operand: None,
                conditions: vec![ast::CaseWhen { condition, result: then }],
                else_result: Some(Box::new(otherwise)),
            })
        }
        _ => None,
    }
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

fn cast(expr: Expr, data_type: SqlType) -> Expr {
    Expr::Cast { kind: CastKind::Cast, expr: Box::new(expr), data_type, array: false, format: None }
}

/// A call of a function by its name.
pub(super) fn call(name: &str, arguments: Vec<Expr>) -> Expr {
    call_of(Ident::new(name), arguments)
}

/// A call of a function by a name that is no plain identifier.
pub(super) fn call_quoted(name: &str, arguments: Vec<Expr>) -> Expr {
    call_of(Ident::with_quote('`', name), arguments)
}

fn call_of(name: Ident, arguments: Vec<Expr>) -> Expr {
    let args = arguments.into_iter().map(|argument| FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))).collect();
    Expr::Function(ast::Function {
        name: ObjectName::from(vec![name]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(ast::FunctionArgumentList {
            duplicate_treatment: None,
            args,
            clauses: Vec::new(),
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
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
