//! The life of a version or an operation: what is announced of it, and when its requests are refused.

use http::{HeaderName, HeaderValue};

/// All of a million.
pub const WHOLE: u32 = 1_000_000;

/// What is done with requests after the sunset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AfterSunset {
    /// They are served as before.
    #[default]
    Serve,
    /// They are refused.
    Refuse,
}

/// Times in which requests are refused, in seconds since 1970 and seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Brownout {
    /// When the first begins.
    pub from: i64,
    /// How long each lasts; at least 1.
    pub lasts: i64,
    /// From the beginning of one to that of the next; more than `lasts`. Absent for one alone.
    pub every: Option<i64>,
    /// When the last is over.
    pub until: i64,
    /// How many of [`WHOLE`] requests are refused.
    pub share: u32,
}

impl Brownout {
    /// When the one that runs now is over; `None` where none does.
    pub fn over(&self, now: i64) -> Option<i64> {
        if now < self.from || now >= self.until {
            return None;
        }
        let begun = match self.every {
            // seconds have no time zone, so that no change to summer time moves one
            Some(every) => now - (now - self.from).rem_euclid(every.max(1)),
            None => self.from,
        };
        let over = begun.saturating_add(self.lasts).min(self.until);
        (now < over).then_some(over)
    }

    /// When the next one begins, after `now`.
    pub fn next(&self, now: i64) -> Option<i64> {
        let begins = match self.every {
            _ if now < self.from => self.from,
            Some(every) => {
                let every = every.max(1);
                self.from
                    .saturating_add(((now - self.from).div_euclid(every) + 1).saturating_mul(every))
            }
            None => return None,
        };
        (begins < self.until).then_some(begins)
    }
}

/// Where a version or an operation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Nothing is announced, or only for later.
    Current,
    /// Deprecated, and served.
    Deprecated,
    /// Refused for a while: until when, and how many of [`WHOLE`] requests.
    BrownOut {
        /// In seconds since 1970.
        until: i64,
        /// Of [`WHOLE`].
        share: u32,
    },
    /// The sunset has passed, and it is served.
    Sunset,
    /// The sunset has passed, and it is refused.
    Gone,
}

impl Stage {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Deprecated => "deprecated",
            Self::BrownOut { .. } => "brown-out",
            Self::Sunset => "sunset",
            Self::Gone => "gone",
        }
    }
}

/// What is announced about a version or an operation, and what becomes of it.
#[derive(Clone, Debug, Default)]
pub struct Life {
    /// Since when it is deprecated, in seconds since 1970.
    pub deprecated: Option<i64>,
    /// When it goes.
    pub sunset: Option<i64>,
    /// What is done from then on.
    pub after: AfterSunset,
    /// When it is refused before.
    pub brownouts: Vec<Brownout>,
    /// A page that says more.
    pub link: Option<Box<str>>,
    /// What to use instead.
    pub successor: Option<Box<str>>,
    /// `Deprecation`, `Sunset`, `Link`.
    pub announced: Vec<(HeaderName, HeaderValue)>,
}

impl Life {
    /// Where it stands.
    pub fn stage(&self, now: i64) -> Stage {
        if self.sunset.is_some_and(|end| now >= end) {
            return match self.after {
                AfterSunset::Serve => Stage::Sunset,
                AfterSunset::Refuse => Stage::Gone,
            };
        }
        match self.brown_out(now) {
            Some((until, share)) => Stage::BrownOut { until, share },
            None if self.deprecated.is_some_and(|since| now >= since) => Stage::Deprecated,
            None => Stage::Current,
        }
    }

    /// Of all that run now: when the last is over that begins before the one before it ends, and the largest share.
    fn brown_out(&self, now: i64) -> Option<(i64, u32)> {
        let running =
            |at: i64| self.brownouts.iter().filter_map(move |one| Some((one.over(at)?, one.share)));
        let share = running(now).map(|(_, share)| share).max()?;
        let mut over = now;
        // each turn passes the end of one, and one more could only begin anew
        for _ in 0..self.brownouts.len() {
            match running(over).map(|(over, _)| over).max() {
                Some(later) => over = later,
                None => break,
            }
        }
        Some((over, share))
    }

    /// When the next brown-out begins that comes before the sunset.
    pub fn next_brown_out(&self, now: i64) -> Option<i64> {
        let next = self.brownouts.iter().filter_map(|one| one.next(now)).min()?;
        self.sunset.is_none_or(|end| next < end).then_some(next)
    }

