//! Which operation a path names: a tree over path templates in which literal segments win.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use smallvec::SmallVec;

/// The raw, undecoded texts of a template's parameters, in order.
pub type Captures<'path> = SmallVec<[&'path str; 4]>;

/// One segment of a template: literal pieces around parameters, as `{id}` or `report-{year}.{format}`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Segment {
    /// One more than there are parameters; a literal segment has one piece.
    pieces: Vec<String>,
}

impl Segment {
    fn parse(text: &str) -> (Self, Vec<String>) {
        let mut pieces = Vec::new();
        let mut names = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{')
            && let Some((name, behind)) = after.split_once('}')
        {
            pieces.push(before.to_owned());
            names.push(name.to_owned());
            rest = behind;
        }
        pieces.push(rest.to_owned());
        (Self { pieces }, names)
    }

    fn literal(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// Letters that are fixed: the more, the earlier it is tried.
    fn weight(&self) -> usize {
        self.pieces.iter().map(String::len).sum()
    }

    /// Captures each parameter at its shortest, never empty; the last one reaches to the closing piece.
    fn capture<'path>(&self, text: &'path str, captures: &mut Captures<'path>) -> bool {
        let Some((first, others)) = self.pieces.split_first() else { return false };
        let Some(mut rest) = text.strip_prefix(first.as_str()) else { return false };
        let Some((last, middle)) = others.split_last() else { return rest.is_empty() };
        for piece in middle {
            let Some(found) = rest.char_indices().skip(1).find_map(|(at, _)| {
                rest.get(at..).filter(|tail| tail.starts_with(piece.as_str())).map(|_| at)
            }) else {
                return false;
            };
            captures.push(rest.get(..found).unwrap_or_default());
            rest = rest.get(found + piece.len()..).unwrap_or_default();
        }
        match rest.strip_suffix(last.as_str()) {
            Some(value) if !value.is_empty() => {
                captures.push(value);
                true
            }
            _ => false,
        }
    }
}

/// A path template that can be written with other values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    segments: Vec<Segment>,
    /// Parameter names, in order.
    pub names: Vec<String>,
}

impl Template {
    /// Reads a template such as `/orders/{id}`.
    pub fn parse(text: &str) -> Self {
        let mut names = Vec::new();
        let segments = segments(text).map(|segment| {
            let (segment, own) = Segment::parse(segment);
            names.extend(own);
            segment
        });
        Self { segments: segments.collect(), names }
    }

    /// The path with these raw values, by position; a missing value leaves its place empty.
    pub fn render<'v>(&self, values: impl IntoIterator<Item = &'v str>, into: &mut String) {
        let mut values = values.into_iter();
        for segment in &self.segments {
            into.push('/');
            for (index, piece) in segment.pieces.iter().enumerate() {
                if index > 0 {
                    into.push_str(values.next().unwrap_or_default());
                }
                into.push_str(piece);
            }
        }
    }
}

/// An operation's index under its method.
#[derive(Clone, Debug, Default)]
struct Leaf {
    by_method: Vec<(String, usize)>,
}

#[derive(Clone, Debug, Default)]
struct Branch {
    literals: HashMap<String, Self, FixedState>,
    /// Heaviest first.
    patterns: Vec<(Segment, Self)>,
    leaf: Option<Leaf>,
}

/// The operations of one version.
#[derive(Clone, Debug, Default)]
pub struct Router {
    root: Branch,
}

/// What stands at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found<'path> {
    /// The operation with this index.
    Operation(usize, Captures<'path>),
    /// Only these methods.
    Methods(Vec<String>),
    /// Nothing.
    Nothing,
}

impl Router {
    /// Adds the operation with this index; the first of two with the same method and shape stays.
    pub fn insert(&mut self, method: &str, template: &str, operation: usize) {
        let template = Template::parse(template);
        let mut branch = &mut self.root;
        for segment in template.segments {
            branch = match segment.literal() {
                Some(literal) => branch.literals.entry(literal.to_owned()).or_default(),
                None => pattern_branch(&mut branch.patterns, segment),
            };
        }
        let leaf = branch.leaf.get_or_insert_default();
        if !leaf.by_method.iter().any(|(one, _)| one == method) {
            leaf.by_method.push((method.to_owned(), operation));
        }
    }

    /// What stands at this path for this method. `HEAD` falls back to `GET`.
    pub fn find<'path>(&self, method: &str, path: &'path str) -> Found<'path> {
        let mut captures = Captures::new();
        let parts: SmallVec<[&str; 12]> = segments(path).collect();
        let mut others = Vec::new();
        match walk(&self.root, &parts, method, (&mut captures, &mut others)) {
            Some(operation) => Found::Operation(operation, captures),
            None if others.is_empty() => Found::Nothing,
            None => {
                others.sort();
                others.dedup();
                Found::Methods(others)
            }
        }
    }
}

