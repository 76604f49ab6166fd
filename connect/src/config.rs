//! `Config`: a session's settings.

use seatrial_engine::session::SessionConf;
use spark_connect_proto::KeyValue;
use spark_connect_proto::config_request::Operation;
use spark_connect_proto::config_request::operation::OpType;

use crate::failure::Failure;
use crate::session::ConnectSession;

/// What a client is told.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) pairs: Vec<KeyValue>,
    pub(crate) warnings: Vec<String>,
}

/// Reads or changes settings.
///
/// # Errors
/// `SQL_CONF_NOT_FOUND`, `INVALID_CONF_VALUE`, `CANNOT_MODIFY_STATIC_CONFIG`.
pub(crate) fn run(session: &ConnectSession, operation: Option<Operation>) -> Result<Answer, Failure> {
    let conf = session.engine.conf();
    let pair = |key: String, value: Option<String>| KeyValue { key, value };
    let shown = |key: &str| conf.shown(key).map(str::to_owned);
    let mut answer = Answer::default();
    match operation.and_then(|operation| operation.op_type) {
        Some(OpType::Set(set)) => {
            let silent = set.silent();
            for KeyValue { key, value } in set.pairs {
                let changed = session.engine.set_conf(&key, &value.unwrap_or_default());
                match changed {
                    Err(error) if silent => answer.warnings.push(error.message),
                    changed => changed?,
                }
            }
        }
        Some(OpType::Get(get)) => {
            for key in get.keys {
                let value = shown(&key).ok_or_else(|| Failure::conf_not_found(&key))?;
                answer.pairs.push(pair(key, Some(value)));
            }
        }
        Some(OpType::GetWithDefault(get)) => {
            let values = get.pairs.into_iter().map(|KeyValue { key, value }| {
                // The caller's default comes before Spark's own.
                let value = conf.get(&key).map(str::to_owned).or(value);
                pair(key, value)
            });
            answer.pairs = values.collect();
        }
        Some(OpType::GetOption(get)) => {
            answer.pairs =
                get.keys.into_iter().map(|key| (shown(&key), key)).map(|(value, key)| pair(key, value)).collect();
        }
        Some(OpType::GetAll(get)) => {
            let prefix = get.prefix.unwrap_or_default();
            let values = conf.values().filter_map(|(key, value)| Some((key.strip_prefix(prefix.as_str())?, value)));
            answer.pairs = values.map(|(key, value)| pair(key.to_owned(), Some(value.to_owned()))).collect();
        }
        Some(OpType::Unset(unset)) => {
            for key in unset.keys {
                session.engine.unset_conf(&key)?;
            }
        }
        Some(OpType::IsModifiable(asked)) => {
            let answers = asked.keys.into_iter().map(|key| {
                let modifiable = SessionConf::is_modifiable(&key).to_string();
                pair(key, Some(modifiable))
            });
            answer.pairs = answers.collect();
        }
        None => return Err(Failure::unsupported("config operation", "unknown")),
    }
    Ok(answer)
}
