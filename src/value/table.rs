//! Rows and typed columns, kept as Arrow record batches.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use arrow::{
    array::{
        Array as _, ArrayRef, AsArray as _, BooleanArray, BooleanBuilder, Float64Array, Float64Builder, Int64Array,
        Int64Builder, RecordBatch, StringArray, StringBuilder,
    },
    compute::{cast, concat_batches},
    csv::WriterBuilder,
    datatypes::{DataType, Field, Float64Type, Int64Type, Schema, SchemaRef},
    error::ArrowError,
    row::{RowConverter, SortField},
    util::display::{ArrayFormatter, FormatOptions},
};

use super::{Fingerprint, FingerprintBuilder, Record, Value, fingerprint::canonical_float_bits, json::to_json};

/// A shared table. `Clone` is a reference count.
#[derive(Clone)]
pub struct Table(Arc<TableData>);

struct TableData {
    schema: SchemaRef,
    /// Invariant: none is empty, and each has the table's schema.
    batches: Vec<RecordBatch>,
    /// The table's row number at which each batch starts.
    starts: Vec<usize>,
    n_rows: usize,
    fingerprint: OnceLock<Fingerprint>,
    /// Of a value that is this table.
    as_value: OnceLock<Fingerprint>,
}

/// A table that cannot be made or read.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TableError(#[from] ArrowError);

impl Table {
    /// Returns a table of these batches, all with the schema given. Text columns of any Arrow encoding become plain
    /// `Utf8`, so that the same data has the same form wherever it came from.
    pub fn new(schema: &Schema, batches: &[RecordBatch]) -> Result<Self, TableError> {
        let fields: Vec<Field> = schema.fields().iter().map(|field| canonical_field(field)).collect();
        let schema = Arc::new(Schema::new(fields));
        let batches = batches
            .iter()
            .filter(|batch| batch.num_rows() > 0)
            .map(|batch| canonical_batch(&schema, batch))
            .collect::<Result<Vec<_>, ArrowError>>()?;
        let mut n_rows = 0;
        let starts = batches
            .iter()
            .map(|batch| {
                let start = n_rows;
                n_rows += batch.num_rows();
                start
            })
            .collect();
        let data =
            TableData { schema, batches, starts, n_rows, fingerprint: OnceLock::new(), as_value: OnceLock::new() };
        Ok(Self(Arc::new(data)))
    }

    /// Returns a table of records: one column for each name, in order of first appearance. A column is `Int`, `Float`,
    /// `Bool` or `Text` if its values are; mixed ones become text.
    pub fn from_records(records: &[Record]) -> Self {
        let mut names: Vec<Arc<str>> = Vec::new();
        for (name, _) in records.iter().flat_map(Record::iter) {
            if !names.contains(name) {
                names.push(Arc::clone(name));
            }
        }
        let columns = names
            .iter()
            .map(|name| {
                column_of(&records.iter().map(|record| record.get(name).unwrap_or(&Value::Null)).collect::<Vec<_>>())
            })
            .collect::<Vec<_>>();
        Self::from_columns(&names, columns)
    }

    /// Returns a table of rows given cell by cell under these names; a short row is filled with empty cells.
    pub fn from_rows(names: &[Arc<str>], rows: &[Vec<Value>]) -> Self {
        let columns = (0..names.len())
            .map(|column| {
                column_of(&rows.iter().map(|row| row.get(column).unwrap_or(&Value::Null)).collect::<Vec<_>>())
            })
            .collect();
        Self::from_columns(names, columns)
    }

    fn from_columns(names: &[Arc<str>], columns: Vec<ArrayRef>) -> Self {
        let fields: Vec<Field> = names
            .iter()
            .zip(&columns)
            .map(|(name, column)| Field::new(&**name, column.data_type().clone(), true))
            .collect();
        let schema = Arc::new(Schema::new(fields));
        let batch = (!columns.is_empty()).then(|| {
            RecordBatch::try_new(Arc::clone(&schema), columns)
                .expect("columns were built with the schema's types and one length")
        });
        Self::new(&schema, batch.as_slice()).expect("plain columns need no conversion")
    }

    /// Returns whether this and another are one table in memory.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Returns the columns' names and types.
    pub fn schema(&self) -> &SchemaRef {
        &self.0.schema
    }

