//! Waivers: findings that somebody answers for, as written in a file.

mod file;
mod schema;
#[cfg(test)]
mod tests;

pub use file::{
    Expiry, FINGERPRINT_FLOOR, REASON_BOUND, Selector, WAIVERS_BOUND, WAIVERS_NAME, Waiver,
    WaiverFile, read_waivers,
};
pub use schema::waivers_schema;
