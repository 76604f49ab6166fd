//! The scoreboard: counts per area and Spark version, and the list of all that is not exact. Text only, no dates.

mod read;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write};

use crate::case::{Behaviour, Case, CaseId, Side, SparkMinor};
use crate::compare::Reason;
use crate::divergence::Kind;

pub use read::{Board, BoardCounts, BoardEntry, read};

/// How one case stands for one Spark version.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// The case.
    pub case: CaseId,
    /// The version compared with.
    pub version: SparkMinor,
    /// How it stands.
    pub standing: Standing,
}

/// How a case stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Standing {
    /// As the reference.
    Exact,
    /// Failed as the JVM did, more clearly.
    Equivalent,
    /// A known divergence.
    Pinned {
        /// Whose fault.
        kind: Kind,
        /// Why.
        reason: String,
    },
    /// An unknown divergence.
    Divergent {
        /// Why.
        reasons: BTreeSet<Reason>,
    },
    /// The target cannot run the case.
    Unsupported {
        /// Why.
        reason: String,
    },
}

/// The columns after area, version and number of cases.
const COLUMNS: [&str; 8] = ["exact", "equivalent", "ours", "upstream", "extension", "wont", "divergent", "unsupported"];

impl Standing {
    /// The column in which it counts.
    fn column(&self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Equivalent => "equivalent",
            Self::Pinned { kind, .. } => kind.name(),
            Self::Divergent { .. } => "divergent",
            Self::Unsupported { .. } => "unsupported",
        }
    }

    /// Why it is not exact.
    fn reason(&self) -> String {
        match self {
            Self::Exact => String::new(),
            Self::Equivalent => "Spark fails inside the JVM".to_owned(),
            Self::Pinned { reason, .. } | Self::Unsupported { reason } => one_line(reason),
            Self::Divergent { reasons } => reasons.iter().map(|reason| reason.name()).collect::<Vec<_>>().join(", "),
        }
    }
}

/// How many behaviours of the index some case covers. It displays itself as a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coverage {
    covered: usize,
    behaviours: usize,
}

impl Coverage {
    /// Counts the behaviours of those sides that `counts` says.
    pub fn of<'c>(
        index: &[Behaviour],
        cases: impl IntoIterator<Item = &'c Case>,
        counts: impl Fn(Side) -> bool,
    ) -> Self {
        let named: BTreeSet<&str> = cases.into_iter().flat_map(|case| case.covers.iter().map(String::as_str)).collect();
        let counted = index.iter().filter(|behaviour| counts(behaviour.side));
        let (covered, others): (Vec<_>, Vec<_>) = counted.partition(|behaviour| named.contains(behaviour.id.as_str()));
        Self { covered: covered.len(), behaviours: covered.len() + others.len() }
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { covered, behaviours } = self;
        write!(f, "cases cover {covered} of {behaviours} behaviours ({})", percent(*covered, *behaviours))
    }
}

/// The text of `golden/SCOREBOARD.md`. The order of `scores` does not matter; `coverage` is that of the read side.
pub fn render(scores: &[Score], coverage: Coverage) -> String {
    let mut rows: BTreeMap<(&str, SparkMinor), BTreeMap<&str, usize>> = BTreeMap::new();
    let mut totals: BTreeMap<SparkMinor, BTreeMap<&str, usize>> = BTreeMap::new();
    for score in scores {
        let column = score.standing.column();
        *rows.entry((score.case.area(), score.version)).or_default().entry(column).or_default() += 1;
        *totals.entry(score.version).or_default().entry(column).or_default() += 1;
    }
    let mut out =
        "# Scoreboard\n\nHow the engine stands against what real PySpark answered. Generated; not to be edited.\n"
            .to_owned();
    out.push_str(
        "What is exact or equivalent conforms; the columns `ours` to `wont` count pinned divergences by kind.\n\n",
    );
    let _ = writeln!(out, "Read side: {coverage}.\n");
    let _ = writeln!(out, "| area | Spark | cases | conform | {} |", COLUMNS.join(" | "));
    let _ = writeln!(out, "|---|---|{}", "---:|".repeat(COLUMNS.len() + 2));
    for ((area, version), counts) in &rows {
        row(&mut out, area, *version, counts);
    }
    for (version, counts) in &totals {
        row(&mut out, "**all**", *version, counts);
    }
    // A case stands once for all versions in which it stands the same.
    let mut others: BTreeMap<(&CaseId, &str, String), BTreeSet<SparkMinor>> = BTreeMap::new();
    for score in scores.iter().filter(|score| score.standing != Standing::Exact) {
        let key = (&score.case, score.standing.column(), score.standing.reason());
        others.entry(key).or_default().insert(score.version);
    }
    if !others.is_empty() {
        out.push_str("\n## Not exact\n\n");
    }
    for ((id, column, reason), versions) in others {
        let versions: Vec<String> = versions.iter().map(ToString::to_string).collect();
        let _ = writeln!(out, "- `{id}` ({}) {column}: {reason}", versions.join(", "));
    }
    out
}

