//! `LIKE` as prefix, suffix and substring tests, where Catalyst sees it as such (FLT-LIKE).

use datafusion::functions::expr_fn::{character_length, contains, ends_with, starts_with};
use datafusion::logical_expr::{Expr, lit};

/// The condition without `LIKE`; none where the pattern has an escape, a `_`, or its parts in another order.
pub(super) fn simplify(subject: &Expr, pattern: &str, escape: char) -> Option<Expr> {
    if pattern.contains(escape) || pattern.contains('_') {
        return None;
    }
    let test = |name: fn(Expr, Expr) -> Expr, text: &str| name(subject.clone(), lit(text));
    // Neighbouring `%` are one.
    let parts: Vec<&str> = pattern.split('%').collect();
    let texts: Vec<&str> = parts.iter().copied().filter(|part| !part.is_empty()).collect();
    let open_start = pattern.starts_with('%');
    let open_end = pattern.ends_with('%');
    match (open_start, texts.as_slice(), open_end) {
        (false, [], false) => Some(subject.clone().eq(lit(""))),
        (false, [text], false) => Some(subject.clone().eq(lit(*text))),
        (false, [text], true) => Some(test(starts_with, text)),
        (true, [text], false) => Some(test(ends_with, text)),
        (true, [text], true) => Some(test(contains, text)),
        (false, [first, last], false) => {
            let length = first.chars().count() + last.chars().count();
            let long_enough = character_length(subject.clone()).gt_eq(lit(i32::try_from(length).unwrap_or(i32::MAX)));
            Some(long_enough.and(test(starts_with, first).and(test(ends_with, last))))
        }
        _ => None,
    }
}