    /// Whether a request is refused, of which `draw` of [`WHOLE`] was drawn.
    pub fn refuses(&self, now: i64, draw: impl FnOnce() -> u32) -> Option<Stage> {
        if self.sunset.is_none() && self.brownouts.is_empty() {
            return None;
        }
        let stage = self.stage(now);
        match stage {
            Stage::Gone => Some(stage),
            Stage::BrownOut { share, .. } if share >= WHOLE || draw() < share => Some(stage),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{AfterSunset, Brownout, Life, Stage, WHOLE};

    fn any_brownout() -> impl Strategy<Value = Brownout> {
        let every = proptest::option::of(2..500_i64);
        (0..1000_i64, 1..300_i64, every, 1..3000_i64, 1..=WHOLE).prop_map(
            |(from, lasts, every, length, share)| {
                let lasts = every.map_or(lasts, |every| lasts.min(every - 1));
                let until = if every.is_some() { from + length } else { from + lasts };
                Brownout { from, lasts, every, until, share }
            },
        )
    }

    /// Whether one runs, by going through all of them.
    fn runs(one: &Brownout, now: i64) -> bool {
        let mut begins = one.from;
        loop {
            let over = (begins + one.lasts).min(one.until);
            if begins >= one.until {
                return false;
            }
            if (begins..over).contains(&now) {
                return true;
            }
            match one.every {
                Some(every) => begins += every,
                None => return false,
            }
        }
    }

    proptest! {
        #[test]
        fn a_brown_out_runs_when_one_of_its_times_does(one in any_brownout(), now in 0..5000_i64) {
            prop_assert_eq!(one.over(now).is_some(), runs(&one, now));
            if let Some(over) = one.over(now) {
                prop_assert!(over > now && (now..over).all(|at| runs(&one, at)));
                prop_assert!(!runs(&one, over), "it is over when it says so");
            }
            if let Some(next) = one.next(now) {
                prop_assert!(next > now && runs(&one, next) && !runs(&one, next - 1));
            }
        }

        #[test]
        fn several_are_over_when_none_runs_any_more(
            all in proptest::collection::vec(any_brownout(), 0..4),
            now in 0..4000_i64,
        ) {
            let life = Life { brownouts: all.clone(), ..Life::default() };
            match life.stage(now) {
                Stage::BrownOut { until, .. } => {
                    prop_assert!((now..until).all(|at| all.iter().any(|one| runs(one, at))));
                }
                stage => {
                    prop_assert_eq!(stage, Stage::Current);
                    prop_assert!(!all.iter().any(|one| runs(one, now)));
                }
            }
        }

        #[test]
        fn what_is_gone_never_comes_back(sunset in 0..1000_i64, later in 0..5000_i64, one in any_brownout()) {
            let (brownouts, after) = (vec![one], AfterSunset::Refuse);
            let life = Life { sunset: Some(sunset), after, brownouts, ..Life::default() };
            prop_assert_eq!(life.stage(sunset + later), Stage::Gone);
            prop_assert_eq!(life.refuses(sunset + later, || WHOLE - 1), Some(Stage::Gone));
            let served = Life { after: AfterSunset::Serve, ..life };
            prop_assert_eq!(served.refuses(sunset + later, || 0), None);
        }
    }

    #[test]
    fn a_share_of_the_requests_is_refused() {
        let one = Brownout { from: 0, lasts: 10, every: None, until: 10, share: 250_000 };
        let life = Life { brownouts: vec![one], ..Life::default() };
        let refused = (0..WHOLE).step_by(1000).filter(|draw| life.refuses(5, || *draw).is_some());
        assert_eq!(refused.count(), 250);
        assert!(life.refuses(10, || 0).is_none());
    }

    #[test]
    fn each_day_is_the_same_time_of_day_over_a_change_to_summer_time() {
        // 09:00 UTC on 2026-03-28 and on the two days after, between which clocks in Europe change
        let (from, day) = (1_774_688_400, 86_400);
        let one =
            Brownout { from, lasts: 600, every: Some(day), until: from + 9 * day, share: WHOLE };
        for days in 0..3 {
            assert_eq!(one.over(from + days * day), Some(from + days * day + 600));
            assert_eq!(one.over(from + days * day - 1), None);
        }
    }
}
