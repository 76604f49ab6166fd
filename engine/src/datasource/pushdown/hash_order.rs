//! The order in which Spark hands over a long `IN` list: that of an immutable hash set of Scala 2.13 (FLT-IN-LIST).
//!
//! The set is a trie over the improved hash of its elements, five bits a level. Iterating it gives, for each node, first the
//! elements that stand alone in their slot and then the nodes below, both in the order of their slots.

use super::filter::Value;

/// Puts the values in Spark's order. Values without a stable hash there (binary, arrays, structs) stay as they are.
pub(super) fn sort(values: Vec<Value>) -> Vec<Value> {
    let mut hashed = Vec::with_capacity(values.len());
    for value in &values {
        match hash(value) {
            Some(hash) => hashed.push((improve(hash), value.clone())),
            None => return values,
        }
    }
    let mut ordered = Vec::with_capacity(values.len());
    iterate(hashed, 0, &mut ordered);
    ordered
}

fn iterate(elements: Vec<(u32, Value)>, shift: u32, ordered: &mut Vec<Value>) {
    if shift >= 32 {
        // Equal hashes: in the order of insertion.
        ordered.extend(elements.into_iter().map(|(_, value)| value));
        return;
    }
    let mut slots: Vec<Vec<(u32, Value)>> = vec![Vec::new(); 32];
    for element in elements {
        let slot = usize::try_from((element.0 >> shift) & 31).unwrap_or_default();
        slots[slot].push(element);
    }
    let mut nodes = Vec::new();
    for slot in slots {
        match slot.len() {
            0 => {}
            1 => ordered.extend(slot.into_iter().map(|(_, value)| value)),
            _ => nodes.push(slot),
        }
    }
    for node in nodes {
        iterate(node, shift + 5, ordered);
    }
}

/// Scala's mixing of a hash before it is used in the trie.
fn improve(hash: i32) -> u32 {
    let mut h = hash.cast_unsigned();
    h = h.wrapping_add(!(h << 9));
    h ^= h >> 14;
    h = h.wrapping_add(h << 4);
    h ^ (h >> 10)
}

fn hash(value: &Value) -> Option<i32> {
    Some(match value {
        Value::Null => 0,
        Value::Boolean(value) => {
            if *value {
                1231
            } else {
                1237
            }
        }
        Value::Integer(value) | Value::Timestamp(value) | Value::TimestampNtz(value) => long_hash(*value),
        Value::Date(days) => *days,
        Value::Float(bits) => double_hash(f64::from_bits(*bits)),
        Value::Decimal { unscaled, scale } => decimal_hash(*unscaled, *scale)?,
        Value::String(text) => murmur3(text.as_bytes(), 42),
        Value::Binary(_) | Value::List(_) | Value::Dict(_) => return None,
    })
}

/// A long that is an int hashes as that int.
fn long_hash(value: i64) -> i32 {
    i32::try_from(value).unwrap_or_else(|_| java_long_hash(value))
}

fn java_long_hash(value: i64) -> i32 {
    let bits = value.cast_unsigned();
    low_bits(bits ^ (bits >> 32))
}

/// The low 32 bits.
fn low_bits(bits: u64) -> i32 {
    let [a, b, c, d, ..] = bits.to_le_bytes();
    i32::from_le_bytes([a, b, c, d])
}

/// A double that is an int, a long or a float hashes as that.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the casts saturate as Java's do, and their loss is what is tested"
)]
#[expect(clippy::cast_precision_loss, reason = "the loss is what is tested")]
#[expect(clippy::float_cmp, reason = "exact equality is what is asked")]
fn double_hash(value: f64) -> i32 {
    let int = value as i32;
    if f64::from(int) == value {
        return int;
    }
    let long = value as i64;
    if long as f64 == value {
        return java_long_hash(long);
    }
    let float = value as f32;
    if f64::from(float) == value {
        return float.to_bits().cast_signed();
    }
    // Java has one NaN when it hashes.
    java_long_hash(if value.is_nan() { 0x7ff8_0000_0000_0000 } else { value.to_bits().cast_signed() })
}

/// A whole decimal hashes as its integer, another one as the double that it equals; none for those that no double equals.
fn decimal_hash(unscaled: i128, scale: u8) -> Option<i32> {
    let power = 10i128.checked_pow(u32::from(scale))?;
    if unscaled % power == 0 {
        return i64::try_from(unscaled / power).ok().map(long_hash);
    }
    // Up to 15 digits survive a double.
    (unscaled.unsigned_abs() < 10u128.pow(15))
        .then(|| crate::types::values::decimal_text(unscaled, scale).parse().ok().map(double_hash))?
}

/// Spark's variant of Murmur 3: the bytes after the last whole word are mixed one by one, each as a signed int.
fn murmur3(bytes: &[u8], seed: i32) -> i32 {
    let mix = |hash: u32, word: u32| {
        let word = word.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593);
        (hash ^ word).rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64)
    };
    let mut hash = seed.cast_unsigned();
    let (words, rest) = bytes.as_chunks::<4>();
    for word in words {
        hash = mix(hash, u32::from_le_bytes(*word));
    }
    for byte in rest {
        hash = mix(hash, i32::from(byte.cast_signed()).cast_unsigned());
    }
    hash ^= u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    hash ^= hash >> 16;
    hash = hash.wrapping_mul(0x85eb_ca6b);
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(0xc2b2_ae35);
    hash ^= hash >> 16;
    hash.cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Spark 4.2.1 handed the lists over.
    #[test]
    fn long_lists_come_in_the_order_of_scala_s_hash_set() {
        let integers = |values: &[i64]| values.iter().copied().map(Value::Integer).collect::<Vec<_>>();
        let one_to_twelve = integers(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
        assert_eq!(sort(one_to_twelve), integers(&[5, 10, 1, 6, 9, 2, 12, 7, 3, 11, 8, 4]));
        let longs = integers(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 99_999_999_999, -1, -99_999_999_999]);
        let expected = integers(&[5, 10, 1, 6, -99_999_999_999, 9, 2, 7, 3, -1, 11, 8, 4, 99_999_999_999]);
        assert_eq!(sort(longs), expected);
        let texts = |values: &[&str]| values.iter().map(|text| Value::String((*text).to_owned())).collect::<Vec<_>>();
        let letters = texts(&["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "hello world"]);
        let expected = texts(&["d", "i", "hello world", "f", "e", "g", "k", "l", "j", "h", "b", "c", "a"]);
        assert_eq!(sort(letters), expected);
        let doubles = |values: &[f64]| values.iter().map(|value| Value::Float(value.to_bits())).collect::<Vec<_>>();
        let numbers = doubles(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 1.5]);
        let expected = doubles(&[5.0, 10.0, 1.5, 1.0, 6.0, 9.0, 2.0, 7.0, 3.0, 11.0, 8.0, 4.0]);
        assert_eq!(sort(numbers), expected);
    }
}
