//! How a full write of an older view keeps what the view cannot show.

use std::sync::Arc;
use std::time::Duration;

use evergate_schemas::convert::put::Shown;
use evergate_schemas::plan::pointers;
use evergate_schemas::plan::program::Program;
use evergate_schemas::pointer::Pointer;
use http::HeaderValue;
use prometheus_client::metrics::counter::Counter;

use super::api::{Conversion, Crossing};
use super::loss::Loss;

/// What is done with such a write instead of sending it as it was converted.
#[derive(Debug)]
pub struct Merging {
    /// How.
    pub how: Merge,
    /// Counts writes that were sent so.
    pub merged: Counter,
    /// The programs of the write by its media type, without parameters: for places in the client's names.
    pub programs: Vec<(String, Vec<Arc<Program>>)>,
}

/// One way to keep what is hidden.
#[derive(Debug)]
pub enum Merge {
    /// The write is sent as a merge patch of what the client's version shows, in the names of the backend's: by the media
    /// type of the write, without parameters.
    Patch(Vec<(String, Shown)>),
    /// The document is read, the write is merged into it, and it is written if nobody else wrote between.
    Read(Box<Reading>),
}

/// How documents are read and written back.
#[derive(Debug)]
pub struct Reading {
    /// The way of the client's GET of the same path.
    pub read: Crossing,
    /// The media types that can be merged, as `Accept` says them.
    pub accept: HeaderValue,
    /// A conversion that checks and copies, for a document as it is.
    pub copy: Arc<Conversion>,
    /// Leaves out of a document what the backend's PUT forbids.
    pub trim: Arc<Conversion>,
    /// How often a document is read and merged before a 412 of the backend is passed on; at least 1.
    pub attempts: u32,
    /// Longest time for reading a document whole.
    pub timeout: Duration,
    /// Write also where the backend gives the document no strong entity tag.
    pub unguarded: bool,
    /// Members that tell the items of a list apart.
    pub identity: Vec<String>,
    /// The members that the view cannot show. They are kept, unless the client takes away what they are in.
    pub hidden: Vec<Arc<Loss>>,
    /// What the client's version declares, in the names of the backend's: by the media type of the write, without
    /// parameters.
    pub declared: Vec<(String, Shown)>,
    /// What else the client takes away without having seen it.
    pub unseen: Arc<Loss>,
}

impl Merging {
    /// The place, in the client's names, of a place in what its write was converted to.
    pub fn place(&self, essence: &str, at: &Pointer) -> Pointer {
        let programs = self.programs.iter().find(|(own, _)| own == essence);
        programs.map_or_else(|| at.clone(), |(_, programs)| pointers::backward(programs, at))
    }

    /// The way in the log and in metrics.
    pub const fn word(&self) -> &'static str {
        match self.how {
            Merge::Patch(_) => "merge_patch",
            Merge::Read(_) => "read_merge_write",
        }
    }
}
