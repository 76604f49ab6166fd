//! Joins.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{BinaryOperator, JoinConstraint, JoinOperator, TableWithJoins};
use seatrial_engine::error::SparkError;
use seatrial_engine::error::condition::UNRESOLVED_USING_COLUMN_FOR_JOIN;
use seatrial_engine::error::relation::quoted;
use spark_connect_proto::Join;
use spark_connect_proto::join::JoinType;

use super::super::attribute::{Attribute, find};
use super::super::expression::{Item, Translator};
use super::super::scope::Scope;
use super::super::syntax::{binary, call, conjunction, query_of, select, table};
use super::super::{Planned, Planner, unsupported};
use super::project::{as_they_are, renamed, typed};
use crate::types::malformed;

impl Planner<'_> {
    pub(super) async fn join(&self, join: &Join) -> Result<Planned, SparkError> {
        let left = self.input(join.left.as_deref()).await?;
        let right = self.input(join.right.as_deref()).await?;
        if join.join_data_type.as_ref().is_some_and(|kind| kind.is_left_struct || kind.is_right_struct) {
            return Err(unsupported("joinWith"));
        }
        let right = self.apart(&left, right)?;
        let kind = join.join_type();
        let origins = left.origins.iter().chain(&right.origins).cloned().collect();
        let both: Vec<Attribute> = left.columns.iter().chain(&right.columns).cloned().collect();
        let scope = Scope { columns: both.clone(), below: Vec::new(), origins };
        let mut translator = Translator::new(self, scope.clone());
        let using = join.using_columns.iter().map(|name| self.using(name, &left, &right));
        let using = using.collect::<Result<Vec<_>, _>>()?;
        let condition = match &join.join_condition {
            Some(condition) => Some(translator.expression(condition)?),
            None => conjunction(using.iter().map(|(left, right)| binary(left.sql(), BinaryOperator::Eq, right.sql()))),
        };
        let constraint = condition.map_or(JoinConstraint::None, JoinConstraint::On);
        let has_condition = !matches!(constraint, JoinConstraint::None);
        let always = || JoinConstraint::On(super::super::syntax::boolean(true));
        let or_always = |constraint: JoinConstraint| if has_condition { constraint } else { always() };
        let one_sided = matches!(kind, JoinType::LeftSemi | JoinType::LeftAnti);
        let operator = match kind {
            JoinType::Inner | JoinType::Cross if !has_condition => JoinOperator::CrossJoin(JoinConstraint::None),
            JoinType::Inner | JoinType::Cross => JoinOperator::Inner(constraint),
            JoinType::FullOuter => JoinOperator::FullOuter(or_always(constraint)),
            JoinType::LeftOuter => JoinOperator::LeftOuter(or_always(constraint)),
            JoinType::RightOuter => JoinOperator::RightOuter(or_always(constraint)),
            JoinType::LeftSemi => JoinOperator::LeftSemi(or_always(constraint)),
            JoinType::LeftAnti => JoinOperator::LeftAnti(or_always(constraint)),
            JoinType::Unspecified => return Err(malformed("a join without a type")),
        };
        let mut bindings = translator.bindings;
        let from = TableWithJoins {
            relation: table(bindings.relation(&left.frame)?),
            joins: vec![datafusion::sql::sqlparser::ast::Join {
                relation: table(bindings.relation(&right.frame)?),
                global: false,
                join_operator: operator,
            }],
        };
        let columns = if one_sided { left.columns.clone() } else { both };
        let frame = self.session.engine.query_over(query_of(select(as_they_are(&columns), vec![from])), &bindings)?;
        let columns = typed(columns, &frame.schema()?)?;
        let joined = Planned::over(frame, columns, scope.origins);
        if using.is_empty() || one_sided {
            return Ok(joined);
        }
        self.shared_once(joined, &using, kind)
    }

    /// A join with the columns that both sides share first, each once.
    fn shared_once(
        &self,
        joined: Planned,
        using: &[(Attribute, Attribute)],
        kind: JoinType,
    ) -> Result<Planned, SparkError> {
        let joined = Arc::new(joined);
        let shared = using.iter().map(|(left, right)| match kind {
            JoinType::RightOuter => Item::from(right),
            JoinType::FullOuter => {
                Item { sql: call("coalesce", vec![left.sql(), right.sql()]), ..renamed(left, left.name()) }
            }
            _ => Item::from(left),
        });
        let is_shared =
            |column: &&Attribute| using.iter().any(|(left, right)| left.id == column.id || right.id == column.id);
        let rest = joined.columns.iter().filter(|column| !is_shared(column)).map(Item::from);
        let items = shared.chain(rest).collect();
        let translator = Translator::new(self, joined.scope());
        self.projected(Arc::clone(&joined), items, translator)
    }

    fn using(&self, name: &str, left: &Planned, right: &Planned) -> Result<(Attribute, Attribute), SparkError> {
        let of = |side: &str, planned: &Planned| {
            let found = find(&planned.columns, &[name.to_owned()])?.and_then(|found| found.attribute);
            found.ok_or_else(|| {
                let mut names: Vec<String> = planned.columns.iter().map(|column| quoted(&[column.name()])).collect();
                names.sort();
                UNRESOLVED_USING_COLUMN_FOR_JOIN.error([
                    ("colName", quoted(&[name])),
                    ("side", side.to_owned()),
                    ("suggestion", names.join(", ")),
                ])
            })
        };
        Ok((of("left", left)?, of("right", right)?))
    }

    /// The right side of an operator, none of whose columns is also one of the left side.
    ///
    /// # Errors
    /// What the engine's analyser says.
    pub(super) fn apart(&self, left: &Planned, right: Arc<Planned>) -> Result<Arc<Planned>, SparkError> {
        let repeats = right.columns.iter().any(|column| left.columns.iter().any(|known| known.id == column.id));
        if !repeats {
            return Ok(right);
        }
        let fresh = self.anew(&right.columns);
        let replace = |column: &Attribute| {
            let index = right.columns.iter().position(|known| known.id == column.id);
            index.map_or_else(|| column.clone(), |index| fresh[index].clone())
        };
        let origins = right.origins.iter().map(|origin| super::super::scope::Origin {
            plan_id: origin.plan_id,
            columns: origin.columns.iter().map(replace).collect(),
        });
        let origins = origins.collect();
        Ok(Arc::new(Planned { origins, ..Planned::of_columns(&right.frame, fresh)? }))
    }
}
