//! Observations as stored files hold them: read from a YAML tree, with the position of what is wrong.

use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use crate::case::node_deserializer::read;
use crate::case::read_error::ReadError;
use crate::case::yaml::{Content, Node, Span};
use crate::observation::Observation;

/// The fields of a stored observation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoredObservation {
    #[serde(default)]
    schema: Option<Node>,
    #[serde(default)]
    rows: Option<Node>,
    #[serde(default)]
    error: Option<Node>,
    #[serde(default)]
    calls: Option<Node>,
    #[serde(default)]
    partitions: Option<Node>,
}

impl StoredObservation {
    pub(crate) const KEYS: [&'static str; 5] = ["schema", "rows", "error", "calls", "partitions"];

    /// Reads the observation that a mapping's own keys hold, besides others.
    pub(crate) fn read_from(entries: &[(Node, Node)], span: Span) -> Result<Observation, ReadError> {
        let is_ours = |key: &Node| matches!(&key.content, Content::String(key) if Self::KEYS.contains(&key.as_str()));
        let ours = entries.iter().filter(|(key, _)| is_ours(key)).cloned().collect();
        let node = Node { content: Content::Mapping(ours), span };
        read::<Self>(&node)?.observation(span)
    }

    /// The observation, decoded.
    pub(crate) fn observation(&self, span: Span) -> Result<Observation, ReadError> {
        let field = |node: &Option<Node>| node.as_ref().map_or(Ok(Json::Null), json_of);
        let schema = match &self.schema {
            None => Json::Null,
            Some(fields) => json!({ "type": "struct", "fields": json_of(fields)? }),
        };
        let json = json!({
            "schema": schema,
            "rows": field(&self.rows)?,
            "error": field(&self.error)?,
            "calls": field(&self.calls)?,
            "partitions": field(&self.partitions)?,
        });
        Observation::from_stored_json(&json).map_err(|error| {
            let place =
                [("schema", &self.schema), ("rows", &self.rows), ("error", &self.error), ("calls", &self.calls)]
                    .into_iter()
                    .find(|(name, _)| error.path.starts_with(name))
                    .and_then(|(_, node)| node.as_ref());
            ReadError { message: error.to_string(), help: None, span: Some(place.map_or(span, |node| node.span)) }
        })
    }
}

fn json_of(node: &Node) -> Result<Json, ReadError> {
    let wrong = |message: &str| ReadError { message: message.to_owned(), help: None, span: Some(node.span) };
    Ok(match &node.content {
        Content::Null => Json::Null,
        Content::Boolean(value) => json!(value),
        Content::Integer(value) => match (i64::try_from(*value), u64::try_from(*value)) {
            (Ok(value), _) => json!(value),
            (_, Ok(value)) => json!(value),
            _ => return Err(wrong("the number is too large")),
        },
        Content::Float(value) => match serde_json::Number::from_f64(*value) {
            Some(number) => Json::Number(number),
            None => return Err(wrong("a number that is not finite is stored as a string")),
        },
        Content::String(text) => json!(text),
        Content::Sequence(nodes) => Json::Array(nodes.iter().map(json_of).collect::<Result<_, _>>()?),
        Content::Mapping(entries) => {
            let mut object = Map::new();
            for (key, value) in entries {
                let Content::String(name) = &key.content else {
                    return Err(wrong("a key is not a string"));
                };
                if object.insert(name.clone(), json_of(value)?).is_some() {
                    return Err(wrong(&format!("the key `{name}` is given twice")));
                }
            }
            Json::Object(object)
        }
    })
}
