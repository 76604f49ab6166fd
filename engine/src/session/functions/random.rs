//! `rand(seed)` and `randn(seed)`: for a seed, each partition has the numbers that Spark's generator gives it.
//!
//! The generator is an exclusive-or shift of 64 bits under the interface of `java.util.Random`. Where it begins is hashed from the
//! seed and the partition's number; as long as a query has Spark's partitions, it has Spark's numbers.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::Float64Array;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};

use super::partition_id::{partition, stream};
use crate::error::condition::UNEXPECTED_INPUT_TYPE;

/// How the numbers are distributed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Distribution {
    /// `rand`: from 0 to 1.
    Uniform,
    /// `randn`: the standard normal distribution.
    Normal,
}

impl Distribution {
    /// Both.
    pub(crate) const ALL: [Self; 2] = [Self::Uniform, Self::Normal];

    /// What the function is called.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Uniform => "rand",
            Self::Normal => "randn",
        }
    }
}

/// The function. Each call in a query has a generator of its own for each partition.
#[derive(Debug)]
pub(crate) struct Random {
    distribution: Distribution,
    signature: Signature,
    /// Tells one call from another.
    id: u64,
    /// The generators of the streams of rows.
    generators: Mutex<HashMap<u64, Generator>>,
}

impl Random {
    pub(crate) fn new(distribution: Distribution) -> Self {
        static IDS: AtomicU64 = AtomicU64::new(0);
        let signature = Signature::one_of(vec![TypeSignature::Nullary, TypeSignature::Any(1)], Volatility::Volatile);
        Self { distribution, signature, id: IDS.fetch_add(1, Ordering::Relaxed), generators: Mutex::default() }
    }
}

impl PartialEq for Random {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Random {}

impl Hash for Random {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl ScalarUDFImpl for Random {
    fn name(&self) -> &str {
        self.distribution.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn return_field_from_args(&self, _args: ReturnFieldArgs) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(self.name(), DataType::Float64, false)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let seed = match args.args.as_slice() {
            // Without a seed each execution has numbers of its own.
            [] => None,
            [ColumnarValue::Scalar(seed)] => Some(whole(seed).ok_or_else(|| self.refusal(&seed.data_type()))?),
            [other, ..] => return Err(self.refusal(&other.data_type()).into()),
        };
        let mut generators = self.generators.lock().unwrap_or_else(PoisonError::into_inner);
        let generator = generators.entry(stream()).or_insert_with(|| {
            let seed = seed.unwrap_or_else(|| RandomState::new().build_hasher().finish().cast_signed());
            Generator::new(seed.wrapping_add(i64::from(partition())))
        });
        let numbers = (0..args.number_rows).map(|_| match self.distribution {
            Distribution::Uniform => generator.uniform(),
            Distribution::Normal => generator.normal(),
        });
        Ok(ColumnarValue::Array(Arc::new(numbers.collect::<Float64Array>())))
    }
}

impl Random {
    fn refusal(&self, given: &DataType) -> crate::error::SparkError {
        let name = crate::types::arrow::from_arrow_type(given).map_or_else(|_| given.to_string(), |given| given.sql());
        UNEXPECTED_INPUT_TYPE.error([
            ("sqlExpr", format!("\"{}\"", self.distribution.name())),
            ("paramIndex", "first".to_owned()),
            ("requiredType", "(\"INT\" or \"BIGINT\")".to_owned()),
            ("inputSql", "\"seed\"".to_owned()),
            ("inputType", format!("\"{name}\"")),
        ])
    }
}

/// The value of an integer; a null is 0.
fn whole(seed: &ScalarValue) -> Option<i64> {
    match seed {
        seed if seed.is_null() => Some(0),
        ScalarValue::Int32(Some(seed)) => Some(i64::from(*seed)),
        ScalarValue::Int64(Some(seed)) => Some(*seed),
        _ => None,
    }
}

/// Spark's `XORShiftRandom`.
#[derive(Debug)]
struct Generator {
    state: u64,
    /// The second of two normal numbers that were made together.
    normal: Option<f64>,
}

impl Generator {
    fn new(seed: i64) -> Self {
        let bytes = seed.to_be_bytes();
        let low = murmur3(&bytes, 0x3c07_4a61);
        let high = murmur3(&bytes, low);
        Self { state: u64::from(high) << 32 | u64::from(low), normal: None }
    }

    /// So many random bits.
    fn next(&mut self, bits: u32) -> u64 {
        let mut state = self.state;
        state ^= state << 21;
        state ^= state >> 35;
        state ^= state << 4;
        self.state = state;
        state & ((1 << bits) - 1)
    }

    /// As `java.util.Random.nextDouble`.
    fn uniform(&mut self) -> f64 {
        let bits = (self.next(26) << 27) + self.next(27);
        // 53 bits are exact.
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit the fraction of a double")]
        let number = bits as f64;
        number / (1_u64 << 53) as f64
    }

    /// As `java.util.Random.nextGaussian`: the polar method, two numbers at a time.
    fn normal(&mut self) -> f64 {
        if let Some(number) = self.normal.take() {
            return number;
        }
        loop {
            let (one, other) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            let square = one * one + other * other;
            if square < 1.0 && square != 0.0 {
                let factor = (-2.0 * square.ln() / square).sqrt();
                self.normal = Some(other * factor);
                return one * factor;
            }
        }
    }
}

/// The 32-bit MurmurHash3 of 8 bytes, as Scala's library has it.
fn murmur3(bytes: &[u8; 8], seed: u32) -> u32 {
    let mut hash = seed;
    for word in bytes.chunks_exact(4) {
        let word = word.iter().rev().fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
        let mixed = word.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593);
        hash = (hash ^ mixed).rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64);
    }
    hash ^= 8;
    hash = (hash ^ hash >> 16).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ hash >> 13).wrapping_mul(0xc2b2_ae35);
    hash ^ hash >> 16
}

#[cfg(test)]
mod tests {
    use super::*;

    // What `spark.range(0, 3, 1, 1).select(rand(42))` of real Spark 4.2.1 answers, and the same for `randn`.
    #[test]
    fn numbers_of_a_seed_are_spark_s() {
        let mut generator = Generator::new(42);
        let uniform: Vec<f64> = (0..3).map(|_| generator.uniform()).collect();
        assert_eq!(uniform, [0.619189370225301, 0.5096018842446481, 0.8325259388871524]);
        let mut generator = Generator::new(42);
        let normal: Vec<f64> = (0..3).map(|_| generator.normal()).collect();
        assert_eq!(normal, [2.384479054241165, 0.1920934041293524, 0.7337336533286575]);
    }
}
