//! Where the ticks of an axis are, and numbers and times in words.

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};

use super::Scale;

/// A tick of an axis.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tick {
    pub(crate) at: f64,
    pub(crate) label: String,
}

const MINUTE: f64 = 60.0;
const HOUR: f64 = 3600.0;
const DAY: f64 = 86_400.0;

/// Steps of time shorter than a month, in seconds.
const TIME_STEPS: [f64; 19] = [
    1.0,
    2.0,
    5.0,
    10.0,
    15.0,
    30.0,
    MINUTE,
    2.0 * MINUTE,
    5.0 * MINUTE,
    10.0 * MINUTE,
    15.0 * MINUTE,
    30.0 * MINUTE,
    HOUR,
    3.0 * HOUR,
    6.0 * HOUR,
    12.0 * HOUR,
    DAY,
    2.0 * DAY,
    7.0 * DAY,
];

/// The Monday after 1 January 1970, in seconds.
const FIRST_MONDAY: f64 = 4.0 * DAY;

/// Steps of months.
const MONTH_STEPS: [i32; 12] = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 6000];

/// Returns about `n_most` ticks at round places from `low` to `high`.
pub(crate) fn ticks(scale: &Scale, [low, high]: [f64; 2], n_most: usize) -> Vec<Tick> {
    let n_most = n_most.max(1);
    if !(low.is_finite() && high.is_finite() && low < high) {
        return Vec::new();
    }
    match scale {
        Scale::Number => number_ticks(low, high, n_most),
        Scale::Time => time_ticks(low, high, n_most).unwrap_or_else(|| number_ticks(low, high, n_most)),
        Scale::Category(names) => category_ticks(names, low, high, n_most),
    }
}

/// Returns the smallest of 1, 2 and 5 times a power of ten that is no smaller.
pub(super) fn nice_step(step: f64) -> f64 {
    let power = 10_f64.powf(step.log10().floor());
    let nice = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    nice.into_iter().find(|nice| *nice >= step * (1.0 - 1e-9)).unwrap_or(step)
}

/// Returns the multiples of a step from `low` to `high`.
fn multiples(low: f64, high: f64, step: f64) -> Vec<f64> {
    let (first, last) = ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor());
    let n_steps = (last - first).clamp(-1.0, 1000.0) as i64;
    (0..=n_steps).map(|index| (first + index as f64) * step).collect()
}

fn number_ticks(low: f64, high: f64, n_most: usize) -> Vec<Tick> {
    let step = nice_step(high / n_most as f64 - low / n_most as f64);
    if !step.is_normal() {
        return Vec::new();
    }
    let greatest = low.abs().max(high.abs());
    multiples(low, high, step).into_iter().map(|at| Tick { at, label: number_label(at, step, greatest) }).collect()
}

/// Returns a number on an axis, with as many digits as its step has.
fn number_label(number: f64, step: f64, greatest: f64) -> String {
    let number = if number.abs() < step * 1e-6 { 0.0 } else { number };
    if !(1e-4..1e15).contains(&greatest) {
        return if number == 0.0 { "0".to_owned() } else { scientific(number, step) };
    }
    let (unit, sign) = match greatest {
        1e12.. => (1e12, "T"),
        1e9.. => (1e9, "B"),
        1e6.. => (1e6, "M"),
        _ => (1.0, ""),
    };
    let n_digits = (-(step / unit).log10().floor()).clamp(0.0, 12.0) as usize;
    let digits = grouped(&format!("{:.n_digits$}", number / unit));
    if number == 0.0 { digits } else { digits + sign }
}

fn scientific(number: f64, step: f64) -> String {
    let n_digits = (number.abs().log10().floor() - step.log10().floor()).clamp(0.0, 12.0) as usize;
    format!("{number:.n_digits$e}").replace('-', "−")
}

/// Returns digits with commas between thousands, and a minus sign as wide as a plus.
fn grouped(digits: &str) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |digits| ("−", digits));
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(whole, part)| (whole, Some(part)));
    let mut text = sign.to_owned();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if let Some(fraction) = fraction {
        text.push('.');
        text.push_str(fraction);
    }
    text
}

