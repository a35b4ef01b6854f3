//! BLAKE3 fingerprints of canonical bytes.
//!
//! What counts as the same data:
//! * the type counts: `Int 1`, `Float 1.0` and `Text "1"` differ;
//! * every NaN is the same, whatever its bits; `-0.0` differs from `0.0`, because it prints otherwise;
//! * the order of a record's fields and of a table's columns counts, because it can be seen;
//! * a stream is its description: where it comes from, not what will be read from there;
//! * how a table is cut into batches does not count, nor what lies under an empty cell.

use std::{fmt, str::FromStr};

use super::{Record, Value};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// 32 bytes that stand for some data: equal fingerprints mean equal data.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint([u8; 32]);

/// A text that is not 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint is 64 hexadecimal digits")]
pub struct ParseFingerprintError;

impl Fingerprint {
    /// Returns the fingerprint with these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Returns the fingerprint of raw bytes.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(blake3::Hash::from_bytes(self.0).to_hex().as_str())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({})", &blake3::Hash::from_bytes(self.0).to_hex()[..12])
    }
}

impl FromStr for Fingerprint {
    type Err = ParseFingerprintError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        blake3::Hash::from_hex(text).map(|hash| Self(*hash.as_bytes())).map_err(|_not_hex| ParseFingerprintError)
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Builds a fingerprint from parts, each with its length, so that no two sequences of parts run together.
#[derive(Clone)]
pub struct FingerprintBuilder {
    /// What was added, as long as it is little: setting up a hasher costs more than hashing a few hundred bytes.
    little: [u8; LITTLE],
    n_little: usize,
    /// Takes in what is more.
    hasher: Option<Box<blake3::Hasher>>,
}

/// How many bytes are held before a hasher takes them in as they come.
const LITTLE: usize = 512;

impl Default for FingerprintBuilder {
    fn default() -> Self {
        Self { little: [0; LITTLE], n_little: 0, hasher: None }
    }
}

impl FingerprintBuilder {
    /// Returns a builder for one purpose; the purpose keeps fingerprints of different things apart.
    pub fn new(purpose: &str) -> Self {
        let mut builder = Self::default();
        builder.text(purpose);
        builder
    }

    /// Adds a byte.
    pub fn byte(&mut self, byte: u8) -> &mut Self {
        self.raw(&[byte])
    }

    /// Adds a number.
    pub fn number(&mut self, number: u64) -> &mut Self {
        self.raw(&number.to_le_bytes())
    }

    /// Adds bytes with their length before them.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.number(bytes.len() as u64).raw(bytes)
    }

    /// Adds bytes as they are; only for parts whose end can be told from their content.
    #[inline]
    pub(super) fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        match self.little.get_mut(self.n_little..self.n_little + bytes.len()) {
            Some(place) if self.hasher.is_none() => {
                place.copy_from_slice(bytes);
                self.n_little += bytes.len();
            }
            _ => self.much(bytes),
        }
        self
    }

    fn much(&mut self, bytes: &[u8]) {
        let little = &self.little[..self.n_little];
        let hasher = self.hasher.get_or_insert_with(|| {
            let mut hasher = Box::<blake3::Hasher>::default();
            hasher.update(little);
            hasher
        });
        hasher.update(bytes);
    }

    /// Adds text with its length before it.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.bytes(text.as_bytes())
    }

    /// Adds another fingerprint.
    pub fn fingerprint(&mut self, fingerprint: &Fingerprint) -> &mut Self {
        self.raw(&fingerprint.0)
    }

    /// Adds a value in its canonical form.
    pub fn value(&mut self, value: &Value) -> &mut Self {
        match value {
            Value::Null => self.byte(0),
            Value::Bool(value) => self.byte(1).byte(u8::from(*value)),
            Value::Int(value) => self.byte(2).number(*value as u64),
            Value::Float(value) => self.byte(3).number(canonical_float_bits(*value)),
            Value::Text(text) => self.byte(4).text(text),
            Value::Bytes(bytes) => self.byte(5).bytes(bytes),
            Value::List(items) => {
                self.byte(6).number(items.len() as u64);
                for item in items.iter() {
                    self.value(item);
                }
                self
            }
            Value::Record(record) => self.byte(7).record(record),
            Value::Table(table) => self.byte(8).fingerprint(&table.fingerprint()),
            Value::Image(image) => self.byte(9).fingerprint(&image.fingerprint()),
            Value::Stream(description) => self.byte(10).record(description),
        }
    }

    fn record(&mut self, record: &Record) -> &mut Self {
        self.number(record.len() as u64);
        for (name, value) in record.iter() {
            self.text(name).value(value);
        }
        self
    }

    /// Returns the fingerprint of all that was added.
    pub fn finish(&self) -> Fingerprint {
        Fingerprint(match &self.hasher {
            Some(hasher) => *hasher.finalize().as_bytes(),
            None => *blake3::hash(&self.little[..self.n_little]).as_bytes(),
        })
    }
}

