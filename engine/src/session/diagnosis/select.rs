//! Queries: `SELECT` and what stands around it.

use datafusion::sql::sqlparser::ast::{
    Distinct, Expr, GroupByExpr, LimitClause, OrderBy, OrderByExpr, OrderByKind, Query, Select, SelectFlavor,
    SelectItem, SelectItemQualifiedWildcardKind, SetExpr, SetOperator, SetQuantifier, Value, WildcardAdditionalOptions,
};

use super::column::candidates;
use super::expression::{Kind, Piece, Scope};
use super::plan::{Column, Plan};
use super::{Analysis, Step, Stop, list};
use crate::types::DataType;

impl<'a> Analysis<'a> {
    /// Where expressions over these columns look for theirs.
    pub(super) fn scope<'c>(&self, resolved: bool, columns: &'c [Column]) -> Scope<'c> {
        if resolved { Scope::Of { columns, hidden: self.outer.clone() } } else { Scope::Unresolved }
    }

    /// A query.
    pub(super) fn query(&mut self, query: &'a Query) -> Step<Plan> {
        let plain = query.fetch.is_none()
            && query.locks.is_empty()
            && query.for_clause.is_none()
            && query.settings.is_none()
            && query.format_clause.is_none()
            && query.pipe_operators.is_empty();
        if !plain {
            return Err(Stop::Unknown);
        }
        let reach = self.ctes.len();
        if let Some(with) = &query.with {
            for cte in &with.cte_tables {
                if with.recursive || !cte.alias.columns.is_empty() || cte.from.is_some() || cte.materialized.is_some() {
                    return Err(Stop::Unknown);
                }
                self.ctes.push((&cte.alias.name.value, &cte.query, 0));
            }
        }
        let body = self.body(&query.body)?;
        let sorted = match &query.order_by {
            Some(order) => self.sort(body, order)?,
            None => body,
        };
        // One that is read not at all or several times is shown otherwise.
        if self.ctes.drain(reach..).any(|(_, _, reads)| reads != 1) {
            return Err(Stop::Unknown);
        }
        match &query.limit_clause {
            None => Ok(sorted),
            Some(LimitClause::LimitOffset { limit: Some(Expr::Value(limit)), offset: None, limit_by })
                if limit_by.is_empty() =>
            {
                let Value::Number(limit, false) = &limit.value else { return Err(Stop::Unknown) };
                let local = Plan::over(sorted, format!("LocalLimit {limit}"), true);
                Ok(Plan::over(local, format!("GlobalLimit {limit}"), true))
            }
            Some(_) => Err(Stop::Unknown),
        }
    }

    fn body(&mut self, body: &'a SetExpr) -> Step<Plan> {
        match body {
            SetExpr::Select(select) => self.select(select),
            SetExpr::Query(query) => self.query(query),
            SetExpr::SetOperation { left, op: SetOperator::Union, set_quantifier, right } => {
                let (left, right) = (self.body(left)?, self.body(right)?);
                // Two that fit are brought to the same types.
                if left.resolved && right.resolved {
                    return Err(Stop::Unknown);
                }
                let mut union = Plan::over(left, "Union false, false", false);
                union.children.push(right);
                match set_quantifier {
                    SetQuantifier::All => Ok(union),
                    SetQuantifier::None | SetQuantifier::Distinct => Ok(Plan::over(union, "Distinct", true)),
                    _ => Err(Stop::Unknown),
                }
            }
            _ => Err(Stop::Unknown),
        }
    }

    fn select(&mut self, select: &'a Select) -> Step<Plan> {
        let plain = select.optimizer_hints.is_empty()
            && select.select_modifiers.is_none()
            && select.top.is_none()
            && select.exclude.is_none()
            && select.into.is_none()
            && select.lateral_views.is_empty()
            && select.prewhere.is_none()
            && select.connect_by.is_empty()
            && select.cluster_by.is_empty()
            && select.distribute_by.is_empty()
            && select.sort_by.is_empty()
            && select.named_window.is_empty()
            && select.qualify.is_none()
            && select.value_table_mode.is_none()
            && select.flavor == SelectFlavor::Standard;
        if !plain {
            return Err(Stop::Unknown);
        }
        let from = self.from(&select.from)?;
        let filtered = match &select.selection {
            Some(condition) => self.filter(from, condition)?,
            None => from,
        };
        let projected = self.project(filtered, select)?;
        let having = match &select.having {
            Some(condition) => self.having(projected, condition)?,
            None => projected,
        };
        match &select.distinct {
            None | Some(Distinct::All) => Ok(having),
            Some(Distinct::Distinct) => Ok(Plan::over(having, "Distinct", true)),
            Some(_) => Err(Stop::Unknown),
        }
    }

    fn filter(&mut self, child: Plan, condition: &'a Expr) -> Step<Plan> {
        self.aggregates = false;
        let scope = self.scope(child.resolved, &child.output);
        let condition = self.expression(condition, &scope)?;
        let fits = !condition.resolved
            || !child.resolved
            || (condition.data_type == Some(DataType::Boolean) && condition.kind == Kind::Other);
        if !fits || self.aggregates {
            return Err(Stop::Unknown);
        }
        let mut plan = Plan::over(child, format!("Filter {}", condition.text), condition.resolved);
        plan.subqueries = std::mem::take(&mut self.subqueries);
        Ok(plan)
    }

    fn project(&mut self, child: Plan, select: &'a Select) -> Step<Plan> {
        let groups = match &select.group_by {
            GroupByExpr::Expressions(groups, modifiers) if modifiers.is_empty() => groups.as_slice(),
            _ => return Err(Stop::Unknown),
        };
        let mut scope = self.scope(child.resolved, &child.output);
        // An item may use the name of another.
        if let Scope::Of { hidden, .. } = &mut scope {
            for item in &select.projection {
                if let SelectItem::ExprWithAlias { alias, .. } = item {
                    hidden.push(Column { name: alias.value.clone(), qualifier: Vec::new(), id: 0, data_type: None });
                }
            }
        }
        // Spark finds faults of the groups first.
        let grouped = self.groups(groups, select, &scope)?;
        self.aggregates = false;
        let (mut texts, mut output, mut resolved) = (Vec::new(), Vec::new(), child.resolved);
        for item in &select.projection {
            resolved &= self.item(item, &scope, &mut texts, &mut output)?;
        }
        let items = list(&texts)?;
        let text = match &grouped {
            Some((groups, _)) => format!("Aggregate [{}], [{items}]", list(groups)?),
            None if self.aggregates => format!("Aggregate [{items}]"),
            None => format!("Project [{items}]"),
        };
        resolved &= grouped.is_none_or(|(_, resolved)| resolved);
        let mut plan = Plan::over(child, text, resolved);
        plan.output = output;
        plan.subqueries = std::mem::take(&mut self.subqueries);
        Ok(plan)
    }

    /// The expressions of `GROUP BY`, and whether all are resolved.
    fn groups(&mut self, groups: &'a [Expr], select: &Select, scope: &Scope<'_>) -> Step<Option<(Vec<String>, bool)>> {
        if groups.is_empty() {
            return Ok(None);
        }
        let (mut texts, mut resolved) = (Vec::new(), true);
        for group in groups {
            // A number is the place of an item, and a name may be that of one.
            let names = select.projection.iter().filter_map(|item| match item {
                SelectItem::ExprWithAlias { alias, .. } => Some(&alias.value),
                _ => None,
            });
            match group {
                Expr::Identifier(name) if names.into_iter().all(|alias| !alias.eq_ignore_ascii_case(&name.value)) => {}
                Expr::CompoundIdentifier(_) => {}
                _ => return Err(Stop::Unknown),
            }
            let piece = self.expression(group, scope)?;
            if matches!(piece.kind, Kind::Field(_)) {
                return Err(Stop::Unknown);
            }
            resolved &= piece.resolved;
            texts.push(piece.text);
        }
        Ok(Some((texts, resolved)))
    }

    /// An item of the list after `SELECT`; whether it is resolved.
    fn item(
        &mut self,
        item: &'a SelectItem,
        scope: &Scope<'_>,
        texts: &mut Vec<String>,
        output: &mut Vec<Column>,
    ) -> Step<bool> {
        let options = |options: &WildcardAdditionalOptions| {
            let plain = WildcardAdditionalOptions {
                wildcard_token: options.wildcard_token.clone(),
                ..WildcardAdditionalOptions::default()
            };
            if *options == plain { Ok(()) } else { Err(Stop::Unknown) }
        };
        match item {
            SelectItem::Wildcard(more) => {
                options(more)?;
                let Scope::Of { columns, .. } = scope else {
                    texts.push("*".to_owned());
                    return Ok(false);
                };
                texts.extend(columns.iter().map(Column::shown));
                output.extend(columns.iter().cloned());
                Ok(true)
            }
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), more) => {
                options(more)?;
                let Scope::Of { columns, .. } = scope else {
                    texts.push(format!("{name}.*"));
                    return Ok(false);
                };
                let [datafusion::sql::sqlparser::ast::ObjectNamePart::Identifier(name)] = name.0.as_slice() else {
                    return Err(Stop::Unknown);
                };
                let own = |column: &&Column| {
                    column.qualifier.last().is_some_and(|last| last.eq_ignore_ascii_case(&name.value))
                };
                let columns: Vec<Column> = columns.iter().filter(own).cloned().collect();
                if columns.is_empty() {
                    return Err(Stop::Unknown);
                }
                texts.extend(columns.iter().map(Column::shown));
                output.extend(columns);
                Ok(true)
            }
            SelectItem::UnnamedExpr(expr) => {
                let piece = self.expression(expr, scope)?;
                let resolved = piece.resolved && matches!(scope, Scope::Of { .. });
                texts.push(self.unnamed(piece, resolved, output)?);
                Ok(resolved)
            }
            SelectItem::ExprWithAlias { expr, alias } => {
                let piece = self.expression(expr, scope)?;
                let column = self.made(alias.value.clone(), piece.data_type);
                texts.push(format!("{} AS {}", piece.text, column.shown()));
                output.push(column);
                Ok(piece.resolved)
            }
            _ => Err(Stop::Unknown),
        }
    }

    fn unnamed(&mut self, piece: Piece, resolved: bool, output: &mut Vec<Column>) -> Step<String> {
        let name = match piece.kind {
            Kind::UnresolvedColumn => return Ok(piece.text),
            Kind::Attribute(column) => {
                output.push(column);
                return Ok(piece.text);
            }
            Kind::Field(name) => name,
            Kind::Other if resolved => piece.sql.ok_or(Stop::Unknown)?,
            Kind::Other => return Ok(format!("unresolvedalias({})", piece.text)),
        };
        let column = self.made(name, piece.data_type);
        let text = format!("{} AS {}", piece.text, column.shown());
        output.push(column);
        Ok(text)
    }

    fn made(&mut self, name: String, data_type: Option<DataType>) -> Column {
        Column { name, qualifier: Vec::new(), id: self.id(), data_type }
    }

    /// `HAVING`, as far as it looks for columns in the result of the aggregation alone.
    fn having(&mut self, child: Plan, condition: &'a Expr) -> Step<Plan> {
        let below = below(&child);
        let mut scope = self.scope(child.resolved, &child.output);
        if let Scope::Of { hidden, .. } = &mut scope {
            hidden.extend(below);
        }
        let resolved = matches!(scope, Scope::Of { .. });
        let aggregated = child.text.starts_with("Aggregate");
        let condition = self.expression(condition, &scope)?;
        if !aggregated || (resolved && (condition.resolved || condition.text.contains('#') || self.aggregates_now())) {
            return Err(Stop::Unknown);
        }
        if !self.subqueries.is_empty() {
            return Err(Stop::Unknown);
        }
        Ok(Plan::over(child, format!("UnresolvedHaving {}", condition.text), false))
    }

    fn aggregates_now(&mut self) -> bool {
        std::mem::take(&mut self.aggregates)
    }

    fn sort(&mut self, child: Plan, order: &'a OrderBy) -> Step<Plan> {
        let OrderBy { kind: OrderByKind::Expressions(keys), interpolate: None } = order else {
            return Err(Stop::Unknown);
        };
        let below = below(&child);
        let mut scope = self.scope(child.resolved, &child.output);
        if let Scope::Of { hidden, .. } = &mut scope {
            hidden.extend(below);
        }
        let (mut texts, mut resolved) = (Vec::new(), true);
        for OrderByExpr { expr, options, with_fill } in keys {
            if with_fill.is_some() || matches!(expr, Expr::Value(_)) {
                return Err(Stop::Unknown);
            }
            self.aggregates = false;
            let key = self.expression(expr, &scope)?;
            if self.aggregates || !self.subqueries.is_empty() {
                return Err(Stop::Unknown);
            }
            let ascending = options.asc.unwrap_or(true);
            let nulls_first = options.nulls_first.unwrap_or(ascending);
            let direction = if ascending { "ASC" } else { "DESC" };
            let nulls = if nulls_first { "FIRST" } else { "LAST" };
            texts.push(format!("{} {direction} NULLS {nulls}", key.text));
            resolved &= key.resolved;
        }
        Ok(Plan::over(child, format!("Sort [{}], true", list(&texts)?), resolved))
    }
}

/// The columns that an operator reads and does not have itself.
fn below(plan: &Plan) -> Vec<Column> {
    let hidden = |column: &&Column| {
        let name = datafusion::sql::sqlparser::ast::Ident::new(column.name.as_str());
        candidates(&[name], &plan.output).0.is_empty()
    };
    let mut columns = Vec::new();
    let mut level: Vec<&Plan> = plan.children.iter().collect();
    while let Some(next) = level.pop() {
        columns.extend(next.output.iter().filter(hidden).cloned());
        if next.text.starts_with("Project") || next.text.starts_with("Aggregate") {
            level.extend(&next.children);
        }
    }
    columns
}
