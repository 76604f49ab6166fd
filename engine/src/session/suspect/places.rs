//! The expressions of a query, and where they stand.

use std::ops::ControlFlow;
use std::rc::Rc;

use datafusion::sql::sqlparser::ast::{Expr, Query, Select, SetExpr, SetOperator, SetQuantifier, Visitor, With};

/// Where an expression stands.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) select: Option<Rc<Select>>,
    pub(super) within: Option<Rc<Query>>,
    /// The common table expressions in reach.
    pub(super) with: Option<With>,
}

/// A set operation of a query.
pub(super) struct SetOperation {
    pub(super) name: String,
    pub(super) left: SetExpr,
    pub(super) right: SetExpr,
    pub(super) within: Rc<Query>,
    pub(super) with: Option<With>,
}

/// Collects what has operands, the inner ones first.
#[derive(Default)]
pub(super) struct Places {
    queries: Vec<(Rc<Query>, Option<With>)>,
    selects: Vec<Rc<Select>>,
    pub(super) found: Vec<(Expr, Place)>,
    /// Each `SELECT`.
    pub(super) clauses: Vec<Place>,
    pub(super) set_operations: Vec<SetOperation>,
}

impl Places {
    fn place(&self) -> Place {
        let (within, with) = match self.queries.last() {
            Some((query, with)) => (Some(Rc::clone(query)), with.clone()),
            None => (None, None),
        };
        Place { select: self.selects.last().map(Rc::clone), within, with }
    }

    fn add_set_operations(&mut self, body: &SetExpr, within: &Rc<Query>, with: &Option<With>) {
        let SetExpr::SetOperation { op, set_quantifier, left, right } = body else { return };
        self.add_set_operations(left, within, with);
        self.add_set_operations(right, within, with);
        let all = match set_quantifier {
            SetQuantifier::All if *op != SetOperator::Union => " ALL",
            _ => "",
        };
        self.set_operations.push(SetOperation {
            name: format!("{op}{all}"),
            left: left.as_ref().clone(),
            right: right.as_ref().clone(),
            within: Rc::clone(within),
            with: with.clone(),
        });
    }
}

/// The common table expressions in reach of a query that has its own within others.
pub(in crate::session) fn in_reach(around: Option<With>, own: Option<&With>) -> Option<With> {
    match (around, own) {
        (Some(mut with), Some(own)) => {
            with.cte_tables.extend(own.cte_tables.iter().cloned());
            Some(with)
        }
        (around, own) => around.or_else(|| own.cloned()),
    }
}

impl Visitor for Places {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let around = self.queries.last().and_then(|(_, with)| with.clone());
        let with = in_reach(around, query.with.as_ref());
        let shared = Rc::new(query.clone());
        self.add_set_operations(&query.body, &shared, &with);
        self.queries.push((shared, with));
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.queries.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        self.selects.push(Rc::new(select.clone()));
        self.clauses.push(self.place());
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, _: &Select) -> ControlFlow<()> {
        self.selects.pop();
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        let has_rules = matches!(
            expr,
            Expr::Function(_)
                | Expr::InList { .. }
                | Expr::CompoundFieldAccess { .. }
                | Expr::Case { .. }
                | Expr::Cast { .. }
                | Expr::BinaryOp { .. }
                | Expr::InSubquery { .. }
                | Expr::Extract { .. }
                | Expr::UnaryOp { .. }
                | Expr::Between { .. }
                | Expr::CompoundIdentifier(_)
        );
        if has_rules {
            self.found.push((expr.clone(), self.place()));
        }
        ControlFlow::Continue(())
    }
}
