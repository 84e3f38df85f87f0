//! One difference between two versions, with every message that it reaches.

use std::sync::Arc;

use super::level::{About, Direction, Level, Policy, Proof};
use super::rule::Rule;
use crate::describe::model::{Location, Status};
use crate::pointer::Pointer;
use crate::problem::Place;
use crate::schema::{SchemaPlace, Side};

/// One difference between two versions.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Which kind.
    pub rule: &'static Rule,
    /// What it is in: ``POST /orders request application/json``, or ``component `Order` `` for a shared schema,
    /// which is told once, with the place of the first message that reaches it.
    pub subject: String,
    /// Inside the payload or component, with `*` for any item or member.
    pub pointer: Pointer,
    /// What exactly: a sentence fragment.
    pub message: String,
    /// Where the older document says it; `None` when it does not.
    pub old: Option<Place>,
    /// Where the newer document says it; `None` when it does not.
    pub new: Option<Place>,
    /// The place in the older version's bundled schema as written, below the message or its component; `None`
    /// for what is no schema.
    pub old_schema: Option<SchemaPlace>,
    /// The same in the newer version.
    pub new_schema: Option<SchemaPlace>,
    /// Which way the first message that it reaches travels; `None` for whole operations and plain documents.
    pub side: Option<Side>,
    /// Every message that it reaches; never empty.
    pub reached: Vec<Reached>,
}

/// A message that a change reaches.
#[derive(Clone, Debug, PartialEq)]
pub struct Reached {
    /// Which.
    pub message: Arc<Message>,
    /// On the way to it stands a `oneOf` of several variants: fewer payloads of one variant may be more of the
    /// whole, and the other way round, so that no direction is safe by the looks of the change.
    pub overlapping: bool,
}

/// What a change is told of: a part of a message, or something around it.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// `METHOD /path` in the newer version (in the older one when it is gone), or the plain document's name.
    pub operation: String,
    /// What the older version calls the operation, where that is another name.
    pub formerly: Option<String>,
    /// Which way it travels; `None` for whole operations and plain documents.
    pub side: Option<Side>,
    /// The status the older version declares, of a response.
    pub old_status: Option<Status>,
    /// The status the newer version declares, of a response.
    pub new_status: Option<Status>,
    /// Which part of the message.
    pub piece: Piece,
}

/// A part of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// All of it.
    Whole,
    /// The body, by its media type in either version.
    Body {
        /// In the older version.
        old: Option<String>,
        /// In the newer version.
        new: Option<String>,
    },
    /// A parameter, or a header of a response.
    Parameter(Location, String),
}

impl Change {
    /// The worst level over all messages that it reaches.
    pub fn level(&self, direction: Direction, policy: Policy) -> Level {
        self.level_proved(direction, policy, &|_| None)
    }

    /// The same, where a proof takes one step off what is about payloads: what looks breaking and was proved
    /// to hold is risky, and what looks risky and was proved to pass untouched is safe. `proof` says nothing of a
    /// message that is broken or undecided in this direction, so that safe never stands on a broken message.
    pub fn level_proved(
        &self,
        direction: Direction,
        policy: Policy,
        proof: &dyn Fn(&Message) -> Option<Proof>,
    ) -> Level {
        let each = self.reached.iter().map(|reached| {
            let level = self.rule.level(reached.message.side, direction, policy);
            if self.rule.about != About::Payload {
                return level;
            }
            let level = if reached.overlapping { level.max(Level::Risky) } else { level };
            proof(&reached.message).map_or(level, |proof| proof.eases(level))
        });
        each.max().unwrap_or(Level::Safe)
    }

    /// What stays the same while the change stays: the rule, what it is in, and where, without lines and values.
    pub fn basis(&self) -> String {
        [self.rule.id, &self.subject, self.pointer.as_str()].join("\n")
    }
}
