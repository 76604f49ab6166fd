//! Typed values from a YAML tree: a serde deserializer whose errors carry a position and a remedy.

use serde::de::value::{StrDeserializer, UsizeDeserializer};
use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use super::read_error::{ReadError, quoted_list};
use super::yaml::{Content, LOCATED_MARKER, NODE_MARKER, Node, Span};

impl<'de> IntoDeserializer<'de, ReadError> for &'de Node {
    type Deserializer = NodeDeserializer<'de>;

    fn into_deserializer(self) -> NodeDeserializer<'de> {
        NodeDeserializer { node: self }
    }
}

/// Deserializes from a node.
#[derive(Clone, Copy)]
pub(crate) struct NodeDeserializer<'de> {
    node: &'de Node,
}

/// Reads a typed value from a node.
pub(crate) fn read<'de, T: de::Deserialize<'de>>(node: &'de Node) -> Result<T, ReadError> {
    T::deserialize(node.into_deserializer()).map_err(|error| error.at(node.span))
}

impl<'de> Deserializer<'de> for NodeDeserializer<'de> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let result = match &self.node.content {
            Content::Null => visitor.visit_unit(),
            Content::Boolean(value) => visitor.visit_bool(*value),
            Content::Integer(value) => match (i64::try_from(*value), u64::try_from(*value)) {
                (Ok(value), _) => visitor.visit_i64(value),
                (_, Ok(value)) => visitor.visit_u64(value),
                _ => visitor.visit_i128(*value),
            },
            Content::Float(value) => visitor.visit_f64(*value),
            Content::String(value) => visitor.visit_borrowed_str(value),
            Content::Sequence(nodes) => visitor.visit_seq(NodeSequence { nodes: nodes.iter() }),
            Content::Mapping(entries) => visitor.visit_map(NodeMap { entries, next: 0 }),
        };
        result.map_err(|error| error.at(self.node.span))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.node.content {
            Content::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match name {
            NODE_MARKER | LOCATED_MARKER => visitor.visit_seq(LocatedAccess { node: self.node, next: 0 }),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let result = match &self.node.content {
            Content::String(variant) => visitor.visit_enum(EnumNode { variant, span: self.node.span, value: None }),
            Content::Mapping(entries) => match entries.as_slice() {
                [(Node { content: Content::String(variant), span }, value)] => {
                    visitor.visit_enum(EnumNode { variant, span: *span, value: Some(value) })
                }
                _ => Err(de::Error::custom("expected a mapping with exactly one key")),
            },
            _ => {
                let found = self.node.describe();
                Err(de::Error::custom(format!("expected one of {}, found {found}", quoted_list(variants))))
            }
        };
        result.map_err(|error| error.at(self.node.span))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        if let Content::Mapping(_) = self.node.content {
            return self.deserialize_any(visitor);
        }
        // Serde would also take a list, in the order of the fields.
        let help = format!("its keys are {}", quoted_list(fields));
        Err(ReadError::new(format!("expected a mapping, found {}", self.node.describe()), Some(help))
            .at(self.node.span))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq
        tuple tuple_struct map identifier ignored_any
    }
}

struct NodeSequence<'de> {
    nodes: std::slice::Iter<'de, Node>,
}

impl<'de> SeqAccess<'de> for NodeSequence<'de> {
    type Error = ReadError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, ReadError> {
        let Some(node) = self.nodes.next() else {
            return Ok(None);
        };
        seed.deserialize(node.into_deserializer()).map(Some).map_err(|error| error.at(node.span))
    }
}

struct NodeMap<'de> {
    entries: &'de [(Node, Node)],
    next: usize,
}

impl<'de> MapAccess<'de> for NodeMap<'de> {
    type Error = ReadError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ReadError> {
        let Some((key, _)) = self.entries.get(self.next) else {
            return Ok(None);
        };
        if self.entries[..self.next].iter().any(|(earlier, _)| earlier.content == key.content) {
            let name = match &key.content {
                Content::String(name) => format!(" `{name}`"),
                _ => String::new(),
            };
            return Err(ReadError::new(format!("the key{name} is given twice"), None).at(key.span));
        }
        seed.deserialize(key.into_deserializer()).map(Some).map_err(|error| error.at(key.span))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ReadError> {
        let Some((_, value)) = self.entries.get(self.next) else {
            return Err(de::Error::custom("a value was asked for after the last key"));
        };
        self.next += 1;
        seed.deserialize(value.into_deserializer()).map_err(|error| error.at(value.span))
    }
}