fn pattern_branch(patterns: &mut Vec<(Segment, Branch)>, segment: Segment) -> &mut Branch {
    let at = patterns.iter().position(|(one, _)| *one == segment).unwrap_or_else(|| {
        let weight = segment.weight();
        let at = patterns.partition_point(|(one, _)| one.weight() >= weight);
        patterns.insert(at, (segment, Branch::default()));
        at
    });
    #[expect(clippy::indexing_slicing, reason = "found or inserted at this index just above")]
    &mut patterns[at].1
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.strip_prefix('/').unwrap_or(path).split('/')
}

/// Depth first, literals before patterns; depth is bounded by the templates. A leaf without the method is
/// remembered and the search goes on, since a less literal template may have it.
fn walk<'path>(
    branch: &Branch,
    parts: &[&'path str],
    method: &str,
    found: (&mut Captures<'path>, &mut Vec<String>),
) -> Option<usize> {
    let (captures, others) = found;
    let Some((part, rest)) = parts.split_first() else {
        let leaf = branch.leaf.as_ref()?;
        let by = |wanted: &str| {
            leaf.by_method.iter().find(|(one, _)| one == wanted).map(|(_, index)| *index)
        };
        let hit = by(method).or_else(|| if method == "HEAD" { by("GET") } else { None });
        if hit.is_none() {
            others.extend(leaf.by_method.iter().map(|(one, _)| one.clone()));
        }
        return hit;
    };
    if let Some(next) = branch.literals.get(*part)
        && let Some(hit) = walk(next, rest, method, (captures, others))
    {
        return Some(hit);
    }
    for (segment, next) in &branch.patterns {
        let mark = captures.len();
        if segment.capture(part, captures)
            && let Some(hit) = walk(next, rest, method, (captures, others))
        {
            return Some(hit);
        }
        captures.truncate(mark);
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Found, Router, Template};

    fn router() -> Router {
        let mut router = Router::default();
        let templates = [
            ("GET", "/"),
            ("GET", "/orders"),
            ("POST", "/orders"),
            ("GET", "/orders/{id}"),
            ("GET", "/orders/latest"),
            ("POST", "/orders/{id}:cancel"),
            ("DELETE", "/orders/{id}"),
            ("GET", "/orders/{id}/items/{item}"),
            ("GET", "/files/{name}.{format}"),
        ];
        for (index, (method, template)) in templates.into_iter().enumerate() {
            router.insert(method, template, index);
        }
        router
    }

    #[track_caller]
    fn check(method: &str, path: &str, expected: Result<(usize, &[&str]), &[&str]>) {
        let router = router();
        match (router.find(method, path), expected) {
            (Found::Operation(index, captures), Ok((wanted, values))) => {
                assert_eq!((index, captures.as_slice()), (wanted, values));
            }
            (Found::Methods(methods), Err(wanted)) => assert_eq!(methods, wanted),
            (Found::Nothing, Err([])) => {}
            (seen, wanted) => panic!("{seen:?} is not {wanted:?}"),
        }
    }

    #[test]
    fn literals_win_over_patterns_and_patterns_over_parameters() {
        check("GET", "/", Ok((0, &[])));
        check("GET", "/orders", Ok((1, &[])));
        check("POST", "/orders", Ok((2, &[])));
        check("GET", "/orders/latest", Ok((4, &[])));
        check("GET", "/orders/17", Ok((3, &["17"])));
        check("HEAD", "/orders/17", Ok((3, &["17"])));
        check("POST", "/orders/17:cancel", Ok((5, &["17"])));
        check("DELETE", "/orders/latest", Ok((6, &["latest"])));
        check("GET", "/orders/a%2Fb/items/x", Ok((7, &["a%2Fb", "x"])));
        check("GET", "/files/a.b.json", Ok((8, &["a", "b.json"])));
    }

    #[test]
    fn what_is_not_there_is_said() {
        check("PUT", "/orders", Err(&["GET", "POST"]));
        check("GET", "/nothing", Err(&[]));
        check("GET", "/orders/", Err(&[]));
        check("GET", "/files/.json", Err(&[]));
    }

    #[test]
    fn a_template_is_written_with_the_captured_values() {
        let mut path = String::new();
        Template::parse("/o/{a}/x-{b}.json").render(["1", "2"], &mut path);
        assert_eq!(path, "/o/1/x-2.json");
    }

    proptest! {
        #[test]
        fn no_path_brings_it_down(path in "\\PC{0,40}") {
            let router = router();
            router.find("GET", &path);
            router.find("POST", &format!("/orders/{path}:cancel"));
        }

        #[test]
        fn what_is_rendered_is_found_again(id in "[a-z0-9%]{1,12}", item in "[a-z0-9]{1,12}") {
            let mut path = String::new();
            Template::parse("/orders/{id}/items/{item}").render([id.as_str(), &item], &mut path);
            let router = router();
            let Found::Operation(7, captures) = router.find("GET", &path) else { panic!("{path}") };
            prop_assert_eq!(captures.as_slice(), [id.as_str(), item.as_str()]);
        }
    }
}
