//! Which runs stay in the history.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Which runs stay in the history. What a limit says nothing of stays.
///
/// Limits that are not set are left out of files; without any, all runs stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// Whether runs are kept at all once they have ended.
    #[serde(skip_serializing_if = "is_true")]
    pub save_runs: bool,
    /// At most so many runs, the newest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newest: Option<u32>,
    /// So many of the newest stay whatever the limits of days and of size say.
    #[serde(skip_serializing_if = "is_zero")]
    pub at_least: u32,
    /// Runs that started more days ago than this go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
    /// The oldest go until all results together are no larger than this, in mebibytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_mib: Option<u64>,
    /// Runs with errors stay whatever the limits say.
    #[serde(skip_serializing_if = "is_false")]
    pub keep_errors: bool,
}

impl Default for Retention {
    fn default() -> Self {
        Self { save_runs: true, newest: None, at_least: 0, days: None, total_mib: None, keep_errors: false }
    }
}

impl Retention {
    /// Returns whether any run may have to go.
    pub const fn limits_anything(&self) -> bool {
        !self.save_runs || self.newest.is_some() || self.days.is_some() || self.total_mib.is_some()
    }
}

impl fmt::Display for Retention {
    /// Writes the rule in words: `the newest 100 runs, none older than 30 days`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.save_runs {
            return f.write_str("no runs are kept");
        }
        let mut said = Vec::new();
        said.extend(self.newest.map(|newest| format!("the newest {newest}")));
        said.extend(self.days.map(|days| format!("none older than {days} days")));
        said.extend(self.total_mib.map(|mib| format!("{mib} MiB in all")));
        if said.is_empty() {
            return f.write_str("all runs are kept");
        }
        if self.at_least > 0 {
            said.push(format!("at least {}", self.at_least));
        }
        if self.keep_errors {
            said.push("all with errors".to_owned());
        }
        f.write_str(&said.join(", "))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference to the field")]
const fn is_true(value: &bool) -> bool {
    *value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference to the field")]
const fn is_false(value: &bool) -> bool {
    !*value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference to the field")]
const fn is_zero(value: &u32) -> bool {
    *value == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_told_in_words() {
        let all = Retention::default();
        assert_eq!(all.to_string(), "all runs are kept");
        assert!(!all.limits_anything());
        let rule = Retention { newest: Some(100), days: Some(30), keep_errors: true, ..all };
        assert_eq!(rule.to_string(), "the newest 100, none older than 30 days, all with errors");
        assert_eq!(Retention { save_runs: false, ..rule }.to_string(), "no runs are kept");
    }

    #[test]
    fn what_is_not_set_is_left_out_of_the_text() {
        assert_eq!(ron::to_string(&Retention::default()).unwrap(), "()");
        let rule = Retention { save_runs: false, at_least: 3, ..Retention::default() };
        let text = ron::to_string(&rule).unwrap();
        assert_eq!(ron::from_str::<Retention>(&text), Ok(rule));
    }
}
