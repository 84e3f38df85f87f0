//! Members that go elsewhere (lens L2) or are copied elsewhere (`from` another member): which object keeps them.
//!
//! The innermost object that has both the source and the target below it keeps the value. A target object that
//! is not there is created; one that loses its last member stays, empty: `{}` and absent are two states.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::plan::lens::ValueSource;
use crate::plan::program::{Missing, NoteId, Slot, Source, Supply};
use crate::plan::shape::{Kind, Rest, Shape};
use crate::pointer::Pointer;
use crate::schema::Role;

use super::site::{Local, Path};
use super::walk::Walk;

/// A member that a slot gets, by its path from the object in hand, in the sender's names.
#[derive(Clone, Debug)]
pub(super) struct Taken {
    pub(super) path: Path,
    pub(super) slot: Slot,
    /// Absent: it is copied, and stays where it is.
    pub(super) moved: Option<Moved>,
}

/// Where a moved member goes.
#[derive(Clone, Debug)]
pub(super) struct Moved {
    pub(super) note: NoteId,
    /// What the reader means by it there.
    pub(super) reader: Value,
    pub(super) required: bool,
}

/// A member that comes from a slot, by its path from the object in hand, in the reader's names.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) path: Path,
    pub(super) slot: Slot,
    pub(super) note: NoteId,
}

/// What outer objects ask of an object.
#[derive(Clone, Debug, Default)]
pub(super) struct Extra {
    pub(super) takes: Vec<Taken>,
    pub(super) gives: Vec<Given>,
    pub(super) moves: Vec<(Path, Path)>,
}

impl Extra {
    pub(super) fn is_empty(&self) -> bool {
        self.takes.is_empty() && self.gives.is_empty() && self.moves.is_empty()
    }

    /// What is asked of the member that the sender calls `name` and the reader `output`.
    pub(super) fn within(&self, name: &str, output: &str) -> Self {
        let rest = |path: &Path, first: &str| match path.as_slice() {
            [head, rest @ ..] if head == first && !rest.is_empty() => Some(rest.to_vec()),
            _ => None,
        };
        let takes = self
            .takes
            .iter()
            .filter_map(|one| Some(Taken { path: rest(&one.path, name)?, ..one.clone() }));
        let gives = self
            .gives
            .iter()
            .filter_map(|one| Some(Given { path: rest(&one.path, output)?, ..one.clone() }));
        let moves =
            self.moves.iter().filter_map(|(from, to)| Some((rest(from, name)?, rest(to, output)?)));
        Self { takes: takes.collect(), gives: gives.collect(), moves: moves.collect() }
    }

    /// What is asked of the member itself.
    pub(super) fn taken(&self, name: &str) -> Option<&Taken> {
        self.takes.iter().find(|one| one.path.as_slice() == [name])
    }
}

/// What an object keeps and hands on.
#[derive(Debug, Default)]
pub(super) struct Routes {
    pub(super) all: Extra,
    /// `first, count`
    pub(super) slots: (u32, u32),
    /// Some target may be written before its source is seen.
    pub(super) hold: bool,
    /// Where members go, by name, that the reader does not want but that have something to take inside.
    pub(super) bins: BTreeMap<String, Slot>,
}

/// Whether a member that the object does not name may come; an object that says nothing at all is free-form.
pub(super) fn sends_unnamed(sender: &Shape) -> bool {
    matches!(sender.object.rest, Rest::Any | Rest::Each(_)) || sender.object.is_free()
}

impl<'a> Walk<'a> {
    /// Where the moves and copies of this object go; `extra` is what outer objects ask.
    pub(super) fn routes(
        &mut self,
        local: &Local<'a>,
        shapes: (&Shape, &Shape),
        extra: &Extra,
        at: &Pointer,
    ) -> Routes {
        let mut routes = Routes { all: extra.clone(), slots: (self.slots, 0), ..Routes::default() };
        routes.all.moves.clear();
        let mut known: BTreeMap<Path, Slot> = BTreeMap::new();
        for (from, to) in local.moves.iter().chain(&extra.moves) {
            if let ([first, _, ..], [second, _, ..]) = (from.as_slice(), to.as_slice())
                && local.renames.get(first.as_str()).copied().unwrap_or(first) == second
            {
                routes.all.moves.push((from.clone(), to.clone()));
            } else if let Some((reader, required)) = self.movable(from, to, shapes) {
                let text = format!("move `{}` to `{}`", from.join("/"), to.join("/"));
                // A value that stands at the target already stays, and the moved one is lost.
                let loss = self.declared(Role::Sender, shapes.0, to).is_some()
                    || self.is_blocked(shapes.0, to);
                let note = self.note("L2", text, &along(at, from), loss);
                let slot = self.slot(&mut routes, &mut known, from);
                let moved = Some(Moved { note, reader, required });
                routes.all.takes.push(Taken { path: from.clone(), slot, moved });
                routes.hold |= to.len() > 1 && may_send(local, shapes.0, to);
                routes.all.gives.push(Given { path: to.clone(), slot, note });
            }
        }
        for (name, source) in &local.supplies {
            let ValueSource::Member(from) = source else { continue };
            let to = vec![(*name).to_owned()];
            let takes = self.declared(Role::Reader, shapes.1, &to).is_some();
            if !takes || self.declared(Role::Sender, shapes.0, from).is_none() {
                continue;
            }
            let text = format!("write `{name}`, copied from `{}`", from.join("/"));
            let note = self.note("L10", text, &along(at, &to), false);
            let fresh = !known.contains_key(from);
            let slot = self.slot(&mut routes, &mut known, from);
            if fresh {
                routes.all.takes.push(Taken { path: from.clone(), slot, moved: None });
            }
            routes.all.gives.push(Given { path: to, slot, note });
        }
        for one in &routes.all.takes {
            let [first, _, ..] = one.path.as_slice() else { continue };
            let output = local.renames.get(first.as_str()).copied().unwrap_or(first);
            if self.declared(Role::Reader, shapes.1, &[output.to_owned()]).is_none()
                && !routes.bins.contains_key(first)
            {
                routes.bins.insert(first.clone(), Slot(self.slots));
                self.slots += 1;
                routes.slots.1 += 1;
            }
        }
        routes
    }

