//! A new process takes the listeners of a running one over, so that no connection is refused: the very sockets go from one
//! to the other, with what waits in them.
//!
//! The new process asks at a socket in the file system. It is sent a listing and the sockets, gets ready beside the old
//! one, begins to accept, says so, and only then does the old one drain. Until then nothing that befalls the new one
//! concerns the old one.

mod give;
mod parcel;
mod station;
mod take;

pub(super) use give::give;
pub(super) use parcel::{Handed, Role};
pub(super) use station::Station;
pub(super) use take::{Taken, take};
