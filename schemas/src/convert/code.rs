//! Programs made ready to run: names hashed, patterns compiled, output names escaped.

use std::collections::BTreeMap;
use std::sync::Arc;

use regex::Regex;

use crate::convert::choose::{ChooseOp, TestOp};
use crate::convert::memory::Shelf;
use crate::convert::names::Key;
use crate::convert::refused::Cause;
use crate::convert::scalar::Rows;
use crate::convert::shape::Fate;
use crate::plan::program::{
    ArrayNode, Choose, Literal, Missing, Node, NodeId, Note, NoteId, ObjectNode, Outside, Program,
    Slot, Source, Supply, Table, Take, TransformNode,
};

/// Programs made ready to run, once, for any number of conversions.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub(super) stages: Arc<[Arc<Code>]>,
}

impl Prepared {
    /// Prepares programs that run one after the other; none at all is the program that copies.
    pub fn new(stages: &[Arc<Program>]) -> Self {
        let stages: Arc<[Arc<Code>]> = if stages.is_empty() {
            [Arc::new(Code::new(&Program::identity()))].into()
        } else {
            stages.iter().map(|program| Arc::new(Code::new(program))).collect()
        };
        Self { stages }
    }

    /// The programs as they were before they were made ready, in the order in which they run.
    pub(super) fn programs(&self) -> impl Iterator<Item = &Program> {
        self.stages.iter().map(|code| &code.program)
    }
}

/// Index of an operation; [`COPY`] is the one that copies.
pub(super) type OpId = u32;

/// The operation that copies.
pub(super) const COPY: OpId = 0;

/// A program made ready to run. Operation `n + 1` is node `n`, operation 0 copies.
#[derive(Debug)]
pub(super) struct Code {
    pub(super) program: Program,
    pub(super) ops: Vec<Op>,
    pub(super) root: OpId,
    pub(super) key: Key,
    pub(super) shelf: Shelf,
}

/// What becomes of a value; see [`Node`].
#[derive(Debug)]
pub(super) enum Op {
    Copy,
    Refuse(NoteId),
    Omit(NoteId),
    Replace(Literal, NoteId),
    Split(Box<Split>),
    Object(Box<ObjectOp>),
    Array(Box<ArrayOp>),
    Table(Box<TableOp>),
    Transform(Box<TransformOp>),
    Choose(Box<ChooseOp>),
    /// The program cannot be run here.
    Broken(Cause),
}

/// One operation for each JSON type.
#[derive(Debug)]
pub(super) struct Split {
    pub(super) null: OpId,
    pub(super) boolean: OpId,
    pub(super) number: OpId,
    pub(super) string: OpId,
    pub(super) array: OpId,
    pub(super) object: OpId,
}

impl Split {
    /// By the first byte of a value.
    pub(super) const fn by(&self, first: u8) -> OpId {
        match first {
            b'{' => self.object,
            b'[' => self.array,
            b'"' => self.string,
            b'n' => self.null,
            b't' | b'f' => self.boolean,
            _ => self.number,
        }
    }
}

/// Items of an array.
#[derive(Debug)]
pub(super) struct ArrayOp {
    prefix: Vec<OpId>,
    items: OpId,
}

impl ArrayOp {
    /// By position.
    pub(super) fn item(&self, index: u32) -> OpId {
        self.prefix.get(index as usize).copied().unwrap_or(self.items)
    }
}

/// Scalars by value.
#[derive(Debug)]
pub(super) struct TableOp {
    pub(super) rows: Rows,
    pub(super) otherwise: OpId,
}

/// A value that goes through a function as a whole.
#[derive(Debug)]
pub(super) struct TransformOp {
    pub(super) before: OpId,
    pub(super) node: TransformNode,
    pub(super) then: OpId,
    pub(super) otherwise: OpId,
}

/// No output name that another member or a supply could have.
pub(super) const UNWATCHED: u32 = u32::MAX;

/// A name that the program knows: of an input member, of an output member, or both.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: Arc<str>,
    /// `None` for a name that is only written.
    pub(super) member: Option<MemberOp>,
    /// The bit of the output name, if it is watched; of `rename` for a renamed member.
    pub(super) bit: u32,
}