    /// Whether a parent of the target may be there as something that has no members, a null or another.
    fn is_blocked(&mut self, sender: &Shape, to: &[String]) -> bool {
        let [first, _, ..] = to else { return false };
        let Some(parent) = sender.object.properties.get(first) else { return false };
        let parent = self.shape(Role::Sender, parent);
        Kind::ALL.into_iter().any(|kind| kind != Kind::Object && parent.may_be(kind))
    }

    fn slot(&mut self, routes: &mut Routes, known: &mut BTreeMap<Path, Slot>, from: &Path) -> Slot {
        *known.entry(from.clone()).or_insert_with(|| {
            let slot = Slot(self.slots);
            self.slots += 1;
            routes.slots.1 += 1;
            slot
        })
    }

    /// What the reader means at the target of a move that makes sense between these shapes.
    fn movable(
        &mut self,
        from: &Path,
        to: &Path,
        shapes: (&Shape, &Shape),
    ) -> Option<(Value, bool)> {
        self.declared(Role::Sender, shapes.0, from)?;
        let (node, required, named) = self.declared(Role::Reader, shapes.1, to)?;
        let stays = self.declared(Role::Reader, shapes.1, from).is_some_and(|(_, _, named)| named);
        (named || !stays).then_some((node, required))
    }

    /// What one side says about the member at a path: its schema, whether it is required all the way, and
    /// whether it is named; `None` when it cannot be there.
    fn declared(
        &mut self,
        role: Role,
        shape: &Shape,
        path: &[String],
    ) -> Option<(Value, bool, bool)> {
        let (first, rest) = path.split_first()?;
        let object = &shape.object;
        let (node, named) = match (object.properties.get(first), &object.rest) {
            (Some(node), _) => (node.clone(), true),
            (None, Rest::Each(node)) => (node.clone(), false),
            (None, Rest::Nothing) => return None,
            (None, _) if role == Role::Sender && !sends_unnamed(shape) => return None,
            (None, _) => (Value::Bool(true), false),
        };
        let required = object.required.contains(first);
        if rest.is_empty() {
            return Some((node, required, named));
        }
        let inner = self.shape(role, &node);
        let (node, below, named) = self.declared(role, &inner, rest)?;
        Some((node, required && below, named))
    }
}

/// Whether the first member of a target may be in the input already.
fn may_send(local: &Local<'_>, sender: &Shape, to: &[String]) -> bool {
    let Some(first) = to.first() else { return false };
    let name = local.renames.iter().find(|(_, output)| *output == first);
    let name = name.map_or(first.as_str(), |(name, _)| *name);
    sender.object.properties.contains_key(name) || sends_unnamed(sender)
}

/// A pointer and the members of a path below it.
pub(super) fn along(at: &Pointer, path: &[String]) -> Pointer {
    path.iter().fold(at.clone(), |pointer, name| pointer.join(name))
}

/// What is written for members that come from slots: one supply for each member of this object, with the
/// objects that have to be made.
pub(super) fn supplies(gives: &[Given]) -> Vec<Supply> {
    let mut written: Vec<Supply> = Vec::new();
    let mut inner: BTreeMap<&str, Vec<Given>> = BTreeMap::new();
    for one in gives {
        match one.path.as_slice() {
            [] => {}
            [name] => written.push(Supply {
                name: name.as_str().into(),
                source: Source::Slot(one.slot),
                note: one.note,
                missing: Missing::Omit,
            }),
            [name, rest @ ..] => {
                inner.entry(name).or_default().push(Given { path: rest.to_vec(), ..one.clone() });
            }
        }
    }
    for (name, gives) in inner {
        let Some(note) = gives.first().map(|one| one.note) else { continue };
        let source = Source::Object(supplies(&gives));
        written.push(Supply { name: name.into(), source, note, missing: Missing::Omit });
    }
    written
}
