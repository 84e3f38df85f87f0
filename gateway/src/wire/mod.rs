//! HTTP/1.1 on the wire, the same for both sides: heads, framing, bodies, and the connections they travel on.
//!
//! Every message has one interpretation or none (RFC 9112): what two readers could read in two ways is refused here,
//! before anybody decides anything from it. Bytes of bodies and field values are slices of what was read, never copies.

mod backend;
mod berth;
mod clock;
mod decode;
mod encode;
mod fields;
mod framing;
mod head;
mod hop;
mod incoming;
mod link;
mod lot;
mod seat;
mod stream;

pub use backend::{BackendBody, Upload, UploadFault};
pub use berth::{Berth, Berths};
pub use clock::Clock;
pub use decode::{BodyError, Decoder, Piece};
pub use encode::{Sending, chunk, end_of_chunks, interim, request_head, response_head};
pub use fields::{Fields, Iter, Named};
pub use framing::{Framing, of_request, of_response};
pub use head::{
    End, HeadFault, RequestHead, Response, ResponseHead, end, parse_request, parse_response,
};
pub use hop::{names, strip_hop_by_hop};
pub use incoming::{Incoming, Lease};
pub use link::Link;
pub use lot::{Lot, Turn};
pub use seat::{Arrival, HeadLimits, Seat, SeatBody};
pub use stream::{Look, Stream};
