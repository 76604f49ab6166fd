//! The parser's dialect of Spark, with what it does not know yet: shifts, and intervals of several units.

use std::any::TypeId;

use datafusion::common::plan_datafusion_err;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::SessionState;
use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast::{BinaryOperator, DateTimeField, Expr, Interval, Value};
use datafusion::sql::sqlparser::dialect::{Dialect, SparkSqlDialect};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

use super::interval::{Literal, Unit};

/// The symbol of a shift to the right that brings zeros in.
pub(super) const UNSIGNED_SHIFT: &str = ">>>";

/// A shift binds less than a sum and more than `&`.
const SHIFT_PRECEDENCE: u8 = 25;

/// The only statement of a text.
///
/// # Errors
/// The parser's own.
pub(super) fn parse(state: &SessionState, text: &str) -> Result<Statement> {
    refuse_braces(text)?;
    let mut statements = DFParserBuilder::new(text)
        .with_dialect(&SparkDialect::default())
        .with_recursion_limit(state.config_options().sql_parser.recursion_limit.get())
        .build()?
        .parse_statements()?;
    match (statements.pop_front(), statements.is_empty()) {
        (Some(statement), true) => Ok(statement),
        (Some(_), false) => datafusion::common::not_impl_err!("several statements in one text"),
        (None, _) => Err(plan_datafusion_err!("No SQL statements were provided in the query string")),
    }
}

/// Braces begin literals and calls for the parser, and nothing for Spark.
fn refuse_braces(text: &str) -> Result<()> {
    if !text.contains('{') {
        return Ok(());
    }
    let dialect = SparkDialect::default();
    let tokens = Tokenizer::new(&dialect, text).tokenize_with_location().unwrap_or_default();
    match tokens.into_iter().find(|token| token.token == Token::LBrace) {
        Some(TokenWithSpan { span, .. }) => {
            let error = ParserError::ParserError(format!("Expected: an expression, found: {{{}", span.start));
            Err(DataFusionError::SQL(Box::new(error), None))
        }
        None => Ok(()),
    }
}

/// Spark's dialect, as the parser's own in all that is not said here.
#[derive(Debug, Default)]
pub(super) struct SparkDialect(SparkSqlDialect);

impl Dialect for SparkDialect {
    fn dialect(&self) -> TypeId {
        self.0.dialect()
    }

    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        self.0.is_delimited_identifier_start(ch)
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        self.0.is_identifier_start(ch)
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        self.0.is_identifier_part(ch)
    }

    fn supports_filter_during_aggregation(&self) -> bool {
        self.0.supports_filter_during_aggregation()
    }

    fn supports_group_by_expr(&self) -> bool {
        self.0.supports_group_by_expr()
    }

    fn supports_group_by_with_modifier(&self) -> bool {
        self.0.supports_group_by_with_modifier()
    }

    fn supports_lambda_functions(&self) -> bool {
        self.0.supports_lambda_functions()
    }

    fn supports_select_wildcard_except(&self) -> bool {
        self.0.supports_select_wildcard_except()
    }

    fn supports_struct_literal(&self) -> bool {
        self.0.supports_struct_literal()
    }

    fn supports_nested_comments(&self) -> bool {
        self.0.supports_nested_comments()
    }

    fn supports_create_table_using(&self) -> bool {
        self.0.supports_create_table_using()
    }

    fn supports_long_type_as_bigint(&self) -> bool {
        self.0.supports_long_type_as_bigint()
    }

    fn supports_values_as_table_factor(&self) -> bool {
        self.0.supports_values_as_table_factor()
    }

    fn require_interval_qualifier(&self) -> bool {
        self.0.require_interval_qualifier()
    }

    fn supports_bang_not_operator(&self) -> bool {
        self.0.supports_bang_not_operator()
    }

    fn supports_select_item_multi_column_alias(&self) -> bool {
        self.0.supports_select_item_multi_column_alias()
    }

    fn supports_cte_without_as(&self) -> bool {
        self.0.supports_cte_without_as()
    }

    fn supports_map_literal_with_angle_brackets(&self) -> bool {
        self.0.supports_map_literal_with_angle_brackets()
    }

    fn supports_named_fn_args_with_rarrow_operator(&self) -> bool {
        true
    }

    fn parse_prefix(&self, parser: &mut Parser) -> Option<Result<Expr, ParserError>> {
        interval(parser).transpose()
    }

    fn get_next_precedence(&self, parser: &Parser) -> Option<Result<u8, ParserError>> {
        let shifts = matches!(parser.peek_token_ref().token, Token::ShiftLeft | Token::ShiftRight);
        shifts.then_some(Ok(SHIFT_PRECEDENCE))
    }

    fn parse_infix(&self, parser: &mut Parser, expr: &Expr, precedence: u8) -> Option<Result<Expr, ParserError>> {
        let op = match parser.peek_token_ref().token {
            Token::ShiftLeft => BinaryOperator::PGBitwiseShiftLeft,
            Token::ShiftRight => BinaryOperator::PGBitwiseShiftRight,
            _ => return self.0.parse_infix(parser, expr, precedence),
        };
        let end = parser.next_token().span.end;
        let next = parser.peek_token_ref();
        let op = if op == BinaryOperator::PGBitwiseShiftRight && next.token == Token::Gt && next.span.start == end {
            parser.next_token();
            BinaryOperator::Custom(UNSIGNED_SHIFT.to_owned())
        } else {
            op
        };
        let right = parser.parse_subexpr(SHIFT_PRECEDENCE);
        Some(right.map(|right| Expr::BinaryOp { left: Box::new(expr.clone()), op, right: Box::new(right) }))
    }
}

