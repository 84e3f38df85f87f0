//! From two schemas and the lenses between them to a program: rows A1 to A20, L1, L2, L6 and L10.
//!
//! The derivation guides itself by shapes and never guesses; what it builds is judged by its image, not trusted.

mod build;
mod function;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod links;
mod object;
#[cfg(test)]
#[expect(clippy::needless_pass_by_value, reason = "cases are written where they are used")]
mod policies;
mod range;
mod scalar;
mod site;
mod slots;
#[cfg(test)]
mod structures;
#[cfg(test)]
#[expect(clippy::needless_pass_by_value, reason = "cases are written where they are used")]
mod tests;
mod union;
#[cfg(test)]
mod union_tests;
mod variants;
mod walk;

pub(crate) use build::thinned;
pub use site::Site;
pub use walk::derive;
