//! YAML text as a tree of nodes that know where they stand. The only place that knows serde-saphyr.
//!
//! The tree is what the typed readers of cases, goldens and divergences are built on: reading a file in two steps
//! lets one broken case be reported without losing the others, and gives every node a position.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{DuplicateKeyPolicy, MergeKeyPolicy, NonFiniteFloatPolicy, Spanned};

/// How deep a document may nest: deeper ones are refused before they exhaust the stack.
const MAX_DEPTH: usize = 64;

/// A position in a text: line and column from 1, and how many characters are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Span {
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) width: usize,
}

/// A YAML node and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) content: Content,
    pub(crate) span: Span,
}

/// What a node is. Scalars are resolved by the YAML 1.2 core schema: `yes` and `2024-02-29` are strings.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Content {
    Null,
    Boolean(bool),
    Integer(i128),
    Float(f64),
    String(String),
    Sequence(Vec<Node>),
    /// Entries in order; keys may repeat here and are refused by the reader.
    Mapping(Vec<(Node, Node)>),
}

impl Node {
    /// What it is, in a message: `the number 5`.
    pub(crate) fn describe(&self) -> String {
        match &self.content {
            Content::Null => "null".to_owned(),
            Content::Boolean(value) => format!("the boolean {value}"),
            Content::Integer(value) => format!("the number {value}"),
            Content::Float(value) => format!("the number {value:?}"),
            Content::String(value) => format!("the string {value:?}"),
            Content::Sequence(_) => "a list".to_owned(),
            Content::Mapping(_) => "a mapping".to_owned(),
        }
    }
}

/// Text that is no YAML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    pub(crate) message: String,
    pub(crate) span: Span,
}

/// The parser's stack: its frames take some 30 KiB a level in debug builds, more than a test's thread has.
const STACK_SIZE: usize = 32 * 1024 * 1024;

/// The name under which a [`Node`] asks a deserializer for itself, position included.
pub(crate) const NODE_MARKER: &str = "$seatrial::yaml::Node";

/// Parses one YAML document. An empty text is a null node.
pub(crate) fn parse(text: &str) -> Result<Node, SyntaxError> {
    let failed =
        |message: &str| SyntaxError { message: message.to_owned(), span: Span { line: 1, column: 1, width: 1 } };
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().name("yaml".to_owned()).stack_size(STACK_SIZE);
        match builder.spawn_scoped(scope, || parse_here(text)) {
            Ok(thread) => {
                thread.join().unwrap_or_else(|_| Err(failed("the YAML parser crashed on this text; please report it")))
            }
            Err(error) => Err(failed(&format!("failed to start the YAML parser's thread: {error}"))),
        }
    })
}

fn parse_here(text: &str) -> Result<Node, SyntaxError> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_depth: MAX_DEPTH, max_nodes: 10_000_000, max_events: 40_000_000 },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        merge_keys: MergeKeyPolicy::Error,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options::<Node>(text, options).map_err(|error| {
        let span = error.location().map(span_of).unwrap_or(Span { line: 1, column: 1, width: 1 });
        SyntaxError { message: plain_message(&error), span }
    })
}

/// The parser's message without the position that it appends; the diagnostic shows that itself.
fn plain_message(error: &serde_saphyr::Error) -> String {
    let text = error.without_snippet().to_string();
    if text.starts_with("multiple YAML documents") {
        return "a second YAML document starts here; a file holds one".to_owned();
    }
    let first = text.lines().next().unwrap_or_default();
    first.split(" at line ").next().unwrap_or(first).trim_end_matches([' ', ',', ':']).to_owned()
}

fn span_of(location: serde_saphyr::Location) -> Span {
    let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    Span {
        line: number(location.line()).max(1),
        column: number(location.column()).max(1),
        width: number(location.span().len()).max(1),
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(NODE_MARKER, NodeVisitor)
    }
}

/// A node comes from serde-saphyr, which knows positions by its own wrapper, or from a tree that was parsed before.
struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML node")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        let spanned = Spanned::<Content>::deserialize(deserializer)?;
        Ok(Node { content: spanned.value, span: span_of(spanned.referenced) })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let Located { value: content, span } = located(&mut access)?;
        Ok(Node { content, span })
    }
}

