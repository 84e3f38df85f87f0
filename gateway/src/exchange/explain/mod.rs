//! Why a request goes where it goes, and what is done to it: the walk itself, with nothing sent, told step by step.

mod answer;
mod ask;
mod choices;
mod model;
mod plans;
mod question;
mod secret;

pub use ask::explain;
pub use model::{Explanation, Field, Lost, Note, Sent, Step};
pub use question::{Question, Wrong};
