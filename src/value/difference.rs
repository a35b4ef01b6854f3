//! What differs between two values: lines of texts, rows and cells of tables, words for everything else.

mod tables;
mod texts;

use serde_json::Value as Json;

pub use self::{
    tables::{CellDifference, RowDifference, TableDifference},
    texts::{Change, Hunk, Line, TextDifference},
};
use super::{Image, Value, to_json};

/// Texts longer than this are not compared line by line, in bytes.
const MAX_TEXT_BYTES: usize = 64 << 20;

/// What differs between two values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Nothing: the same data.
    None,
    /// Lines of texts. Records and lists are compared as the JSON they are.
    Text(TextDifference),
    /// Columns, rows and cells of tables.
    Table(TableDifference),
    /// Something else, in a sentence.
    Words(String),
}

impl Difference {
    /// Returns what differs from one value to another. Large values take a while: not for the interface thread.
    pub fn between(before: &Value, after: &Value) -> Self {
        if before.fingerprint() == after.fingerprint() {
            return Self::None;
        }
        match (before, after) {
            (Value::Text(before), Value::Text(after)) => of_texts(before, after),
            (Value::Table(before), Value::Table(after)) => TableDifference::between(before, after)
                .map_or_else(|why| Self::Words(format!("The tables cannot be compared: {why}")), Self::Table),
            (Value::List(_) | Value::Record(_), Value::List(_) | Value::Record(_))
                if before.size_bytes().max(after.size_bytes()) <= MAX_TEXT_BYTES =>
            {
                let (before, after) = (as_lines(&to_json(before)), as_lines(&to_json(after)));
                // Data that JSON does not tell apart.
                if before == after {
                    Self::Words("The types of parts differ".to_owned())
                } else {
                    of_texts(&before, &after)
                }
            }
            (Value::Bytes(before), Value::Bytes(after)) => Self::Words(of_bytes(before, after)),
            (Value::Image(before), Value::Image(after)) => Self::Words(of_images(before, after)),
            _ => Self::Words(format!("{} became {}", before.preview(), after.preview())),
        }
    }
}

fn as_lines(json: &Json) -> String {
    format!("{json:#}\n")
}

fn of_texts(before: &str, after: &str) -> Difference {
    if before.len().max(after.len()) > MAX_TEXT_BYTES {
        return Difference::Words(format!(
            "The texts are too long to compare line by line: {} and {} bytes",
            before.len(),
            after.len()
        ));
    }
    Difference::Text(TextDifference::between(before, after))
}

fn of_bytes(before: &[u8], after: &[u8]) -> String {
    let n_same = before.iter().zip(after).take_while(|(before, after)| before == after).count();
    format!("{} bytes became {}; the first to differ is number {}", before.len(), after.len(), n_same + 1)
}

fn of_images(before: &Image, after: &Image) -> String {
    if (before.width(), before.height()) != (after.width(), after.height()) {
        return format!(
            "{} × {} pixels became {} × {}",
            before.width(),
            before.height(),
            after.width(),
            after.height()
        );
    }
    let pixels = |image: &Image| image.pixels().chunks_exact(4).map(<[u8]>::to_vec).collect::<Vec<_>>();
    let n_differ = pixels(before).iter().zip(&pixels(after)).filter(|(before, after)| before != after).count();
    format!("{n_differ} of {} pixels differ", before.width() as u64 * before.height() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_do_not_differ_and_other_types_are_told_in_words() {
        assert_eq!(Difference::between(&Value::Int(1), &Value::Int(1)), Difference::None);
        let words = |before: Value, after: Value| match Difference::between(&before, &after) {
            Difference::Words(words) => words,
            other => panic!("{other:?}"),
        };
        let numbers = words(Value::Int(1), Value::Float(1.5));
        assert!(numbers.contains("became") && numbers.contains("1.5"), "{numbers}");
        assert_eq!(
            words(Value::Bytes([1, 2, 3].as_slice().into()), Value::Bytes([1, 2].as_slice().into())),
            "3 bytes became 2; the first to differ is number 3"
        );
        let image = |width, first| {
            let mut pixels = vec![0; width as usize * 4];
            pixels[0] = first;
            Value::Image(Image::from_rgba(width, 1, pixels).unwrap())
        };
        assert_eq!(words(image(2, 0), image(3, 0)), "2 × 1 pixels became 3 × 1");
        assert_eq!(words(image(2, 0), image(2, 1)), "1 of 2 pixels differ");
    }

    #[test]
    fn records_and_lists_are_compared_as_json() {
        let record = |n: i64| Value::record([("same", Value::text("x")), ("n", Value::Int(n))]);
        let Difference::Text(difference) = Difference::between(&record(1), &record(2)) else { panic!("no text") };
        assert_eq!((difference.n_removed, difference.n_added), (1, 1));
        let types = Difference::between(
            &Value::list([Value::Bytes([104].as_slice().into())]),
            &Value::list([to_back(&Value::Bytes([104].as_slice().into()))]),
        );
        assert_eq!(types, Difference::Words("The types of parts differ".to_owned()));
    }

    /// Returns what JSON makes of a value.
    fn to_back(value: &Value) -> Value {
        crate::value::from_json(&to_json(value))
    }
}
