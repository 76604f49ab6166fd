//! Canonical YAML: one way to write a thing, made to be read in `git diff`. Goldens and divergences are written by it.

use std::fmt::Write;

use serde_json::Value as Json;

use crate::observation::Observation;

/// Lines of YAML.
#[derive(Debug, Default)]
pub(crate) struct Canonical(String);

impl Canonical {
    /// The text.
    pub(crate) fn finish(self) -> String {
        self.0
    }

    /// A line as it is.
    pub(crate) fn line(&mut self, indent: usize, line: &str) {
        let _ = writeln!(self.0, "{:indent$}{line}", "");
    }

    /// Lines that were written elsewhere.
    pub(crate) fn raw(&mut self, lines: &str) {
        self.0.push_str(lines);
    }

    /// `key: "text"`; a text of several lines as a block, where that is not ambiguous.
    pub(crate) fn text(&mut self, indent: usize, key: &str, text: &str) {
        if !is_block(text) {
            self.line(indent, &format!("{key}: {}", quoted(text)));
            return;
        }
        self.line(indent, &format!("{key}: |-"));
        for line in text.split('\n') {
            if line.is_empty() {
                self.0.push('\n');
            } else {
                self.line(indent + 2, line);
            }
        }
    }

    /// The fields of an observation, those that are there; one column, row or call a line.
    pub(crate) fn observation(&mut self, indent: usize, observation: &Observation) {
        let json = observation.to_json();
        if let Json::Array(fields) = &json["schema"]["fields"] {
            self.list(indent, "schema", fields);
        }
        if let Json::Array(rows) = &json["rows"] {
            self.list(indent, "rows", rows);
        }
        if let Json::Object(error) = &json["error"] {
            self.line(indent, "error:");
            for (key, value) in error {
                match value {
                    Json::Null => {}
                    Json::Object(entries) if entries.is_empty() => {}
                    Json::Object(entries) => {
                        self.line(indent + 2, &format!("{}:", key_text(key)));
                        for (key, value) in entries {
                            self.text(indent + 4, &key_text(key), value.as_str().unwrap_or_default());
                        }
                    }
                    value => self.text(indent + 2, &key_text(key), value.as_str().unwrap_or_default()),
                }
            }
        }
        match &json["calls"] {
            Json::Array(calls) if !calls.is_empty() => self.list(indent, "calls", calls),
            _ => {}
        }
        if let Json::Number(count) = &json["partitions"] {
            self.line(indent, &format!("partitions: {count}"));
        }
    }

    fn list(&mut self, indent: usize, key: &str, items: &[Json]) {
        if items.is_empty() {
            self.line(indent, &format!("{key}: []"));
            return;
        }
        self.line(indent, &format!("{key}:"));
        for item in items {
            self.line(indent + 2, &format!("- {}", flow(item)));
        }
    }
}

/// A value in one line.
fn flow(json: &Json) -> String {
    match json {
        Json::String(text) => quoted(text),
        Json::Array(items) => {
            let items: Vec<String> = items.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        Json::Object(entries) => {
            let entry = |(key, value): (&String, &Json)| format!("{}: {}", key_text(key), flow(value));
            let entries: Vec<String> = entries.iter().map(entry).collect();
            format!("{{{}}}", entries.join(", "))
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => json.to_string(),
    }
}

/// A key without quotes where no reader of YAML could take it for something else.
fn key_text(key: &str) -> String {
    const RESERVED: [&str; 9] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    let plain = key.starts_with(|c: char| c.is_ascii_alphabetic())
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !RESERVED.contains(&key.to_ascii_lowercase().as_str());
    if plain { key.to_owned() } else { quoted(key) }
}

/// A double-quoted string in one line; what cannot be seen is escaped.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_visible(c) => out.push(c),
            c if u32::from(c) > 0xffff => {
                let _ = write!(out, "\\U{:08x}", u32::from(c));
            }
            c => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
        }
    }
    out.push('"');
    out
}

/// Whether YAML and an editor show the character as it is.
fn is_visible(c: char) -> bool {
    !c.is_control()
        && !matches!(u32::from(c),
            0xa0 | 0xad | 0x200b..=0x200f | 0x2028..=0x202f | 0x2060..=0x206f | 0xfeff | 0xfff0..=0xffff | 0xe0000..=0xe0fff)
        && u32::from(c) & 0xfffe != 0xfffe
}

/// Whether a text has several lines and survives as a block: no blanks at either end of a line that tools would strip.
fn is_block(text: &str) -> bool {
    text.contains('\n')
        && text.starts_with(|c: char| !c.is_whitespace())
        && !text.ends_with('\n')
        && text.split('\n').all(|line| !line.ends_with(char::is_whitespace) && line.chars().all(is_visible))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use crate::case::yaml::{Content, parse};

    fn read_back(yaml: &str) -> String {
        let Content::Mapping(entries) = parse(yaml).unwrap().content else { unreachable!() };
        let Content::String(text) = &entries[0].1.content else { unreachable!() };
        text.clone()
    }

    #[test]
    fn blocks_are_for_texts_that_survive_them() {
        for (text, block) in [
            ("a\nb", true),
            ("a\n\n  b", true),
            ("a", false),
            (" a\nb", false),
            ("a\nb\n", false),
            ("a \nb", false),
            ("a\tb\nc", false),
        ] {
            assert_eq!(is_block(text), block, "{text:?}");
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(400))]
        #[test]
        fn every_text_reads_back(text in "(?s)([a-c:#'\"\\\\%&*!|>@`{},\\[\\]?\\- \n\t~]|.){0,24}") {
            let mut yaml = Canonical::default();
            yaml.text(0, "k", &text);
            proptest::prop_assert_eq!(read_back(&yaml.finish()), text);
        }

        #[test]
        fn every_key_reads_back(key in "(?s)(true|null|y|[a-z0-9_ .:]{0,5}|.{0,4})") {
            let yaml = format!("{}: 1\n", key_text(&key));
            let Content::Mapping(entries) = parse(&yaml).unwrap().content else { unreachable!() };
            proptest::prop_assert_eq!(&entries[0].0.content, &Content::String(key));
        }
    }
}