impl Value {
    /// Returns the data fingerprint. Tables and images compute it once and keep it.
    pub fn fingerprint(&self) -> Fingerprint {
        match self {
            Self::Table(table) => table.fingerprint_as_value(),
            other => FingerprintBuilder::default().value(other).finish(),
        }
    }

    /// Returns this value with the fingerprint that it was kept under; tables remember it, which spares computing it.
    pub(crate) fn known_as(self, fingerprint: Fingerprint) -> Self {
        match self {
            Self::Table(table) => Self::Table(table.known_as(fingerprint)),
            other => other,
        }
    }
}

/// Returns the bits of a number, the same ones for every NaN.
pub(super) const fn canonical_float_bits(value: f64) -> u64 {
    if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_nan_is_the_same_and_minus_zero_is_not_zero() {
        let strange_nan = f64::from_bits(f64::NAN.to_bits() | 1);
        assert_eq!(Value::Float(f64::NAN), Value::Float(strange_nan));
        assert_ne!(Value::Float(0.0), Value::Float(-0.0));
    }

    #[test]
    fn the_type_and_the_grouping_count() {
        assert_ne!(Value::Int(1).fingerprint(), Value::Float(1.0).fingerprint());
        assert_ne!(Value::text("1").fingerprint(), Value::Int(1).fingerprint());
        let flat = Value::list([Value::text("a"), Value::text("b")]);
        let joined = Value::list([Value::text("ab")]);
        assert_ne!(flat.fingerprint(), joined.fingerprint());
        let nested = Value::list([Value::list([Value::text("a")]), Value::text("b")]);
        assert_ne!(flat.fingerprint(), nested.fingerprint());
    }

    #[test]
    fn the_order_of_fields_counts() {
        let ab = Value::record([("a", Value::Int(1)), ("b", Value::Int(2))]);
        let ba = Value::record([("b", Value::Int(2)), ("a", Value::Int(1))]);
        assert_ne!(ab, ba);
    }

    #[test]
    fn much_and_little_hash_the_same_however_they_come() {
        for n_bytes in [0, 1, LITTLE - 1, LITTLE, LITTLE + 1, 3 * LITTLE, 40 * LITTLE] {
            let bytes: Vec<u8> = (0..n_bytes).map(|index| (index % 251) as u8).collect();
            let mut builder = FingerprintBuilder::default();
            for part in bytes.chunks(100) {
                builder.raw(part);
            }
            assert_eq!(builder.finish(), Fingerprint::of_bytes(&bytes), "{n_bytes} bytes");
        }
    }

    #[test]
    fn a_fingerprint_survives_being_written_as_text() {
        let fingerprint = Value::text("x").fingerprint();
        assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
        assert_eq!("xyz".parse::<Fingerprint>(), Err(ParseFingerprintError));
    }
}
