//! A forecast in words.

use std::time::Duration;

use super::Forecast;

/// Returns a time as one says it of something to come: `under a second`, `4 s`, `35 s`, `3 min`, `2 h 10 min`. The longer,
/// the rounder: it is a guess, and should not change all the time.
fn rounded(time: Duration) -> String {
    let nearest = |number: u64, step: u64| (number + step / 2) / step * step;
    let secs = time.as_secs_f64().round() as u64;
    match secs {
        _ if time < Duration::from_secs(1) => "under a second".to_owned(),
        ..20 => format!("{secs} s"),
        20..58 => format!("{} s", nearest(secs, 5)),
        58..570 => format!("{} min", nearest(secs, 60) / 60),
        570..3300 => format!("{} min", nearest(secs, 300) / 60),
        _ => match nearest(secs / 60, 10) {
            minutes if minutes % 60 == 0 => format!("{} h", minutes / 60),
            minutes => format!("{} h {} min", minutes / 60, minutes % 60),
        },
    }
}

/// Returns a time to come in words: `about 4 s`, `under a second`.
pub fn about(time: Duration) -> String {
    let rounded = rounded(time);
    if time < Duration::from_secs(1) { rounded } else { format!("about {rounded}") }
}

impl Forecast {
    /// Returns how long the whole run takes: `about 4 s`, `at least 4 s, 2 nodes never timed`, `nothing to do`.
    pub fn total_in_words(&self) -> String {
        if self.n_executing == 0 {
            return "nothing to do".to_owned();
        }
        let unknown = match self.n_unknown {
            0 => String::new(),
            1 => "1 node never timed".to_owned(),
            more => format!("{more} nodes never timed"),
        };
        match self.total {
            None => unknown,
            Some(total) if unknown.is_empty() => self.figure(total),
            // At least next to nothing says nothing.
            Some(total) if total < Duration::from_secs(1) => unknown,
            Some(total) => format!("{}, {unknown}", self.figure(total)),
        }
    }

    /// Returns how long is left: `about 12 s left`; nothing if nobody knows.
    pub fn left_in_words(&self) -> Option<String> {
        let says_something = |left: &Duration| self.n_unknown == 0 || *left >= Duration::from_secs(1);
        let left = self.left.filter(|_| self.n_executing > 0).filter(says_something)?;
        Some(format!("{} left", self.figure(left)))
    }

    /// Returns whether a time can be named.
    pub fn is_a_figure(&self) -> bool {
        self.total.is_some_and(|total| self.n_unknown == 0 || total >= Duration::from_secs(1))
    }

    fn figure(&self, time: Duration) -> String {
        let rounded = rounded(time);
        match () {
            () if self.n_unknown > 0 => format!("at least {rounded}"),
            () if self.is_rough && time < Duration::from_secs(1) => format!("perhaps {rounded}"),
            () if self.is_rough => format!("roughly {rounded}"),
            () => about(time),
        }
    }
}

/// Returns both kinds of run at once: `Resume about 4 s, full run about 3 min`.
pub fn both_in_words(resume: &Forecast, full: &Forecast) -> String {
    let said = |what: &str, forecast: &Forecast| {
        let colon = if forecast.is_a_figure() { "" } else { ":" };
        format!("{what}{colon} {}", forecast.total_in_words())
    };
    let resume = if resume.n_executing == 0 { "nothing to resume".to_owned() } else { said("Resume", resume) };
    format!("{resume}, {}", said("full run", full))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_to_come_are_rounded() {
        let said = |secs: f64| about(Duration::from_secs_f64(secs));
        assert_eq!([said(0.0), said(0.99)], ["under a second", "under a second"]);
        assert_eq!([said(1.0), said(4.4), said(12.0)], ["about 1 s", "about 4 s", "about 12 s"]);
        assert_eq!([said(33.0), said(56.0), said(59.0)], ["about 35 s", "about 55 s", "about 1 min"]);
        assert_eq!([said(184.0), said(1450.0), said(3500.0)], ["about 3 min", "about 25 min", "about 1 h"]);
        assert_eq!([said(7900.0), said(86_400.0)], ["about 2 h 10 min", "about 24 h"]);
    }

    #[test]
    fn what_is_not_known_is_said() {
        let forecast = |secs: Option<u64>, n_unknown: usize, is_rough: bool| {
            let time = secs.map(Duration::from_secs);
            Forecast { total: time, left: time, n_executing: 5, n_unknown, is_rough, critical: Vec::new() }
        };
        assert_eq!(forecast(Some(4), 0, false).total_in_words(), "about 4 s");
        assert_eq!(forecast(Some(4), 0, true).total_in_words(), "roughly 4 s");
        assert_eq!(forecast(Some(4), 2, true).total_in_words(), "at least 4 s, 2 nodes never timed");
        assert_eq!(forecast(None, 1, false).total_in_words(), "1 node never timed");
        assert_eq!(forecast(Some(0), 0, true).total_in_words(), "perhaps under a second");
        assert_eq!(forecast(Some(0), 2, false).total_in_words(), "2 nodes never timed");
        assert_eq!(forecast(Some(0), 2, false).left_in_words(), None);
        assert_eq!(Forecast::default().total_in_words(), "nothing to do");
        assert_eq!(forecast(Some(12), 0, false).left_in_words().as_deref(), Some("about 12 s left"));
        assert_eq!(forecast(Some(12), 1, false).left_in_words().as_deref(), Some("at least 12 s left"));
        assert_eq!(forecast(None, 1, false).left_in_words(), None);
        assert_eq!(
            both_in_words(&forecast(Some(4), 0, false), &forecast(Some(180), 0, false)),
            "Resume about 4 s, full run about 3 min"
        );
        assert_eq!(
            both_in_words(&Forecast::default(), &forecast(None, 3, false)),
            "nothing to resume, full run: 3 nodes never timed"
        );
    }
}