/// The name under which a [`Located`] asks for its position.
pub(crate) const LOCATED_MARKER: &str = "$seatrial::yaml::Located";

/// A typed value and where it stands.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Located<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Located<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(LOCATED_MARKER, LocatedVisitor(PhantomData))
    }
}

impl<T: schemars::JsonSchema> schemars::JsonSchema for Located<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }

    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        T::json_schema(generator)
    }
}

struct LocatedVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for LocatedVisitor<T> {
    type Value = Located<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a node with its position")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Located<T>, A::Error> {
        located(&mut access)
    }
}

/// Line, column, width and the value itself, as the tree's deserializer hands them out.
fn located<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(access: &mut A) -> Result<Located<T>, A::Error> {
    let mut number = || -> Result<usize, A::Error> { Ok(access.next_element()?.unwrap_or(1)) };
    let span = Span { line: number()?, column: number()?, width: number()? };
    let value = access.next_element()?.ok_or_else(|| A::Error::custom("a position without a node"))?;
    Ok(Located { value, span })
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML node")
    }

    fn visit_unit<E>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_none<E>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Content, D::Error> {
        Content::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Content, E> {
        Ok(Content::Boolean(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Content, E> {
        Ok(Content::Integer(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Content, E> {
        Ok(Content::Integer(value.into()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Content, E> {
        Ok(Content::Integer(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Content, E> {
        Ok(Content::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Content, E> {
        Ok(Content::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Content, E> {
        Ok(Content::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Content, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = access.next_element()? {
            nodes.push(node);
        }
        Ok(Content::Sequence(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Content, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        Ok(Content::Mapping(entries))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("", Content::Null)]
    #[case("~", Content::Null)]
    #[case("yes", Content::String("yes".into()))]
    #[case("true", Content::Boolean(true))]
    #[case("0011", Content::String("0011".into()))]
    #[case("1_000", Content::String("1_000".into()))]
    #[case("0x1F", Content::Integer(31))]
    #[case("-7", Content::Integer(-7))]
    #[case("2024-02-29", Content::String("2024-02-29".into()))]
    #[case("12e3", Content::Float(12000.0))]
    #[case(".inf", Content::Float(f64::INFINITY))]
    #[case("'1'", Content::String("1".into()))]
    fn scalars_follow_the_core_schema(#[case] text: &str, #[case] content: Content) {
        assert_eq!(parse(text).unwrap().content, content);
    }

    #[test]
    fn nodes_know_where_they_stand() {
        let Content::Mapping(entries) = parse("a: 1\né: [x, 'yz']\n").unwrap().content else { unreachable!() };
        let Content::Sequence(items) = &entries[1].1.content else { unreachable!() };
        assert_eq!(entries[1].0.span, Span { line: 2, column: 1, width: 1 });
        assert_eq!(items[1].span, Span { line: 2, column: 8, width: 4 });
    }

    #[rstest]
    #[case("a: [1, 2", "unclosed bracket '['", 1, 4)]
    #[case("a: b: c", "mapping values are not allowed in this context", 1, 5)]
    #[case("--- 1\n--- 2", "a second YAML document starts here; a file holds one", 2, 5)]
    #[case("<<: {a: 1}", "YAML merge keys are not allowed by configured policy", 1, 1)]
    fn broken_text_is_located(#[case] text: &str, #[case] message: &str, #[case] line: usize, #[case] column: usize) {
        let error = parse(text).unwrap_err();
        assert_eq!((error.message.as_str(), error.span.line, error.span.column), (message, line, column));
    }

    #[test]
    fn deep_nesting_is_refused_and_does_not_overflow_the_stack() {
        let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(&nested(MAX_DEPTH - 4)).is_ok());
        for depth in [MAX_DEPTH + 1, 5000] {
            assert!(parse(&nested(depth)).is_err());
            assert!(parse(&"[".repeat(depth)).is_err());
            assert!(parse(&"{a: ".repeat(depth)).is_err());
            assert!(parse(&"- ".repeat(depth)).is_err());
        }
    }
}
