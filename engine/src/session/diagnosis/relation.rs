//! What a query reads from: tables, views, subqueries, joins.

use datafusion::sql::sqlparser::ast::{
    Ident, Join, JoinConstraint, JoinOperator, ObjectName, Spanned, TableAlias, TableFactor, TableWithJoins,
};

use super::plan::{Column, Plan};
use super::{Analysis, Fault, Step, Stop, list};
use crate::datasource::provider::PythonTableProvider;
use crate::error::relation::{SearchPath, not_found};
use crate::python::interpreter::spark_minor;
use crate::session::catalog::{self, CATALOG, Found, SCHEMA};
use crate::types::StructType;

/// The name of a subquery that has none.
const NAMELESS: &str = "__auto_generated_subquery_name";

impl<'a> Analysis<'a> {
    /// All of a `FROM`.
    pub(super) fn from(&mut self, from: &'a [TableWithJoins]) -> Step<Plan> {
        let mut whole: Option<Plan> = None;
        for TableWithJoins { relation, joins } in from {
            let mut plan = self.factor(relation)?;
            // A comma binds like a join, in the order of the text.
            if let Some(left) = whole {
                plan = joined(left, plan, "Join Inner".to_owned(), true);
            }
            for join in joins {
                plan = self.join(plan, join)?;
            }
            whole = Some(plan);
        }
        Ok(whole.unwrap_or_else(|| leaf("OneRowRelation".to_owned(), Vec::new())))
    }

    fn join(&mut self, left: Plan, join: &'a Join) -> Step<Plan> {
        let (kind, constraint) = match &join.join_operator {
            JoinOperator::Join(constraint) | JoinOperator::Inner(constraint) => ("Inner", constraint),
            JoinOperator::Left(constraint) | JoinOperator::LeftOuter(constraint) => ("LeftOuter", constraint),
            JoinOperator::Right(constraint) | JoinOperator::RightOuter(constraint) => ("RightOuter", constraint),
            JoinOperator::FullOuter(constraint) => ("FullOuter", constraint),
            JoinOperator::CrossJoin(constraint) => ("Cross", constraint),
            JoinOperator::Semi(constraint) | JoinOperator::LeftSemi(constraint) => ("LeftSemi", constraint),
            JoinOperator::Anti(constraint) | JoinOperator::LeftAnti(constraint) => ("LeftAnti", constraint),
            _ => return Err(Stop::Unknown),
        };
        let right = self.factor(&join.relation)?;
        let resolved = left.resolved && right.resolved;
        match constraint {
            JoinConstraint::None => Ok(joined(left, right, format!("Join {kind}"), true)),
            JoinConstraint::On(condition) => {
                let columns: Vec<Column> = left.output.iter().chain(&right.output).cloned().collect();
                let scope = self.scope(resolved, &columns);
                let condition = self.expression(condition, &scope)?;
                let subqueries = std::mem::take(&mut self.subqueries);
                let mut plan = joined(left, right, format!("Join {kind}, {}", condition.text), condition.resolved);
                plan.subqueries = subqueries;
                if kind.starts_with("LeftS") || kind.starts_with("LeftA") {
                    plan.output.truncate(plan.children.first().map_or(0, |left| left.output.len()));
                }
                Ok(plan)
            }
            // With both sides known these become other plans.
            JoinConstraint::Using(_) | JoinConstraint::Natural if resolved => Err(Stop::Unknown),
            JoinConstraint::Using(names) => {
                let names: Vec<String> = names.iter().filter_map(single).map(|ident| ident.value.clone()).collect();
                let names = list(&names)?;
                Ok(joined(left, right, format!("Join UsingJoin({kind}, [{names}])"), false))
            }
            JoinConstraint::Natural => Ok(joined(left, right, format!("Join NaturalJoin({kind})"), false)),
        }
    }

    fn factor(&mut self, factor: &'a TableFactor) -> Step<Plan> {
        match factor {
            TableFactor::Table {
                name,
                alias,
                args: None,
                with_hints,
                version: None,
                with_ordinality: false,
                partitions,
                json_path: None,
                sample: None,
                index_hints,
            } if with_hints.is_empty() && partitions.is_empty() && index_hints.is_empty() => {
                let plan = self.named(name)?;
                aliased(plan, alias.as_ref())
            }
            TableFactor::Derived { lateral: false, subquery, alias, sample: None } => {
                let outer = std::mem::take(&mut self.outer);
                let plan = self.query(subquery);
                self.outer = outer;
                match alias {
                    Some(alias) => aliased(plan?, Some(alias)),
                    None => Ok(named(plan?, NAMELESS.to_owned(), vec![NAMELESS.to_owned()])),
                }
            }
            _ => Err(Stop::Unknown),
        }
    }

