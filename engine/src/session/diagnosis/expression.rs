//! Expressions as the text of a plan shows them, with what is known of them.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CaseWhen, CastKind, DataType as SqlType, ExactNumberInfo, Expr, TimezoneInfo, UnaryOperator, Value,
};

use super::plan::Column;
use super::{Analysis, Step, Stop, list};
use crate::types::DataType;

/// Where an expression looks for columns.
pub(super) enum Scope<'c> {
    /// Nowhere yet: what it reads from is not resolved.
    Unresolved,
    /// In the columns of what it reads from. `hidden` are those elsewhere that would make another plan of it.
    Of { columns: &'c [Column], hidden: Vec<Column> },
}

impl Scope<'_> {
    fn resolves(&self) -> bool {
        matches!(self, Self::Of { .. })
    }
}

/// What an expression is as an item of a `SELECT` list.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// A column of its own.
    Attribute(Column),
    /// A field of a column, with its name.
    Field(String),
    /// A column that is not resolved, with its name.
    UnresolvedColumn,
    /// An expression, which has no name yet.
    Other,
}

/// An expression.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) resolved: bool,
    pub(super) data_type: Option<DataType>,
    /// What it is called as a column of its own; none where this is not known.
    pub(super) sql: Option<String>,
    pub(super) kind: Kind,
}

impl Piece {
    pub(super) fn attribute(column: Column) -> Self {
        Self {
            text: column.shown(),
            resolved: true,
            data_type: column.data_type.clone(),
            sql: Some(column.name.clone()),
            kind: Kind::Attribute(column),
        }
    }

    pub(super) fn field(text: String, sql: String, name: String, data_type: Option<DataType>) -> Self {
        Self { text, resolved: true, data_type, sql: Some(sql), kind: Kind::Field(name) }
    }

    pub(super) fn unresolved_column(text: String, name: String) -> Self {
        Self { text, resolved: false, data_type: None, sql: Some(name), kind: Kind::UnresolvedColumn }
    }

    fn new(text: String, resolved: bool, data_type: Option<DataType>, sql: Option<String>) -> Self {
        Self { text, resolved, data_type, sql, kind: Kind::Other }
    }

    /// An expression whose parts decide whether it is resolved; its type matters only then.
    fn of(parts: &[&Self], text: String, data_type: Option<DataType>, sql: Option<String>) -> Self {
        let resolved = parts.iter().all(|part| part.resolved);
        Self::new(text, resolved, data_type.filter(|_| resolved), sql)
    }

    fn is(&self, wanted: &DataType) -> bool {
        !self.resolved || self.data_type.as_ref() == Some(wanted)
    }
}

fn text_type() -> DataType {
    DataType::String { collation: None }
}

