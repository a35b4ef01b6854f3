//! Values as a template sees them: shared with it, never copied.

use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr, Value as TemplateValue};

use crate::value::{Record, Table, Value};

/// Returns the value as a template sees it: a table is a list of rows, a row and a record are maps; pictures are their
/// one-line preview.
pub(super) fn template_value(value: &Value) -> TemplateValue {
    match value {
        Value::Null => TemplateValue::from(()),
        Value::Bool(value) => TemplateValue::from(*value),
        Value::Int(value) => TemplateValue::from(*value),
        Value::Float(value) => TemplateValue::from(*value),
        Value::Text(text) => TemplateValue::from(Arc::clone(text)),
        Value::Bytes(bytes) => TemplateValue::from_bytes(bytes.to_vec()),
        Value::List(items) => TemplateValue::from_object(Items(Arc::clone(items))),
        Value::Record(record) => TemplateValue::from_object(Fields(Arc::clone(record))),
        Value::Table(table) => TemplateValue::from_object(Rows(table.clone())),
        Value::Image(_) => TemplateValue::from(value.preview()),
    }
}

#[derive(Debug)]
struct Items(Arc<[Value]>);

impl Object for Items {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &TemplateValue) -> Option<TemplateValue> {
        self.0.get(key.as_usize()?).map(template_value)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.0.len())
    }
}

#[derive(Debug)]
struct Fields(Arc<Record>);

impl Object for Fields {
    fn get_value(self: &Arc<Self>, key: &TemplateValue) -> Option<TemplateValue> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<TemplateValue> {
        self.0.get(key).map(template_value)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let names: Vec<TemplateValue> = self.0.iter().map(|(name, _)| TemplateValue::from(Arc::clone(name))).collect();
        Enumerator::Values(names)
    }
}

#[derive(Debug)]
struct Rows(Table);

impl Object for Rows {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &TemplateValue) -> Option<TemplateValue> {
        let row = key.as_usize().filter(|row| *row < self.0.n_rows())?;
        Some(TemplateValue::from_object(Row { table: self.0.clone(), row }))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.0.n_rows())
    }
}

#[derive(Debug)]
struct Row {
    table: Table,
    /// Invariant: a row of the table.
    row: usize,
}

impl Object for Row {
    fn get_value(self: &Arc<Self>, key: &TemplateValue) -> Option<TemplateValue> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<TemplateValue> {
        let column = self.table.column_names().position(|name| name == key)?;
        Some(template_value(&self.table.cell(self.row, column)))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.table.column_names().map(TemplateValue::from).collect())
    }
}
