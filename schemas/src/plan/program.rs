//! The conversion of one payload as data: what the byte machine runs, what the image is computed from, what is
//! fused. A program walks the *input* document; each node says what becomes of the value it meets.

use std::sync::Arc;

use crate::plan::transform::Transform;
use crate::pointer::Pointer;

/// Index into [`Program::nodes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

/// Index into [`Program::notes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NoteId(pub u32);

/// A captured value inside the innermost [`ObjectNode`] whose `slots` range has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub u32);

/// A JSON text, compact, valid UTF-8, ready to be written.
pub type Literal = Arc<str>;

/// A compiled conversion of one payload. Nodes may be recursive (row A20); node 0 is always [`Node::Copy`].
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    /// All nodes.
    pub nodes: Vec<Node>,
    /// Where the payload enters.
    pub root: NodeId,
    /// What the nodes refer to when they do something: one a step.
    pub notes: Vec<Note>,
}

/// One step of a plan as people read it, and as it is counted when it fires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The row of RULES: `A3`, `L1`, …
    pub rule: &'static str,
    /// A sentence fragment: ``rename `sendAmount` to `debitAmount` ``.
    pub text: String,
    /// The input pointer, with `*` for any item or member; for supplied members the pointer it would have.
    pub at: String,
    /// Information is dropped or replaced when it fires.
    pub loss: bool,
    /// The words of `changes.yaml` that a verdict rests on where this step refuses a request or passes on what its
    /// reader does not declare: `on_range: error`, `on_unknown: keep`. `None` for every other step.
    pub policy: Option<&'static str>,
}

impl Note {
    /// The step passes on what its reader does not declare, as `changes.yaml` says (`keep`).
    pub fn keeps(&self) -> bool {
        self.policy.is_some_and(|words| words.ends_with("keep"))
    }
}

/// What becomes of a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// Copied byte for byte (still checked to be one well-formed JSON value).
    Copy,
    /// No payload with a value here gets through.
    Refuse(NoteId),
    /// The member or item in which the value stands is left out; at the root it is a refusal.
    Omit(NoteId),
    /// The value is replaced.
    Replace(Literal, NoteId),
    /// Goes on by the JSON type of the value.
    Split(Box<Split>),
    /// An object's members one by one. Another type than an object is copied (use `Split` to say otherwise).
    Object(Box<ObjectNode>),
    /// An array's items one by one. Another type than an array is copied.
    Array(Box<ArrayNode>),
    /// A scalar looked up by value (rows A8, A9 and lens L6). An object or array goes the way of `otherwise`.
    Table(Box<Table>),
    /// The value goes through a function as a whole.
    Transform(Box<TransformNode>),
    /// Goes on by what members an object has (row A12).
    Choose(Box<Choose>),
}

/// One node for each JSON type.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// `null`
    pub null: NodeId,
    /// `true`, `false`
    pub boolean: NodeId,
    /// Numbers.
    pub number: NodeId,
    /// Strings.
    pub string: NodeId,
    /// Arrays.
    pub array: NodeId,
    /// Objects.
    pub object: NodeId,
}

/// Items of an array.
#[derive(Clone, Debug, PartialEq)]
pub struct ArrayNode {
    /// For the first items, by position.
    pub prefix: Vec<NodeId>,
    /// For the others.
    pub items: NodeId,
}

/// A scalar's replacement by value. Strings compare after unescaping, numbers by value, others by token.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Value (a JSON scalar text) to what happens to it.
    pub entries: Vec<(Literal, NodeId)>,
    /// Every other value: `Copy`, `Refuse`, `Omit` or `Replace`.
    pub otherwise: NodeId,
}

/// A function of the whole value, with what comes before and after it. The value is held until it is complete, under
/// the machine's `held` limit. Slots of objects outside are not reached from the nodes in here.
#[derive(Clone, Debug, PartialEq)]
pub struct TransformNode {
    /// What becomes of the value first.
    pub before: NodeId,
    /// The function.
    pub transform: Transform,
    /// Fires when the function changed the value; tells of a loss only if every firing loses.
    pub note: NoteId,
    /// Fires instead of `note` when information of this very value was lost.
    pub lost: Option<NoteId>,
    /// What becomes of the result.
    pub then: NodeId,
    /// What becomes of a value that the function does not take, after `before`.
    pub otherwise: NodeId,
}

/// Objects told apart by a tag or by which members are there. The object is held until that is known. Slots of objects
/// outside are not reached from the nodes in here.
#[derive(Clone, Debug, PartialEq)]
pub struct Choose {
    /// The first test that holds decides.
    pub cases: Vec<(Test, NodeId)>,
    /// For objects for which no test holds, and for every other value.
    pub otherwise: NodeId,
}

