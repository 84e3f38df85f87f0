//! What one conversion leaves to the next one by the same program: buffers, and what objects looked like.
//!
//! A small payload is over before a machine has seen anything twice, and half of its cost would be the first
//! allocations. What is left holds member names of earlier payloads, never values.

use std::sync::Mutex;

use crate::convert::machine::{Active, Frame};
use crate::convert::member::Region;
use crate::convert::names::Names;
use crate::convert::shape::Shapes;

/// Memories kept for one program. More are in use when more conversions run at once.
const KEPT: usize = 8;

/// Elements for which a buffer that is kept has room; a larger one is given back.
const ROOM: usize = 1024;

/// What a machine takes over.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) frames: Vec<Frame>,
    pub(super) names: Names,
    pub(super) shapes: Shapes,
    pub(super) regions: Vec<Region>,
    pub(super) active: Vec<Active>,
    pub(super) bits: Vec<u64>,
}

impl Memory {
    /// Without anything of the last payload but the shapes.
    fn cleared(mut self) -> Self {
        self.frames.clear();
        self.names.forget();
        self.shapes.refresh();
        self.regions.clear();
        self.active.clear();
        self.bits.clear();
        self
    }

    fn is_small(&self) -> bool {
        self.frames.capacity() <= ROOM
            && self.regions.capacity() <= ROOM
            && self.active.capacity() <= ROOM
            && self.bits.capacity() <= ROOM
    }
}

/// The memories that nobody uses.
#[derive(Debug, Default)]
pub(super) struct Shelf(Mutex<Vec<Memory>>);

impl Shelf {
    /// The one that was used last, or a new one.
    pub(super) fn take(&self) -> Memory {
        let kept = self.0.lock().ok().and_then(|mut kept| kept.pop());
        kept.unwrap_or_default()
    }

    /// Keeps a memory, if there is room for it.
    pub(super) fn give(&self, memory: Memory) {
        let memory = memory.cleared();
        if memory.is_small()
            && let Ok(mut kept) = self.0.lock()
            && kept.len() < KEPT
        {
            kept.push(memory);
        }
    }
}
