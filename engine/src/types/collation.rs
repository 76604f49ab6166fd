//! Collation names: which exist, and how Spark spells them.

use crate::error::SparkError;

use super::condition;

/// The locales that Spark 4.2's ICU knows, as Spark spells them.
const LOCALES: &str = "\
    af am ar ar_SAU as az be bg blo bn bo br bs bs_Cyrl ca ceb chr cs cy da de de_AUT dsb dz ee el en en_USA eo es \
    et fa fa_AFG ff ff_Adlm fi fil fo fr fr_CAN fy ga gl gu ha haw he he_ISR hi hr hsb hu hy id id_IDN ig is it ja \
    ka kk kk_Arab kl km kn ko kok ku ky lb lij lkt ln lo lt lv mk ml mn mr ms mt my nb nb_NOR ne nl nn no nso om \
    or pa pa_Guru pa_Guru_IND pl ps pt ro ru sa se si sk sl smn sq sr sr_Cyrl sr_Cyrl_BIH sr_Cyrl_MNE sr_Cyrl_SRB \
    sr_Latn sr_Latn_BIH sr_Latn_SRB st sv sw ta te th tk tn to tr ug uk ur uz vi wae wo xh yi yo zh zh_Hans \
    zh_Hans_CHN zh_Hans_SGP zh_Hant zh_Hant_HKG zh_Hant_MAC zh_Hant_TWN zu";

/// The canonical spelling of a collation's name, as in `UNICODE_CI` for `unicode_ci`; none for `UTF8_BINARY`, the default.
///
/// # Errors
///
/// `COLLATION_INVALID_NAME` when no such collation exists.
pub(crate) fn canonical(name: &str) -> Result<Option<String>, SparkError> {
    let upper = name.to_uppercase();
    if upper == "UTF8_BINARY" {
        return Ok(None);
    }
    if matches!(upper.as_str(), "UTF8_LCASE" | "UTF8_BINARY_RTRIM" | "UTF8_LCASE_RTRIM") {
        return Ok(Some(upper));
    }
    let locale = longest_locale(&upper).ok_or_else(|| invalid(name))?;
    let specifiers = upper.get(locale.len()..).unwrap_or("");
    let specifiers = canonical_specifiers(specifiers).ok_or_else(|| invalid(name))?;
    Ok(Some(format!("{locale}{specifiers}")))
}

/// The provider that implements a collation: `spark` for the UTF-8 ones, `icu` for the rest.
pub(crate) fn provider(name: &str) -> &'static str {
    if name.starts_with("UTF8_") { "spark" } else { "icu" }
}

/// What a collation's name can begin with, the UTF-8 ones apart.
fn locales() -> impl Iterator<Item = &'static str> {
    std::iter::once("UNICODE").chain(LOCALES.split_ascii_whitespace())
}

/// The longest locale that `upper` is, or that an underscore follows.
fn longest_locale(upper: &str) -> Option<&'static str> {
    let fits = |locale: &str| {
        upper.strip_prefix(locale.to_uppercase().as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    };
    locales().filter(|locale| fits(locale)).max_by_key(|locale| locale.len())
}

/// Specifiers in Spark's order, `_CI_AI_RTRIM`, the defaults left out; none if one is unknown or repeated.
fn canonical_specifiers(text: &str) -> Option<String> {
    let (mut case, mut accent, mut trim) = (None, None, None);
    for specifier in text.split('_').skip(1) {
        let slot = match specifier {
            "CI" | "CS" => &mut case,
            "AI" | "AS" => &mut accent,
            "RTRIM" => &mut trim,
            _ => return None,
        };
        if slot.replace(specifier).is_some() {
            return None;
        }
    }
    let mut out = String::new();
    if case == Some("CI") {
        out.push_str("_CI");
    }
    if accent == Some("AI") {
        out.push_str("_AI");
    }
    if trim.is_some() {
        out.push_str("_RTRIM");
    }
    Some(out)
}

/// `COLLATION_INVALID_NAME` with the names that Spark suggests.
pub(crate) fn invalid(name: &str) -> SparkError {
    condition::collation_name(name, &suggestions(name))
}

/// Up to three names: the nearest locales with the specifiers of `name`, the first in any case, others only if they are near.
fn suggestions(name: &str) -> String {
    let upper = name.to_uppercase();
    let spark = name.starts_with("UTF8_");
    let valid: &[&str] = if spark { &["_RTRIM"] } else { &["_CI", "_AI", "_CS", "_AS", "_RTRIM"] };
    let mut root = upper.as_str();
    let mut specifiers: Vec<&str> = Vec::new();
    while let Some((specifier, rest)) = valid.iter().find_map(|s| Some((*s, root.strip_suffix(s)?))) {
        specifiers.retain(|known| *known != specifier);
        specifiers.insert(0, specifier);
        root = rest;
    }
    for (loses, wins) in [("_CI", "_CS"), ("_AI", "_AS")] {
        if specifiers.contains(&wins) {
            specifiers.retain(|specifier| *specifier != loses);
        }
    }
    let specifiers = specifiers.concat();
    let mut roots: Vec<&str> = if spark { vec!["UTF8_BINARY", "UTF8_LCASE"] } else { locales().collect() };
    roots.sort_by_key(|known| distance(&known.to_uppercase(), root));
    let mut names = roots.into_iter().take(3).map(|root| format!("{root}{specifiers}"));
    let first = names.next();
    let near = names.take_while(|suggestion| distance(&suggestion.to_uppercase(), &upper) < 3);
    first.into_iter().chain(near).collect::<Vec<_>>().join(", ")
}

/// The Levenshtein distance.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, l) in left.chars().enumerate() {
        let mut previous = i;
        let mut next = vec![i + 1];
        for (j, r) in right.iter().enumerate() {
            let above = row.get(j + 1).copied().unwrap_or(usize::MAX - 1);
            let beside = next.last().copied().unwrap_or(usize::MAX - 1);
            next.push((previous + usize::from(l != *r)).min(above + 1).min(beside + 1));
            previous = above;
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}