impl<'a> Analysis<'a> {
    /// An expression.
    pub(super) fn expression(&mut self, expr: &'a Expr, scope: &Scope<'_>) -> Step<Piece> {
        match expr {
            Expr::Nested(inner) => self.expression(inner, scope),
            Expr::Identifier(ident) => self.column(std::slice::from_ref(ident), scope),
            Expr::CompoundIdentifier(parts) => self.column(parts, scope),
            Expr::Value(value) => literal(&value.value),
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => {
                let inner = self.expression(expr, scope)?;
                negated(inner)
            }
            Expr::UnaryOp { op: UnaryOperator::Minus, expr } => self.minus(expr, scope),
            Expr::BinaryOp { op: op @ (BinaryOperator::And | BinaryOperator::Or), .. } => {
                let mut operands = Vec::new();
                chained(expr, op, &mut operands);
                let pieces =
                    operands.into_iter().map(|operand| self.expression(operand, scope)).collect::<Step<Vec<_>>>()?;
                balanced(&pieces, op, scope.resolves())
            }
            Expr::BinaryOp { left, op, right } => {
                let left = self.expression(left, scope)?;
                let right = self.expression(right, scope)?;
                binary(&left, op, &right, scope.resolves())
            }
            Expr::IsNull(inner) => {
                let inner = self.expression(inner, scope)?;
                Ok(test("isnull", &inner, "IS NULL"))
            }
            Expr::IsNotNull(inner) => {
                let inner = self.expression(inner, scope)?;
                Ok(test("isnotnull", &inner, "IS NOT NULL"))
            }
            Expr::Like { negated: not, any: false, expr, pattern, escape_char: None } => {
                let (value, pattern) = (self.expression(expr, scope)?, self.expression(pattern, scope)?);
                let texts = value.is(&text_type()) && pattern.is(&text_type());
                let like = format!("{} LIKE {}", value.text, pattern.text);
                let like = Piece::of(&[&value, &pattern], like, Some(DataType::Boolean), None);
                known(like, texts).and_then(|like| if *not { negated(like) } else { Ok(like) })
            }
            Expr::InList { expr, list: values, negated: not } => {
                let value = self.expression(expr, scope)?;
                let values = values.iter().map(|value| self.expression(value, scope)).collect::<Step<Vec<_>>>()?;
                let typed = !value.resolved
                    || values.iter().any(|element| !element.resolved)
                    || values.iter().all(|element| element.data_type == value.data_type);
                let texts: Vec<String> = values.iter().map(|value| value.text.clone()).collect();
                list(&texts)?;
                let text = format!("{} IN ({})", value.text, texts.join(","));
                let parts: Vec<&Piece> = values.iter().chain([&value]).collect();
                let within = Piece::of(&parts, text, Some(DataType::Boolean), None);
                known(within, typed).and_then(|within| if *not { negated(within) } else { Ok(within) })
            }
            Expr::Between { expr, negated: false, low, high } => {
                let value = self.expression(expr, scope)?;
                let (low, high) = (self.expression(low, scope)?, self.expression(high, scope)?);
                let text = format!("'between({}, {}, {})", value.text, low.text, high.text);
                let between = Piece::of(&[&value, &low, &high], text, None, None);
                let resolved = between.resolved;
                known(between, !resolved)
            }
            Expr::Cast {
                kind: CastKind::Cast | CastKind::DoubleColon,
                expr,
                data_type,
                array: false,
                format: None,
            } => {
                let inner = self.expression(expr, scope)?;
                let data_type = spark_type(data_type).ok_or(Stop::Unknown)?;
                let text = format!("cast({} as {})", inner.text, data_type.simple_string());
                let sql = inner.sql.clone().filter(|_| matches!(inner.kind, Kind::Attribute(_)));
                Ok(Piece::of(&[&inner], text, Some(data_type), sql))
            }
            Expr::Case { operand, conditions, else_result, .. } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref(), scope)
            }
            Expr::Function(function) => self.function(function, scope),
            Expr::InSubquery { expr, subquery, negated: not } => {
                let value = self.expression(expr, scope)?;
                // A query for a value that is not resolved is not looked at.
                if !value.resolved {
                    return Err(Stop::Unknown);
                }
                let id = self.subquery(subquery, scope)?;
                let within = Piece::new(format!("{} IN (list#{id} [])", value.text), false, None, None);
                if *not { negated(within) } else { Ok(within) }
            }
            Expr::Exists { subquery, negated: not } => {
                let id = self.subquery(subquery, scope)?;
                let exists = Piece::new(format!("exists#{id} []"), false, None, None);
                if *not { negated(exists) } else { Ok(exists) }
            }
            Expr::Subquery(subquery) => {
                let id = self.subquery(subquery, scope)?;
                Ok(Piece::new(format!("scalar-subquery#{id} []"), false, None, None))
            }
            _ => Err(Stop::Unknown),
        }
    }

    /// A query within an expression, of which only one that is not resolved is known to look as here.
    fn subquery(&mut self, query: &'a datafusion::sql::sqlparser::ast::Query, scope: &Scope<'_>) -> Step<usize> {
        let Scope::Of { columns, hidden } = scope else { return Err(Stop::Unknown) };
        let id = self.id();
        let reach: Vec<Column> = columns.iter().chain(hidden).cloned().collect();
        let (above, aggregates) = (std::mem::replace(&mut self.outer, reach), self.aggregates);
        let subqueries = std::mem::take(&mut self.subqueries);
        let plan = self.query(query);
        self.subqueries = subqueries;
        self.outer = above;
        self.aggregates = aggregates;
        let plan = plan?;
        if plan.resolved {
            return Err(Stop::Unknown);
        }
        self.subqueries.push(plan);
        Ok(id)
    }

    fn minus(&mut self, expr: &'a Expr, scope: &Scope<'_>) -> Step<Piece> {
        let inner = self.expression(expr, scope)?;
        if matches!(expr, Expr::Value(_)) {
            let text = format!("-{}", inner.text);
            return Ok(Piece { sql: Some(text.clone()), text, ..inner });
        }
        let numeric =
            !inner.resolved || matches!(inner.data_type, Some(DataType::Integer | DataType::Long | DataType::Double));
        let sql = inner.sql.as_ref().map(|sql| format!("(- {sql})"));
        known(Piece::of(&[&inner], format!("-{}", inner.text), inner.data_type.clone(), sql), numeric)
    }

    fn case(
        &mut self,
        operand: Option<&'a Expr>,
        conditions: &'a [CaseWhen],
        otherwise: Option<&'a Expr>,
        scope: &Scope<'_>,
    ) -> Step<Piece> {
        let mut text = "CASE".to_owned();
        let mut resolved = true;
        for CaseWhen { condition, result } in conditions {
            let mut condition = self.expression(condition, scope)?;
            if let Some(operand) = operand {
                let operand = self.expression(operand, scope)?;
                condition = binary(&operand, &BinaryOperator::Eq, &condition, scope.resolves())?;
            }
            let result = self.expression(result, scope)?;
            text.push_str(&format!(" WHEN {} THEN {}", condition.text, result.text));
            resolved &= condition.resolved && result.resolved;
        }
        if let Some(otherwise) = otherwise {
            let otherwise = self.expression(otherwise, scope)?;
            text.push_str(&format!(" ELSE {}", otherwise.text));
            resolved &= otherwise.resolved;
        }
        text.push_str(" END");
        // Several operands would be told as several faults.
        if operand.is_some() && conditions.len() > 1 && !resolved {
            return Err(Stop::Unknown);
        }
        Ok(Piece::new(text, resolved, None, None))
    }
}

