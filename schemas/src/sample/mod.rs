//! Payloads made from a schema: minimal, boundary and random ones, each checked by the validator.

mod around;
pub(crate) mod boundary;
pub(crate) mod evaluate;
pub(crate) mod flat;
mod left_over;
pub(crate) mod make;
pub(crate) mod node;
pub(crate) mod number;
mod objection;
pub(crate) mod random;
pub(crate) mod read;
mod sampler;
pub(crate) mod strings;
pub(crate) mod text;
mod validate;

pub use objection::{Objection, Union};
pub use random::Random;
pub use sampler::Sampler;
pub use validate::Validator;