    /// Returns the rows in batches, none of them empty.
    pub fn batches(&self) -> &[RecordBatch] {
        &self.0.batches
    }

    /// Returns the number of rows.
    pub fn n_rows(&self) -> usize {
        self.0.n_rows
    }

    /// Returns the number of columns.
    pub fn n_columns(&self) -> usize {
        self.0.schema.fields().len()
    }

    /// Returns the names of the columns.
    pub fn column_names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.schema.fields().iter().map(|field| field.name().as_str())
    }

    /// Returns a column's type in words: `Int`, `Float`, `Text`, `Bool`, or Arrow's name for it.
    pub fn column_type(&self, column: usize) -> String {
        match self.0.schema.field(column).data_type() {
            DataType::Int64 => "Int".to_owned(),
            DataType::Float64 => "Float".to_owned(),
            DataType::Utf8 => "Text".to_owned(),
            DataType::Boolean => "Bool".to_owned(),
            other => other.to_string(),
        }
    }

    /// Returns the memory the columns hold, in bytes.
    pub fn size_bytes(&self) -> usize {
        self.0.batches.iter().map(RecordBatch::get_array_memory_size).sum()
    }

    /// Returns a cell.
    ///
    /// # Panics
    /// If `row` or `column` is out of range.
    pub fn cell(&self, row: usize, column: usize) -> Value {
        let batch = self.0.starts.partition_point(|start| *start <= row) - 1;
        cell_value(self.0.batches[batch].column(column), row - self.0.starts[batch])
    }

    /// Returns a row as a record.
    pub fn record(&self, row: usize) -> Record {
        self.column_names().enumerate().map(|(column, name)| (name, self.cell(row, column))).collect()
    }

    /// Returns all rows in one batch.
    pub fn to_batch(&self) -> Result<RecordBatch, TableError> {
        Ok(concat_batches(&self.0.schema, &self.0.batches)?)
    }

    /// Returns the table as CSV with a header line.
    pub fn to_csv(&self) -> Result<String, TableError> {
        let mut bytes = Vec::new();
        let mut writer = WriterBuilder::new().with_header(true).build(&mut bytes);
        if self.0.batches.is_empty() {
            writer.write(&RecordBatch::new_empty(Arc::clone(&self.0.schema)))?;
        }
        for batch in &self.0.batches {
            writer.write(batch)?;
        }
        drop(writer);
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Returns this table as it was kept under a value's fingerprint.
    pub(super) fn known_as(self, fingerprint: Fingerprint) -> Self {
        self.0.as_value.get_or_init(|| fingerprint);
        self
    }

    /// Returns the data fingerprint of a value that is this table.
    pub(super) fn fingerprint_as_value(&self) -> Fingerprint {
        *self.0.as_value.get_or_init(|| FingerprintBuilder::default().value(&Value::Table(self.clone())).finish())
    }

    /// Returns the data fingerprint, computed once. Batch boundaries do not count.
    pub fn fingerprint(&self) -> Fingerprint {
        *self.0.fingerprint.get_or_init(|| {
            let mut builder = FingerprintBuilder::new("table");
            builder.number(self.n_rows() as u64).number(self.n_columns() as u64);
            for (index, field) in self.0.schema.fields().iter().enumerate() {
                builder.text(field.name()).text(&field.data_type().to_string());
                for batch in &self.0.batches {
                    add_column(&mut builder, batch.column(index));
                }
            }
            builder.finish()
        })
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Table({} × {})", self.n_rows(), self.n_columns())
    }
}

/// Returns the field under which a column is kept: nullable, without metadata, text as `Utf8`.
fn canonical_field(field: &Field) -> Field {
    Field::new(field.name(), canonical_type(field.data_type()), true)
}

fn canonical_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => DataType::Utf8,
        DataType::LargeBinary | DataType::BinaryView => DataType::Binary,
        DataType::Dictionary(_, values) => canonical_type(values),
        DataType::Float16 | DataType::Float32 => DataType::Float64,
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::UInt8 | DataType::UInt16 | DataType::UInt32 => {
            DataType::Int64
        }
        other => other.clone(),
    }
}

fn canonical_batch(schema: &SchemaRef, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let columns = batch
        .columns()
        .iter()
        .zip(schema.fields())
        .map(|(column, field)| {
            if column.data_type() == field.data_type() {
                Ok(Arc::clone(column))
            } else {
                cast(column, field.data_type())
            }
        })
        .collect::<Result<Vec<_>, _>>()?;
    RecordBatch::try_new(Arc::clone(schema), columns)
}

