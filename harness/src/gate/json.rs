//! The gate's report for programs: one JSON document. Format 1.

use serde_json::{Value, json};

use super::{Change, Finding, Gate, Tally};

/// The version of this format.
pub const FORMAT: u32 = 1;

/// The report; `exit_code` is how the program ends.
pub fn render(gate: &Gate, exit_code: u8) -> Value {
    let versions = gate.versions.iter().map(
        |row| json!({"spark": row.spark.to_string(), "then": row.then.as_ref().map(tally), "now": tally(&row.now)}),
    );
    let count = |change: Change| (change.name().to_owned(), json!(gate.of_change(change).count()));
    let shrunken = gate
        .shrunken
        .iter()
        .map(|(area, spark, then, now)| json!({"area": area, "spark": spark.to_string(), "then": then, "now": now}));
    let lost_behaviours =
        gate.lost_behaviours.iter().map(|behaviour| json!({"id": behaviour.id, "indexed": behaviour.indexed}));
    json!({
        "kind": "gate",
        "format": FORMAT,
        "passed": gate.passes(),
        "exit_code": exit_code,
        "baseline": gate.baseline,
        "caveats": gate.caveats,
        "target": gate.target,
        "versions": versions.collect::<Vec<_>>(),
        "counts": Change::ALL.into_iter().map(count).collect::<serde_json::Map<_, _>>(),
        "findings": gate.findings.iter().map(|found| finding(gate, found)).collect::<Vec<_>>(),
        "lost_versions": gate.lost_versions.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "shrunken": shrunken.collect::<Vec<_>>(),
        "lost_behaviours": lost_behaviours.collect::<Vec<_>>(),
        "gained_behaviours": gate.gained_behaviours,
        "pins_of_nothing": gate.pins_of_nothing,
        "faults": gate.faults,
        "allow_lost": gate.allow_lost,
    })
}

fn tally(tally: &Tally) -> Value {
    json!({"cases": tally.cases, "conforming": tally.conforming, "pinned": tally.pinned})
}

fn finding(gate: &Gate, finding: &Finding) -> Value {
    json!({
        "change": finding.change.name(),
        "fails": gate.fails(finding),
        "id": finding.id.to_string(),
        "spark": finding.versions.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "then": finding.then,
        "now": finding.now,
        "reason": finding.reason,
        "renamed_from": finding.renamed_from.as_ref().map(ToString::to_string),
        "edited": finding.edited,
        "file": finding.place.as_ref().map(|(file, _)| file),
        "line": finding.place.as_ref().map(|(_, line)| line),
        "difference": finding.difference,
        "rerun": finding.rerun,
    })
}
