//! The laws of conversion over generated apis: versions, declared changes and payloads.
//!
//! `EVERGATE_CASES` is the number of payloads that each law is held against (240 if unset), `EVERGATE_SEED` where the
//! numbering of the apis begins, `EVERGATE_SHARDS` how many threads there are (2 if unset). Each law prints how many
//! payloads really put it to the test; a law that nothing puts to the test fails.
#![expect(
    clippy::unwrap_used,
    clippy::excessive_nesting,
    clippy::needless_pass_by_value,
    clippy::unnecessary_wraps,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test may fall, and tells its counts"
)]

mod bound;
mod derived;
mod edits;
mod frame;
mod functions;
mod limits;
mod loss;
mod model;
mod paths;
mod pointers;
mod query;
mod run;
mod stream;
mod structures;
mod taint;
mod text;
mod typing;
mod world;