/// A part of a whole in percent, rounded down, so that 100 % means all.
pub(crate) fn percent(part: usize, whole: usize) -> String {
    let tenths = (part * 1000).checked_div(whole).unwrap_or(1000);
    format!("{}.{} %", tenths / 10, tenths % 10)
}

fn row(out: &mut String, area: &str, version: SparkMinor, counts: &BTreeMap<&str, usize>) {
    let count = |column: &str| counts.get(column).copied().unwrap_or(0);
    let cells: Vec<String> = COLUMNS.iter().map(|column| count(column).to_string()).collect();
    let all = counts.values().sum::<usize>();
    let conform = percent(count("exact") + count("equivalent"), all);
    let _ = writeln!(out, "| {area} | {version} | {all} | {conform} | {} |", cells.join(" | "));
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(topic: &str, name: &str, version: SparkMinor, standing: Standing) -> Score {
        Score { case: CaseId::new(topic, name), version, standing }
    }

    #[test]
    fn counts_and_reasons() {
        let (v40, v42) = (SparkMinor::new(4, 0), SparkMinor::new(4, 2));
        let pinned = Standing::Pinned { kind: Kind::Ours, reason: "rows\nare lost".into() };
        let mut scores = vec![
            score("read/tuples", "a", v42, Standing::Exact),
            score("read/tuples", "a", v40, Standing::Exact),
            score("read/tuples", "b", v40, pinned.clone()),
            score("read/tuples", "b", v42, pinned),
            score("types/maps", "c", v42, Standing::Equivalent),
            score("types/maps", "d", v42, Standing::Divergent { reasons: [Reason::Values, Reason::Schema].into() }),
            score("read/rows", "e", v42, Standing::Unsupported { reason: "no streams".into() }),
        ];
        let text = render(&scores, Coverage { covered: 2, behaviours: 3 });
        insta::assert_snapshot!(text, @r"
        # Scoreboard

        How the engine stands against what real PySpark answered. Generated; not to be edited.
        What is exact or equivalent conforms; the columns `ours` to `wont` count pinned divergences by kind.

        Read side: cases cover 2 of 3 behaviours (66.6 %).

        | area | Spark | cases | conform | exact | equivalent | ours | upstream | extension | wont | divergent | unsupported |
        |---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|
        | read | 4.0 | 2 | 50.0 % | 1 | 0 | 1 | 0 | 0 | 0 | 0 | 0 |
        | read | 4.2 | 3 | 33.3 % | 1 | 0 | 1 | 0 | 0 | 0 | 0 | 1 |
        | types | 4.2 | 2 | 50.0 % | 0 | 1 | 0 | 0 | 0 | 0 | 1 | 0 |
        | **all** | 4.0 | 2 | 50.0 % | 1 | 0 | 1 | 0 | 0 | 0 | 0 | 0 |
        | **all** | 4.2 | 5 | 40.0 % | 1 | 1 | 1 | 0 | 0 | 0 | 1 | 1 |

        ## Not exact

        - `read/rows::e` (4.2) unsupported: no streams
        - `read/tuples::b` (4.0, 4.2) ours: rows are lost
        - `types/maps::c` (4.2) equivalent: Spark fails inside the JVM
        - `types/maps::d` (4.2) divergent: schema, values
        ");
        scores.reverse();
        assert_eq!(render(&scores, Coverage { covered: 2, behaviours: 3 }), text);
    }
}
