//! What has to be known to turn a link of one version into one of another: how versions are said in it, and where each
//! path of one version stands in the other.

use std::sync::Arc;

use super::router::{Captures, Found, Router, Template};
use super::selector::{Affix, Versions};

/// Links between a client's version and a backend's, both ways.
#[derive(Debug)]
pub struct Linking {
    /// The path that the api is served under; empty for all paths.
    pub prefix: String,
    /// The path segment that says a version.
    pub segment: Option<Affix>,
    /// The query parameters that say one.
    pub queries: Vec<String>,
    /// All versions of the api.
    pub versions: Arc<Versions>,
    /// The client's and the backend's.
    pub pair: (usize, usize),
    /// Lower-case hosts that lead to the api, `*.` for any labels.
    pub hosts: Vec<String>,
    /// Lower-case authorities of the backends of that version.
    pub endpoints: Vec<String>,
    /// Scheme and authority that clients know the api by; absent where it is the `Host` that they ask for.
    pub public: Option<(String, String)>,
    /// From the backend's words to the client's.
    pub inward: Words,
    /// From the client's words to the backend's.
    pub outward: Words,
}

/// The paths of one version, and where they stand in another.
#[derive(Debug, Default)]
pub struct Words {
    /// Path prefixes that the description's servers have, in the version that is read.
    pub bases: Vec<String>,
    /// The same in the version that is written.
    pub written: Vec<String>,
    router: Router,
    rows: Vec<Row>,
}

/// One operation in both versions.
#[derive(Debug)]
pub struct Row {
    /// Method and template in the client's version.
    pub label: Arc<str>,
    /// The path in the version that is written.
    template: Template,
    /// For each of its parameters, which of those that are read it is.
    order: Vec<usize>,
    /// Query parameters that are called otherwise: as read, as written.
    pub renames: Vec<(String, String)>,
    /// The query parameter that holds a paging token, as it is read.
    pub cursor: Option<String>,
}

impl Row {
    /// An operation by its label and its path in the version that is read and in the one that is written. Parameters of
    /// one name are one; where the names differ, they are told by their place. `None` where that tells nothing, as when a
    /// parameter is in the path of one version only.
    pub fn new(label: &Arc<str>, read: &str, written: &str) -> Option<Self> {
        let (read, template) = (Template::parse(read), Template::parse(written));
        let named = template.names.iter().map(|name| read.names.iter().position(|one| one == name));
        let named: Option<Vec<usize>> = named.collect();
        let same = read.names.len() == template.names.len();
        let order = named.or_else(|| Some((0..read.names.len()).collect())).filter(|_| same)?;
        let label = Arc::clone(label);
        Some(Self { label, template, order, renames: Vec::new(), cursor: None })
    }

    /// With query parameters that are called otherwise, and the one that holds a paging token.
    #[must_use]
    pub fn calling(self, renames: Vec<(String, String)>, cursor: Option<String>) -> Self {
        Self { renames, cursor, ..self }
    }

    /// The path in the version that is written, with what was read.
    pub fn render(&self, captures: &[&str], into: &mut String) {
        let values = self.order.iter().filter_map(|at| captures.get(*at).copied());
        let values: Vec<&str> = values.collect();
        self.template.render(&values, into);
    }
}

impl Words {
    /// No paths yet, under these bases.
    pub fn new(bases: &[String], written: &[String]) -> Self {
        Self { bases: bases.to_vec(), written: written.to_vec(), ..Self::default() }
    }

    /// Adds an operation by its method and path in the version that is read.
    pub fn insert(&mut self, method: &str, path: &str, row: Row) {
        self.router.insert(method, path, self.rows.len());
        self.rows.push(row);
    }

    /// The operation that a path is a link to: one that is read, where there is one, as links are followed by reading.
    pub fn find<'path>(&self, path: &'path str) -> Option<(&Row, Captures<'path>)> {
        let found = match self.router.find("GET", path) {
            Found::Methods(methods) => self.router.find(methods.first()?, path),
            found => found,
        };
        match found {
            Found::Operation(index, captures) => Some((self.rows.get(index)?, captures)),
            Found::Methods(_) | Found::Nothing => None,
        }
    }

    /// The operation that a client asked for, by its label.
    pub fn of(&self, label: &str) -> Option<&Row> {
        self.rows.iter().find(|row| &*row.label == label)
    }
}
