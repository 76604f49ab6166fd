//! The names that Spark gives to columns without an alias: `(a + 1)`, `count(1)`, `CAST(a AS STRING)`.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use arrow::array::timezone::Tz;
use arrow::compute::kernels::cast_utils::string_to_datetime;
use datafusion::sql::sqlparser::ast::{
    AccessExpr, BinaryOperator, CastKind, DataType as SqlType, DuplicateTreatment, Expr, Function, FunctionArg,
    FunctionArgExpr, FunctionArguments, Ident, LambdaFunction, OrderByExpr, Select, SelectItem, Statement, Subscript,
    TableFactor, TableWithJoins, TypedString, UnaryOperator, Value, VisitMut, VisitorMut, WindowFrame,
    WindowFrameBound, WindowFrameUnits, WindowType,
};

use super::{generators, signatures, temporal_text};
use crate::types::DataType;
use crate::types::arrow::twin;

/// How names of a planner's own are shown to people.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// What stands for a bound literal, by the name that it is bound to.
    pub literals: BTreeMap<String, String>,
    /// The names of functions as their users wrote them, by the names that they have in the plan.
    pub functions: BTreeMap<String, String>,
    /// The names of arguments that are given by name, by the names that their functions have in the plan.
    pub keywords: BTreeMap<String, Vec<Option<String>>>,
    /// The session's time zone, in which instants are shown; where it is empty they are shown as they were written.
    pub time_zone: String,
}

impl Shown {
    /// The name of an expression, each of whose columns is a name, `#` and a number.
    pub fn pretty(&self, expr: &Expr) -> String {
        let namer = Namer { shown: self, with_ids: true, parameters: Vec::new() };
        cast_column(expr, &[]).map_or_else(|| namer.name(expr), |column| namer.name(&column))
    }
}

/// The name of an expression: of a planner's query, whose columns have numbers behind their names, or of a statement's text.
pub(super) fn name_of(expr: &Expr, shown: &Shown, with_ids: bool) -> String {
    Namer { shown, with_ids, parameters: Vec::new() }.name(expr)
}

/// The same of a key of an order.
pub(super) fn sort_key_of(key: &OrderByExpr, shown: &Shown, with_ids: bool) -> String {
    Namer { shown, with_ids, parameters: Vec::new() }.sort_key(key)
}

/// Gives each expression of a select list that has no name the one that Spark gives it.
pub(super) fn write_out(statement: &mut Statement, shown: &Shown) {
    let _ = statement.visit(&mut SelectLists { shown });
}

/// How Spark shows a parameter of a lambda.
const VARIABLE: &str = "namedlambdavariable()";

struct SelectLists<'a> {
    shown: &'a Shown,
}

impl VisitorMut for SelectLists<'_> {
    type Break = ();

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        let sources: Vec<String> = select.from.iter().flat_map(sources).collect();
        let mut known: Vec<String> = Vec::new();
        for (index, item) in select.projection.iter_mut().enumerate() {
            let SelectItem::UnnamedExpr(expr) = item else {
                if let SelectItem::ExprWithAlias { alias, .. } = item {
                    known.push(alias.value.to_lowercase());
                }
                continue;
            };
            if is_named(expr) {
                if let Expr::Identifier(name) = expr {
                    let name = name.value.clone();
                    // The same column twice.
                    if known.contains(&name.to_lowercase()) {
                        let alias = Ident::with_quote('`', twin(&name, index));
                        *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias };
                    } else {
                        known.push(name.to_lowercase());
                    }
                }
                continue;
            }
            let namer = Namer { shown: self.shown, with_ids: false, parameters: Vec::new() };
            let name = cast_column(expr, &sources).map_or_else(|| namer.name(expr), |column| namer.name(&column));
            let repeated = known.contains(&name.to_lowercase());
            known.push(name.to_lowercase());
            let alias = Ident::with_quote('`', if repeated { twin(&name, index) } else { name });
            *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias };
        }
        ControlFlow::Continue(())
    }
}

/// Whether a column has its name from the expression itself: of a column, a field, or what a generator calls its own.
fn is_named(expr: &Expr) -> bool {
    match expr {
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Wildcard(_) | Expr::QualifiedWildcard(..) => true,
        Expr::Nested(inner) => is_named(inner),
        Expr::CompoundFieldAccess { access_chain, .. } => matches!(access_chain.last(), Some(AccessExpr::Dot(_))),
        Expr::Function(function) => generators::is_generator(function),
        _ => false,
    }
}

