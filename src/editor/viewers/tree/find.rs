//! Searching a tree: in the names of fields and in all that has no entries of its own.

use std::sync::atomic::{AtomicBool, Ordering};

use super::{
    super::search::MAX_FOUND,
    open::{Path, entry, n_entries},
};
use crate::value::Value;

/// Returns where a text stands, in the order of the tree, upper and lower case alike; `None` if it was called off. Slow for
/// large values.
pub(super) fn find(value: &Value, sought: &str, cancelled: &AtomicBool) -> Option<Vec<Path>> {
    let mut search = Search { sought: sought.to_lowercase(), cancelled, path: Path::new(), found: Vec::new() };
    search.look_into(value).then_some(search.found)
}

struct Search<'a> {
    sought: String,
    cancelled: &'a AtomicBool,
    path: Path,
    found: Vec<Path>,
}

impl Search<'_> {
    /// Looks through the entries of a value; returns whether it was not called off.
    fn look_into(&mut self, value: &Value) -> bool {
        for index in 0..n_entries(value).unwrap_or(0) {
            if self.cancelled.load(Ordering::Relaxed) {
                return false;
            }
            let Some((name, inside)) = entry(value, index) else { break };
            self.path.push(index);
            if (name.is_some_and(|name| self.is_in(name)) || self.is_in_leaf(inside)) && self.found.len() < MAX_FOUND {
                self.found.push(self.path.clone());
            }
            let goes_on = self.look_into(inside);
            self.path.pop();
            if !goes_on {
                return false;
            }
        }
        true
    }

    fn is_in_leaf(&self, value: &Value) -> bool {
        match value {
            Value::Null => self.is_in("null"),
            Value::Bool(_) | Value::Int(_) | Value::Float(_) => self.is_in(&value.display_text()),
            Value::Text(text) => self.is_in(text),
            _ => false,
        }
    }

    fn is_in(&self, text: &str) -> bool {
        text.to_lowercase().contains(&self.sought)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_texts_and_numbers_are_found_wherever_they_are() {
        let value = Value::list([
            Value::record([("Name", Value::text("Ada")), ("born", Value::Int(1815))]),
            Value::record([("tags", Value::list([Value::text("NAME"), Value::Float(18.5)]))]),
        ]);
        let never = AtomicBool::new(false);
        let found = |sought: &str| -> Vec<Vec<usize>> {
            find(&value, sought, &never).unwrap().into_iter().map(|path| path.to_vec()).collect()
        };
        assert_eq!(found("name"), [vec![0, 0], vec![1, 0, 0]]);
        assert_eq!(found("18"), [vec![0, 1], vec![1, 0, 1]]);
        assert_eq!(found("nothing"), Vec::<Vec<usize>>::new());
        assert_eq!(find(&value, "name", &AtomicBool::new(true)), None);
    }
}
