//! A query's plan as far as it could be analysed, and its text as Spark's errors show it.

use crate::types::DataType;

/// A column that a part of the plan has.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Column {
    pub(super) name: String,
    /// The names by which it may be qualified: a relation's, with its schema and catalogue where it has them.
    pub(super) qualifier: Vec<String>,
    /// What tells it from all others of the plan.
    pub(super) id: usize,
    /// None where it is not known.
    pub(super) data_type: Option<DataType>,
}

impl Column {
    /// `name#12`, with an `L` behind the number of a long.
    pub(super) fn shown(&self) -> String {
        let suffix = if self.data_type == Some(DataType::Long) { "L" } else { "" };
        format!("{}#{}{suffix}", self.name, self.id)
    }
}

/// An operator and what it reads.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// Its line, without the mark of what is unresolved.
    pub(super) text: String,
    /// Whether it and everything below it is resolved.
    pub(super) resolved: bool,
    pub(super) children: Vec<Plan>,
    /// The queries within its expressions.
    pub(super) subqueries: Vec<Plan>,
    /// Its columns, if it is resolved.
    pub(super) output: Vec<Column>,
}

impl Plan {
    /// An operator over one other, with that one's columns.
    pub(super) fn over(child: Self, text: impl Into<String>, resolved: bool) -> Self {
        Self {
            text: text.into(),
            resolved: resolved && child.resolved,
            output: child.output.clone(),
            children: vec![child],
            subqueries: Vec::new(),
        }
    }

    /// One line for each operator, the lines below it indented.
    pub(super) fn tree(&self) -> String {
        let mut text = String::new();
        self.write(&mut text, &mut Vec::new());
        text
    }

    /// `last` tells for each level above whether what follows there was the last of its kind.
    fn write(&self, text: &mut String, last: &mut Vec<bool>) {
        if let Some((own, above)) = last.split_last() {
            text.extend(above.iter().map(|last| if *last { "   " } else { ":  " }));
            text.push_str(if *own { "+- " } else { ":- " });
        }
        text.push_str(if self.resolved { "" } else { "'" });
        text.push_str(&self.text);
        text.push('\n');
        for (index, subquery) in self.subqueries.iter().enumerate() {
            last.extend([self.children.is_empty(), index + 1 == self.subqueries.len()]);
            subquery.write(text, last);
            last.truncate(last.len() - 2);
        }
        for (index, child) in self.children.iter().enumerate() {
            last.push(index + 1 == self.children.len());
            child.write(text, last);
            last.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(text: &str, resolved: bool) -> Plan {
        Plan { text: text.to_owned(), resolved, children: Vec::new(), subqueries: Vec::new(), output: Vec::new() }
    }

    #[test]
    fn children_and_subqueries_hang_below_their_operator() {
        let query = Plan::over(leaf("UnresolvedRelation [c], [], false", false), "Project ['id]", false);
        let mut join = leaf("Join Inner", false);
        join.children = vec![Plan::over(leaf("A", true), "SubqueryAlias a", true), leaf("B", false)];
        let mut filter = Plan::over(join, "Filter exists#3 []", false);
        filter.subqueries = vec![query];
        let expected = "\
'Filter exists#3 []
:  +- 'Project ['id]
:     +- 'UnresolvedRelation [c], [], false
+- 'Join Inner
   :- SubqueryAlias a
   :  +- A
   +- 'B
";
        assert_eq!(filter.tree(), expected);
    }
}
