//! From two schemas and declared lenses to a conversion, its image and its verdict.

pub mod apply;
pub mod bridge;
pub mod outside;
pub mod program;
