//! Values as a template sees them: shared, and converted item by item when they are asked for.

use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr, Value as JinjaValue};

use crate::value::{Record, Table, Value};

/// Returns the value as a template sees it: a table is a list of rows, a picture its one-line preview.
pub(super) fn to_jinja(value: &Value) -> JinjaValue {
    match value {
        Value::Null => JinjaValue::from(()),
        Value::Bool(value) => JinjaValue::from(*value),
        Value::Int(value) => JinjaValue::from(*value),
        Value::Float(value) => JinjaValue::from(*value),
        Value::Text(text) => JinjaValue::from(Arc::clone(text)),
        Value::Bytes(bytes) => JinjaValue::from_bytes(bytes.to_vec()),
        Value::List(items) => JinjaValue::from_object(Items(Arc::clone(items))),
        Value::Record(record) => JinjaValue::from_object(Fields(Arc::clone(record))),
        Value::Table(table) => JinjaValue::from_object(Rows(table.clone())),
        Value::Image(_) | Value::Stream(_) => JinjaValue::from(value.preview()),
    }
}

#[derive(Debug)]
struct Items(Arc<[Value]>);

impl Object for Items {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &JinjaValue) -> Option<JinjaValue> {
        self.0.get(key.as_usize()?).map(to_jinja)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.0.len())
    }
}

#[derive(Debug)]
struct Fields(Arc<Record>);

impl Object for Fields {
    fn get_value(self: &Arc<Self>, key: &JinjaValue) -> Option<JinjaValue> {
        self.0.get(key.as_str()?).map(to_jinja)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.0.iter().map(|(name, _)| JinjaValue::from(Arc::clone(name))).collect())
    }
}

#[derive(Debug)]
struct Rows(Table);

impl Object for Rows {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &JinjaValue) -> Option<JinjaValue> {
        let row = key.as_usize().filter(|row| *row < self.0.n_rows())?;
        Some(JinjaValue::from_object(Fields(Arc::new(self.0.record(row)))))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.0.n_rows())
    }
}