/// The names that relations have in their `FROM`.
pub(super) fn sources(from: &TableWithJoins) -> Vec<String> {
    let factors = std::iter::once(&from.relation).chain(from.joins.iter().map(|join| &join.relation));
    let name = |factor: &TableFactor| match factor {
        TableFactor::Table { alias: Some(alias), .. } | TableFactor::Derived { alias: Some(alias), .. } => {
            Some(alias.name.value.clone())
        }
        TableFactor::Table { name, .. } => name.0.last()?.as_ident().map(|ident| ident.value.clone()),
        _ => None,
    };
    factors.filter_map(name).collect()
}

/// The column of a cast that is nothing but that of a column, whose name it keeps.
fn cast_column(expr: &Expr, sources: &[String]) -> Option<Expr> {
    let Expr::Cast { expr, .. } = expr else { return None };
    let mut inner = expr.as_ref();
    while let Expr::Nested(nested) = inner {
        inner = nested;
    }
    match inner {
        Expr::Identifier(_) => Some(inner.clone()),
        // Otherwise it is a field of a column.
        Expr::CompoundIdentifier(parts) => match parts.as_slice() {
            [source, column] if sources.iter().any(|known| known.eq_ignore_ascii_case(&source.value)) => {
                Some(Expr::Identifier(column.clone()))
            }
            _ => None,
        },
        _ => None,
    }
}

#[derive(Clone)]
struct Namer<'a> {
    shown: &'a Shown,
    /// Whether names of columns are a planner's; those in the text of a statement are all its own.
    with_ids: bool,
    /// The parameters of the lambdas around, in lower case.
    parameters: Vec<String>,
}

