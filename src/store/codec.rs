//! Values as bytes, exactly: every bit of a number, every type, every nesting.
//!
//! A value is a tag byte and its content; lengths and numbers are 64 bits, little-endian. A table at the top is an
//! Arrow IPC stream and nothing else; one inside a list or record stands behind its length. A picture is its width and
//! height (32 bits each) and its pixels. A stream is its description, like a record.

use std::{
    io::{self, Write},
    sync::Arc,
};

use arrow::{
    array::RecordBatch,
    buffer::Buffer,
    compute::concat_batches,
    error::ArrowError,
    ipc::{reader::StreamDecoder, writer::StreamWriter},
};

use crate::value::{Image, Record, Table, Value};

/// How deep lists and records may nest: far deeper than people build, and safe on a small stack.
const MAX_DEPTH: usize = 256;

/// Batches are joined up to so many bytes when they are written.
const MAX_JOINED_BYTES: usize = 32 << 20;

/// How a value's bytes are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Tags and contents.
    Tagged = 1,
    /// An Arrow IPC stream.
    Arrow = 2,
}

impl Form {
    /// Returns the form in which a value is written.
    pub(super) const fn of(value: &Value) -> Self {
        match value {
            Value::Table(_) => Self::Arrow,
            _ => Self::Tagged,
        }
    }

    /// Returns the form with this number.
    pub(super) const fn from_number(number: i64) -> Option<Self> {
        match number {
            1 => Some(Self::Tagged),
            2 => Some(Self::Arrow),
            _ => None,
        }
    }
}

/// A value that was not written.
#[derive(Debug, thiserror::Error)]
pub(super) enum EncodeError {
    /// The system said no.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The value has no written form.
    #[error("{0}")]
    Unwritable(String),
}

impl From<ArrowError> for EncodeError {
    fn from(error: ArrowError) -> Self {
        match error {
            ArrowError::IoError(_, source) => Self::Io(source),
            other => Self::Unwritable(other.to_string()),
        }
    }
}

mod tag {
    pub(super) const NULL: u8 = 0;
    pub(super) const FALSE: u8 = 1;
    pub(super) const TRUE: u8 = 2;
    pub(super) const INT: u8 = 3;
    pub(super) const FLOAT: u8 = 4;
    pub(super) const TEXT: u8 = 5;
    pub(super) const BYTES: u8 = 6;
    pub(super) const LIST: u8 = 7;
    pub(super) const RECORD: u8 = 8;
    pub(super) const TABLE: u8 = 9;
    pub(super) const IMAGE: u8 = 10;
    pub(super) const STREAM: u8 = 11;
}

/// Writes a value in its form.
pub(super) fn encode(value: &Value, out: &mut impl Write) -> Result<(), EncodeError> {
    match value {
        Value::Table(table) => write_table(table, out),
        _ => write_tagged(value, out, MAX_DEPTH),
    }
}

/// Returns a value in its form as bytes.
pub(super) fn to_bytes(value: &Value) -> Result<Vec<u8>, EncodeError> {
    let mut bytes = Vec::new();
    encode(value, &mut bytes)?;
    Ok(bytes)
}

fn write_table(table: &Table, out: &mut impl Write) -> Result<(), EncodeError> {
    let mut writer = StreamWriter::try_new(out, table.schema())?;
    let mut rest = table.batches();
    while !rest.is_empty() {
        let (together, others) = rest.split_at(n_written_together(rest));
        match together {
            [one] => writer.write(one)?,
            several => writer.write(&concat_batches(table.schema(), several)?)?,
        }
        rest = others;
    }
    Ok(writer.finish()?)
}

/// Returns how many of the first batches are written as one, at least one: opening a mapped table costs by the batch.
fn n_written_together(batches: &[RecordBatch]) -> usize {
    let mut n_bytes = 0;
    let is_within = |batch: &&RecordBatch| {
        n_bytes += batch.get_array_memory_size();
        n_bytes <= MAX_JOINED_BYTES
    };
    batches.iter().take_while(is_within).count().max(1)
}

