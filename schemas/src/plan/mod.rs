//! From two schemas and declared lenses to a conversion, its image and its verdict.

pub mod apply;
pub mod bridge;
mod fuse;
mod image;
mod nodes;
pub mod outside;
pub mod program;
#[cfg(test)]
mod random;
mod shape;

pub use fuse::{fuse, fuse_all};
pub use image::{Image, ImageLimits, image, image_of};