/// The piece, if it is known to look so.
fn known(piece: Piece, is_known: bool) -> Step<Piece> {
    if is_known { Ok(piece) } else { Err(Stop::Unknown) }
}

fn negated(inner: Piece) -> Step<Piece> {
    let boolean = inner.is(&DataType::Boolean);
    let sql = inner.sql.as_ref().map(|sql| format!("(NOT {sql})"));
    known(Piece::of(&[&inner], format!("NOT {}", inner.text), Some(DataType::Boolean), sql), boolean)
}

fn test(function: &str, inner: &Piece, sql: &str) -> Piece {
    let text = format!("{function}({})", inner.text);
    let sql = inner.sql.as_ref().map(|name| format!("({name} {sql})"));
    Piece::of(&[inner], text, Some(DataType::Boolean), sql)
}

/// The operands of a chain of one operator, from left to right.
fn chained<'e>(expr: &'e Expr, chain: &BinaryOperator, operands: &mut Vec<&'e Expr>) {
    match expr {
        Expr::BinaryOp { left, op, right } if op == chain => {
            chained(left, chain, operands);
            operands.push(right);
        }
        other => operands.push(other),
    }
}

/// A chain as a tree that is as deep on one side as on the other.
fn balanced(operands: &[Piece], op: &BinaryOperator, coerces: bool) -> Step<Piece> {
    match operands {
        [] => Err(Stop::Unknown),
        [single] => Ok(single.clone()),
        several => {
            let (left, right) = several.split_at(several.len().div_ceil(2));
            binary(&balanced(left, op, coerces)?, op, &balanced(right, op, coerces)?, coerces)
        }
    }
}

/// An int beside a long becomes one.
fn widened(piece: &Piece, other: &Piece) -> Option<Piece> {
    let widens = piece.data_type == Some(DataType::Integer) && other.data_type == Some(DataType::Long);
    widens.then(|| Piece {
        text: format!("cast({} as bigint)", piece.text),
        data_type: Some(DataType::Long),
        ..piece.clone()
    })
}

