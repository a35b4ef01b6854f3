//! What the engine does around a node and with the whole workflow.

use std::{fmt, str::FromStr, time::Duration};

use jiff::{
    SpanRelativeTo, SpanRound, Unit,
    fmt::friendly::{Designator, FractionalUnit, Spacing, SpanParser, SpanPrinter},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{PortId, Retention};

/// The most times a node is tried again.
pub const MAX_RETRIES: u32 = 100;

/// The output that a node has besides its kind's if [`NodeSettings::error_output`] is set.
pub const ERROR_PORT: &str = "error";

/// What the engine does around a node.
///
/// Settings that are not set have their default and are left out of files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NodeSettings {
    /// A failure of this node does not make the run fail.
    #[serde(skip_serializing_if = "is_default")]
    pub continue_on_error: bool,
    /// The node has an output `error` that gives `message` and `attempts` when it fails; the run does not fail then.
    #[serde(skip_serializing_if = "is_default")]
    pub error_output: bool,
    /// How many times the node is tried again when it fails, up to [`MAX_RETRIES`].
    #[serde(skip_serializing_if = "is_default")]
    pub retries: u32,
    /// How long to wait before the node is tried again.
    #[serde(skip_serializing_if = "is_default")]
    pub retry_delay: Span,
    /// Whether each wait is twice as long as the one before.
    #[serde(skip_serializing_if = "is_default")]
    pub retry_delay_doubles: bool,
    /// How long one attempt may take.
    #[serde(skip_serializing_if = "is_default", with = "given_span")]
    pub time_limit: Option<Span>,
    /// How long results are used again for the same config and input data, in any run.
    #[serde(skip_serializing_if = "is_default", with = "given_span")]
    pub keep_results_for: Option<Span>,
    /// Whether what the node gives stays in memory and is shown only when asked for.
    #[serde(skip_serializing_if = "is_default")]
    pub sensitive: Sensitivity,
}

/// Whether what a node gives stays in memory and is shown only when asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Sensitivity {
    /// As its kind has it: those that give secrets are.
    #[default]
    ByKind,
    /// It does.
    Yes,
    /// It does not.
    No,
}

impl NodeSettings {
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the output ports that the settings add to those of the node's kind: all that the settings change about
    /// what a node gives, and so all of them that belongs in its config fingerprint.
    pub fn added_outputs(&self) -> impl Iterator<Item = PortId> + use<> {
        self.error_output.then(|| PortId::from(ERROR_PORT)).into_iter()
    }

    /// Returns whether the run goes on and does not fail when the node does.
    pub const fn excuses_failure(&self) -> bool {
        self.continue_on_error || self.error_output
    }

    /// Returns how long to wait after an attempt that failed, counted from 1.
    pub fn delay_after(&self, attempt: u32) -> Duration {
        let factor =
            if self.retry_delay_doubles { 1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX) } else { 1 };
        self.retry_delay.0.saturating_mul(factor)
    }
}

/// What the engine does with the whole workflow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WorkflowSettings {
    /// The first failure ends the run.
    pub stop_at_first_error: bool,
    /// Which of its runs stay in the history; without a rule of its own, the program's.
    #[serde(skip_serializing_if = "is_default")]
    pub history: Option<Retention>,
}

impl WorkflowSettings {
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A length of time, written as text such as `1.5s`, `1h 30m` or `7d`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span(pub Duration);

/// A text that is no length of time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a time such as 1.5s, 2m, 1h 30m or 7d{why}")]
pub struct SpanError {
    text: String,
    why: &'static str,
}

impl Span {
    /// Returns whether it is no time at all.
    pub const fn is_zero(self) -> bool {
        self.0.is_zero()
    }

    /// Returns the time with spaces before the units, as sentences have it: `1.5 s`, `1 h 30 m`.
    pub fn in_words(self) -> String {
        self.written(Spacing::BetweenUnitsAndDesignators)
    }

    fn written(self, spacing: Spacing) -> String {
        let printer = SpanPrinter::new().designator(Designator::Compact).spacing(spacing);
        // Below a second whole milliseconds read better than a fraction.
        let printer = if self.0 >= Duration::from_secs(1) || self.is_zero() {
            printer.fractional(Some(FractionalUnit::Second))
        } else {
            printer
        };
        let round = SpanRound::new().largest(Unit::Day).smallest(Unit::Nanosecond).days_are_24_hours();
        let whole = jiff::Span::try_from(self.0).and_then(|span| span.round(round));
        whole
            .map_or_else(|_too_long| printer.unsigned_duration_to_string(&self.0), |span| printer.span_to_string(&span))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written(Spacing::BetweenUnits))
    }
}

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        let wrong = |why| SpanError { text: text.to_owned(), why };
        let is_number = !text.trim().is_empty() && text.trim().chars().all(|char| char.is_ascii_digit() || char == '.');
        if is_number {
            return Err(wrong(": it has no unit"));
        }
        let span = SpanParser::new().parse_span(text.trim()).map_err(|_jiff_words| wrong(""))?;
        if span.get_years() != 0 || span.get_months() != 0 {
            return Err(wrong(": years and months differ in length, write days"));
        }
        let time =
            span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_too_long| wrong(": it is too long"))?;
        Duration::try_from(time).map(Self).map_err(|_negative| wrong(": it is before now"))
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Span;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time such as \"1.5s\" or \"1h 30m\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Span, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

