//! How far a version's number must move for what changed: Semantic Versioning 2.0.0, dates and plain numbers.

use std::cmp::Ordering;

/// How far one version is from the one before, and how far it has to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bump {
    /// The same version.
    #[default]
    None,
    /// `1.4.0` to `1.4.1`: nothing that a client sees in a payload.
    Patch,
    /// `1.4.0` to `1.5.0`: more than before, and nothing that an old client trips over.
    Minor,
    /// `1.4.0` to `2.0.0`: some old client breaks.
    Major,
}

impl Bump {
    /// The word in reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        }
    }
}

/// What changed between two versions, as far as their numbers are concerned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// A message is broken, or not proved to get through.
    pub broken: bool,
    /// Something is there that was not, or reads differently.
    pub extended: bool,
    /// The documents are not the same.
    pub content: bool,
}

impl Changed {
    /// The bump that calls for, by Semantic Versioning 2.0.0 §6 to §8.
    pub const fn required(self) -> Bump {
        match self {
            Self { broken: true, .. } => Bump::Major,
            Self { extended: true, .. } => Bump::Minor,
            Self { content: true, .. } => Bump::Patch,
            Self { .. } => Bump::None,
        }
    }
}

/// A required bump beside the declared one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bumped {
    /// What the changes call for.
    pub required: Bump,
    /// The lowest version that is enough; the old one where nothing is required. `None` where labels have no
    /// successor, as dates have none without a calendar.
    pub lowest: Option<String>,
    /// Whether the declared version is enough.
    pub sufficient: bool,
}

/// Compares the version that is declared with the one that `changed` calls for.
///
/// * Semantic versions (`1.4.0`, also `1.4`): as written there. Below 1.0.0 breaks call for a minor bump and all else
///   for a patch, below 0.1.0 for a patch: the practice of most package managers, as the standard promises nothing
///   there. What leads to a pre-release or from one has any content it likes (§9), but a version of its own.
/// * Dates and single numbers (`2026-05-01`, `v3`) only move when something breaks: additions need no new one.
/// * Other labels are enough when they differ.
pub fn bump(old: &str, new: &str, changed: Changed) -> Bumped {
    let required = changed.required();
    let (Some(from), Some(to)) = (Label::of(old), Label::of(new)) else {
        let sufficient = required == Bump::None || old != new;
        return Bumped { required, lowest: None, sufficient };
    };
    let lowest = from.lowest(required).map(|numbers| from.spelled(&numbers));
    let sufficient = match to.compare(&from) {
        Ordering::Less => false,
        Ordering::Equal => !from.moves_for(required),
        Ordering::Greater if from.pre.is_some() || to.pre.is_some() || from.kind != to.kind => true,
        Ordering::Greater => match from.lowest(required) {
            Some(lowest) => to.numbers >= lowest,
            None => true,
        },
    };
    Bumped { required, lowest, sufficient }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Semantic,
    Number,
    Date,
}

/// A label that has an order.
#[derive(Clone, Debug)]
struct Label<'t> {
    kind: Kind,
    prefix: &'t str,
    /// Three for a semantic version and a date, whatever was written; one for a number.
    numbers: Vec<u64>,
    /// How many were written.
    written: usize,
    pre: Option<&'t str>,
}

impl<'t> Label<'t> {
    fn of(text: &'t str) -> Option<Self> {
        let plain = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let prefix = text.get(..text.len() - plain.len())?;
        let plain = plain.split_once('+').map_or(plain, |(plain, _)| plain);
        if let Some((numbers, pre)) = date(plain) {
            return Some(Self { kind: Kind::Date, prefix, numbers, written: 3, pre });
        }
        let (plain, pre) =
            plain.split_once('-').map_or((plain, None), |(plain, pre)| (plain, Some(pre)));
        let mut numbers = plain.split('.').map(number).collect::<Option<Vec<_>>>()?;
        let written = numbers.len();
        let kind = match written {
            1 => Kind::Number,
            2 | 3 => Kind::Semantic,
            _ => return None,
        };
        if kind == Kind::Semantic {
            numbers.resize(3, 0);
        }
        Some(Self { kind, prefix, numbers, written, pre })
    }

    fn compare(&self, other: &Self) -> Ordering {
        let pre = || match (self.pre, other.pre) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(one), Some(other)) => compared(one, other),
        };
        self.numbers.cmp(&other.numbers).then_with(pre)
    }

    // Whether a version with these changes needs another label at all.
    fn moves_for(&self, required: Bump) -> bool {
        match self.kind {
            Kind::Semantic => required > Bump::None,
            Kind::Number | Kind::Date => required == Bump::Major,
        }
    }

    fn lowest(&self, required: Bump) -> Option<Vec<u64>> {
        if !self.moves_for(required) {
            return Some(self.numbers.clone());
        }
        match (self.kind, self.numbers.as_slice()) {
            (Kind::Number, [number]) => Some(vec![number.saturating_add(1)]),
            (Kind::Semantic, [major, minor, patch]) => {
                let (major, minor, patch) = (*major, *minor, *patch);
                Some(match (required, major, minor) {
                    (Bump::Major, 1.., _) => vec![major.saturating_add(1), 0, 0],
                    (Bump::Minor, 1.., _) | (Bump::Major, 0, 1..) => {
                        vec![major, minor.saturating_add(1), 0]
                    }
                    _ => vec![major, minor, patch.saturating_add(1)],
                })
            }
            _ => None,
        }
    }

    // A patch does not show in a version of two numbers until it is not zero.
    fn spelled(&self, numbers: &[u64]) -> String {
        if self.kind == Kind::Date {
            let text: Vec<String> = numbers.iter().map(|one| format!("{one:02}")).collect();
            return format!("{}{}", self.prefix, text.join("-"));
        }
        let needed = numbers.iter().rposition(|one| *one > 0).map_or(1, |last| last + 1);
        let shown = numbers.iter().take(needed.max(self.written));
        let text: Vec<String> = shown.map(u64::to_string).collect();
        format!("{}{}", self.prefix, text.join("."))
    }
}

