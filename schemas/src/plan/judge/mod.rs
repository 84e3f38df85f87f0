//! The verdict on one payload: proof by image, or a witness by search.

mod configured;
mod question;
mod search;
#[cfg(test)]
mod tests;

pub use question::{JudgeLimits, Question, Senders, judge};