/// A time that may be left out: in a file it is there as plain text, or not at all.
mod given_span {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use super::Span;

    #[expect(clippy::ref_option, reason = "serde hands over a reference to the field")]
    pub(super) fn serialize<S: Serializer>(span: &Option<Span>, serializer: S) -> Result<S::Ok, S::Error> {
        span.unwrap_or_default().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Span>, D::Error> {
        Span::deserialize(deserializer).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn span(text: &str) -> Span {
        text.parse().unwrap()
    }

    #[test]
    fn times_are_read_and_written_as_people_write_them() {
        for (text, millis, written) in [
            ("1.5s", 1_500, "1.5s"),
            ("1500ms", 1_500, "1.5s"),
            ("2m", 120_000, "2m"),
            ("120s", 120_000, "2m"),
            ("1h 30m", 5_400_000, "1h 30m"),
            ("90 minutes", 5_400_000, "1h 30m"),
            ("7d", 604_800_000, "7d"),
            ("1 week", 604_800_000, "7d"),
            (" 20 ms ", 20, "20ms"),
            ("0s", 0, "0s"),
            ("1d 2h 3.25s", 93_603_250, "1d 2h 3.25s"),
        ] {
            assert_eq!(span(text).0, Duration::from_millis(millis), "{text}");
            assert_eq!(span(text).to_string(), written, "{text}");
        }
        assert_eq!(span("5s").in_words(), "5 s");
        assert_eq!(span("90m").in_words(), "1 h 30 m");
    }

    #[test]
    fn what_is_no_time_says_how_to_write_one() {
        let error = |text: &str| text.parse::<Span>().unwrap_err().to_string();
        assert_eq!(error("soon"), "\"soon\" is not a time such as 1.5s, 2m, 1h 30m or 7d");
        assert!(error("5").ends_with("it has no unit"), "{}", error("5"));
        assert!(error("1 month").ends_with("write days"), "{}", error("1 month"));
        assert!(error("-5s").ends_with("before now"), "{}", error("-5s"));
        assert!(error("").contains("is not a time"));
    }

    #[test]
    fn settings_are_written_without_their_defaults_and_read_with_them() {
        let settings = NodeSettings {
            retries: 3,
            retry_delay: span("2s"),
            time_limit: Some(span("1m")),
            keep_results_for: Some(span("7d")),
            ..NodeSettings::default()
        };
        let text = ron::to_string(&settings).unwrap();
        assert_eq!(text, "(retries:3,retry_delay:\"2s\",time_limit:\"1m\",keep_results_for:\"7d\")");
        assert_eq!(ron::from_str::<NodeSettings>(&text).unwrap(), settings);
        let old: NodeSettings = ron::from_str("(continue_on_error: true)").unwrap();
        assert_eq!(old, NodeSettings { continue_on_error: true, ..NodeSettings::default() });
        let unknown = ron::from_str::<NodeSettings>("(retires: 3)").unwrap_err().to_string();
        assert!(unknown.contains("retires") && unknown.contains("retries"), "{unknown}");
        let wrong = ron::from_str::<NodeSettings>("(time_limit: \"5\")").unwrap_err().to_string();
        assert!(wrong.contains("it has no unit"), "{wrong}");
    }

    #[test]
    fn the_delay_stays_or_doubles() {
        let fixed = NodeSettings { retry_delay: span("2s"), ..NodeSettings::default() };
        assert_eq!([1, 2, 3].map(|attempt| fixed.delay_after(attempt).as_secs()), [2, 2, 2]);
        let doubling = NodeSettings { retry_delay_doubles: true, ..fixed };
        assert_eq!([1, 2, 3, 4].map(|attempt| doubling.delay_after(attempt).as_secs()), [2, 4, 8, 16]);
        assert!(doubling.delay_after(100) > Duration::from_hours(1_000_000), "never less than before");
    }

    proptest! {
        #[test]
        fn every_time_is_read_back_as_it_was(nanos in 0..=u64::MAX) {
            let time = Span(Duration::from_nanos(nanos));
            prop_assert_eq!(time.to_string().parse::<Span>(), Ok(time));
        }
    }
}
