//! Every reason to say no, with a stable code and what to do about it.

mod body;
mod reason;
mod retired;

pub use reason::{Elsewhere, FullOf, LossTold, Refusal};
pub use retired::Retired;