fn write_tagged(value: &Value, out: &mut impl Write, depth_left: usize) -> Result<(), EncodeError> {
    let Some(depth_left) = depth_left.checked_sub(1) else {
        return Err(EncodeError::Unwritable(format!("it nests deeper than {MAX_DEPTH} levels")));
    };
    match value {
        Value::Null => out.write_all(&[tag::NULL])?,
        Value::Bool(false) => out.write_all(&[tag::FALSE])?,
        Value::Bool(true) => out.write_all(&[tag::TRUE])?,
        Value::Int(number) => write_number(out, tag::INT, *number as u64)?,
        Value::Float(number) => write_number(out, tag::FLOAT, number.to_bits())?,
        Value::Text(text) => write_block(out, tag::TEXT, text.as_bytes())?,
        Value::Bytes(bytes) => write_block(out, tag::BYTES, bytes)?,
        Value::List(items) => {
            write_number(out, tag::LIST, items.len() as u64)?;
            for item in items.iter() {
                write_tagged(item, out, depth_left)?;
            }
        }
        Value::Record(record) => write_record(out, tag::RECORD, record, depth_left)?,
        Value::Stream(description) => write_record(out, tag::STREAM, description, depth_left)?,
        Value::Table(table) => {
            let mut bytes = Vec::new();
            write_table(table, &mut bytes)?;
            write_block(out, tag::TABLE, &bytes)?;
        }
        Value::Image(image) => {
            out.write_all(&[tag::IMAGE])?;
            out.write_all(&image.width().to_le_bytes())?;
            out.write_all(&image.height().to_le_bytes())?;
            out.write_all(image.pixels())?;
        }
    }
    Ok(())
}

fn write_record(out: &mut impl Write, tag: u8, record: &Record, depth_left: usize) -> Result<(), EncodeError> {
    write_number(out, tag, record.len() as u64)?;
    for (name, value) in record.iter() {
        out.write_all(&(name.len() as u64).to_le_bytes())?;
        out.write_all(name.as_bytes())?;
        write_tagged(value, out, depth_left)?;
    }
    Ok(())
}

fn write_number(out: &mut impl Write, tag: u8, number: u64) -> io::Result<()> {
    out.write_all(&[tag])?;
    out.write_all(&number.to_le_bytes())
}

fn write_block(out: &mut impl Write, tag: u8, bytes: &[u8]) -> io::Result<()> {
    write_number(out, tag, bytes.len() as u64)?;
    out.write_all(bytes)
}

/// Returns the value that bytes stand for, or what is wrong with them.
///
/// The bytes of tables must be those that were written, which a checksum tells: Arrow's reader may panic on others.
pub(super) fn decode(form: Form, bytes: &[u8]) -> Result<Value, String> {
    match form {
        Form::Arrow => read_table(bytes).map(Value::Table),
        Form::Tagged => {
            let mut rest = bytes;
            let value = read_tagged(&mut rest, MAX_DEPTH)?;
            if rest.is_empty() { Ok(value) } else { Err(format!("{} bytes too many", rest.len())) }
        }
    }
}

/// Does the same with bytes that need not be kept: a table's columns are parts of them, not copies.
pub(super) fn decode_whole(form: Form, bytes: Buffer) -> Result<Value, String> {
    match form {
        Form::Arrow => table_in(bytes).map(Value::Table).map_err(|error| error.to_string()),
        Form::Tagged => decode(form, &bytes),
    }
}

fn table_in(mut bytes: Buffer) -> Result<Table, ArrowError> {
    let mut decoder = StreamDecoder::new();
    let mut batches = Vec::new();
    while let Some(batch) = decoder.decode(&mut bytes)? {
        batches.push(batch);
    }
    decoder.finish()?;
    let schema = decoder.schema().ok_or_else(|| ArrowError::IpcError("it has no schema".to_owned()))?;
    Table::new(&schema, &batches).map_err(|error| ArrowError::IpcError(error.to_string()))
}

fn read_table(bytes: &[u8]) -> Result<Table, String> {
    table_in(bytes.into()).map_err(|error| error.to_string())
}