/// What becomes of a known member.
#[derive(Clone, Debug)]
pub(super) struct MemberOp {
    pub(super) op: OpId,
    /// The new name as a JSON string.
    pub(super) rename: Option<(Arc<str>, NoteId)>,
    pub(super) take: Option<(Slot, Take)>,
}

/// Members of an object.
#[derive(Debug)]
pub(super) struct ObjectOp {
    index: Vec<(u64, u32)>,
    mask: usize,
    entries: Vec<Entry>,
    pub(super) patterns: Vec<(Regex, OpId)>,
    pub(super) other: OpId,
    pub(super) supplies: Vec<SupplyOp>,
    /// Words of 64 bits for the watched output names.
    pub(super) words: usize,
    pub(super) conflict: Option<NoteId>,
    pub(super) slots: (u32, u32),
    pub(super) hold: bool,
    /// It keeps nothing, its output names are few, and what it lacks the program has.
    pub(super) simple: bool,
    pub(super) reads_slots: bool,
    pub(super) may_refuse: bool,
}

/// A member that the output needs.
#[derive(Debug)]
pub(super) struct SupplyOp {
    pub(super) name: Arc<str>,
    pub(super) bit: u32,
    /// `,"name":`, and the value after it when the program has it.
    pub(super) lead: String,
    pub(super) source: SourceOp,
    pub(super) note: NoteId,
    pub(super) missing: Missing,
    /// Another supply of the object has its name: the first that has something is written.
    pub(super) shared: bool,
}

/// Where it comes from.
#[derive(Debug)]
pub(super) enum SourceOp {
    /// The program has it; it stands in [`SupplyOp::lead`].
    Literal,
    Slot(u32),
    Object(Vec<SupplyOp>),
    Outside(Outside),
    Nothing,
}

impl Code {
    fn new(program: &Program) -> Self {
        let key = Key::of_process();
        let ids = Ids(program);
        let mut ops = vec![Op::Copy];
        ops.extend(program.nodes.iter().map(|node| ids.op(node, key)));
        Self {
            program: program.clone(),
            ops,
            root: ids.of(program.root),
            key,
            shelf: Shelf::default(),
        }
    }

    /// The operation of a node.
    pub(super) fn at_node(&self, id: NodeId) -> OpId {
        Ids(&self.program).of(id)
    }

    /// An operation.
    #[inline]
    pub(super) fn op(&self, id: OpId) -> &Op {
        self.ops.get(id as usize).unwrap_or(&Op::Copy)
    }

    /// What becomes of a member of an object on which there is such an operation.
    pub(super) fn fate(&self, op: OpId, name: &[u8], hash: u64) -> Fate {
        let Op::Object(object) = self.op(op) else { return Fate::COPIED };
        let found = object.find(name, hash);
        let entry = found.map(|(number, _)| number);
        let known = found.and_then(|(_, entry)| entry.member.as_ref());
        let op = known.map_or_else(|| object.unknown(name), |member| member.op);
        let unwatched = found.is_none_or(|(_, entry)| entry.bit == UNWATCHED);
        let kept = known.is_none_or(|one| one.rename.is_none() && one.take.is_none());
        Fate { entry, op, plain: op == COPY && unwatched && kept }
    }

    /// The note of a refusal.
    pub(super) fn note(&self, id: NoteId) -> Note {
        self.program.note(id).cloned().unwrap_or_else(|| Note {
            rule: "",
            text: "a step without a note".to_owned(),
            at: String::new(),
            loss: false,
            policy: None,
        })
    }
}

struct Ids<'a>(&'a Program);