impl Namer<'_> {
    fn list<'e>(&self, expressions: impl IntoIterator<Item = &'e Expr>) -> String {
        expressions.into_iter().map(|expr| self.name(expr)).collect::<Vec<_>>().join(", ")
    }

    fn name(&self, expr: &Expr) -> String {
        match expr {
            Expr::Identifier(ident) if self.parameters.contains(&ident.value.to_lowercase()) => VARIABLE.to_owned(),
            Expr::Identifier(ident) if self.with_ids => name_of_id(&ident.value).to_owned(),
            Expr::Identifier(ident) => ident.value.clone(),
            Expr::CompoundIdentifier(parts) => {
                parts.iter().map(|part| part.value.as_str()).collect::<Vec<_>>().join(".")
            }
            Expr::Nested(inner) => self.name(inner),
            Expr::Value(value) => literal(&value.value),
            Expr::TypedString(typed) => self.typed(typed),
            Expr::BinaryOp { left, op, right } => {
                let moved = moved_by_interval(left, op, right);
                let is_date = (is_date_literal(left), is_date_literal(right));
                let (left, right) = (self.name(left), self.name(right));
                match op {
                    // Moments come first, and without parentheses.
                    op if moved == Some(Side::Left) => format!("{left} {op} {right}"),
                    op if moved == Some(Side::Right) => format!("{right} {op} {left}"),
                    BinaryOperator::Plus if is_date.0 && !is_date.1 => format!("date_add({left}, {right})"),
                    BinaryOperator::Plus if is_date.1 && !is_date.0 => format!("date_add({right}, {left})"),
                    BinaryOperator::Minus if is_date.0 && !is_date.1 => format!("date_sub({left}, {right})"),
                    BinaryOperator::NotEq => format!("(NOT ({left} = {right}))"),
                    BinaryOperator::StringConcat => format!("concat({left}, {right})"),
                    BinaryOperator::Spaceship => format!("({left} <=> {right})"),
                    op => format!("({left} {op} {right})"),
                }
            }
            Expr::UnaryOp { op, expr } => match op {
                UnaryOperator::Not => format!("(NOT {})", self.name(expr)),
                UnaryOperator::Minus => match expr.as_ref() {
                    Expr::Value(value) if matches!(value.value, Value::Number(..)) => {
                        format!("-{}", literal(&value.value))
                    }
                    expr => format!("(- {})", self.name(expr)),
                },
                UnaryOperator::Plus => format!("(+ {})", self.name(expr)),
                UnaryOperator::BitwiseNot => format!("~{}", self.name(expr)),
                op => format!("{op}{}", self.name(expr)),
            },
            Expr::IsNull(inner) => format!("({} IS NULL)", self.name(inner)),
            Expr::IsNotNull(inner) => format!("({} IS NOT NULL)", self.name(inner)),
            Expr::IsTrue(inner) => format!("({} IS TRUE)", self.name(inner)),
            Expr::IsFalse(inner) => format!("({} IS FALSE)", self.name(inner)),
            Expr::IsDistinctFrom(left, right) => format!("(NOT ({} <=> {}))", self.name(left), self.name(right)),
            Expr::IsNotDistinctFrom(left, right) => format!("({} <=> {})", self.name(left), self.name(right)),
            Expr::InList { expr, list, negated } => {
                negated_if(*negated, format!("({} IN ({}))", self.name(expr), self.list(list)))
            }
            Expr::InSubquery { expr, negated, .. } => {
                negated_if(*negated, format!("({} IN (listquery()))", self.name(expr)))
            }
            Expr::Exists { negated, .. } => negated_if(*negated, "exists()".to_owned()),
            Expr::Subquery(_) => "scalarsubquery()".to_owned(),
            Expr::Between { expr, negated, low, high } => {
                let expr = self.name(expr);
                let between = format!("(({expr} >= {}) AND ({expr} <= {}))", self.name(low), self.name(high));
                negated_if(*negated, between)
            }
            Expr::Like { negated, expr, pattern, escape_char, .. } => {
                let escape = escape_char.as_ref().map(|escape| format!(" ESCAPE {escape}")).unwrap_or_default();
                negated_if(*negated, format!("{} LIKE {}{escape}", self.name(expr), self.name(pattern)))
            }
            Expr::ILike { negated, expr, pattern, .. } => {
                negated_if(*negated, format!("ilike({}, {})", self.name(expr), self.name(pattern)))
            }
            Expr::RLike { negated, expr, pattern, .. } => {
                negated_if(*negated, format!("RLIKE({}, {})", self.name(expr), self.name(pattern)))
            }
            Expr::Cast { kind, expr, data_type, .. } => {
                let name = if matches!(kind, CastKind::TryCast | CastKind::SafeCast) { "TRY_CAST" } else { "CAST" };
                format!("{name}({} AS {})", self.name(expr), type_name(data_type))
            }
            Expr::Case { operand, conditions, else_result, .. } => {
                let mut text = "CASE".to_owned();
                for branch in conditions {
                    let condition = match operand {
                        Some(operand) => format!("({} = {})", self.name(operand), self.name(&branch.condition)),
                        None => self.name(&branch.condition),
                    };
                    text.push_str(&format!(" WHEN {condition} THEN {}", self.name(&branch.result)));
                }
                if let Some(otherwise) = else_result {
                    text.push_str(&format!(" ELSE {}", self.name(otherwise)));
                }
                text + " END"
            }
            Expr::CompoundFieldAccess { root, access_chain } => {
                access_chain.iter().fold(self.name(root), |base, access| match access {
                    AccessExpr::Dot(Expr::Value(value)) => format!("{base}.{}", literal(&value.value)),
                    AccessExpr::Dot(field) => format!("{base}.{}", self.name(field)),
                    AccessExpr::Subscript(Subscript::Index { index }) => format!("{base}[{}]", self.name(index)),
                    AccessExpr::Subscript(other) => format!("{base}[{other}]"),
                })
            }
            Expr::Function(function) => self.call(function),
            Expr::Lambda(lambda) => self.lambda(lambda),
            Expr::Substring { expr, substring_from, substring_for, .. } => {
                let arguments = [Some(expr), substring_from.as_ref(), substring_for.as_ref()];
                format!("substring({})", self.list(arguments.into_iter().flatten().map(AsRef::as_ref)))
            }
            Expr::Trim { expr, .. } => format!("trim({})", self.name(expr)),
            Expr::Extract { field, expr, .. } => format!("extract({field} FROM {})", self.name(expr)),
            Expr::Position { expr, r#in } => format!("locate({}, {}, 1)", self.name(expr), self.name(r#in)),
            Expr::Ceil { expr, .. } => format!("CEIL({})", self.name(expr)),
            Expr::Floor { expr, .. } => format!("FLOOR({})", self.name(expr)),
            Expr::Collate { expr, collation } => format!("collate({}, {collation})", self.name(expr)),
            Expr::Struct { values, .. } => format!("struct({})", self.list(values)),
            Expr::Named { expr, name } => format!("{} AS {}", self.name(expr), name.value),
            Expr::Tuple(fields) => format!("struct({})", self.list(fields)),
            other => other.to_string(),
        }
    }

    /// A literal of a date or a timestamp, whose missing parts are filled in.
    fn typed(&self, literal: &TypedString) -> String {
        let written = || format!("{} {}", literal.data_type, literal.value);
        let Some(text) = literal.value.value.clone().into_string() else { return written() };
        let (name, shown) = match &literal.data_type {
            SqlType::Date => ("DATE", temporal_text::date(&text)),
            SqlType::TimestampNtz(_) => ("TIMESTAMP_NTZ", temporal_text::timestamp(&text)),
            SqlType::Timestamp(..) => {
                ("TIMESTAMP", temporal_text::timestamp(&text).and_then(|text| self.in_zone(text)))
            }
            _ => return written(),
        };
        let shown = shown.map(|shown| match shown.split_once('.') {
            Some(_) => shown.trim_end_matches('0').trim_end_matches('.').to_owned(),
            None => shown,
        });
        shown.map_or_else(written, |shown| format!("{name} '{shown}'"))
    }

    /// The time that clocks of the session's zone show at the time of a text, which may name a zone of its own.
    fn in_zone(&self, text: String) -> Option<String> {
        let (date, time) = text.split_once(' ')?;
        if !time.contains(|c: char| !c.is_ascii_digit() && c != ':' && c != '.') {
            return Some(text);
        }
        let zone: Tz = self.shown.time_zone.parse().ok()?;
        let instant = string_to_datetime(&zone, &format!("{date}T{time}")).ok()?;
        Some(instant.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S%.6f").to_string())
    }

    fn call(&self, function: &Function) -> String {
        let name = function.name.0.last().and_then(|part| part.as_ident()).map(|ident| ident.value.as_str());
        let plan_name = name.unwrap_or_default();
        let lower = plan_name.to_lowercase();
        if let Some(shown) = self.shown.literals.get(plan_name) {
            return shown.clone();
        }
        let name = match lower.as_str() {
            "ceil" | "ceiling" | "floor" => lower.to_uppercase().replace("CEILING", "CEIL"),
            "random" => "rand".to_owned(),
            "rank" | "dense_rank" | "percent_rank" => lower.to_uppercase(),
            lower => self.shown.functions.get(lower).map_or(lower, String::as_str).to_owned(),
        };
        let mut text = match &function.args {
            FunctionArguments::List(list) => {
                let distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
                let keywords = self.shown.keywords.get(plan_name);
                let arguments = list.args.iter().enumerate().map(|(index, argument)| match argument {
                    FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => {
                        match keywords.and_then(|keywords| keywords.get(index)).and_then(Option::as_ref) {
                            Some(keyword) => format!("{keyword} => {}", self.name(expr)),
                            None => self.name(expr),
                        }
                    }
                    // `count(*)` counts ones.
                    FunctionArg::Unnamed(FunctionArgExpr::Wildcard) => "1".to_owned(),
                    FunctionArg::Named { name, arg: FunctionArgExpr::Expr(expr), .. } => {
                        format!("{name} => {}", self.name(expr))
                    }
                    other => other.to_string(),
                });
                let mut arguments = arguments.collect::<Vec<_>>();
                let given = arguments.len();
                self.complete(&lower, &mut arguments);
                let mut arguments = arguments.join(", ");
                if !self.shown.functions.contains_key(&lower) {
                    arguments.push_str(signatures::of(&lower).map_or("", |signature| signature.shown_behind(given)));
                }
                if lower == "if" {
                    return format!("(IF({arguments}))");
                }
                format!("{name}({}{arguments})", if distinct { "DISTINCT " } else { "" })
            }
            _ => format!("{name}()"),
        };
        if !function.within_group.is_empty() {
            let keys = function.within_group.iter().map(|key| self.sort_key(key)).collect::<Vec<_>>().join(", ");
            text.push_str(&format!(" WITHIN GROUP (ORDER BY {keys})"));
        }
        if let Some(filter) = &function.filter {
            text.push_str(&format!(" FILTER (WHERE {})", self.name(filter)));
        }
        if let Some(WindowType::WindowSpec(window)) = &function.over {
            let mut parts = Vec::new();
            if !window.partition_by.is_empty() {
                parts.push(format!("PARTITION BY {}", self.list(&window.partition_by)));
            }
            if !window.order_by.is_empty() {
                let keys = window.order_by.iter().map(|key| self.sort_key(key)).collect::<Vec<_>>().join(", ");
                parts.push(format!("ORDER BY {keys}"));
            }
            parts.push(match (lower.as_str(), &function.args) {
                ("lag" | "lead", FunctionArguments::List(list)) => self.distant_row(&lower, &list.args),
                _ => self.frame(window.window_frame.as_ref(), window.order_by.is_empty(), &lower),
            });
            text.push_str(&format!(" OVER ({})", parts.join(" ")));
        }
        text
    }

    /// Adds the arguments that Spark shows though they were left out, and takes away those that it does not show.
    fn complete(&self, function: &str, arguments: &mut Vec<String>) {
        let shown: &[&str] = match (function, arguments.len()) {
            ("lag" | "lead", 1) => &["1", "NULL"],
            ("lag" | "lead", 2) => &["NULL"],
            ("aggregate" | "reduce", 3) => &["lambdafunction(namedlambdavariable(), namedlambdavariable())"],
            _ => &[],
        };
        arguments.extend(shown.iter().map(|argument| (*argument).to_owned()));
        match function {
            "nth_value" => arguments.truncate(2),
            // Whether nulls are left out, and the schema, are not among the operands of the expression.
            "first" | "first_value" | "last" | "last_value" | "any_value" | "mode" | "from_json" | "from_csv" => {
                arguments.truncate(1);
            }
            _ => {}
        }
    }

    /// The frame of `lag` and `lead`: the one row at that distance.
    fn distant_row(&self, function: &str, arguments: &[FunctionArg]) -> String {
        let distance = match arguments.get(1) {
            Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(distance))) => self.name(distance),
            _ => "1".to_owned(),
        };
        let sign = if function == "lag" { "-" } else { "" };
        format!("ROWS BETWEEN {sign}{distance} FOLLOWING AND {sign}{distance} FOLLOWING")
    }

    fn sort_key(&self, key: &OrderByExpr) -> String {
        let ascending = key.options.asc.unwrap_or(true);
        let nulls_first = key.options.nulls_first.unwrap_or(ascending);
        let direction = if ascending { "ASC" } else { "DESC" };
        let nulls = if nulls_first { "FIRST" } else { "LAST" };
        format!("{} {direction} NULLS {nulls}", self.name(&key.expr))
    }

    fn frame(&self, frame: Option<&WindowFrame>, unordered: bool, function: &str) -> String {
        let Some(frame) = frame else {
            let ranks = ["row_number", "rank", "dense_rank", "percent_rank", "cume_dist", "ntile"];
            return if ranks.contains(&function) {
                "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW".to_owned()
            } else if unordered {
                "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING".to_owned()
            } else {
                "RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW".to_owned()
            };
        };
        let units = match frame.units {
            WindowFrameUnits::Rows => "ROWS",
            WindowFrameUnits::Range => "RANGE",
            WindowFrameUnits::Groups => "GROUPS",
        };
        let bound = |bound: &WindowFrameBound| match bound {
            WindowFrameBound::CurrentRow => "CURRENT ROW".to_owned(),
            WindowFrameBound::Preceding(None) => "UNBOUNDED PRECEDING".to_owned(),
            WindowFrameBound::Following(None) => "UNBOUNDED FOLLOWING".to_owned(),
            WindowFrameBound::Preceding(Some(distance)) => format!("{} PRECEDING", self.name(distance)),
            WindowFrameBound::Following(Some(distance)) => format!("{} FOLLOWING", self.name(distance)),
        };
        let end = frame.end_bound.as_ref().map_or_else(|| "CURRENT ROW".to_owned(), bound);
        format!("{units} BETWEEN {} AND {end}", bound(&frame.start_bound))
    }

    fn lambda(&self, lambda: &LambdaFunction) -> String {
        let mut within = self.clone();
        within.parameters.extend(lambda.params.iter().map(|parameter| parameter.name.value.to_lowercase()));
        let body = within.name(&lambda.body);
        let arguments = vec![VARIABLE; lambda.params.len()];
        format!("lambdafunction({body}, {})", arguments.join(", "))
    }
}

