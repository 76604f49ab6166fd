//! The order in which the cases are to be read: that of the list in `cases/README.md`.

use std::collections::BTreeSet;

/// Areas and their topics, in the order of reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadingOrder(Vec<(String, Vec<String>)>);

impl ReadingOrder {
    /// Reads the list: ``1. `area/`: topic, topic``. What it does not name comes last, by name.
    pub fn of<'t>(readme: &str, topics: impl IntoIterator<Item = &'t str>) -> Self {
        let topics: BTreeSet<&str> = topics.into_iter().collect();
        let mut order = Self(Vec::new());
        let mut area = String::new();
        for line in readme.lines() {
            let mut rest = line;
            if let Some((head, tail)) = listed_area(line) {
                area = head.to_owned();
                rest = tail;
            } else if !line.starts_with(' ') {
                area.clear();
            }
            if area.is_empty() {
                continue;
            }
            for word in rest.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')) {
                let topic = format!("{area}/{word}");
                if topics.contains(topic.as_str()) {
                    order.add(&topic);
                }
            }
        }
        for topic in topics {
            order.add(topic);
        }
        order
    }

    fn add(&mut self, topic: &str) {
        let area = topic.split('/').next().unwrap_or(topic);
        match self.0.iter_mut().find(|(known, _)| known == area) {
            Some((_, topics)) if topics.iter().any(|known| known == topic) => {}
            Some((_, topics)) => topics.push(topic.to_owned()),
            None => self.0.push((area.to_owned(), vec![topic.to_owned()])),
        }
    }

    /// Each area with its topics (`<area>/<topic>`).
    pub fn areas(&self) -> impl Iterator<Item = (&str, impl Iterator<Item = &str>)> {
        self.0.iter().map(|(area, topics)| (area.as_str(), topics.iter().map(String::as_str)))
    }

    /// All topics.
    pub fn topics(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|(_, topics)| topics.iter().map(String::as_str))
    }
}

/// The area of an item of the list, and what follows it.
fn listed_area(line: &str) -> Option<(&str, &str)> {
    let (number, item) = line.split_once(". `")?;
    number.trim().parse::<usize>().ok()?;
    item.split_once("/`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_gives_the_order_and_the_rest_follows() {
        let readme = "# Cases\n\n1. `types/`: maps, arrays,\n   and those of others: numpy\n2. `read/`: how one `tuple` is read\n\nProse of read/zebra.\n";
        let topics = ["read/tuple", "read/zebra", "types/arrays", "types/maps", "types/numpy", "errors/all"];
        let order = ReadingOrder::of(readme, topics);
        let expected = ["types/maps", "types/arrays", "types/numpy", "read/tuple", "read/zebra", "errors/all"];
        assert_eq!(order.topics().collect::<Vec<_>>(), expected);
        assert_eq!(order.areas().map(|(area, _)| area).collect::<Vec<_>>(), ["types", "read", "errors"]);
    }
}
