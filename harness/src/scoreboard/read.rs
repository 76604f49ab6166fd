//! Reading a scoreboard back: counts of each area, and all that was not exact, by name.

use std::collections::BTreeMap;

use super::COLUMNS;
use crate::case::{CaseId, SparkMinor};

/// What a scoreboard says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Board {
    /// The counts by area and version; the rows that sum up are left out.
    pub counts: BTreeMap<(String, SparkMinor), BoardCounts>,
    /// The cases that were not exact.
    pub others: BTreeMap<(CaseId, SparkMinor), BoardEntry>,
}

/// The counts of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BoardCounts {
    /// All cases.
    pub cases: usize,
    /// Exact and equivalent ones.
    pub conforming: usize,
    /// Pinned ones, of every kind.
    pub pinned: usize,
}

/// What the list says of a case that was not exact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoardEntry {
    /// The column in which the case counts: `equivalent`, `ours`, `divergent`, ….
    pub column: String,
    /// Why.
    pub reason: String,
}

/// Reads the text of a scoreboard; nothing if it is not one.
pub fn read(text: &str) -> Option<Board> {
    if !text.starts_with("# Scoreboard\n") {
        return None;
    }
    let mut board = Board::default();
    let mut lines = text.lines().skip_while(|line| !line.starts_with("| area |"));
    let head = cells(lines.next()?);
    for line in lines.by_ref().skip(1).take_while(|line| line.starts_with('|')) {
        let row = cells(line);
        let (Some(area), Some(version)) = (row.first(), row.get(1)) else { return None };
        if area.starts_with('*') {
            continue;
        }
        let of = |names: &[&str]| {
            let columns = head.iter().zip(&row).filter(|(name, _)| names.contains(&name.as_str()));
            columns.map(|(_, cell)| cell.parse::<usize>().ok()).sum::<Option<usize>>()
        };
        let counts = BoardCounts {
            cases: of(&["cases"])?,
            conforming: of(&["exact", "equivalent"])?,
            pinned: of(&["ours", "upstream", "extension", "wont"])?,
        };
        board.counts.insert((area.clone(), version.parse().ok()?), counts);
    }
    for line in lines.filter(|line| line.starts_with("- `")) {
        entry(line, &mut board.others)?;
    }
    (!board.counts.is_empty()).then_some(board)
}

/// `` - `id` (4.1, 4.2) column: reason ``. An id may hold anything, so the first place counts where the rest fits.
fn entry(line: &str, others: &mut BTreeMap<(CaseId, SparkMinor), BoardEntry>) -> Option<()> {
    let line = line.strip_prefix("- `")?;
    line.match_indices("` (").find_map(|(at, mark)| {
        let id: CaseId = line.get(..at)?.parse().ok()?;
        let (versions, rest) = line.get(at + mark.len()..)?.split_once(") ")?;
        let (column, reason) = rest.split_once(": ").filter(|(column, _)| COLUMNS.contains(column))?;
        let versions: Vec<SparkMinor> = versions.split(", ").map(|text| text.parse().ok()).collect::<Option<_>>()?;
        for version in versions {
            let entry = BoardEntry { column: column.to_owned(), reason: reason.to_owned() };
            others.insert((id.clone(), version), entry);
        }
        Some(())
    })
}

fn cells(line: &str) -> Vec<String> {
    line.trim().trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::super::{Coverage, Score, Standing, render};
    use super::*;
    use crate::compare::Reason;
    use crate::divergence::Kind;

    #[test]
    fn a_scoreboard_reads_back() {
        let (v41, v42) = (SparkMinor::new(4, 1), SparkMinor::new(4, 2));
        let score =
            |topic: &str, name: &str, version, standing| Score { case: CaseId::new(topic, name), version, standing };
        let pinned = Standing::Pinned { kind: Kind::Wont, reason: "a (4.9) b: `c` (4.1) d: e".into() };
        let odd = "`x` (4.1) y: z";
        let scores = [
            score("read/a", "one", v42, Standing::Exact),
            score("read/a", odd, v41, pinned.clone()),
            score("read/a", odd, v42, pinned),
            score("sql/b", "two", v42, Standing::Equivalent),
            score("sql/b", "three", v42, Standing::Divergent { reasons: [Reason::Values].into() }),
        ];
        let board = read(&render(&scores, Coverage::of(&[], [], |_| true))).unwrap();
        let counts = |area: &str, version| board.counts.get(&(area.to_owned(), version)).copied();
        assert_eq!(counts("read", v42), Some(BoardCounts { cases: 2, conforming: 1, pinned: 1 }));
        assert_eq!(counts("sql", v42), Some(BoardCounts { cases: 2, conforming: 1, pinned: 0 }));
        assert_eq!(board.counts.len(), 3);
        let found: Vec<String> =
            board.others.iter().map(|((id, version), entry)| format!("{id} {version} {}", entry.column)).collect();
        assert_eq!(
            found,
            [
                format!("read/a::{odd} 4.1 wont"),
                format!("read/a::{odd} 4.2 wont"),
                "sql/b::three 4.2 divergent".to_owned(),
                "sql/b::two 4.2 equivalent".to_owned(),
            ]
        );
    }

    #[test]
    fn what_is_no_scoreboard_is_refused() {
        assert_eq!(read("{\"kind\": \"header\"}"), None);
        assert_eq!(read("# Scoreboard\n\nnothing\n"), None);
        assert_eq!(read("# Scoreboard\n| area | Spark | cases |\n|---|---|---|\n| a | 4.2 | many |\n"), None);
    }
}
