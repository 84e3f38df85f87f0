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
    /// Operations whose links cannot be said in the other version, with the query parameter for which that is so;
    /// without one, for their path.
    unsaid: Vec<(Arc<str>, Option<String>)>,
}

/// One operation in both versions.
#[derive(Debug)]
pub struct Row {
    /// Method and template in the client's version.
    pub label: Arc<str>,
    /// The path in the version that is written.
    pub template: Template,
    /// Where in the path as read each parameter of the template is; absent where each is at its own place.
    pub positions: Option<Box<[usize]>>,
    /// Query parameters that are called otherwise: as read, as written.
    pub renames: Vec<(String, String)>,
    /// The query parameter that holds a paging token, as it is read.
    pub cursor: Option<String>,
}

impl Row {
    /// Writes the path with what was captured in the one that is read.
    pub fn render(&self, captures: &[&str], into: &mut String) {
        match &self.positions {
            None => self.template.render(captures.iter().copied(), into),
            Some(positions) => {
                let texts = positions.iter().map(|at| captures.get(*at).copied());
                self.template.render(texts.map(Option::unwrap_or_default), into);
            }
        }
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

    /// Leaves alone links to an operation that have a query parameter, or all of them where its path is concerned.
    pub fn leave(&mut self, label: &Arc<str>, parameter: Option<&str>) {
        self.unsaid.push((Arc::clone(label), parameter.map(str::to_owned)));
    }

    /// The query parameters that keep links to an operation from being said, none for its path.
    pub fn left<'a>(&'a self, label: &'a str) -> impl Iterator<Item = Option<&'a str>> {
        let of_it = self.unsaid.iter().filter(move |(one, _)| &**one == label);
        of_it.map(|(_, parameter)| parameter.as_deref())
    }

    /// The operation that a client asked for, by its label.
    pub fn of(&self, label: &str) -> Option<&Row> {
        self.rows.iter().find(|row| &*row.label == label)
    }
}