fn read_tagged(rest: &mut &[u8], depth_left: usize) -> Result<Value, String> {
    let Some(depth_left) = depth_left.checked_sub(1) else {
        return Err(format!("it nests deeper than {MAX_DEPTH} levels"));
    };
    let [tag] = take_array(rest)?;
    Ok(match tag {
        tag::NULL => Value::Null,
        tag::FALSE => Value::Bool(false),
        tag::TRUE => Value::Bool(true),
        tag::INT => Value::Int(i64::from_le_bytes(take_array(rest)?)),
        tag::FLOAT => Value::Float(f64::from_bits(u64::from_le_bytes(take_array(rest)?))),
        tag::TEXT => Value::Text(take_text(rest)?),
        tag::BYTES => Value::Bytes(take_block(rest)?.into()),
        tag::LIST => {
            let n_items = take_length(rest)?;
            let mut items = Vec::with_capacity(n_items);
            for _ in 0..n_items {
                items.push(read_tagged(rest, depth_left)?);
            }
            Value::List(items.into())
        }
        tag::RECORD => Value::Record(Arc::new(read_record(rest, depth_left)?)),
        tag::STREAM => Value::Stream(Arc::new(read_record(rest, depth_left)?)),
        tag::TABLE => Value::Table(read_table(take_block(rest)?)?),
        tag::IMAGE => Value::Image(take_image(rest)?),
        other => return Err(format!("no value has the tag {other}")),
    })
}

fn read_record(rest: &mut &[u8], depth_left: usize) -> Result<Record, String> {
    let n_fields = take_length(rest)?;
    let mut record = Record::new();
    for _ in 0..n_fields {
        let name = take_text(rest)?;
        record.insert(name, read_tagged(rest, depth_left)?);
    }
    Ok(record)
}

fn take<'a>(rest: &mut &'a [u8], n_bytes: usize) -> Result<&'a [u8], String> {
    rest.split_off(..n_bytes).ok_or_else(|| "it ends too early".to_owned())
}

fn take_array<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], String> {
    let mut array = [0; N];
    array.copy_from_slice(take(rest, N)?);
    Ok(array)
}

/// Takes a length; no length can be above the number of bytes that are left.
fn take_length(rest: &mut &[u8]) -> Result<usize, String> {
    let length = u64::from_le_bytes(take_array(rest)?);
    usize::try_from(length).ok().filter(|length| *length <= rest.len()).ok_or_else(|| "it ends too early".to_owned())
}

fn take_block<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], String> {
    let length = take_length(rest)?;
    take(rest, length)
}

fn take_text(rest: &mut &[u8]) -> Result<Arc<str>, String> {
    std::str::from_utf8(take_block(rest)?).map(Arc::from).map_err(|error| error.to_string())
}

fn take_image(rest: &mut &[u8]) -> Result<Image, String> {
    let width = u32::from_le_bytes(take_array(rest)?);
    let height = u32::from_le_bytes(take_array(rest)?);
    let n_bytes = u128::from(width) * u128::from(height) * 4;
    let n_bytes = usize::try_from(n_bytes).map_err(|_too_large| "it ends too early".to_owned())?;
    Image::from_rgba(width, height, take(rest, n_bytes)?.to_vec()).map_err(|error| error.to_string())
}

#[cfg(test)]
pub(super) mod tests {
    use arrow::{
        array::{Int64Array, StringArray, TimestampMicrosecondArray},
        datatypes::{DataType, Field, Schema, TimeUnit},
    };
    use proptest::prelude::*;

    use super::*;

    /// Returns any value, tables and pictures inside lists and records included.
    pub(in crate::store) fn any_value() -> impl Strategy<Value = Value> {
        nested(prop_oneof![4 => any_leaf(), 1 => any_table().prop_map(Value::Table)])
    }

