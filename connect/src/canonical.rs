//! Tells whether two relations ask for the same: clients number each plan anew, and say where in their program it was made.

use spark_connect_proto::Relation;

/// What a client adds that says nothing of the rows.
const IRRELEVANT: [&str; 3] = ["plan_id: ", "source_info: ", "origin: "];

/// A text that is the same for relations that ask for the same, in the same way.
pub(crate) fn text(relation: &Relation) -> String {
    let debug = format!("{relation:?}");
    Reader { text: debug.as_bytes(), at: 0 }.items().join(", ")
}

/// Reads the text of a message, as Rust shows it: names, texts in quotes, and groups of items in brackets.
struct Reader<'t> {
    text: &'t [u8],
    at: usize,
}

impl Reader<'_> {
    /// The items of a group up to its closing bracket, without what is irrelevant.
    fn items(&mut self) -> Vec<String> {
        let mut items = Vec::new();
        let mut item = Vec::new();
        while let Some(&byte) = self.text.get(self.at) {
            self.at += 1;
            match byte {
                b'"' => self.quoted(&mut item),
                b'(' | b'[' | b'{' => {
                    // The entries of a map have no order, and no space before the first.
                    let is_map = byte == b'{' && self.text.get(self.at).is_some_and(|next| *next != b' ');
                    let mut group = self.items();
                    if is_map {
                        group.sort_unstable();
                    }
                    item.push(byte);
                    item.extend(group.join(", ").bytes());
                    item.push(b')');
                }
                b')' | b']' | b'}' => break,
                b',' => push(&mut items, &mut item),
                byte => item.push(byte),
            }
        }
        push(&mut items, &mut item);
        items
    }

    /// A text with its quotes, whatever stands in it.
    fn quoted(&mut self, out: &mut Vec<u8>) {
        out.push(b'"');
        while let Some(&byte) = self.text.get(self.at) {
            self.at += 1;
            out.push(byte);
            match byte {
                b'\\' => {
                    out.extend(self.text.get(self.at));
                    self.at += 1;
                }
                b'"' => break,
                _ => {}
            }
        }
    }
}

fn push(items: &mut Vec<String>, item: &mut Vec<u8>) {
    let text = String::from_utf8_lossy(&std::mem::take(item)).trim().to_owned();
    if !text.is_empty() && !IRRELEVANT.iter().any(|name| text.starts_with(name)) {
        items.push(text);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use spark_connect_proto::read::{DataSource, ReadType};
    use spark_connect_proto::relation::RelType;
    use spark_connect_proto::{Read, RelationCommon};

    use super::*;

    fn read(plan_id: i64, options: &[(&str, &str)]) -> Relation {
        let options: HashMap<String, String> =
            options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let source = DataSource { format: Some("x".to_owned()), options, ..DataSource::default() };
        let read = Read { is_streaming: false, read_type: Some(ReadType::DataSource(source)) };
        let common = RelationCommon { plan_id: Some(plan_id), ..RelationCommon::default() };
        Relation { common: Some(common), rel_type: Some(RelType::Read(read)) }
    }

    #[test]
    fn numbers_and_the_order_of_options_do_not_matter() {
        let options = [("a", "1"), ("b", "x, \"y\"}"), ("c", "3"), ("d", "4")];
        let mut turned = options;
        turned.reverse();
        assert_eq!(text(&read(1, &options)), text(&read(2, &turned)));
        assert_ne!(text(&read(1, &options)), text(&read(1, &[("a", "2")])));
    }
}
