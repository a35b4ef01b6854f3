//! Lists and records as a tree: what is closed is not drawn, long lists are shown in parts.

use egui::{CollapsingHeader, Label, RichText, ScrollArea, Ui};

use super::Room;
use crate::value::Value;

/// How many items of a list or fields of a record stand in one part.
const PART: usize = 100;

/// How deep the tree goes.
const MAX_DEPTH: usize = 32;

/// Shows a list or record.
pub(super) fn tree_ui(ui: &mut Ui, value: &Value, room: Room) {
    ScrollArea::both().id_salt("tree").max_height(room.height(ui)).auto_shrink([false, true]).show(ui, |ui| {
        children_ui(ui, value, 0);
    });
}

fn children_ui(ui: &mut Ui, value: &Value, depth: usize) {
    match value {
        Value::List(items) => {
            parts_ui(ui, items.len(), |ui, index| child_ui(ui, &index.to_string(), &items[index], depth));
        }
        Value::Record(record) => {
            let fields: Vec<_> = record.iter().collect();
            parts_ui(ui, fields.len(), |ui, index| child_ui(ui, fields[index].0, fields[index].1, depth));
        }
        other => {
            ui.add(Label::new(RichText::new(other.display_text()).monospace()).wrap());
        }
    }
}

/// Shows children one by one, or, if there are many, in closed parts.
fn parts_ui(ui: &mut Ui, n_children: usize, mut child: impl FnMut(&mut Ui, usize)) {
    if n_children == 0 {
        ui.weak("empty");
    }
    if n_children <= PART {
        (0..n_children).for_each(|index| child(ui, index));
        return;
    }
    for start in (0..n_children).step_by(PART) {
        let end = n_children.min(start + PART);
        CollapsingHeader::new(format!("{start}–{}", end - 1))
            .id_salt(("part", start))
            .default_open(start == 0)
            .show(ui, |ui| (start..end).for_each(|index| child(ui, index)));
    }
}

fn child_ui(ui: &mut Ui, name: &str, value: &Value, depth: usize) {
    let nested = matches!(value, Value::List(_) | Value::Record(_)) && depth < MAX_DEPTH;
    if nested {
        CollapsingHeader::new(format!("{name} · {}", value.preview()))
            .id_salt(name)
            .default_open(depth == 0 && value.n_rows().unwrap_or(0) <= 20)
            .show(ui, |ui| children_ui(ui, value, depth + 1));
    } else {
        ui.horizontal(|ui| {
            ui.weak(name);
            ui.add(Label::new(RichText::new(leaf(value)).monospace()).extend());
        });
    }
}

/// Returns a value that has no children as one line.
fn leaf(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Text(text) if text.len() <= 200 && !text.contains('\n') => format!("{text:?}"),
        Value::Bool(_) | Value::Int(_) | Value::Float(_) => value.display_text(),
        other => other.preview(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_are_one_line() {
        assert_eq!(leaf(&"a\"b".into()), "\"a\\\"b\"");
        assert_eq!(leaf(&Value::Float(1.5)), "1.5");
        assert_eq!(leaf(&"two\nlines".into()), "Text \"two…\" 9 chars");
    }
}