/// Returns a count with commas between thousands.
pub(super) fn count(number: usize) -> String {
    grouped(&number.to_string())
}

fn category_ticks(names: &[String], low: f64, high: f64, n_most: usize) -> Vec<Tick> {
    let (first, last) = (low.ceil().max(0.0), high.floor().min(names.len() as f64 - 1.0));
    if first > last {
        return Vec::new();
    }
    let (first, last) = (first as usize, last as usize);
    let every = (last - first + 1).div_ceil(n_most);
    let shown = (first..=last).filter(|index| index.is_multiple_of(every));
    shown.map(|index| Tick { at: index as f64, label: names[index].clone() }).collect()
}

fn time_ticks(low: f64, high: f64, n_most: usize) -> Option<Vec<Tick>> {
    let step = (high - low) / n_most as f64;
    if step < 1.0 {
        let ticks = multiples(low, high, nice_step(step));
        return ticks.into_iter().map(|at| Some(Tick { at, label: written(at, "%H:%M:%S%.3f")? })).collect();
    }
    let Some(step) = TIME_STEPS.into_iter().find(|known| *known >= step) else {
        return month_ticks(low, high, step);
    };
    let offset = if step == 7.0 * DAY { FIRST_MONDAY } else { 0.0 };
    let ticks = multiples(low - offset, high - offset, step).into_iter().map(|at| {
        let at = at + offset;
        let format = match step {
            _ if step < HOUR * 24.0 && at.rem_euclid(DAY) == 0.0 => "%d %b",
            _ if step < MINUTE => "%H:%M:%S",
            _ if step < DAY => "%H:%M",
            _ => "%d %b",
        };
        Some(Tick { at, label: written(at, format)? })
    });
    let mut ticks: Vec<Tick> = ticks.collect::<Option<_>>()?;
    // Days without a year anywhere would not say which.
    if step >= DAY
        && let Some(first) = ticks.first_mut()
    {
        first.label = written(first.at, "%d %b %Y")?;
    }
    Some(ticks)
}

fn month_ticks(low: f64, high: f64, step: f64) -> Option<Vec<Tick>> {
    const MONTH: f64 = 30.4375 * DAY;
    let step = MONTH_STEPS.into_iter().find(|months| f64::from(*months) * MONTH >= step)?;
    let first = date(low)?;
    let mut month = (i32::from(first.year()) * 12 + i32::from(first.month()) - 1).div_euclid(step) * step;
    let mut ticks = Vec::new();
    while ticks.len() < 1000 {
        let day = Date::new(i16::try_from(month.div_euclid(12)).ok()?, month.rem_euclid(12) as i8 + 1, 1).ok()?;
        let at = day.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second() as f64;
        if at > high {
            break;
        }
        if at >= low {
            ticks.push(Tick { at, label: written(at, if step >= 12 { "%Y" } else { "%b %Y" })? });
        }
        month += step;
    }
    Some(ticks)
}

fn timestamp(secs: f64) -> Option<Timestamp> {
    // The range of the library's timestamps.
    if !(-3.7e11..2.5e11).contains(&secs) {
        return None;
    }
    Timestamp::UNIX_EPOCH.checked_add(SignedDuration::from_millis((secs * 1e3).round() as i64)).ok()
}

fn date(secs: f64) -> Option<Date> {
    Some(timestamp(secs)?.to_zoned(TimeZone::UTC).date())
}

fn written(secs: f64, format: &str) -> Option<String> {
    Some(timestamp(secs)?.strftime(format).to_string())
}

/// Returns what a place on an axis stands for, for who looks at it closely.
pub(crate) fn in_words(scale: &Scale, at: f64) -> String {
    match scale {
        Scale::Number => number_in_words(at),
        Scale::Time => {
            let format = if at.rem_euclid(DAY) == 0.0 {
                "%Y-%m-%d"
            } else if at == at.trunc() {
                "%Y-%m-%d %H:%M:%S"
            } else {
                "%Y-%m-%d %H:%M:%S%.3f"
            };
            written(at, format).unwrap_or_else(|| number_in_words(at))
        }
        Scale::Category(names) => {
            let index = at.round();
            let name = (index >= 0.0).then(|| names.get(index as usize)).flatten();
            name.cloned().unwrap_or_default()
        }
    }
}

