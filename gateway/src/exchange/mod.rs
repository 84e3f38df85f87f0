//! The walk of one request: each step adds one known fact.
//!
//! accept → `Inbound` → client version → operation → backend → convert request → send → convert response → reply.

mod answer;
mod asked;
mod beside;
mod body;
mod context;
mod conversion;
mod converted;
mod digest;
mod drift;
mod elsewhere;
mod etag;
pub mod explain;
mod fields;
mod inbound;
mod life;
mod links;
mod merge;
mod names;
mod normal;
mod outbound;
mod parameters;
mod path;
mod pipe;
mod prefer;
mod query;
mod reply;
mod representation;
mod request;
mod rewritten;
mod room;
mod route;
mod send;
mod signature;
mod style;
mod told;
mod trace;
mod upgrade;
mod usage;
mod walk;

pub use body::Held;
pub use inbound::Peer;
pub use reply::{Cut, Opened, ReplyBody};
pub use walk::{House, refuse, serve};