/// An interval that is written out in units, if that is what comes next.
fn interval(parser: &mut Parser) -> Result<Option<Expr>, ParserError> {
    let starts =
        |token: &Token| matches!(token, Token::SingleQuotedString(_) | Token::Number(..) | Token::Minus | Token::Plus);
    let is_interval = matches!(&parser.peek_token_ref().token, Token::Word(word) if word.keyword == Keyword::INTERVAL && word.quote_style.is_none());
    if !is_interval || !starts(&parser.peek_nth_token(1).token) {
        return Ok(None);
    }
    let index = parser.index();
    let place = parser.peek_token_ref().span.start;
    parser.next_token();
    match written(parser, place)? {
        Some(literal) => Ok(Some(expression(&literal))),
        None => {
            // An expression with a unit: the parser's own.
            while parser.index() > index {
                parser.prev_token();
            }
            Ok(None)
        }
    }
}

fn invalid(place: Location, what: &str) -> ParserError {
    ParserError::ParserError(format!("{what} at Line: {}, Column: {}", place.line, place.column))
}

fn unit(token: &Token) -> Option<Unit> {
    match token {
        Token::Word(word) if word.quote_style.is_none() => Unit::of_name(&word.value),
        _ => None,
    }
}

/// What follows `INTERVAL`.
fn written(parser: &mut Parser, place: Location) -> Result<Option<Literal>, ParserError> {
    let text = match &parser.peek_token_ref().token {
        Token::SingleQuotedString(text) => Some(text.clone()),
        _ => None,
    };
    let first_unit = unit(&parser.peek_nth_token(1).token);
    if let Some(text) = text {
        let Some(start) = first_unit else {
            // All units are in the text.
            parser.next_token();
            let literal = Literal::of_units_text(&text);
            return literal.map(Some).ok_or_else(|| invalid(place, "an interval that does not parse"));
        };
        if matches!(&parser.peek_nth_token(2).token, Token::Word(word) if word.keyword == Keyword::TO) {
            let Some(end) = unit(&parser.peek_nth_token(3).token) else { return Ok(None) };
            for _ in 0..4 {
                parser.next_token();
            }
            let literal = Literal::of_range(&text, start, end);
            return literal.map(Some).ok_or_else(|| invalid(place, "an interval that does not parse"));
        }
    }
    let mut parts: Vec<(String, Unit)> = Vec::new();
    loop {
        let sign = match parser.peek_token_ref().token {
            Token::Minus => "-",
            Token::Plus => "+",
            _ => "",
        };
        let at = usize::from(!sign.is_empty());
        let number = match &parser.peek_nth_token(at).token {
            Token::Number(number, _) => number.clone(),
            Token::SingleQuotedString(text) => text.trim().to_owned(),
            _ => break,
        };
        let Some(unit) = unit(&parser.peek_nth_token(at + 1).token) else { break };
        for _ in 0..at + 2 {
            parser.next_token();
        }
        parts.push((format!("{sign}{number}"), unit));
    }
    if parts.is_empty() {
        return Ok(None);
    }
    let literal = Literal::of_units(&parts);
    literal.map(Some).ok_or_else(|| invalid(place, "an interval that does not parse"))
}

/// The interval in the form that the standard has for it.
fn expression(literal: &Literal) -> Expr {
    let field = |unit: Unit| match unit {
        Unit::Year => DateTimeField::Year,
        Unit::Month => DateTimeField::Month,
        Unit::Day => DateTimeField::Day,
        Unit::Hour => DateTimeField::Hour,
        Unit::Minute => DateTimeField::Minute,
        _ => DateTimeField::Second,
    };
    Expr::Interval(Interval {
        value: Box::new(Expr::Value(Value::SingleQuotedString(literal.text()).into())),
        leading_field: Some(field(literal.start)),
        leading_precision: None,
        last_field: (literal.start != literal.end).then(|| field(literal.end)),
        fractional_seconds_precision: None,
    })
}