/// Returns a number with up to six digits that say something; whole numbers with all of theirs.
fn number_in_words(number: f64) -> String {
    let size = number.abs();
    if number == 0.0 {
        return "0".to_owned();
    }
    if !(1e-4..1e15).contains(&size) {
        return format!("{number:.5e}").replace('-', "−");
    }
    let n_digits = (5.0 - size.log10().floor()).clamp(0.0, 9.0) as usize;
    let digits = format!("{number:.n_digits$}");
    let digits = if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { &digits };
    grouped(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: &Scale, range: [f64; 2], n_most: usize) -> Vec<String> {
        ticks(scale, range, n_most).into_iter().map(|tick| tick.label).collect()
    }

    fn secs(text: &str) -> f64 {
        text.parse::<Timestamp>().unwrap().as_second() as f64
    }

    #[test]
    fn numbers_stand_at_round_places() {
        let number = |range, n_most| labels(&Scale::Number, range, n_most);
        assert_eq!(number([2700.0, 6300.0], 5), ["3,000", "4,000", "5,000", "6,000"]);
        assert_eq!(number([-0.31, 0.2], 5), ["−0.2", "0.0", "0.2"]);
        assert_eq!(number([0.0, 3e6], 3), ["0", "1M", "2M", "3M"]);
        assert_eq!(number([0.0, 2.5e-7], 3), ["0", "1e−7", "2e−7"]);
        assert_eq!(number([0.0, 4e99], 2), ["0", "2e99", "4e99"]);
        assert_eq!(number([1e15, 1e15], 5), Vec::<String>::new());
        assert_eq!(number([f64::NAN, 1.0], 5), Vec::<String>::new());
        assert!(number([-f64::MAX, f64::MAX], 5).len() < 12);
    }

    #[test]
    fn times_stand_at_the_beginnings_of_hours_days_months_and_years() {
        let time = |from, to| labels(&Scale::Time, [secs(from), secs(to)], 6);
        assert_eq!(
            time("2024-03-01T22:00:00Z", "2024-03-02T03:00:00Z"),
            ["22:00", "23:00", "02 Mar", "01:00", "02:00", "03:00"]
        );
        assert_eq!(time("2024-03-01T00:00:00Z", "2024-03-04T00:00:00Z")[0], "01 Mar");
        assert_eq!(
            time("2024-01-15T00:00:00Z", "2024-05-02T00:00:00Z"),
            ["Feb 2024", "Mar 2024", "Apr 2024", "May 2024"]
        );
        assert_eq!(time("2000-06-01T00:00:00Z", "2010-02-01T00:00:00Z"), ["2002", "2004", "2006", "2008", "2010"]);
        assert_eq!(labels(&Scale::Time, [0.0, 1.0], 2), ["00:00:00.000", "00:00:00.500", "00:00:01.000"]);
        assert!(!labels(&Scale::Time, [-1e300, 1e300], 4).is_empty());
    }

    #[test]
    fn categories_that_do_not_fit_are_left_out_evenly() {
        let names: Vec<String> = ["a", "b", "c", "d", "e"].map(str::to_owned).to_vec();
        assert_eq!(labels(&Scale::Category(names.clone()), [-0.5, 4.5], 9), ["a", "b", "c", "d", "e"]);
        assert_eq!(labels(&Scale::Category(names.clone()), [-0.5, 4.5], 3), ["a", "c", "e"]);
        assert_eq!(labels(&Scale::Category(names), [7.0, 9.0], 3), Vec::<String>::new());
    }

    #[test]
    fn what_is_looked_at_closely_has_its_digits() {
        let words = |number| in_words(&Scale::Number, number);
        assert_eq!(
            [words(3750.0), words(0.123_456_78), words(-1_234_567.25), words(2.5e-9)],
            ["3,750", "0.123457", "−1,234,567", "2.50000e−9"]
        );
        assert_eq!(in_words(&Scale::Time, secs("2024-03-01T00:00:00Z")), "2024-03-01");
        assert_eq!(in_words(&Scale::Category(vec!["a".to_owned()]), 0.2), "a");
    }
}
