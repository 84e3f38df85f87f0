//! Path templates (OpenAPI 3.1 §4.8.8): matching a request's path, and writing one.

use std::cmp::Ordering;

use smallvec::SmallVec;

/// A path template such as `/orders/{id}/lines`, ready to match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathTemplate {
    segments: Vec<Segment>,
}

/// Literals and parameters in turn: `literals[0] {names[0]} literals[1] …`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Segment {
    literals: Vec<String>,
    names: Vec<String>,
}

impl PathTemplate {
    /// Reads a template as written. A query or fragment that some documents put behind the path is no part of it.
    pub fn parse(text: &str) -> Self {
        let path = outside_braces(text);
        let path = path.strip_prefix('/').unwrap_or(path);
        Self { segments: path.split('/').map(Segment::parse).collect() }
    }

    /// The texts of the parameters by position, raw as they stand in `path`; `None` when it does not match.
    /// No parameter matches an empty text or a `/`.
    pub fn matches<'p>(&self, path: &'p str) -> Option<SmallVec<[&'p str; 4]>> {
        let path = path.strip_prefix('/')?;
        let mut found = SmallVec::new();
        let mut steps = path.split('/');
        for segment in &self.segments {
            segment.matches(steps.next()?, &mut found)?;
        }
        steps.next().is_none().then_some(found)
    }

    /// The path with `values` in place of the parameters, by position and as given; a missing one is left empty.
    pub fn render(&self, values: &[&str]) -> String {
        let mut values = values.iter();
        let mut path = String::new();
        for segment in &self.segments {
            path.push('/');
            for (index, literal) in segment.literals.iter().enumerate() {
                if index > 0 {
                    path.push_str(values.next().copied().unwrap_or_default());
                }
                path.push_str(literal);
            }
        }
        path
    }

    /// The names of the parameters by position.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().flat_map(|segment| segment.names.iter().map(String::as_str))
    }

    /// Which of two templates that match the same path is meant: the `Less` one. From the left, a literal
    /// segment comes before a mixed one and that before a mere parameter.
    pub fn by_literals(&self, other: &Self) -> Ordering {
        let rank =
            |template: &Self| template.segments.iter().map(Segment::rank).collect::<Vec<_>>();
        rank(self).cmp(&rank(other))
    }
}

impl Segment {
    fn parse(text: &str) -> Self {
        let (mut literals, mut names) = (vec![String::new()], Vec::new());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, behind)) = after.split_once('}') else { break };
            if let Some(last) = literals.last_mut() {
                last.push_str(before);
            }
            names.push(name.to_owned());
            literals.push(String::new());
            rest = behind;
        }
        if let Some(last) = literals.last_mut() {
            last.push_str(rest);
        }
        Self { literals, names }
    }

    fn rank(&self) -> (u8, usize) {
        let literal: usize = self.literals.iter().map(String::len).sum();
        let kind = match (self.names.is_empty(), literal) {
            (true, _) => 0,
            (false, 0) => 2,
            (false, _) => 1,
        };
        (kind, usize::MAX - literal)
    }

    fn matches<'p>(&self, step: &'p str, found: &mut SmallVec<[&'p str; 4]>) -> Option<()> {
        let (first, rest) = self.literals.split_first()?;
        let mut left = step.strip_prefix(first.as_str())?;
        for (index, literal) in rest.iter().enumerate() {
            let is_last = index + 1 == rest.len();
            let cut = if is_last {
                left.len()
                    .checked_sub(literal.len())
                    .filter(|_| left.ends_with(literal.as_str()))?
            } else {
                // At least one letter belongs to the parameter itself.
                let skip = left.chars().next()?.len_utf8();
                skip + left.get(skip..)?.find(literal.as_str())?
            };
            let value = left.get(..cut).filter(|value| !value.is_empty())?;
            found.push(value);
            left = left.get(cut + literal.len()..)?;
        }
        left.is_empty().then_some(())
    }
}

fn outside_braces(text: &str) -> &str {
    let mut inside = false;
    for (index, letter) in text.char_indices() {
        match letter {
            '{' => inside = true,
            '}' => inside = false,
            '?' | '#' if !inside => return text.get(..index).unwrap_or(text),
            _ => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::PathTemplate;

    fn check(template: &str, path: &str, wanted: Option<&[&str]>) {
        let found = PathTemplate::parse(template).matches(path);
        assert_eq!(found.as_deref(), wanted, "{template} {path}");
    }

    #[test]
    fn templates_match_whole_segments() {
        check("/", "/", Some(&[]));
        check("/a/{id}", "/a/7%2F8", Some(&["7%2F8"]));
        check("/a/{id}", "/a/", None);
        check("/a/{id}", "/a/7/", None);
        check("/a/{id}/", "/a/7/", Some(&["7"]));
        check("/a/{id}", "a/7", None);
        check("/{a}.{b}", "/x.y.z", Some(&["x", "y.z"]));
        check("/v{a}:{b}x", "/v1:2x", Some(&["1", "2"]));
        check("/{a}{b}", "/é1", Some(&["é", "1"]));
        check("/a{b}a", "/aa", None);
        check("/a/{id}#deleted", "/a/7", Some(&["7"]));
        check("/a?b={c}", "/a", Some(&[]));
    }

    #[test]
    fn more_literals_win() {
        let mut all: Vec<_> = ["/{a}/b", "/{a}/{b}", "/x/{b}", "/x/b{c}", "/x/b"]
            .iter()
            .map(|text| (*text, PathTemplate::parse(text)))
            .collect();
        all.sort_by(|one, other| one.1.by_literals(&other.1));
        let order: Vec<_> = all.iter().map(|(text, _)| *text).collect();
        assert_eq!(order, ["/x/b", "/x/b{c}", "/x/{b}", "/{a}/b", "/{a}/{b}"]);
    }

    proptest! {
        #[test]
        fn a_rendered_path_matches(values in proptest::collection::vec("[a-z0-9%]{1,5}", 3)) {
            let template = PathTemplate::parse("/a/{x}/b-{y}/{z}.json");
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            let path = template.render(&values);
            let found = template.matches(&path).unwrap();
            prop_assert_eq!(found.as_slice(), values.as_slice());
        }

        #[test]
        fn no_template_makes_it_fall(template in ".{0,20}", path in ".{0,20}") {
            drop(PathTemplate::parse(&template).matches(&path));
        }
    }
}
