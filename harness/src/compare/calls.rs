//! Recorded calls: `read` runs in many tasks at once, so its calls are a multiset; all others have their order.

use std::collections::BTreeSet;

use super::CallsDifference;
use crate::observation::Call;

const CONCURRENT: &str = "read";

pub(super) fn compare(reference: &[Call], candidate: &[Call]) -> impl Iterator<Item = CallsDifference> {
    let mut differences = Vec::new();
    let names: BTreeSet<&str> = reference.iter().chain(candidate).map(|call| call.call.as_str()).collect();
    for name in names {
        let of = |calls: &[Call]| {
            let mut calls: Vec<Call> = calls.iter().filter(|call| call.call == name).cloned().collect();
            if name == CONCURRENT {
                calls.sort_by_cached_key(|call| serde_json::to_string(&call.details).unwrap_or_default());
            }
            calls
        };
        let (reference, candidate) = (of(reference), of(candidate));
        if reference != candidate {
            differences.push(CallsDifference { call: name.to_owned(), reference, candidate });
        }
    }
    if differences.is_empty() {
        let sequence =
            |calls: &[Call]| -> Vec<Call> { calls.iter().filter(|call| call.call != CONCURRENT).cloned().collect() };
        let (reference, candidate) = (sequence(reference), sequence(candidate));
        if reference != candidate {
            differences.push(CallsDifference { call: String::new(), reference, candidate });
        }
    }
    differences.into_iter()
}
