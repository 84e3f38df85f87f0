//! The differences between two versions, one row each.