/// Adds a column's cells in canonical form: a marker and the value for each, nothing under an empty one.
fn add_column(builder: &mut FingerprintBuilder, column: &ArrayRef) {
    let mut bytes = Vec::with_capacity(column.len() * 9);
    match column.data_type() {
        DataType::Int64 => {
            for value in column.as_primitive::<Int64Type>() {
                push_cell(&mut bytes, value.map(i64::to_le_bytes));
            }
        }
        DataType::Float64 => {
            for value in column.as_primitive::<Float64Type>() {
                push_cell(&mut bytes, value.map(|value| canonical_float_bits(value).to_le_bytes()));
            }
        }
        DataType::Boolean => {
            for value in column.as_boolean() {
                push_cell(&mut bytes, value.map(|value| [u8::from(value)]));
            }
        }
        DataType::Utf8 => {
            for value in column.as_string::<i32>() {
                push_cell(&mut bytes, value.map(|value| (value.len() as u64).to_le_bytes()));
                bytes.extend_from_slice(value.unwrap_or_default().as_bytes());
            }
        }
        _ => return add_rows(builder, column),
    }
    builder.raw(&bytes);
}

fn push_cell<const N: usize>(bytes: &mut Vec<u8>, cell: Option<[u8; N]>) {
    bytes.push(u8::from(cell.is_some()));
    if let Some(cell) = cell {
        bytes.extend_from_slice(&cell);
    }
}

/// Adds a column of a rarer type by Arrow's row format, which gives every cell one form whatever the batch; types
/// without one are added as they are displayed.
fn add_rows(builder: &mut FingerprintBuilder, column: &ArrayRef) {
    let rows = RowConverter::new(vec![SortField::new(column.data_type().clone())])
        .and_then(|converter| converter.convert_columns(&[Arc::clone(column)]));
    if let Ok(rows) = rows {
        for row in &rows {
            builder.bytes(row.data());
        }
    } else {
        for row in 0..column.len() {
            builder.text(&displayed(column, row));
        }
    }
}

fn displayed(column: &ArrayRef, row: usize) -> String {
    ArrayFormatter::try_new(column, &FormatOptions::default())
        .map_or_else(|error| error.to_string(), |formatter| formatter.value(row).to_string())
}

fn cell_value(column: &ArrayRef, row: usize) -> Value {
    if column.is_null(row) {
        return Value::Null;
    }
    match column.data_type() {
        DataType::Int64 => Value::Int(column.as_primitive::<Int64Type>().value(row)),
        DataType::Float64 => Value::Float(column.as_primitive::<Float64Type>().value(row)),
        DataType::Boolean => Value::Bool(column.as_boolean().value(row)),
        DataType::Utf8 => Value::text(column.as_string::<i32>().value(row)),
        DataType::Binary => Value::Bytes(column.as_binary::<i32>().value(row).into()),
        DataType::UInt64 => cast(&column.slice(row, 1), &DataType::Int64)
            .ok()
            .filter(|cast| !cast.is_null(0))
            .map_or_else(|| Value::from(displayed(column, row)), |cast| cell_value(&cast, 0)),
        _ => Value::from(displayed(column, row)),
    }
}

/// Returns a column of these cells, in the narrowest type that holds them all.
fn column_of(cells: &[&Value]) -> ArrayRef {
    let all = |test: fn(&Value) -> bool| cells.iter().all(|cell| matches!(cell, Value::Null) || test(cell));
    let any = |test: fn(&Value) -> bool| cells.iter().any(|cell| test(cell));
    let is_int = |cell: &Value| matches!(cell, Value::Int(_));
    let is_number = |cell: &Value| matches!(cell, Value::Int(_) | Value::Float(_));
    let is_bool = |cell: &Value| matches!(cell, Value::Bool(_));
    if any(is_int) && all(is_int) {
        int_column(cells)
    } else if any(is_number) && all(is_number) {
        float_column(cells)
    } else if any(is_bool) && all(is_bool) {
        bool_column(cells)
    } else {
        text_column(cells)
    }
}

