//! Programs and chunk sizes chosen by bytes.

use std::sync::Arc;

use evergate_schemas::plan::program::{
    ArrayNode, Choose, Member, Missing, Node, NodeId, Note, NoteId, ObjectNode, Outside, Program,
    Slot, Source, Split, Supply, Table, Take, Test, TransformNode,
};
use evergate_schemas::plan::transform::{
    Basic, Cast, Duplicate, Embed, Form, Group, Keyed, KeyedWay, List, OnPrecision, Pick, Rounding,
    Scale, Transform,
};

const NAMES: [&str; 6] = ["a", "b", "c", "id", "é", ""];
const LITERALS: [&str; 8] =
    ["null", "true", "0", "12.50", "\"a\"", "\"x\\ny\"", "[1,{}]", "{\"a\":{\"b\":[]}}"];
const KEYS: [&str; 7] = ["null", "false", "1", "-0", "1e2", "\"a\"", "\"é\""];
const PATTERNS: [&str; 3] = ["^[ab]", "d$", "."];

/// Bytes that choose; zeros when there are no more.
#[derive(Debug)]
pub struct Choices<'d>(pub &'d [u8]);

impl<'d> Choices<'d> {
    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::from(self.byte()) % bound.max(1)
    }

    /// One of several.
    pub fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from.get(self.below(from.len())).copied().unwrap_or_default()
    }

    /// So many bytes, or as many as there are.
    pub fn take(&mut self, many: usize) -> &'d [u8] {
        let (taken, rest) = self.0.split_at(many.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// A part with its own length before it.
    pub fn part(&mut self) -> Self {
        let length = usize::from(self.byte());
        Self(self.take(length))
    }

    fn yes(&mut self) -> bool {
        self.byte() % 2 == 1
    }

    fn node(&mut self, known: usize) -> NodeId {
        NodeId(u32::try_from(self.below(known)).unwrap_or(0))
    }

    /// A program; its nodes may refer to each other in any way that a reader of one value can follow to its end: a
    /// node that does not step inside refers to earlier ones only.
    pub fn program(&mut self) -> Program {
        let count = 2 + self.below(10);
        let mut nodes = vec![Node::Copy];
        while nodes.len() < count {
            let node = self.kind(nodes.len(), count);
            nodes.push(node);
        }
        let note = |number: usize| Note {
            rule: "F",
            text: number.to_string(),
            at: String::new(),
            loss: number % 2 == 1,
            policy: None,
        };
        let root = NodeId(u32::try_from(count - 1).unwrap_or(0));
        Program { nodes, root, notes: (0..4).map(note).collect() }
    }

    fn note(&mut self) -> NoteId {
        NoteId(u32::from(self.byte() % 4))
    }

    fn kind(&mut self, earlier: usize, all: usize) -> Node {
        match self.below(11) {
            0 => Node::Refuse(self.note()),
            1 => Node::Omit(self.note()),
            2 => Node::Replace(self.pick(&LITERALS).into(), self.note()),
            3 => Node::Split(Box::new(Split {
                null: self.node(earlier),
                boolean: self.node(earlier),
                number: self.node(earlier),
                string: self.node(earlier),
                array: self.node(earlier),
                object: self.node(earlier),
            })),
            4 => Node::Array(Box::new(ArrayNode {
                prefix: (0..self.below(3)).map(|_| self.node(all)).collect(),
                items: self.node(all),
            })),
            5 => Node::Table(Box::new(self.table())),
            6 => Node::Transform(Box::new(TransformNode {
                before: self.node(earlier),
                transform: self.transform(),
                note: self.note(),
                lost: self.yes().then_some(NoteId(1)),
                then: self.node(earlier),
                otherwise: self.node(1),
            })),
            7 => Node::Choose(Box::new(Choose {
                cases: (0..self.below(3)).map(|_| (self.test(), self.node(earlier))).collect(),
                otherwise: self.node(earlier),
            })),
            _ => Node::Object(Box::new(self.object(all))),
        }
    }

    fn test(&mut self) -> Test {
        if self.yes() {
            return Test::Present(self.pick(&NAMES).into());
        }
        let path = (0..=self.below(2)).map(|_| self.pick(&NAMES).into()).collect();
        Test::Equals(path, self.pick(&KEYS).into())
    }

    fn table(&mut self) -> Table {
        let mut entries: Vec<(Arc<str>, NodeId)> = Vec::new();
        for _ in 0..self.below(4) {
            let key = self.pick(&KEYS);
            if !entries.iter().any(|(known, _)| &**known == key) {
                entries.push((key.into(), NodeId(0)));
            }
        }
        Table { entries, otherwise: NodeId(0) }
    }

    fn transform(&mut self) -> Transform {
        let basic = [Basic::String, Basic::Number, Basic::Boolean];
        let form = [Form::Json, Form::Text];
        let pick = [Pick::First, Pick::Last, Pick::Only];
        match self.below(8) {
            0 => Transform::List(List::Of { null_is_empty: self.yes() }),
            1 => {
                Transform::List(List::One { pick: pick[self.below(3)], null_is_empty: self.yes() })
            }
            2 => Transform::Cast(Cast {
                from: basic[self.below(3)],
                to: basic[self.below(3)],
                whole: self.yes(),
            }),
            3 => Transform::Scale(Scale {
                times: 1 + u64::from(self.byte()),
                over: 1 + u64::from(self.byte()),
                places: u32::from(self.byte() % 4),
                on_precision: if self.yes() {
                    OnPrecision::Error
                } else {
                    OnPrecision::Round(Rounding::HalfEven)
                },
            }),
            4 => Transform::Keyed(Keyed {
                key: self.pick(&NAMES).into(),
                value: self.yes().then(|| "value".into()),
                way: if self.yes() { KeyedWay::List } else { KeyedWay::Map(Duplicate::Last) },
            }),
            5 => Transform::Embed(Embed { from: form[self.below(2)], to: form[self.below(2)] }),
            6 => Transform::Group(Group { by: self.pick(&NAMES).into(), into_groups: self.yes() }),
            _ => Transform::Chain(vec![
                Transform::List(List::Of { null_is_empty: false }),
                Transform::List(List::One { pick: Pick::First, null_is_empty: false }),
            ]),
        }
    }

    fn object(&mut self, all: usize) -> ObjectNode {
        let slots = if self.below(3) == 0 { (0, 1) } else { (0, 0) };
        let mut members: Vec<Member> = Vec::new();
        for name in NAMES {
            if self.yes() {
                let take = if self.yes() { Take::Copy } else { Take::Move(NoteId(2)) };
                members.push(Member {
                    name: name.into(),
                    rename: (self.below(4) == 0).then(|| (self.pick(&NAMES).into(), NoteId(2))),
                    node: self.node(all),
                    take: (slots.1 == 1 && members.is_empty()).then_some((Slot(0), take)),
                });
            }
        }
        members.sort_by(|one, other| one.name.cmp(&other.name));
        let supplies = (0..self.below(4)).map(|_| self.supply(slots.1 == 1, 1)).collect();
        let pattern = (self.below(5) == 0).then(|| (self.pick(&PATTERNS).into(), self.node(all)));
        ObjectNode {
            members,
            patterns: pattern.into_iter().collect(),
            other: if self.yes() { NodeId(0) } else { self.node(all) },
            supplies,
            conflict: Some(NoteId(3)),
            slots,
            hold: slots.1 == 1,
        }
    }

    fn supply(&mut self, slot: bool, depth: usize) -> Supply {
        let source = match self.below(6) {
            0 if slot => Source::Slot(Slot(0)),
            1 if depth > 0 => {
                Source::Object((0..=self.below(2)).map(|_| self.supply(slot, depth - 1)).collect())
            }
            2 => Source::Nothing,
            3 => Source::Outside(Outside::Header("tenant".into())),
            _ => Source::Literal(self.pick(&LITERALS).into()),
        };
        let missing = if self.yes() { Missing::Omit } else { Missing::Refuse(NoteId(3)) };
        Supply { name: self.pick(&NAMES).into(), source, note: NoteId(2), missing }
    }
}