impl Ids<'_> {
    fn of(&self, id: NodeId) -> OpId {
        if matches!(self.0.node(id), Node::Copy) { COPY } else { id.0.saturating_add(1) }
    }

    fn op(&self, node: &Node, key: Key) -> Op {
        match node {
            Node::Copy => Op::Copy,
            Node::Refuse(note) => Op::Refuse(*note),
            Node::Omit(note) => Op::Omit(*note),
            Node::Replace(literal, note) => Op::Replace(Arc::clone(literal), *note),
            Node::Split(split) => Op::Split(Box::new(Split {
                null: self.of(split.null),
                boolean: self.of(split.boolean),
                number: self.of(split.number),
                string: self.of(split.string),
                array: self.of(split.array),
                object: self.of(split.object),
            })),
            Node::Object(object) => match self.object(object, key) {
                Ok(object) => Op::Object(Box::new(object)),
                Err(cause) => Op::Broken(cause),
            },
            Node::Array(array) => Op::Array(Box::new(self.array(array))),
            Node::Table(table) => Op::Table(Box::new(self.table(table))),
            Node::Transform(one) => Op::Transform(Box::new(TransformOp {
                before: self.of(one.before),
                node: one.as_ref().clone(),
                then: self.of(one.then),
                otherwise: self.of(one.otherwise),
            })),
            Node::Choose(choose) => Op::Choose(Box::new(self.choose(choose))),
        }
    }

    fn array(&self, array: &ArrayNode) -> ArrayOp {
        ArrayOp {
            prefix: array.prefix.iter().map(|&item| self.of(item)).collect(),
            items: self.of(array.items),
        }
    }

    fn table(&self, table: &Table) -> TableOp {
        let rows = table.entries.iter().map(|(literal, node)| (literal, self.of(*node)));
        TableOp { rows: Rows::new(rows), otherwise: self.of(table.otherwise) }
    }

    fn choose(&self, choose: &Choose) -> ChooseOp {
        let cases = choose.cases.iter().map(|(test, id)| (TestOp::new(test), self.of(*id)));
        ChooseOp { cases: cases.collect(), otherwise: self.of(choose.otherwise) }
    }

    fn object(&self, object: &ObjectNode, key: Key) -> Result<ObjectOp, Cause> {
        let mut bits: BTreeMap<Arc<str>, u32> = BTreeMap::new();
        let renames = object.members.iter().filter_map(|member| member.rename.as_ref());
        for name in
            renames.map(|rename| &rename.0).chain(object.supplies.iter().map(|one| &one.name))
        {
            let next = u32::try_from(bits.len()).unwrap_or(UNWATCHED);
            bits.entry(Arc::clone(name)).or_insert(next);
        }
        let entries = self.entries(object, &bits);
        let mut patterns = Vec::with_capacity(object.patterns.len());
        for (source, node) in &object.patterns {
            patterns.push((compile(source)?, self.of(*node)));
        }
        let (index, mask) = index(&entries, key);
        let supplies = supplies(&object.supplies, &bits);
        let given = |one: &SupplyOp| matches!(one.source, SourceOp::Literal) && !one.shared;
        Ok(ObjectOp {
            simple: !object.hold
                && object.slots.1 == 0
                && bits.len() <= 64
                && supplies.iter().all(given),
            index,
            mask,
            entries,
            patterns,
            other: self.of(object.other),
            supplies,
            words: bits.len().div_ceil(64),
            conflict: object.conflict,
            slots: object.slots,
            hold: object.hold,
            reads_slots: object.supplies.iter().any(|one| reads_slots(&one.source)),
            may_refuse: object.supplies.iter().any(may_refuse),
        })
    }

    fn entries(&self, object: &ObjectNode, bits: &BTreeMap<Arc<str>, u32>) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::with_capacity(object.members.len() + bits.len());
        for member in &object.members {
            let written = member.rename.as_ref().map_or(&member.name, |rename| &rename.0);
            let rename = member.rename.as_ref().map(|(name, note)| (quoted(name).into(), *note));
            entries.push(Entry {
                name: Arc::clone(&member.name),
                member: Some(MemberOp { op: self.of(member.node), rename, take: member.take }),
                bit: bits.get(written).copied().unwrap_or(UNWATCHED),
            });
        }
        for (name, &bit) in bits {
            if !object.members.iter().any(|member| member.name == *name) {
                entries.push(Entry { name: Arc::clone(name), member: None, bit });
            }
        }
        entries
    }
}

