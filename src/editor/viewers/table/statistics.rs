//! What is in a column, in few numbers. Slow for large tables: not for the interface thread.

use std::collections::HashMap;

use arrow::{
    array::{Array as _, ArrayRef, AsArray as _},
    compute::cast,
    datatypes::{DataType, Float64Type},
};

use super::arranged::as_text;
use crate::value::Table;

/// How many bars a small histogram has.
const N_BARS: usize = 24;

/// How many values are named that come most often.
const N_NAMED: usize = 8;

/// No more different values than this are counted.
const MAX_DISTINCT: usize = 10_000;

/// Texts longer than this, in bytes, are counted by their beginning.
const MAX_TEXT: usize = 200;

/// What is in a column.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ColumnStatistics {
    pub(crate) n_rows: usize,
    pub(crate) n_empty: usize,
    /// How many different values there are, if they are not too many to count.
    pub(crate) n_distinct: Option<usize>,
    /// Of a column of numbers: the least, the mean and the greatest.
    pub(crate) range: Option<[f64; 3]>,
    /// The values that come most often, with how often, if a value comes twice.
    pub(crate) named: Vec<(String, u64)>,
    /// How high the bars of a small histogram are: of numbers from the least to the greatest, of others by how often the most
    /// frequent come.
    pub(crate) bars: Vec<u64>,
}

impl ColumnStatistics {
    /// Returns the statistics in words, line by line.
    pub(crate) fn in_words(&self) -> String {
        let mut lines = Vec::new();
        if let Some([least, mean, greatest]) = self.range {
            lines.push(format!("from {} to {}, mean {}", short(least), short(greatest), short(mean)));
        }
        lines.push(match self.n_distinct {
            Some(1) => "1 value".to_owned(),
            Some(n_distinct) => format!("{} different values", crate::store::with_commas(n_distinct as u64)),
            None => format!("more than {} different values", crate::store::with_commas(MAX_DISTINCT as u64)),
        });
        if self.n_empty > 0 {
            let share = 100.0 * self.n_empty as f64 / self.n_rows.max(1) as f64;
            lines.push(format!("{} empty ({share:.0} %)", crate::store::with_commas(self.n_empty as u64)));
        }
        lines.extend(self.named.iter().map(|(name, count)| format!("{name} × {}", crate::store::with_commas(*count))));
        lines.join("\n")
    }
}

/// Returns a number with as many digits as one wants to read.
fn short(number: f64) -> String {
    if number == number.trunc() && number.abs() < 1e15 { format!("{number}") } else { format!("{number:.4}") }
}

/// Returns what is in a column of a table; nothing more than counts of what Arrow cannot read as text or numbers.
pub(crate) fn statistics(table: &Table, column: usize) -> ColumnStatistics {
    let parts: Vec<&ArrayRef> = table.batches().iter().map(|batch| batch.column(column)).collect();
    let mut statistics = ColumnStatistics {
        n_rows: table.n_rows(),
        n_empty: parts.iter().map(|part| part.null_count()).sum(),
        ..ColumnStatistics::default()
    };
    count(&parts, &mut statistics);
    if table.schema().field(column).data_type().is_numeric() {
        measure(&parts, &mut statistics);
    } else {
        statistics.bars = statistics.named.iter().map(|(_, count)| *count).collect();
    }
    statistics
}

fn count(parts: &[&ArrayRef], statistics: &mut ColumnStatistics) {
    let mut counts: HashMap<String, u64> = HashMap::new();
    for part in parts {
        let Ok(texts) = as_text(part) else { return };
        for text in texts.as_string::<i32>().iter().flatten() {
            let text = &text[..text.floor_char_boundary(MAX_TEXT)];
            if let Some(count) = counts.get_mut(text) {
                *count += 1;
            } else if counts.len() < MAX_DISTINCT {
                counts.insert(text.to_owned(), 1);
            } else {
                return;
            }
        }
    }
    statistics.n_distinct = Some(counts.len());
    let mut named: Vec<(String, u64)> = counts.into_iter().filter(|(_, count)| *count > 1).collect();
    named.sort_unstable_by(|(a, n_a), (b, n_b)| n_b.cmp(n_a).then_with(|| a.cmp(b)));
    named.truncate(N_NAMED);
    statistics.named = named;
}

fn measure(parts: &[&ArrayRef], statistics: &mut ColumnStatistics) {
    let reals: Result<Vec<ArrayRef>, _> = parts.iter().map(|part| cast(part, &DataType::Float64)).collect();
    let Ok(reals) = reals else { return };
    let numbers =
        || reals.iter().flat_map(|part| part.as_primitive::<Float64Type>()).flatten().filter(|n| n.is_finite());
    let (mut least, mut greatest, mut sum, mut n_numbers) = (f64::INFINITY, f64::NEG_INFINITY, 0.0, 0_u64);
    for number in numbers() {
        (least, greatest) = (least.min(number), greatest.max(number));
        sum += number;
        n_numbers += 1;
    }
    if n_numbers == 0 {
        return;
    }
    let mut bars = vec![0; N_BARS];
    let width = greatest - least;
    for number in numbers() {
        let place = if width > 0.0 { (number - least) / width * N_BARS as f64 } else { 0.0 };
        bars[(place as usize).min(N_BARS - 1)] += 1;
    }
    statistics.range = Some([least, sum / n_numbers as f64, greatest]);
    statistics.bars = bars;
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::value::Value;

    fn table() -> Table {
        let names: Vec<Arc<str>> = ["city", "size"].map(Arc::from).to_vec();
        let row = |city: Option<&str>, size: Value| vec![city.map_or(Value::Null, Value::text), size];
        let rows = [
            row(Some("Ulm"), Value::Float(1.0)),
            row(Some("Bonn"), Value::Float(f64::NAN)),
            row(None, Value::Float(4.0)),
            row(Some("Ulm"), Value::Null),
        ];
        Table::from_rows(&names, &rows)
    }

    #[test]
    fn texts_are_counted() {
        let city = statistics(&table(), 0);
        assert_eq!((city.n_rows, city.n_empty, city.n_distinct), (4, 1, Some(2)));
        assert_eq!(city.named, [("Ulm".to_owned(), 2)]);
        assert_eq!(city.in_words(), "2 different values\n1 empty (25 %)\nUlm × 2");
    }

    #[test]
    fn numbers_are_measured_without_those_that_are_none() {
        let size = statistics(&table(), 1);
        assert_eq!(size.range, Some([1.0, 2.5, 4.0]));
        assert_eq!(size.bars.iter().sum::<u64>(), 2);
        assert_eq!((size.bars[0], size.bars[N_BARS - 1]), (1, 1));
        assert!(size.in_words().starts_with("from 1 to 4, mean 2.5000\n"), "{}", size.in_words());
    }

    #[test]
    fn columns_without_any_value_have_no_range() {
        let names: Vec<Arc<str>> = vec!["a".into()];
        let table = Table::from_rows(&names, &[vec![Value::Float(f64::NAN)], vec![Value::Null]]);
        assert_eq!(statistics(&table, 0).range, None);
        assert_eq!(statistics(&Table::from_rows(&names, &[]), 0).n_rows, 0);
    }
}
