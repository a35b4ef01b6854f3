//! What flows along a wire: [`Value`], its types, conversions, fingerprints and previews.
//!
//! A value is immutable and cheap to clone: everything larger than a number is shared by reference count.
//! This module knows nothing of workflows, nodes or files.

mod convert;
pub mod difference;
mod fingerprint;
mod image;
mod json;
mod plain;
mod preview;
mod table;

use std::{fmt, sync::Arc};

pub use self::{
    convert::{ConvertError, can_convert},
    fingerprint::{Fingerprint, FingerprintBuilder, ParseFingerprintError},
    image::{Image, ImageError},
    json::{from_json, to_json},
    preview::{readable_size, shortened},
    table::{Table, TableError},
};

/// One piece of data. `Clone` is a reference count at most.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// Nothing: an empty cell, JSON's `null`. Not the same as a port without a value.
    #[default]
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A floating point number.
    Float(f64),
    /// Unicode text.
    Text(Arc<str>),
    /// Raw bytes.
    Bytes(Arc<[u8]>),
    /// Values in order, of any types.
    List(Arc<[Self]>),
    /// Named values, in the order they were given.
    Record(Arc<Record>),
    /// Rows and typed columns.
    Table(Table),
    /// A picture, 8-bit RGBA.
    Image(Image),
    /// A sequence that is read one item at a time, known by its plain description only: what it is a `stream` of, and
    /// where it comes from.
    Stream(Arc<Record>),
}

/// The type of a [`Value`], or what a port takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ValueType {
    /// Whatever comes.
    Any,
    /// Nothing.
    Null,
    /// [`Value::Bool`].
    Bool,
    /// [`Value::Int`].
    Int,
    /// [`Value::Float`].
    Float,
    /// [`Value::Text`].
    Text,
    /// [`Value::Bytes`].
    Bytes,
    /// [`Value::List`].
    List,
    /// [`Value::Record`].
    Record,
    /// [`Value::Table`].
    Table,
    /// [`Value::Image`].
    Image,
    /// [`Value::Stream`].
    Stream,
}

impl ValueType {
    /// Returns the type's name as shown to people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Any => "Any",
            Self::Null => "Null",
            Self::Bool => "Bool",
            Self::Int => "Int",
            Self::Float => "Float",
            Self::Text => "Text",
            Self::Bytes => "Bytes",
            Self::List => "List",
            Self::Record => "Record",
            Self::Table => "Table",
            Self::Image => "Image",
            Self::Stream => "Stream",
        }
    }
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Named values in the order they were given; names are unique.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// Invariant: no two names are equal.
    fields: Vec<(Arc<str>, Value)>,
}

impl Record {
    /// Returns an empty record.
    pub const fn new() -> Self {
        Self { fields: Vec::new() }
    }

    /// Sets a field; a name that is there already keeps its place and gets the new value.
    pub fn insert(&mut self, name: impl Into<Arc<str>>, value: Value) {
        let name = name.into();
        if let Some(field) = self.fields.iter_mut().find(|(known, _)| *known == name) {
            field.1 = value;
        } else {
            self.fields.push((name, value));
        }
    }

    /// Returns the value of a field.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.fields.iter().find(|(known, _)| &**known == name).map(|(_, value)| value)
    }

    /// Returns the fields in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Arc<str>, &Value)> {
        self.fields.iter().map(|(name, value)| (name, value))
    }

    /// Returns a field by its place.
    pub fn nth(&self, index: usize) -> Option<(&Arc<str>, &Value)> {
        self.fields.get(index).map(|(name, value)| (name, value))
    }

    /// Returns the number of fields.
    pub const fn len(&self) -> usize {
        self.fields.len()
    }

    /// Returns whether there are no fields.
    pub const fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }
}

impl<K: Into<Arc<str>>> FromIterator<(K, Value)> for Record {
    fn from_iter<T: IntoIterator<Item = (K, Value)>>(iter: T) -> Self {
        let mut record = Self::new();
        for (name, value) in iter {
            record.insert(name, value);
        }
        record
    }
}

impl Value {
    /// Returns text.
    pub fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Text(text.into())
    }

    /// Returns a list.
    pub fn list(items: impl IntoIterator<Item = Self>) -> Self {
        Self::List(items.into_iter().collect())
    }

    /// Returns a record.
    pub fn record<K: Into<Arc<str>>>(fields: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Record(Arc::new(fields.into_iter().collect()))
    }

    /// Returns a stream with this description.
    pub fn stream<K: Into<Arc<str>>>(description: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Stream(Arc::new(description.into_iter().collect()))
    }

    /// Returns the value's type.
    pub const fn value_type(&self) -> ValueType {
        match self {
            Self::Null => ValueType::Null,
            Self::Bool(_) => ValueType::Bool,
            Self::Int(_) => ValueType::Int,
            Self::Float(_) => ValueType::Float,
            Self::Text(_) => ValueType::Text,
            Self::Bytes(_) => ValueType::Bytes,
            Self::List(_) => ValueType::List,
            Self::Record(_) => ValueType::Record,
            Self::Table(_) => ValueType::Table,
            Self::Image(_) => ValueType::Image,
            Self::Stream(_) => ValueType::Stream,
        }
    }

    /// Returns the number of table rows, list items or record fields, where the value has such a count.
    pub fn n_rows(&self) -> Option<usize> {
        match self {
            Self::Table(table) => Some(table.n_rows()),
            Self::List(items) => Some(items.len()),
            _ => None,
        }
    }

    /// Returns whether the value can stand in a workflow file: no bytes, tables, images or streams, however deep.
    pub fn is_plain(&self) -> bool {
        match self {
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Float(_) | Self::Text(_) => true,
            Self::Bytes(_) | Self::Table(_) | Self::Image(_) | Self::Stream(_) => false,
            Self::List(items) => items.iter().all(Self::is_plain),
            Self::Record(record) => record.iter().all(|(_, value)| value.is_plain()),
        }
    }

    /// Returns the text, if this is text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns an estimate of the memory the value holds, in bytes.
    pub fn size_bytes(&self) -> usize {
        match self {
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Float(_) => size_of::<Self>(),
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            Self::List(items) => items.iter().map(Self::size_bytes).sum(),
            Self::Record(record) | Self::Stream(record) => {
                record.iter().map(|(name, value)| name.len() + value.size_bytes()).sum()
            }
            Self::Table(table) => table.size_bytes(),
            Self::Image(image) => image.pixels().len(),
        }
    }
}

/// Equal data: the same type and the same fingerprint, so `NaN` equals `NaN`.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.value_type() == other.value_type() && self.fingerprint() == other.fingerprint()
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.into())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value.into())
    }
}

impl From<Table> for Value {
    fn from(value: Table) -> Self {
        Self::Table(value)
    }
}

impl From<Image> for Value {
    fn from(value: Image) -> Self {
        Self::Image(value)
    }
}