fn compile(source: &str) -> Result<Regex, Cause> {
    let broken = || Cause::Pattern(source.to_owned());
    let translated = jsonschema_regex::to_rust_regex(source).map_err(|()| broken())?;
    Regex::new(&translated).map_err(|_| broken())
}

fn index(entries: &[Entry], key: Key) -> (Vec<(u64, u32)>, usize) {
    let size = (entries.len() * 2).next_power_of_two().max(2);
    let mask = size - 1;
    let mut index = vec![(0, 0); size];
    for (position, entry) in entries.iter().enumerate() {
        let hash = key.hash(entry.name.as_bytes());
        let mut at = place(hash, mask);
        while let Some(free) = index.get_mut(at) {
            if free.0 == 0 {
                *free = (hash, u32::try_from(position).unwrap_or(u32::MAX));
                break;
            }
            at = (at + 1) & mask;
        }
    }
    (index, mask)
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "only the low bits choose the place")]
const fn place(hash: u64, mask: usize) -> usize {
    hash as usize & mask
}

fn supplies(all: &[Supply], bits: &BTreeMap<Arc<str>, u32>) -> Vec<SupplyOp> {
    let shared = |name: &Arc<str>| all.iter().filter(|one| one.name == *name).count() > 1;
    all.iter().map(|one| SupplyOp { shared: shared(&one.name), ..supply(one, bits) }).collect()
}

fn supply(one: &Supply, bits: &BTreeMap<Arc<str>, u32>) -> SupplyOp {
    let literal = if let Source::Literal(literal) = &one.source { literal } else { "" };
    let source = match &one.source {
        Source::Literal(_) => SourceOp::Literal,
        Source::Slot(slot) => SourceOp::Slot(slot.0),
        Source::Object(inner) => SourceOp::Object(supplies(inner, &BTreeMap::new())),
        Source::Outside(outside) => SourceOp::Outside(outside.clone()),
        Source::Nothing => SourceOp::Nothing,
    };
    SupplyOp {
        name: Arc::clone(&one.name),
        bit: bits.get(&one.name).copied().unwrap_or(UNWATCHED),
        lead: format!(",{}:{literal}", quoted(&one.name)),
        source,
        note: one.note,
        missing: one.missing,
        shared: false,
    }
}

fn reads_slots(source: &Source) -> bool {
    match source {
        Source::Slot(_) => true,
        Source::Object(inner) => inner.iter().any(|one| reads_slots(&one.source)),
        Source::Literal(_) | Source::Outside(_) | Source::Nothing => false,
    }
}

fn may_refuse(one: &Supply) -> bool {
    matches!(one.missing, Missing::Refuse(_))
        || matches!(&one.source, Source::Object(inner) if inner.iter().any(may_refuse))
}

fn quoted(name: &str) -> String {
    serde_json::Value::from(name).to_string()
}

impl ObjectOp {
    /// What the program knows of an unescaped name.
    #[inline]
    pub(super) fn find(&self, name: &[u8], hash: u64) -> Option<(u32, &Entry)> {
        let mut at = place(hash, self.mask);
        loop {
            let &(found, position) = self.index.get(at)?;
            if found == 0 {
                return None;
            }
            if found == hash {
                let entry = self.entries.get(position as usize)?;
                if entry.name.as_bytes() == name {
                    return Some((position, entry));
                }
            }
            at = (at + 1) & self.mask;
        }
    }

    /// An entry by the number that [`Self::find`] gave.
    pub(super) fn entry(&self, number: u32) -> Option<&Entry> {
        self.entries.get(number as usize)
    }

    /// What becomes of a member that is not known by name.
    pub(super) fn unknown(&self, name: &[u8]) -> OpId {
        if self.patterns.is_empty() {
            return self.other;
        }
        let name = std::str::from_utf8(name).unwrap_or_default();
        let matched = self.patterns.iter().find(|(pattern, _)| pattern.is_match(name));
        matched.map_or(self.other, |&(_, op)| op)
    }
}
