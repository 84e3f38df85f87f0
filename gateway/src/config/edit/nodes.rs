//! A YAML text as a tree of places: where each value begins and ends, in octets.

use granit_parser::{Event, Parser, ScalarStyle, Span, StructureStyle};

/// A value in the text.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) start: usize,
    /// Behind its last octet; of a block behind that of its last part.
    pub(super) end: usize,
    pub(super) kind: Kind,
    /// It has an anchor or a tag, or is an alias: what it says is said elsewhere too, or not by its text alone.
    pub(super) bound: bool,
}

/// What a value is.
#[derive(Debug)]
pub(super) enum Kind {
    /// Text, a number, or nothing.
    Scalar,
    /// Text over lines of its own, behind `|` or `>`.
    Lines,
    Map(Style, Vec<Member>),
    List(Style, Vec<Node>),
}

/// How the parts of a value are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// By lines and how far they are set in.
    Block,
    /// By commas, in brackets.
    Flow,
}

/// A key with its value.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) key: String,
    /// Where the key begins and ends.
    pub(super) at: (usize, usize),
    pub(super) value: Node,
}

impl Node {
    /// The tree of a text; `None` for one that cannot be read, or is edited by nobody: more than one document.
    pub(super) fn of(text: &str) -> Option<Self> {
        let mut reader = Reader { events: Parser::new_from_str(text), end: 0 };
        loop {
            match reader.next()? {
                (Event::StreamStart | Event::DocumentStart(..), _) => {}
                (event, span) => return reader.node(&event, &span, DEEPEST),
            }
        }
    }

    /// Whether anything in it is bound.
    pub(super) fn binds(&self) -> bool {
        self.bound
            || match &self.kind {
                Kind::Map(_, members) => members.iter().any(|one| one.value.binds()),
                Kind::List(_, items) => items.iter().any(Self::binds),
                Kind::Scalar | Kind::Lines => false,
            }
    }
}

/// How deep values may nest.
const DEEPEST: usize = 128;

struct Reader<'t> {
    events: Parser<'t, granit_parser::StrInput<'t>>,
    /// The end of the last value that was read.
    end: usize,
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Option<(Event<'t>, Span)> {
        loop {
            match self.events.next()?.ok()? {
                // any crate of the build may ask the parser for them
                (Event::Comment(..) | Event::Anchor(..), _) => {}
                found => return Some(found),
            }
        }
    }

    fn node(&mut self, event: &Event<'t>, span: &Span, depth: usize) -> Option<Node> {
        let depth = depth.checked_sub(1)?;
        let start = span.start.byte_offset()?;
        let bound = event.anchor_id().is_some() || event.tag().is_some() || event.is_alias();
        let (kind, end) = match event {
            Event::Scalar(_, ScalarStyle::Literal | ScalarStyle::Folded, ..) => {
                (Kind::Lines, span.end.byte_offset()?)
            }
            Event::Alias(_) | Event::Scalar(..) => (Kind::Scalar, span.end.byte_offset()?),
            Event::SequenceStart(style, ..) => {
                let (items, end) = self.items(depth)?;
                let style = Style::of(*style);
                let last = items.last().map_or(start, |one| one.end);
                (Kind::List(style, items), if style == Style::Flow { end } else { last })
            }
            Event::MappingStart(style, ..) => {
                let (members, end) = self.members(depth)?;
                let style = Style::of(*style);
                let last = members.last().map_or(start, |one| one.value.end.max(one.at.1 + 1));
                (Kind::Map(style, members), if style == Style::Flow { end } else { last })
            }
            _ => return None,
        };
        self.end = end;
        Some(Node { start, end, kind, bound })
    }

    fn items(&mut self, depth: usize) -> Option<(Vec<Node>, usize)> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, span) => return Some((items, span.end.byte_offset()?)),
                (event, span) => items.push(self.node(&event, &span, depth)?),
            }
        }
    }

    fn members(&mut self, depth: usize) -> Option<(Vec<Member>, usize)> {
        let mut members = Vec::new();
        loop {
            let (key, span) = match self.next()? {
                (Event::MappingEnd, span) => return Some((members, span.end.byte_offset()?)),
                (Event::Scalar(key, ..), span) => (key.into_owned(), span),
                // an alias for a key, or a key that is no text
                _ => return None,
            };
            let at = (span.start.byte_offset()?, span.end.byte_offset()?);
            let (event, span) = self.next()?;
            let mut value = self.node(&event, &span, depth)?;
            // nothing stands where the next thing begins, or behind the colon
            if value.start == value.end {
                (value.start, value.end) = (at.1 + 1, at.1 + 1);
            }
            members.push(Member { key, at, value });
        }
    }
}

impl Style {
    const fn of(style: StructureStyle) -> Self {
        match style {
            StructureStyle::Block => Self::Block,
            StructureStyle::Flow => Self::Flow,
        }
    }
}