/// Two sides and an operator. Types are brought together only where columns are known.
fn binary(left: &Piece, op: &BinaryOperator, right: &Piece, coerces: bool) -> Step<Piece> {
    use BinaryOperator::{
        And, Divide, Eq, Gt, GtEq, Lt, LtEq, Minus, Modulo, Multiply, NotEq, Or, Plus, Spaceship, StringConcat,
    };
    let both = left.resolved && right.resolved;
    if coerces && both && !matches!(op, And | Or | StringConcat) {
        if let Some(left) = widened(left, right) {
            return binary(&left, op, right, coerces);
        }
        if let Some(right) = widened(right, left) {
            return binary(left, op, &right, coerces);
        }
    }
    let same = !coerces || !both || (left.data_type.is_some() && left.data_type == right.data_type);
    let joined = |op: &str, data_type: Option<DataType>| {
        let text = format!("({} {op} {})", left.text, right.text);
        let sql = left.sql.as_ref().zip(right.sql.as_ref()).map(|(left, right)| format!("({left} {op} {right})"));
        Piece::of(&[left, right], text, data_type, sql)
    };
    match op {
        And | Or => {
            let booleans = left.is(&DataType::Boolean) && right.is(&DataType::Boolean);
            known(joined(if *op == And { "AND" } else { "OR" }, Some(DataType::Boolean)), booleans)
        }
        Eq | Lt | LtEq | Gt | GtEq | Spaceship => known(joined(&op.to_string(), Some(DataType::Boolean)), same),
        NotEq => known(joined("=", Some(DataType::Boolean)), same).and_then(negated),
        Plus | Minus | Multiply | Modulo => {
            let plain = matches!(left.data_type, Some(DataType::Integer | DataType::Long | DataType::Double));
            known(joined(&op.to_string(), left.data_type.clone()), !coerces || !both || (same && plain))
        }
        Divide => {
            known(joined("/", Some(DataType::Double)), !both || (same && left.data_type == Some(DataType::Double)))
        }
        StringConcat => {
            let text = format!("concat({}, {})", left.text, right.text);
            let sql = left.sql.as_ref().zip(right.sql.as_ref()).map(|(left, right)| format!("concat({left}, {right})"));
            let texts = left.is(&text_type()) && right.is(&text_type());
            known(Piece::of(&[left, right], text, Some(text_type()), sql), texts)
        }
        _ => Err(Stop::Unknown),
    }
}

fn literal(value: &Value) -> Step<Piece> {
    let piece = |text: String, data_type: DataType| Ok(Piece::new(text.clone(), true, Some(data_type), Some(text)));
    match value {
        // What a doubled quote means depends on the version.
        Value::SingleQuotedString(text) | Value::DoubleQuotedString(text)
            if !text.contains(['\'', '"', '\\', '\n']) =>
        {
            piece(text.clone(), text_type())
        }
        Value::Boolean(value) => piece(value.to_string(), DataType::Boolean),
        Value::Null => Ok(Piece::new("null".to_owned(), true, Some(DataType::Null), Some("NULL".to_owned()))),
        Value::Number(number, long) => {
            let number = number.to_string();
            if let Some((whole, fraction)) = number.split_once('.') {
                let (whole, scale) = (whole.trim_start_matches('0').len(), fraction.len());
                return match (u8::try_from(whole + scale), u8::try_from(scale)) {
                    (Ok(precision @ 1..=38), Ok(scale)) => piece(number, DataType::Decimal { precision, scale }),
                    _ => Err(Stop::Unknown),
                };
            }
            match (number.parse::<i32>(), number.parse::<i64>()) {
                (Ok(_), _) if !long => piece(number, DataType::Integer),
                (_, Ok(_)) => piece(number, DataType::Long),
                _ => Err(Stop::Unknown),
            }
        }
        _ => Err(Stop::Unknown),
    }
}

/// The type that a cast names, where the name says it all.
fn spark_type(sql_type: &SqlType) -> Option<DataType> {
    Some(match sql_type {
        SqlType::String(_) => text_type(),
        SqlType::Int(None) | SqlType::Integer(None) => DataType::Integer,
        SqlType::BigInt(None) => DataType::Long,
        SqlType::SmallInt(None) => DataType::Short,
        SqlType::TinyInt(None) => DataType::Byte,
        SqlType::Double(ExactNumberInfo::None) => DataType::Double,
        SqlType::Float(ExactNumberInfo::None) => DataType::Float,
        SqlType::Boolean => DataType::Boolean,
        SqlType::Date => DataType::Date,
        SqlType::Timestamp(None, TimezoneInfo::None) => DataType::Timestamp,
        SqlType::Custom(name, parameters) if parameters.is_empty() => match name.to_string().to_lowercase().as_str() {
            "string" => text_type(),
            "long" => DataType::Long,
            _ => return None,
        },
        _ => return None,
    })
}