/// What is asked of an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Test {
    /// The member at the end of this path through objects is this scalar; compares as [`Table`] does.
    Equals(Vec<Arc<str>>, Literal),
    /// The object has a member of this name, `null` or not.
    Present(Arc<str>),
}

/// Members of an object. Names compare after unescaping.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectNode {
    /// Known members, sorted by `name`, no name twice.
    pub members: Vec<Member>,
    /// `patternProperties` for members not known by name, first match counts: ECMA-262 source kept for people,
    /// compiled by the machine with the linear-time engine.
    pub patterns: Vec<(Arc<str>, NodeId)>,
    /// Members neither known nor matched (rows A16, A17, A18): `Copy`, a node for map values, `Omit` or `Refuse`.
    pub other: NodeId,
    /// Members written at the end of the object, in order, if no member of that output name was written before.
    pub supplies: Vec<Supply>,
    /// Output names that two input members may both produce (a rename onto an existing name); the second to
    /// come is a refusal with this note.
    pub conflict: Option<NoteId>,
    /// Slots that begin with this object and end with it: `first..first + count`. Nested objects reach them.
    pub slots: (u32, u32),
    /// The whole object must be held before any of it is written: a slot may be filled after the place
    /// that needs it has gone by. Decided when the program is built; bounded by the machine's `held` limit.
    pub hold: bool,
}

/// What becomes of one known member.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// The input name, unescaped.
    pub name: Arc<str>,
    /// Written under this name instead (lens L1); absent: the name's bytes stay as they came.
    pub rename: Option<(Arc<str>, NoteId)>,
    /// What becomes of the value.
    pub node: NodeId,
    /// The converted value is also (or, with `Take::Move`, only) kept in a slot.
    pub take: Option<(Slot, Take)>,
}

/// Whether a value that goes to a slot is also written where it stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Take {
    /// Not written here (lens L2).
    Move(NoteId),
    /// Written here too; the slot gets a copy (`from` another member).
    Copy,
}

/// A member that the output needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Supply {
    /// The output name.
    pub name: Arc<str>,
    /// Where its value comes from.
    pub source: Source,
    /// What fired when it is written.
    pub note: NoteId,
    /// What happens when the source has nothing (an empty slot, an absent header).
    pub missing: Missing,
}

/// Where a supplied value comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// A constant or a default.
    Literal(Literal),
    /// A captured member.
    Slot(Slot),
    /// An object made of supplies; nothing when all of them have nothing (lens L2 creating parents).
    Object(Vec<Supply>),
    /// From outside the payload.
    Outside(Outside),
    /// Never has a value: the schemas require the member and nobody says what to write (row A3 without
    /// `on_missing`). With `Missing::Refuse` this makes the plan partial.
    Nothing,
}

/// A value that is not in the payload.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outside {
    /// A header of the message, by lower-case name; written as a JSON string.
    Header(Arc<str>),
    /// A path or query parameter of the request; written as a JSON string.
    Parameter(Arc<str>),
    /// A value of the api's `values` in the gateway's configuration, a JSON text.
    Configuration(Arc<str>),
    /// The target of the message's `Link` field with this relation (RFC 8288); written as a JSON string.
    Link(Arc<str>),
}

/// What happens when there is nothing to supply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// The member stays absent.
    Omit,
    /// The payload is refused, naming this note.
    Refuse(NoteId),
}

impl TransformNode {
    /// The place in the value as it came, of a place in what the function made; the value itself where more is not
    /// known.
    pub fn origin(&self, place: &Pointer) -> Pointer {
        if self.before == NodeId(0) { self.transform.origin(place) } else { Pointer::root() }
    }

    /// As [`Self::origin`], for what the function made of `text`.
    pub fn origin_in(&self, text: &str, place: &Pointer) -> Pointer {
        let known = self.before == NodeId(0);
        if known { self.transform.origin_in(text, place) } else { Pointer::root() }
    }
}

impl Program {
    /// The program that copies.
    pub fn identity() -> Self {
        Self { nodes: vec![Node::Copy], root: NodeId(0), notes: Vec::new() }
    }

    /// Whether every payload comes out as it went in.
    pub fn is_identity(&self) -> bool {
        matches!(self.node(self.root), Node::Copy)
    }

    /// A node; the one that copies if the index is out of range, which no program built here has.
    pub fn node(&self, id: NodeId) -> &Node {
        self.nodes.get(id.0 as usize).unwrap_or(&Node::Copy)
    }

    /// A note; `None` only for an index out of range, which no program built here has.
    pub fn note(&self, id: NoteId) -> Option<&Note> {
        self.notes.get(id.0 as usize)
    }
}
