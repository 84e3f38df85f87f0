//! Which operations of two versions are the same, although the path names a version or a route is declared.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Description, Operation, OperationKey};
use super::route::routes;
use crate::version::Version;

/// The operation of another version that answers to the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counterpart {
    /// Its index.
    pub index: usize,
    /// A route leads there, or the paths are the same only when segments that name a version are left out, as `/v1/orders`
    /// and `/orders`:
    /// a client that calls its own path is not answered there unless somebody rewrites it.
    pub moved: bool,
}

/// What the operations of one version answer to.
#[derive(Clone, Debug, Default)]
pub struct Names {
    shapes: Vec<String>,
    bare: Vec<String>,
    by_shape: BTreeMap<String, usize>,
    /// Declared against the version before: old shape, new shape.
    routes: Vec<(String, String)>,
}

impl Names {
    /// The names of a version's calls, in its order.
    pub fn new(description: &Description) -> Self {
        let keys = || description.operations.iter().map(|one| &one.key);
        let shapes: Vec<String> = keys().map(OperationKey::shape).collect();
        let bare = keys().map(|key| versionless(key, &description.version)).collect();
        let mut by_shape = BTreeMap::new();
        for (index, shape) in shapes.iter().enumerate() {
            by_shape.entry(shape.clone()).or_insert(index);
        }
        let routes = description.changes.iter().flat_map(routes);
        let routes = routes.map(|route| (route.old.shape(), route.new.shape())).collect();
        Self { shapes, bare, by_shape, routes }
    }

    /// Whether the version says that operations have other methods or paths than before.
    pub fn has_routes(&self) -> bool {
        !self.routes.is_empty()
    }

    /// The routes that this version declares, on the way to it or back from it.
    fn declared(&self, up: bool) -> Vec<(&String, &String)> {
        let routes = self.routes.iter();
        routes.map(|(old, new)| if up { (old, new) } else { (new, old) }).collect()
    }

    /// For each operation here the same one there. Declared routes come first, then equal shapes. Among the operations that are left on
    /// both sides, those are the same whose shapes differ in nothing but segments that name a version, where
    /// exactly one on each side has that shape.
    /// The last step to the other version is the one that `declaring` tells of, up to it or down from it.
    pub fn counterparts(
        &self,
        other: &Self,
        (declaring, up): (&Self, bool),
    ) -> Vec<Option<Counterpart>> {
        let routes = declaring.declared(up);
        let claimed: BTreeSet<&String> = routes.iter().map(|(_, there)| *there).collect();
        let leads = |shape: &String| routes.iter().find(|(here, _)| *here == shape);
        let same = |shape: &String| {
            let there = leads(shape).map_or(shape, |(_, there)| *there);
            let own = leads(shape).is_some() || !claimed.contains(shape);
            other.by_shape.get(there).filter(|_| own)
        };
        let mut found: Vec<Option<Counterpart>> = self
            .shapes
            .iter()
            .map(|shape| {
                let moved = leads(shape).is_some();
                same(shape).map(|index| Counterpart { index: *index, moved })
            })
            .collect();
        if found.iter().all(Option::is_some) {
            return found;
        }
        let taken: BTreeSet<&String> = self.by_shape.keys().collect();
        let free = |shape: &&String| !taken.contains(*shape) && !claimed.contains(*shape);
        let theirs = other.by_shape.iter().filter(|(shape, _)| free(shape));
        let theirs = only(theirs.filter_map(|(_, index)| Some((other.bare.get(*index)?, *index))));
        let ours = self.by_shape.iter().filter(|(shape, _)| same(shape).is_none());
        let ours = only(ours.filter_map(|(_, index)| Some((self.bare.get(*index)?, *index))));
        for (bare, index) in ours {
            let there = theirs.get(bare).copied();
            if let (Some(index), Some(slot)) = (there, found.get_mut(index)) {
                *slot = Some(Counterpart { index, moved: true });
            }
        }
        found
    }
}

/// What only one index has.
fn only<'a>(named: impl Iterator<Item = (&'a String, usize)>) -> BTreeMap<&'a str, usize> {
    let mut found: BTreeMap<&str, Option<usize>> = BTreeMap::new();
    for (name, index) in named {
        found.entry(name).and_modify(|known| *known = None).or_insert(Some(index));
    }
    found.into_iter().filter_map(|(name, index)| Some((name, index?))).collect()
}

/// For each call of `from`, in its order, the same one of `to`, a newer version.
pub fn counterparts(from: &Description, to: &Description) -> Vec<Option<Counterpart>> {
    let (ours, theirs) = (Names::new(from), Names::new(to));
    ours.counterparts(&theirs, (&theirs, true))
}

/// For each webhook and callback of `from`, in its order, the index of the same one of `to`.
pub fn outgoing_counterparts(from: &[Operation], to: &[Operation]) -> Vec<Option<usize>> {
    let mut known = BTreeMap::new();
    for (index, operation) in to.iter().enumerate() {
        known.entry(operation.identity()).or_insert(index);
    }
    from.iter().map(|operation| known.get(&operation.identity()).copied()).collect()
}

