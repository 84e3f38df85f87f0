//! What is done on the quick way to members that are changed in a simple manner; the others go the general way.

use crate::convert::block::{after_blank, after_scalar};
use crate::convert::code::{COPY, MemberOp, Op};
use crate::convert::machine::{Io, Machine};
use crate::convert::shape::Fate;
use crate::convert::store::fire;
use crate::convert::swift::{Next, Places};
use crate::plan::program::NoteId;

impl Machine {
    /// Does what is to be done about a member, if it is simple: the place after it, or none when its value is copied
    /// and comes next.
    #[inline]
    #[expect(clippy::option_option, reason = "not simple, or simple with a place or without")]
    pub(super) fn swift_edit(
        &mut self,
        io: &mut Io<'_>,
        fate: Fate,
        places: Places,
    ) -> Option<Option<Next>> {
        if self.dropping || self.pending.is_some() {
            return None;
        }
        if fate.plain {
            self.mark_wrote();
            return Some(None);
        }
        let object = self.object(io)?;
        let entry = object.entry(fate.entry?)?;
        match io.code.op(fate.op) {
            Op::Copy if fate.op == COPY => {
                let known = entry.member.as_ref();
                self.swift_rename(io, known, entry.bit, places).then_some(None)
            }
            Op::Omit(note) => self.swift_omit(io, *note, places).map(Some),
            _ => None,
        }
    }

    /// The member is written, under another name maybe; whether that could be done.
    fn swift_rename(
        &mut self,
        io: &mut Io<'_>,
        known: Option<&MemberOp>,
        bit: u32,
        places: Places,
    ) -> bool {
        if known.is_some_and(|known| known.take.is_some()) || !self.set_bit(bit) {
            return false;
        }
        self.mark_wrote();
        if let Some((name, note)) = known.and_then(|known| known.rename.as_ref()) {
            self.keep_to(io, self.at(places.name));
            self.put(io, name.as_bytes());
            io.run = places.name_end;
            fire(&mut self.fired, *note);
        }
        true
    }

    /// The member is left out with the comma before it; the place after it. Not when nothing was written in its object
    /// so far, as then more than it goes.
    fn swift_omit(&mut self, io: &mut Io<'_>, note: NoteId, places: Places) -> Option<Next> {
        let comma = places.comma.filter(|_| !self.is_bare())?;
        let after = after_scalar(after_blank(io.rest(places.value)))?;
        self.keep_to(io, self.at(comma));
        io.run = io.place(after);
        fire(&mut self.fired, note);
        Some(Next::ended(io.run))
    }
}
