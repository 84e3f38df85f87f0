//! Everything a request may read: immutable, swapped whole.
