//! How versions are judged: which way, how far senders are trusted, what makes a run fail, and what is waived.

mod settings;
mod waivers;

pub use settings::{Compat, FailOn, Policy, Settings};
pub use waivers::{
    Expiry, FINGERPRINT_FLOOR, REASON_BOUND, Selector, WAIVERS_BOUND, WAIVERS_NAME, Waiver,
    WaiverFile, read_waivers, waivers_schema,
};
