//! How bad a change is: a level for each side of a message, each direction of compatibility and each policy.

use std::fmt;

use crate::schema::Side;

/// How bad a change is for those it concerns. The verdict on a message is proof; the level is what the rule alone says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// No payload that used to get through is refused because of it, and none means something else.
    Safe,
    /// It depends: on the payloads, on the rest of the schema, or on what a program made of it.
    Risky,
    /// Some payload that used to get through is refused, or something that was there to be used is gone.
    Breaking,
}

impl Level {
    /// The word in every report.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Risky => "risky",
            Self::Breaking => "breaking",
        }
    }

    /// One step milder.
    const fn eased(self) -> Self {
        match self {
            Self::Breaking => Self::Risky,
            Self::Risky | Self::Safe => Self::Safe,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

/// Which way two versions must get along.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// Old clients of new backends, and old documents for new readers: may the new version replace the old?
    Backward,
    /// New clients of old backends, and new documents for old readers.
    Forward,
}

/// How much is asked of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Policy {
    /// A sender may send members that it never declared.
    Strict,
    /// A sender sends what it declared.
    Standard,
    /// The same, and what only people read does not count.
    Lenient,
}

/// What a rule is about, which says whether a proof about payloads can ease its level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum About {
    /// Which payloads get through: the proof of a message outranks the level.
    Payload,
    /// What a payload means, although the same ones get through.
    Meaning,
    /// What stands around the messages: credentials, servers, links. A breaking row is a finding of its own.
    Service,
    /// Life cycle and documentation: a notice to people.
    Notice,
}

impl About {
    /// The word in every report.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Payload => "payload",
            Self::Meaning => "meaning",
            Self::Service => "service",
            Self::Notice => "notice",
        }
    }
}

/// What is proved of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Proof {
    /// Every payload gets through untouched.
    Native,
    /// Every payload gets through, some by a conversion.
    Holds,
}

impl Proof {
    /// What is left of a payload rule's level on a message of which this is proved.
    pub(super) const fn eases(self, level: Level) -> Level {
        match (self, level) {
            (Self::Holds, Level::Risky) => Level::Risky,
            _ => level.eased(),
        }
    }
}

/// The levels of one rule under one policy: a row for the request, the response, and what is on neither side;
/// in each, *backward* and *forward*.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Levels(pub(super) [[Level; 2]; 3]);

impl Levels {
    pub(super) const fn at(self, side: Option<Side>, direction: Direction) -> Level {
        let Self([request, response, neither]) = self;
        let [backward, forward] = match side {
            Some(Side::Request) => request,
            Some(Side::Response) => response,
            None => neither,
        };
        match direction {
            Direction::Backward => backward,
            Direction::Forward => forward,
        }
    }
}

const S: Level = Level::Safe;
const R: Level = Level::Risky;
const B: Level = Level::Breaking;

/// Fewer payloads are valid: it breaks whoever writes by the older version.
pub(super) const NARROWS: Levels = Levels([[B, S], [S, B], [B, S]]);
/// More payloads are valid: it breaks whoever reads by the older version.
pub(super) const WIDENS: Levels = Levels([[S, B], [B, S], [S, B]]);
/// Some payloads more, some less.
pub(super) const SHIFTS: Levels = Levels([[B, B], [B, B], [B, B]]);
/// Fewer payloads may be valid.
pub(super) const MAY_NARROW: Levels = Levels([[R, S], [S, R], [R, S]]);
/// More payloads may be valid.
pub(super) const MAY_WIDEN: Levels = Levels([[S, R], [R, S], [S, R]]);
/// Nobody can say by its looks.
pub(super) const DOUBTFUL: Levels = Levels([[R, R], [R, R], [R, R]]);
/// Nothing is asked of anybody.
pub(super) const SAFE: Levels = Levels([[S, S], [S, S], [S, S]]);
/// Old clients lose something.
pub(super) const LOST: Levels = Levels([[B, S], [B, S], [B, S]]);
/// Old backends lack something.
pub(super) const GAINED: Levels = Levels([[S, B], [S, B], [S, B]]);
/// Old clients may miss something.
pub(super) const MISSED: Levels = Levels([[R, S], [R, S], [R, S]]);
/// New clients may miss something in old backends.
pub(super) const NOT_YET: Levels = Levels([[S, R], [S, R], [S, R]]);
/// An open list of values that grew: clients that read were told to expect it.
pub(super) const EXTENDED: Levels = Levels([[S, B], [S, S], [S, R]]);
/// An open list of values that shrank.
pub(super) const SHORTENED: Levels = Levels([[B, S], [S, S], [R, S]]);
/// An optional member that is gone: what old clients sent is ignored, what they read may be missed.
pub(super) const DROPPED: Levels = Levels([[R, S], [R, S], [R, S]]);
/// The same where a sender may send the name with any value.
pub(super) const DROPPED_STRICT: Levels = Levels([[R, R], [R, S], [R, R]]);
/// A required member that is gone: who reads by the older version refuses what lacks it.
pub(super) const WITHDRAWN: Levels = Levels([[R, B], [B, S], [R, B]]);
/// An optional member that is new: old backends ignore it.
pub(super) const OFFERED: Levels = Levels([[S, R], [S, S], [S, S]]);
/// The same where an old sender may have sent the name with any value.
pub(super) const OFFERED_STRICT: Levels = Levels([[R, R], [S, R], [R, S]]);
/// A member that leaves the requests, or comes into them.
pub(super) const ONE_WAY: Levels = Levels([[R, R], [R, R], [S, S]]);
/// Old clients do without it; old backends ignore it.
pub(super) const IGNORED: Levels = Levels([[S, R], [S, S], [S, S]]);
/// New backends ignore what old clients send.
pub(super) const IGNORED_NOW: Levels = Levels([[R, S], [S, S], [S, S]]);
/// Old clients lack it; old backends ignore it.
pub(super) const NEEDED: Levels = Levels([[B, R], [S, S], [S, S]]);
/// New backends ignore it; old ones lack it.
pub(super) const BROUGHT: Levels = Levels([[R, B], [S, S], [S, S]]);
/// New clients count on what old backends do not send.
pub(super) const ASKED: Levels = Levels([[S, S], [S, B], [S, S]]);
/// Old clients may have used what is no longer sent.
pub(super) const GUESSED: Levels = Levels([[S, S], [R, S], [R, S]]);
/// New backends ignore it, and old ones may refuse its absence.
pub(super) const BOTH_WAYS: Levels = Levels([[R, B], [S, S], [S, S]]);
/// A body in one more media type.
pub(super) const MORE_TYPES: Levels = Levels([[R, B], [R, R], [S, S]]);
/// A body in one media type less.
pub(super) const FEWER_TYPES: Levels = Levels([[B, R], [B, R], [S, S]]);
/// One more status that is no error.
pub(super) const MORE_ANSWERS: Levels = Levels([[S, S], [B, S], [S, S]]);
/// One status less that is no error.
pub(super) const FEWER_ANSWERS: Levels = Levels([[S, S], [R, B], [S, S]]);
/// A promise to people that is taken back.
pub(super) const SLIPPED: Levels = Levels([[R, S], [R, S], [R, S]]);
