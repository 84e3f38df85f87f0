//! What the way between two versions is, by a word, a sign and a colour of its own.

use crate::snapshot::{Api, Choice, ClientVersion, Crossing, CrossingMessage, Group};

/// A way, from the best to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// Bytes pass as they are.
    Native,
    /// Messages are converted, and nothing is lost.
    Bridged,
    /// Messages are converted, and something is dropped or replaced.
    Lossy,
    /// There is none: requests are refused, or served by another version.
    None,
}

impl Way {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Bridged => "bridged",
            Self::Lossy => "lossy",
            Self::None => "no way",
        }
    }

    /// For those who do not see colours.
    pub(super) const fn sign(self) -> &'static str {
        match self {
            Self::Native => "=",
            Self::Bridged => "⇄",
            Self::Lossy => "▽",
            Self::None => "✕",
        }
    }

    /// Its name in the style sheet.
    pub(super) const fn kind(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Bridged => "bridged",
            Self::Lossy => "lossy",
            Self::None => "none",
        }
    }

    pub(super) fn of(crossing: Option<&Crossing>) -> Self {
        let Some(crossing) = crossing else { return Self::Native };
        let messages = || {
            let answers = crossing.responses.iter().map(|(_, message)| message);
            std::iter::once(&crossing.request).chain(answers)
        };
        let rewritten = crossing.method.is_some() || crossing.merging.is_some();
        let hides = crossing.hiding.as_ref().is_some_and(|hiding| !hiding.refuses);
        if hides || messages().any(CrossingMessage::may_lose) {
            return Self::Lossy;
        }
        let touched = messages().any(|message| {
            message.converts() || !message.parameters.is_empty() || message.status_as.is_some()
        });
        if touched || rewritten { Self::Bridged } else { Self::Native }
    }
}

/// All ways between one client's version and the backends of one version.
#[derive(Clone, Debug, Default)]
pub(super) struct Ways {
    /// Operations by way, in the order of [`Way`].
    pub(super) counts: [usize; 4],
}

impl Ways {
    pub(super) fn between(client: &ClientVersion, group: usize) -> Self {
        let mut ways = Self::default();
        for operation in &client.operations {
            let way = choice(&operation.choices, group)
                .map_or(Way::None, |choice| Way::of(choice.crossing.as_deref()));
            if let Some(count) = ways.counts.get_mut(way as usize) {
                *count += 1;
            }
        }
        // without a description a version is served by its own backends only
        if client.operations.is_empty() {
            let way = if client.exact == Some(group) { Way::Native } else { Way::None };
            if let Some(count) = ways.counts.get_mut(way as usize) {
                *count = 1;
            }
        }
        ways
    }

    pub(super) fn of(&self, way: Way) -> usize {
        self.counts.get(way as usize).copied().unwrap_or_default()
    }

    pub(super) fn all(&self) -> usize {
        self.counts.iter().sum()
    }

    /// The worst of those that there are; none only where there is no other.
    pub(super) fn worst(&self) -> Way {
        let there = [Way::Lossy, Way::Bridged, Way::Native];
        there.into_iter().find(|way| self.of(*way) > 0).unwrap_or(Way::None)
    }
}

pub(super) fn choice(choices: &[Choice], group: usize) -> Option<&Choice> {
    choices.iter().find(|choice| choice.group == group)
}

/// The label of a group's version; a dash for plain proxying.
pub(super) fn label<'a>(api: &'a Api, group: &Group) -> &'a str {
    let label = group.version.and_then(|version| api.versions.labels().get(version));
    label.map_or("–", String::as_str)
}