    fn any_leaf() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Int),
            any::<u64>().prop_map(|bits| Value::Float(f64::from_bits(bits))),
            prop_oneof![Just(f64::NAN), Just(-0.0), Just(f64::INFINITY)].prop_map(Value::Float),
            ".*".prop_map(Value::from),
            proptest::collection::vec(any::<u8>(), 0..40).prop_map(|bytes| Value::Bytes(bytes.into())),
            (0_u32..4, 0_u32..4, any::<u8>()).prop_map(|(width, height, byte)| {
                let pixels = vec![byte; (width * height * 4) as usize];
                Value::Image(Image::from_rgba(width, height, pixels).unwrap())
            }),
        ]
    }

    fn nested(leaf: impl Strategy<Value = Value> + 'static) -> impl Strategy<Value = Value> {
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::list),
                proptest::collection::vec((".{0,5}", inner.clone()), 0..5).prop_map(Value::record),
                proptest::collection::vec((".{0,5}", inner), 0..5).prop_map(Value::stream),
            ]
        })
    }

    fn any_table() -> impl Strategy<Value = Table> {
        proptest::collection::vec((any::<Option<i64>>(), proptest::option::of(".{0,6}"), any::<u64>()), 0..6).prop_map(
            |rows| {
                let names: [Arc<str>; 3] = ["a".into(), "b".into(), "c".into()];
                let rows: Vec<Vec<Value>> = rows
                    .into_iter()
                    .map(|(number, text, bits)| {
                        vec![
                            number.map_or(Value::Null, Value::Int),
                            text.map_or(Value::Null, Value::from),
                            Value::Float(f64::from_bits(bits)),
                        ]
                    })
                    .collect();
                Table::from_rows(&names, &rows)
            },
        )
    }

    /// Equal in every bit, unlike values' own equality, for which every NaN is the same.
    fn same_bits(a: &Value, b: &Value) -> bool {
        match (a, b) {
            (Value::Float(a), Value::Float(b)) => a.to_bits() == b.to_bits(),
            (Value::List(a), Value::List(b)) => {
                a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| same_bits(a, b))
            }
            (Value::Record(a), Value::Record(b)) => {
                a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| a.0 == b.0 && same_bits(a.1, b.1))
            }
            (Value::Table(a), Value::Table(b)) => a.schema() == b.schema() && a.fingerprint() == b.fingerprint(),
            _ => a == b,
        }
    }

    fn round_trip(value: &Value) -> Value {
        decode(Form::of(value), &to_bytes(value).unwrap()).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn every_value_comes_back_bit_for_bit(value in any_value()) {
            let back = round_trip(&value);
            prop_assert!(same_bits(&back, &value), "{value:?} → {back:?}");
            prop_assert_eq!(back.fingerprint(), value.fingerprint());
        }

        #[test]
        fn cut_or_changed_bytes_never_panic_and_never_pass_for_longer_ones(value in nested(any_leaf()), at in any::<prop::sample::Index>()) {
            let mut bytes = to_bytes(&value).unwrap();
            let at = at.index(bytes.len());
            prop_assert!(decode(Form::Tagged, &bytes[..at]).is_err());
            bytes[at] ^= 0x5a;
            let changed = decode(Form::Tagged, &bytes);
            prop_assert!(changed.is_err() || to_bytes(&changed.unwrap()).is_ok());
        }
    }

    #[test]
    fn empty_things_come_back_empty() {
        for value in [
            Value::text(""),
            Value::Bytes([].into()),
            Value::list([]),
            Value::record::<&str>([]),
            Value::Image(Image::from_rgba(0, 7, Vec::new()).unwrap()),
            Value::Table(Table::from_records(&[])),
            Value::Table(Table::from_rows(&["only a header".into()], &[])),
        ] {
            assert!(same_bits(&round_trip(&value), &value), "{value:?}");
        }
    }

    #[test]
    fn a_table_of_rarer_types_and_many_batches_comes_back() {
        let schema = Schema::new(vec![
            Field::new("at", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), true),
            Field::new("text", DataType::Utf8, true),
            Field::new("number", DataType::Int64, true),
        ]);
        let batch = RecordBatch::try_new(
            Arc::new(schema.clone()),
            vec![
                Arc::new(TimestampMicrosecondArray::from(vec![Some(5), None, Some(-1)]).with_timezone("UTC")),
                Arc::new(StringArray::from(vec![Some("é"), Some(""), None])),
                Arc::new(Int64Array::from(vec![None, Some(i64::MIN), Some(i64::MAX)])),
            ],
        )
        .unwrap();
        let table = Value::Table(Table::new(&schema, &[batch.clone(), batch.slice(1, 2), batch]).unwrap());
        assert!(same_bits(&round_trip(&table), &table));
        let inside = Value::list([table.clone(), Value::Int(1), table]);
        assert!(same_bits(&round_trip(&inside), &inside));
    }

    #[test]
    fn a_value_that_nests_without_end_is_refused() {
        let deep = (0..MAX_DEPTH).fold(Value::Null, |inner, _| Value::list([inner]));
        assert!(to_bytes(&deep).unwrap_err().to_string().contains("deeper than 256"));
        let mut bytes = Vec::new();
        for _ in 0..100_000 {
            bytes.push(tag::LIST);
            bytes.extend_from_slice(&1_u64.to_le_bytes());
        }
        assert!(decode(Form::Tagged, &bytes).unwrap_err().contains("deeper than 256"));
    }
}