// Semantic Versioning 2.0.0 §11.4.
fn compared(one: &str, other: &str) -> Ordering {
    let mut ours = one.split('.');
    let mut theirs = other.split('.');
    loop {
        let order = match (ours.next(), theirs.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(one), Some(other)) => match (number(one), number(other)) {
                (Some(one), Some(other)) => one.cmp(&other),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => one.cmp(other),
            },
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

// A year of four digits, a month and a day, and what follows a further dash.
fn date(text: &str) -> Option<(Vec<u64>, Option<&str>)> {
    let mut parts = text.splitn(4, '-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let fits = year.len() == 4 && (1..=2).contains(&month.len()) && (1..=2).contains(&day.len());
    let numbers = vec![number(year)?, number(month)?, number(day)?];
    fits.then(|| (numbers, parts.next()))
}

fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::{Bump, Changed, bump};

    const BREAKS: Changed = Changed { broken: true, extended: true, content: true };
    const ADDS: Changed = Changed { broken: false, extended: true, content: true };
    const EDITS: Changed = Changed { broken: false, extended: false, content: true };
    const SAME: Changed = Changed { broken: false, extended: false, content: false };

    #[track_caller]
    fn check(old: &str, changed: Changed, lowest: Option<&str>, enough: &[&str], not: &[&str]) {
        for (labels, wanted) in [(enough, true), (not, false)] {
            for new in labels {
                let found = bump(old, new, changed);
                assert_eq!(found.lowest.as_deref(), lowest, "{old}");
                assert_eq!(found.sufficient, wanted, "{old} to {new}");
            }
        }
    }

    #[test]
    fn semantic_versions_follow_the_standard() {
        check(
            "1.4.2",
            BREAKS,
            Some("2.0.0"),
            &["2.0.0", "3.1.0", "2.0.0-rc.1"],
            &["1.5.0", "1.4.2", "1.9.9"],
        );
        check(
            "1.4.2",
            ADDS,
            Some("1.5.0"),
            &["1.5.0", "1.7.1", "2.0.0"],
            &["1.4.3", "1.4.2", "1.4.1"],
        );
        check("1.4.2", EDITS, Some("1.4.3"), &["1.4.3", "1.5.0"], &["1.4.2", "1.4.1"]);
        check("1.4.2", SAME, Some("1.4.2"), &["1.4.2", "1.4.3"], &["1.4.1"]);
        check("v1.4", ADDS, Some("v1.5"), &["v1.5", "1.5.0"], &["v1.4", "v1.4.1"]);
        check("v1.4", EDITS, Some("v1.4.1"), &["v1.4.1"], &["v1.4"]);
        check("1.4.2+build.7", EDITS, Some("1.4.3"), &["1.4.3"], &["1.4.2+build.8"]);
    }

    #[test]
    fn before_the_first_major_version_less_is_promised() {
        check("0.4.2", BREAKS, Some("0.5.0"), &["0.5.0", "1.0.0"], &["0.4.3", "0.4.2"]);
        check("0.4.2", ADDS, Some("0.4.3"), &["0.4.3"], &["0.4.2"]);
        check("0.0.2", BREAKS, Some("0.0.3"), &["0.0.3"], &["0.0.2"]);
    }

    #[test]
    fn a_prerelease_promises_nothing_but_its_name() {
        check(
            "2.0.0-rc.2",
            BREAKS,
            Some("3.0.0"),
            &["2.0.0-rc.10", "2.0.0"],
            &["2.0.0-rc.2", "2.0.0-rc.1"],
        );
    }

    #[test]
    fn dates_and_numbers_move_for_breaks_only() {
        check(
            "2026-05-01",
            BREAKS,
            None,
            &["2026-05-02", "2026-06-01-preview"],
            &["2026-05-01", "2026-04-30"],
        );
        check(
            "2026-05-01",
            ADDS,
            Some("2026-05-01"),
            &["2026-05-01", "2026-06-01"],
            &["2025-05-01"],
        );
        check("v3", BREAKS, Some("v4"), &["v4", "5"], &["v3", "v2"]);
        check("v3", ADDS, Some("v3"), &["v3", "v4"], &["v2"]);
    }

    #[test]
    fn other_labels_are_enough_when_they_differ() {
        check("next", BREAKS, None, &["later", "2.0.0"], &["next"]);
        check("next", SAME, None, &["next"], &[]);
        assert_eq!(bump("a", "b", ADDS).required, Bump::Minor);
    }
}
