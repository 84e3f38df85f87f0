//! Rust services against what was released: the checker's answer inside `cargo test`.

mod service;

pub use service::{Message, NotRead, Released, Unserved};
