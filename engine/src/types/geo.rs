//! `geometry` and `geography`: between the SRID of their names and the reference system of their JSON.
//!
//! Only the reference systems that Spark itself names are known here.

/// SRIDs by the name of their reference system, those of `geometry`; `geography` has only the first.
const SYSTEMS: [(&str, &str); 3] = [("4326", "OGC:CRS84"), ("3857", "EPSG:3857"), ("0", "SRID:0")];

/// The JSON form of `geometry(srid)` or `geography(srid)`, where `srid` is a number or `any`; none if Spark refuses it.
pub(super) fn from_srid(kind: &str, srid: &str) -> Option<String> {
    if srid.eq_ignore_ascii_case("any") {
        return Some(json_text(kind, "SRID:ANY"));
    }
    let digits = srid.trim_start_matches('0');
    let digits = if digits.is_empty() { "0" } else { digits };
    let (_, system) = SYSTEMS.iter().find(|(number, _)| *number == digits)?;
    (kind == "geometry" || *system == "OGC:CRS84").then(|| json_text(kind, system))
}

/// The JSON form by the name of a reference system; `None` stands for the default.
pub(super) fn from_system(kind: &str, system: Option<&str>) -> Option<String> {
    let Some(system) = system else { return Some(json_text(kind, "OGC:CRS84")) };
    if system.eq_ignore_ascii_case("SRID:ANY") {
        return Some(json_text(kind, "SRID:ANY"));
    }
    let known = SYSTEMS.iter().any(|(_, name)| *name == system) && (kind == "geometry" || system == "OGC:CRS84");
    known.then(|| json_text(kind, system))
}

fn json_text(kind: &str, system: &str) -> String {
    if kind == "geography" { format!("geography({system}, SPHERICAL)") } else { format!("geometry({system})") }
}

/// `geometry(4326)` for the JSON form `geometry(OGC:CRS84)`.
pub(super) fn simple_string(json: &str) -> String {
    let kind = if json.starts_with("geography") { "geography" } else { "geometry" };
    match srid(json) {
        Some(srid) => format!("{kind}({srid})"),
        None => format!("{kind}(any)"),
    }
}

/// The SRID of a JSON form; none for mixed SRIDs.
pub(super) fn srid(json: &str) -> Option<&'static str> {
    let inner = json.split_once('(').map_or("", |(_, rest)| rest).trim_end_matches(')');
    let system = inner.split(',').next().unwrap_or("").trim();
    SYSTEMS.iter().find(|(_, name)| *name == system).map(|(number, _)| *number)
}