fn int_column(cells: &[&Value]) -> ArrayRef {
    let mut builder = Int64Builder::with_capacity(cells.len());
    for cell in cells {
        builder.append_option(match cell {
            Value::Int(value) => Some(*value),
            _ => None,
        });
    }
    let column: Int64Array = builder.finish();
    Arc::new(column)
}

fn float_column(cells: &[&Value]) -> ArrayRef {
    let mut builder = Float64Builder::with_capacity(cells.len());
    for cell in cells {
        builder.append_option(match cell {
            Value::Float(value) => Some(*value),
            Value::Int(value) => Some(*value as f64),
            _ => None,
        });
    }
    let column: Float64Array = builder.finish();
    Arc::new(column)
}

fn bool_column(cells: &[&Value]) -> ArrayRef {
    let mut builder = BooleanBuilder::with_capacity(cells.len());
    for cell in cells {
        builder.append_option(match cell {
            Value::Bool(value) => Some(*value),
            _ => None,
        });
    }
    let column: BooleanArray = builder.finish();
    Arc::new(column)
}

fn text_column(cells: &[&Value]) -> ArrayRef {
    let mut builder = StringBuilder::new();
    for cell in cells {
        match cell {
            Value::Null => builder.append_null(),
            Value::Table(_) => builder.append_value(to_json(cell).to_string()),
            other => builder.append_value(other.display_text()),
        }
    }
    let column: StringArray = builder.finish();
    Arc::new(column)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ints(values: &[Option<i64>]) -> ArrayRef {
        Arc::new(Int64Array::from(values.to_vec()))
    }

    fn batch(name: &str, column: ArrayRef) -> RecordBatch {
        RecordBatch::try_from_iter([(name, column)]).unwrap()
    }

    fn table(batches: &[RecordBatch]) -> Table {
        Table::new(&batches[0].schema(), batches).unwrap()
    }

    #[test]
    fn how_a_table_is_cut_does_not_count() {
        let whole = table(&[batch("a", ints(&[Some(1), None, Some(3)]))]);
        let cut = table(&[batch("a", ints(&[Some(1)])), batch("a", ints(&[])), batch("a", ints(&[None, Some(3)]))]);
        assert_eq!(whole.fingerprint(), cut.fingerprint());
        assert_eq!(cut.cell(2, 0), Value::Int(3));
        assert_eq!(cut.cell(1, 0), Value::Null);
    }

    #[test]
    fn the_encoding_of_text_does_not_count() {
        let plain: ArrayRef = Arc::new(StringArray::from(vec![Some("x"), None]));
        let view = cast(&plain, &DataType::Utf8View).unwrap();
        let large = cast(&plain, &DataType::LargeUtf8).unwrap();
        let expected = table(&[batch("a", plain)]).fingerprint();
        assert_eq!(table(&[batch("a", view)]).fingerprint(), expected);
        assert_eq!(table(&[batch("a", large)]).fingerprint(), expected);
    }

    #[test]
    fn the_order_of_columns_counts_and_so_do_names_types_and_empty_cells() {
        let ab = Table::from_records(&[Record::from_iter([("a", Value::Int(1)), ("b", Value::Int(1))])]);
        let ba = Table::from_records(&[Record::from_iter([("b", Value::Int(1)), ("a", Value::Int(1))])]);
        assert_ne!(ab.fingerprint(), ba.fingerprint());
        let one = |cell: Value| Table::from_records(&[Record::from_iter([("a", cell)])]).fingerprint();
        assert_ne!(one(Value::Int(1)), one(Value::Float(1.0)));
        assert_ne!(one(Value::Null), one(Value::text("")));
        assert_eq!(one(Value::Float(f64::NAN)), one(Value::Float(-f64::NAN)));
    }

    #[test]
    fn an_empty_table_keeps_its_columns() {
        let empty = Table::new(&batch("a", ints(&[])).schema(), &[]).unwrap();
        assert_eq!((empty.n_rows(), empty.n_columns()), (0, 1));
        assert_eq!(empty.to_csv().unwrap(), "a\n");
    }

    #[test]
    fn rows_of_mixed_types_become_text() {
        let table = Table::from_rows(
            &["a".into(), "b".into()],
            &[vec![Value::Int(1), Value::text("x")], vec![Value::text("two")]],
        );
        assert_eq!(table.to_csv().unwrap(), "a,b\n1,x\ntwo,\n");
    }
}