/// A side of an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// The side of the moment that an interval is added to or taken from, as far as the expression tells.
fn moved_by_interval(left: &Expr, op: &BinaryOperator, right: &Expr) -> Option<Side> {
    match (is_interval(left), op, is_interval(right)) {
        (false, BinaryOperator::Plus | BinaryOperator::Minus, true) => Some(Side::Left),
        (true, BinaryOperator::Plus, false) => Some(Side::Right),
        _ => None,
    }
}

/// Whether an expression is certainly a date.
fn is_date_literal(expr: &Expr) -> bool {
    match expr {
        Expr::Nested(inner) => is_date_literal(inner),
        Expr::TypedString(typed) => matches!(typed.data_type, SqlType::Date),
        Expr::Cast { data_type, .. } => matches!(data_type, SqlType::Date),
        _ => false,
    }
}

fn is_interval(expr: &Expr) -> bool {
    match expr {
        Expr::Nested(inner) => is_interval(inner),
        Expr::Interval(_) => true,
        _ => false,
    }
}

fn negated_if(negated: bool, text: String) -> String {
    if negated { format!("(NOT {text})") } else { text }
}

/// The name that a column of a planner's plan has for people.
pub(super) fn name_of_id(id: &str) -> &str {
    id.rsplit_once('#').map_or(id, |(name, _)| name)
}

