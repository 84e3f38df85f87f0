//! Everything a request may read: immutable, swapped whole.

pub mod accept;
mod api;
mod group;
pub mod latency;
pub mod life;
mod lines;
pub mod links;
mod listener;
pub mod loss;
mod merging;
pub mod meter;
mod now;
mod origin;
mod policy;
mod router;
pub mod selector;
mod tracked;
mod whole;

pub use api::{
    Api, Choice, ClientOperation, ClientVersion, Conversion, ConversionLimits, Crossing,
    CrossingBody, CrossingMessage, Hiding, Judged,
};
pub use group::{Backend, Group};
pub use lines::{Lens, Lines, Spot};
pub use listener::{Listener, Trust};
pub use merging::{Merge, Merging, Reading};
pub use now::Now;
pub use origin::{Origin, Recipe};
pub use policy::{LossHeader, NoTransform, Signatures, Undeclared};
pub use router::{Captures, Found, Router, Template};
pub use tracked::{ConsumerSource, Tracked, TrackedField, TrackedPlace, Written};
pub use whole::{Bounds, Shared, Snapshot};