/// Hands out line, column, width and then the node itself.
struct LocatedAccess<'de> {
    node: &'de Node,
    next: usize,
}

impl<'de> SeqAccess<'de> for LocatedAccess<'de> {
    type Error = ReadError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, ReadError> {
        let span = self.node.span;
        self.next += 1;
        let number: UsizeDeserializer<ReadError> = match self.next {
            1 => span.line,
            2 => span.column,
            3 => span.width,
            4 => return seed.deserialize(self.node.into_deserializer()).map(Some),
            _ => return Ok(None),
        }
        .into_deserializer();
        seed.deserialize(number).map(Some)
    }
}

struct EnumNode<'de> {
    variant: &'de str,
    span: Span,
    value: Option<&'de Node>,
}

impl<'de> EnumAccess<'de> for EnumNode<'de> {
    type Error = ReadError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), ReadError> {
        let name: StrDeserializer<'_, ReadError> = self.variant.into_deserializer();
        let variant = seed.deserialize(name).map_err(|error| error.at(self.span))?;
        Ok((variant, self))
    }
}

impl EnumNode<'_> {
    fn error(&self, message: &str) -> ReadError {
        ReadError::new(format!("`{}` {message}", self.variant), None).at(self.span)
    }
}

impl<'de> VariantAccess<'de> for EnumNode<'de> {
    type Error = ReadError;

    fn unit_variant(self) -> Result<(), ReadError> {
        if self.value.is_some() { Err(self.error("takes no value")) } else { Ok(()) }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, ReadError> {
        match self.value {
            Some(node) => seed.deserialize(node.into_deserializer()).map_err(|error| error.at(node.span)),
            None => Err(self.error("needs a value")),
        }
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, ReadError> {
        match self.value {
            Some(node) => node.into_deserializer().deserialize_any(visitor),
            None => Err(self.error("needs a value")),
        }
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.tuple_variant(0, visitor)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::super::yaml::{Located, parse};
    use super::*;
    use rstest::rstest;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Source {
        name: Located<String>,
        #[serde(default)]
        partitions: Option<Vec<Node>>,
        #[serde(default)]
        yields: Yields,
        #[serde(default)]
        deadline: Option<f64>,
    }

    #[derive(Debug, PartialEq, Default, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Yields {
        #[default]
        Tuples,
        Lists,
    }

    #[rstest]
    #[case("name: x\npartition: []", "2:1 unknown key `partition`", Some("did you mean `partitions`?"))]
    #[case("name: 4.0", "1:7 expected a string, found the number 4.0", Some("quote it: \"4.0\""))]
    #[case("name: x\nname: y", "2:1 the key `name` is given twice", None)]
    #[case("{yields: lists}", "1:1 the key `name` is missing", None)]
    #[case("name: x\nyields: list", "2:9 `list` is not known here", Some("did you mean `lists`?"))]
    #[case("name: x\nyields: 1", "2:9 expected one of `tuples`, `lists`, found the number 1", None)]
    #[case(
        "name: x\nzzzzzz: 1",
        "2:1 unknown key `zzzzzz`",
        Some("allowed here: `name`, `partitions`, `yields`, `deadline`")
    )]
    #[case("name: x\npartitions: 5", "2:13 expected a list, found the number 5", None)]
    #[case(
        "[1]",
        "1:1 expected a mapping, found a list",
        Some("its keys are `name`, `partitions`, `yields`, `deadline`")
    )]
    fn an_error_knows_its_place_and_remedy(#[case] text: &str, #[case] expected: &str, #[case] help: Option<&str>) {
        let error = read::<Source>(&parse(text).unwrap()).unwrap_err();
        let span = error.span.unwrap();
        let found = format!("{}:{} {}", span.line, span.column, error.message);
        assert!(found.starts_with(expected), "{found}");
        assert_eq!(error.help.as_deref(), help);
    }

    #[test]
    fn nodes_pass_through_with_their_positions() {
        let tree = parse("name: x\npartitions: [[1, {py: a}]]\ndeadline: 3").unwrap();
        let source: Source = read(&tree).unwrap();
        assert_eq!(source.name.span, Span { line: 1, column: 7, width: 1 });
        let Content::Mapping(entries) = &tree.content else { unreachable!() };
        let Content::Sequence(expected) = &entries[1].1.content else { unreachable!() };
        assert_eq!(source.partitions.as_ref().unwrap(), expected);
        assert_eq!(source.deadline, Some(3.0));
    }
}