    /// The relation of that name.
    fn named(&mut self, name: &'a ObjectName) -> Step<Plan> {
        let idents: Option<Vec<&Ident>> = name.0.iter().map(|part| part.as_ident()).collect();
        let parts: Vec<String> = idents.ok_or(Stop::Unknown)?.iter().map(|ident| ident.value.clone()).collect();
        if let Some(plan) = self.common(&parts)? {
            return Ok(plan);
        }
        let inner = &self.session.inner;
        match catalog::find(&inner.tables, &inner.views, &inner.globals, &parts) {
            Some(Found::View(view)) => {
                let Some(source) = view.provider.downcast_ref::<PythonTableProvider>() else {
                    return Err(Stop::Unknown);
                };
                let source = source.name().to_owned();
                let view_name = parts.last().map(|name| name.to_lowercase()).unwrap_or_default();
                let columns = self.columns(&view.schema)?;
                let shown = shown(&columns)?;
                let space = if spark_minor() < (4, 1) { "  " } else { " " };
                let scan = leaf(format!("RelationV2[{shown}]{space}{source}"), columns);
                let view = Plan::over(scan, format!("View (`{}`, [{shown}])", view.name), true);
                Ok(named(view, view_name.clone(), vec![view_name]))
            }
            Some(Found::Table(table)) => {
                if table.schema.has_char_or_varchar() {
                    return Err(Stop::Unknown);
                }
                let qualifier = vec![CATALOG.to_owned(), SCHEMA.to_owned(), table.name.clone()];
                let full = qualifier.join(".");
                let columns = self.columns(&table.schema)?;
                let shown = shown(&columns)?;
                let relation = if spark_minor() < (4, 1) { format!("{full} {full}") } else { full.clone() };
                Ok(named(leaf(format!("RelationV2[{shown}] {relation}"), columns), full, qualifier))
            }
            None => self.missing(name, &parts),
        }
    }

    fn missing(&mut self, name: &ObjectName, parts: &[String]) -> Step<Plan> {
        let elsewhere = match parts {
            [source, _] => !matches!(self.session.find_data_source(source), Ok(None)),
            [catalog, _, _] => !catalog.eq_ignore_ascii_case(CATALOG),
            [_] => false,
            _ => true,
        };
        if elsewhere {
            return Err(Stop::Unknown);
        }
        self.faults.push(Fault { error: not_found(parts, SearchPath::Query), at: name.span().start });
        let mut relation = leaf(format!("UnresolvedRelation [{}], [], false", parts.join(", ")), Vec::new());
        relation.resolved = false;
        Ok(relation)
    }

    /// A common table expression of that name.
    fn common(&mut self, parts: &[String]) -> Step<Option<Plan>> {
        let [name] = parts else { return Ok(None) };
        let Some(index) = self.ctes.iter().rposition(|(known, ..)| known.eq_ignore_ascii_case(name)) else {
            return Ok(None);
        };
        // One within another gets columns of its own.
        if self.within_cte {
            return Err(Stop::Unknown);
        }
        let (known, query, reads) = self.ctes[index];
        self.ctes[index].2 = reads + 1;
        // It sees those before it.
        let after = self.ctes.split_off(index);
        let outer = std::mem::take(&mut self.outer);
        self.within_cte = true;
        let plan = self.query(query);
        self.within_cte = false;
        self.outer = outer;
        self.ctes.extend(after);
        let known = known.to_owned();
        let plan = named(plan?, known.clone(), vec![known.clone()]);
        Ok(Some(named(plan, known.clone(), vec![known])))
    }

    fn columns(&mut self, schema: &StructType) -> Step<Vec<Column>> {
        let schema = schema.with_char_varchar_as_string();
        let columns = schema.fields.into_iter().map(|field| Column {
            name: field.name,
            qualifier: Vec::new(),
            id: self.id(),
            data_type: Some(field.data_type),
        });
        Ok(columns.collect())
    }
}

fn single(name: &ObjectName) -> Option<&Ident> {
    name.0.last().and_then(|part| part.as_ident())
}

fn shown(columns: &[Column]) -> Step<String> {
    list(&columns.iter().map(Column::shown).collect::<Vec<_>>())
}

fn leaf(text: String, output: Vec<Column>) -> Plan {
    Plan { text, resolved: true, children: Vec::new(), subqueries: Vec::new(), output }
}

fn aliased(plan: Plan, alias: Option<&TableAlias>) -> Step<Plan> {
    match alias {
        None => Ok(plan),
        Some(alias) if alias.columns.is_empty() && alias.at.is_none() => {
            let name = alias.name.value.clone();
            Ok(named(plan, name.clone(), vec![name]))
        }
        Some(_) => Err(Stop::Unknown),
    }
}

/// A relation under a name of its own.
fn named(plan: Plan, name: String, qualifier: Vec<String>) -> Plan {
    let mut plan = Plan::over(plan, format!("SubqueryAlias {name}"), true);
    plan.output.iter_mut().for_each(|column| column.qualifier.clone_from(&qualifier));
    plan
}

fn joined(left: Plan, right: Plan, text: String, resolved: bool) -> Plan {
    Plan {
        text,
        resolved: resolved && left.resolved && right.resolved,
        output: left.output.iter().chain(&right.output).cloned().collect(),
        children: vec![left, right],
        subqueries: Vec::new(),
    }
}