/// The shape of a key without the segments that name a version.
fn versionless(key: &OperationKey, own: &Version) -> String {
    let shape = key.shape();
    let (method, path) = shape.split_once(' ').unwrap_or(("", &shape));
    let kept = path.split('/').filter(|segment| !names_version(segment, own.as_str()));
    let kept: Vec<&str> = kept.collect();
    format!("{method} {}", kept.join("/"))
}

/// Whether a segment is the version's label, or reads as a version: `v1`, `v2.1`, `v1beta2`, `2021-06-30`, `2021-06`.
fn names_version(segment: &str, own: &str) -> bool {
    if segment.is_empty() {
        return false;
    }
    let bare = |text: &str| text.strip_prefix(['v', 'V']).unwrap_or(text).to_ascii_lowercase();
    if bare(segment) == bare(own) && segment.bytes().any(|byte| byte.is_ascii_digit()) {
        return true;
    }
    is_numbered(segment) || is_date(segment)
}

fn is_numbered(segment: &str) -> bool {
    let Some(rest) = segment.strip_prefix(['v', 'V']) else { return false };
    let numbers = rest.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
    if numbers.len() == rest.len() || rest.starts_with('.') {
        return false;
    }
    let stage = numbers.trim_end_matches(|letter: char| letter.is_ascii_digit());
    matches!(
        stage,
        "" | "alpha" | "beta" | "rc" | "preview" | "p1beta" | "-alpha" | "-beta" | "-preview"
    )
}

fn is_date(segment: &str) -> bool {
    let mut parts = segment.splitn(4, '-');
    let mut number = |width: usize| {
        let part = parts.next()?;
        (part.len() == width && part.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| part.to_owned())
    };
    let (Some(year), Some(month)) = (number(4), number(2)) else { return false };
    let sound = (1990..=2199).contains(&year.parse().unwrap_or(0))
        && (1..=12).contains(&month.parse().unwrap_or(0));
    let rest: Vec<&str> = segment.splitn(4, '-').skip(2).collect();
    sound
        && match rest.as_slice() {
            [] => true,
            [day] => day.len() == 2 && day.bytes().all(|byte| byte.is_ascii_digit()),
            [day, stage] => {
                day.len() == 2
                    && day.bytes().all(|byte| byte.is_ascii_digit())
                    && matches!(*stage, "preview" | "beta" | "alpha")
            }
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::{Names, names_version};
    use crate::describe::model::{Description, Operation, OperationKey};
    use crate::pointer::Pointer;
    use crate::problem::Place;
    use crate::version::Version;

    fn named(version: &str, paths: &[&str]) -> Names {
        let place = Place { file: "a".into(), line: 1, column: 1, pointer: Pointer::root() };
        let key = |path: &&str| OperationKey { method: "GET".to_owned(), path: (*path).to_owned() };
        let operations = paths.iter().map(|path| Operation::new(key(path), place.clone()));
        Names::new(&Description {
            operations: operations.collect(),
            ..Description::new(Version::new(version), "a".into())
        })
    }

    /// The counterparts of the first version's paths, with `~` before one that moved.
    fn check(old: (&str, &[&str]), new: (&str, &[&str]), wanted: &[&str]) {
        let theirs = named(new.0, new.1);
        let found = named(old.0, old.1).counterparts(&theirs, (&theirs, true));
        let found: Vec<String> = found
            .into_iter()
            .map(|one| match one {
                Some(one) if one.moved => format!("~{}", new.1[one.index]),
                Some(one) => new.1[one.index].to_owned(),
                None => String::new(),
            })
            .collect();
        assert_eq!(found, wanted);
    }

    #[test]
    fn paths_that_name_a_version_have_counterparts() {
        check(
            ("2020-09-04", &["/feeds/2020-09-04/feeds/{id}"]),
            ("2021-06-30", &["/feeds/2021-06-30/feeds/{feedId}"]),
            &["~/feeds/2021-06-30/feeds/{feedId}"],
        );
        check(("1", &["/orders", "/a"]), ("2", &["/v2/orders", "/a"]), &["~/v2/orders", "/a"]);
        // a segment that is the label of the version itself
        check(("v0.9", &["/0.9/a"]), ("v1", &["/1/a"]), &["~/1/a"]);
    }

    #[test]
    fn what_is_still_there_has_not_moved() {
        check(("1", &["/v1/a"]), ("2", &["/v2/a", "/v1/a"]), &["/v1/a"]);
        check(("2", &["/v2/a", "/v1/a"]), ("1", &["/v1/a"]), &["", "/v1/a"]);
    }

    #[test]
    fn two_candidates_are_none() {
        check(("1", &["/a"]), ("2", &["/v2/a", "/v3/a"]), &[""]);
        check(("1", &["/v1/a", "/v2/a"]), ("2", &["/v3/a"]), &["", ""]);
    }

    #[test]
    fn only_what_reads_as_a_version_is_one() {
        for segment in [
            "v1",
            "V2.1",
            "v1beta2",
            "v2alpha",
            "2021-06-30",
            "2021-06",
            "2021-06-30-preview",
            "1.4",
        ] {
            assert!(names_version(segment, "1.4"), "{segment}");
        }
        for segment in
            ["", "v", "vat", "v1a", "2021", "1234-56", "2021-06-3", "orders", "7", "latest"]
        {
            assert!(!names_version(segment, "latest"), "{segment}");
        }
    }
}