fn literal(value: &Value) -> String {
    match value {
        Value::Number(number, _) => number.to_string(),
        Value::Boolean(value) => value.to_string(),
        Value::Null => "NULL".to_owned(),
        Value::HexStringLiteral(hex) => format!("X'{}'", hex.to_uppercase()),
        value => value.clone().into_string().unwrap_or_else(|| value.to_string()),
    }
}

/// The type as Spark writes it.
fn type_name(data_type: &SqlType) -> String {
    let text = match data_type {
        SqlType::Custom(name, modifiers) if modifiers.is_empty() => {
            name.0.last().and_then(|part| part.as_ident()).map_or_else(String::new, |ident| ident.value.clone())
        }
        other => other.to_string(),
    };
    DataType::from_ddl(&text).map_or_else(|_| text.to_uppercase(), |data_type| data_type.sql())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use datafusion::sql::sqlparser::dialect::SparkSqlDialect;
    use datafusion::sql::sqlparser::parser::Parser;
    use rstest::rstest;

    use super::*;

    // What `df.columns` of real Spark 4.2.1 says.
    #[rstest]
    #[case("a + 1", "(a + 1)")]
    #[case("a + 1 * 2 - b", "((a + (1 * 2)) - b)")]
    #[case("COUNT(*)", "count(1)")]
    #[case("count(DISTINCT a, b)", "count(DISTINCT a, b)")]
    #[case("CAST(a AS STRING)", "CAST(a AS STRING)")]
    #[case("a IS NULL AND NOT b", "((a IS NULL) AND (NOT b))")]
    #[case("a <> b", "(NOT (a = b))")]
    #[case("a IN (1, 2)", "(a IN (1, 2))")]
    #[case("a NOT IN ('x')", "(NOT (a IN (x)))")]
    #[case("CASE WHEN a > 1 THEN 'x' ELSE b END", "CASE WHEN (a > 1) THEN x ELSE b END")]
    #[case("a LIKE 'x%'", "a LIKE x%")]
    #[case("-a", "(- a)")]
    #[case("-1", "-1")]
    #[case("a[0]", "a[0]")]
    #[case("a BETWEEN 1 AND 2", "((a >= 1) AND (a <= 2))")]
    #[case(
        "row_number() OVER (PARTITION BY a ORDER BY b DESC)",
        "row_number() OVER (PARTITION BY a ORDER BY b DESC NULLS LAST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)"
    )]
    #[case(
        "sum(a) OVER (PARTITION BY b)",
        "sum(a) OVER (PARTITION BY b ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)"
    )]
    fn columns_without_an_alias_have_spark_s_names(#[case] expression: &str, #[case] expected: &str) {
        let expr = Parser::new(&SparkSqlDialect {}).try_with_sql(expression).unwrap().parse_expr().unwrap();
        assert_eq!(Namer { shown: &Shown::default(), with_ids: false, parameters: Vec::new() }.name(&expr), expected);
    }
}
