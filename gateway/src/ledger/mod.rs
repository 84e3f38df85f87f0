//! The access log on its way out: sheets that workers write lines on, and the pen that brings them to their place.

mod outlet;
mod pen;
mod sheet;
mod usual;

pub use pen::{Access, Pen, Spilled};
pub use sheet::{Clock, Sheet};
pub use usual::{set_usual, usual};
