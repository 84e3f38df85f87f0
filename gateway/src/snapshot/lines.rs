//! Where in the files a snapshot has what it has, for whoever asks why something is as it is.

use std::fmt;
use std::sync::Arc;

use evergate_schemas::problem::Place;

/// A line of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spot {
    /// The file as the operator named it, or as it was found below what was named.
    pub file: Option<Arc<str>>,
    /// From 1; 0 where it is not known.
    pub line: u32,
}

impl From<&Place> for Spot {
    fn from(place: &Place) -> Self {
        Self { file: Some(Arc::clone(&place.file)), line: place.line }
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.file, self.line) {
            (None, _) => Ok(()),
            (Some(file), 0) => write!(to, "{file}"),
            (Some(file), line) => write!(to, "{file}:{line}"),
        }
    }
}

/// Where the config says what an api is. An api that a reload takes over may stand at other lines than before, so that these are
/// no part of it.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    /// The api itself.
    pub api: Spot,
    /// Which requests are its own.
    pub matching: Spot,
    /// Each place where a request may say its version.
    pub selectors: Vec<Spot>,
    /// The version of requests that say none.
    pub default: Spot,
    /// Each backend of the config, with the version that it speaks where that is written there.
    pub backends: Vec<(Option<String>, Spot)>,
}

/// One entry of a `changes.yaml`.
#[derive(Clone, Debug)]
pub struct Lens {
    /// Index of the version that declares it.
    pub version: usize,
    /// The sentence that a client developer reads.
    pub say: Arc<str>,
    /// The members or parameters that it names, and its own rows of the rules.
    pub names: Vec<Arc<str>>,
    /// Where it is written.
    pub spot: Spot,
}
