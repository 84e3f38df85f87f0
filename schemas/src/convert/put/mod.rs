//! Keeping what an older view cannot show: the three-way merge of a full write, and the same write as a merge patch.
//!
//! A client of one version reads `down(source)` and writes a view of it back. Whatever its version has no word for
//! must stay. [`put`] is the `put` of a lens (Foster et al., TOPLAS 29(3), 2007) made of the two conversions that are
//! there anyway: what the view changed, from `up(down(source))` to `up(view)`, is done to `source`.

mod align;
mod hidden;
mod merge;
mod patch;
mod shown;
#[cfg(test)]
mod tests;
mod tree;
mod trim;

pub use hidden::FullWrite;
pub use merge::{Merged, NotMerged, put, put_declared};
pub use patch::{NotPatched, merge_patch};
pub use shown::{Shown, Unshown};
pub use trim::trimmed;
