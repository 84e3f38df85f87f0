//! Texts taken apart by a pattern and put together by a template (lens L5).

use std::sync::Arc;

use regex::Regex;
use regex_syntax::hir::{Hir, HirKind};

/// A pattern of the linear-time engine with named groups; compared by its source.
#[derive(Clone, Debug)]
pub struct Pattern {
    source: Arc<str>,
    regex: Regex,
    /// Groups that hold something in every match.
    always: Arc<[String]>,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Pattern {
    /// Reads a pattern that is to match whole texts.
    ///
    /// # Errors
    /// A sentence about what is wrong with it.
    pub fn parse(source: &str) -> Result<Self, String> {
        let translated = jsonschema_regex::to_rust_regex(source)
            .map_err(|()| format!("`{source}` is no pattern that runs in linear time"))?;
        let anchored = format!("^(?:{translated})$");
        let wrong = || format!("`{source}` is no pattern that runs in linear time");
        let regex = Regex::new(&anchored).map_err(|_| wrong())?;
        let syntax = regex_syntax::parse(&anchored).map_err(|_| wrong())?;
        Ok(Self { source: source.into(), regex, always: sure(&syntax).into() })
    }

    /// The pattern as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The names of its groups.
    pub fn groups(&self) -> Vec<String> {
        self.regex.capture_names().flatten().map(str::to_owned).collect()
    }

    /// Whether a group holds something in every match.
    pub(super) fn always(&self, group: &str) -> bool {
        self.always.iter().any(|one| one == group)
    }

    /// What each group holds of a text; `None` when it does not match.
    pub(super) fn take(&self, text: &str) -> Option<Vec<(String, Option<String>)>> {
        let found = self.regex.captures(text)?;
        let group = |name: String| {
            let held = found.name(&name).map(|held| held.as_str().to_owned());
            (name, held)
        };
        Some(self.groups().into_iter().map(group).collect())
    }
}

// The groups through which every match goes.
fn sure(syntax: &Hir) -> Vec<String> {
    match syntax.kind() {
        HirKind::Capture(group) => {
            group.name.iter().map(ToString::to_string).chain(sure(&group.sub)).collect()
        }
        HirKind::Concat(parts) => parts.iter().flat_map(sure).collect(),
        HirKind::Alternation(parts) => {
            let mut each = parts.iter().map(sure);
            let first = each.next().unwrap_or_default();
            each.fold(first, |all, next| all.into_iter().filter(|one| next.contains(one)).collect())
        }
        HirKind::Repetition(part) if part.min > 0 => sure(&part.sub),
        HirKind::Repetition(_)
        | HirKind::Empty
        | HirKind::Literal(_)
        | HirKind::Class(_)
        | HirKind::Look(_) => Vec::new(),
    }
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Member(String),
}

/// Text with members in braces: `{first} {last}`; `{{` and `}}` are braces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    pieces: Vec<Piece>,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// A sentence about what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(index) = rest.find(['{', '}']) {
            let (before, after) = rest.split_at_checked(index).unwrap_or((rest, ""));
            plain.push_str(before);
            if let Some(next) = after.strip_prefix("{{") {
                plain.push('{');
                rest = next;
            } else if let Some(next) = after.strip_prefix("}}") {
                plain.push('}');
                rest = next;
            } else {
                let inner = after.strip_prefix('{').and_then(|after| after.split_once('}'));
                let (name, next) =
                    inner.filter(|(name, _)| !name.is_empty() && !name.contains('{')).ok_or_else(
                        || format!("`{text}` has a brace that is neither `{{member}}` nor doubled"),
                    )?;
                if !plain.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut plain)));
                }
                pieces.push(Piece::Member(name.to_owned()));
                rest = next;
            }
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self { pieces })
    }

    /// The members it names, each once.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for piece in &self.pieces {
            if let Piece::Member(name) = piece
                && !names.contains(&name.as_str())
            {
                names.push(name);
            }
        }
        names
    }

    /// The text; `None` when a member has none.
    pub(super) fn fill(&self, member: impl Fn(&str) -> Option<String>) -> Option<String> {
        self.pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => Some(text.clone()),
                Piece::Member(name) => member(name),
            })
            .collect()
    }

    /// The characters that are always there.
    pub(super) fn least(&self) -> usize {
        let count = |piece: &Piece| match piece {
            Piece::Text(text) => text.chars().count(),
            Piece::Member(_) => 0,
        };
        self.pieces.iter().map(count).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::{Pattern, Template};

    #[test]
    fn a_template_names_members_in_braces() {
        let template = Template::parse("{a}-{b} {{{a}}}").unwrap();
        assert_eq!(template.names(), ["a", "b"]);
        let filled = template.fill(|name| Some(name.to_uppercase()));
        assert_eq!(filled.as_deref(), Some("A-B {A}"));
        assert_eq!(template.fill(|name| (name == "a").then(String::new)), None);
        for broken in ["{", "}", "{}", "{a", "a}", "{a{b}"] {
            assert!(Template::parse(broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn a_pattern_takes_whole_texts() {
        let pattern = Pattern::parse(r"(?<first>\S+) (?<last>.+)|(?<last2>x)").unwrap();
        let held = pattern.take("Ada Lovelace").unwrap();
        assert_eq!(held[0], ("first".into(), Some("Ada".into())));
        assert_eq!(held[2], ("last2".into(), None));
        assert!(!pattern.always("first"));
        assert!(Pattern::parse("(?<a>x)+(?<b>y)?").unwrap().always("a"));
        assert!(!Pattern::parse("(?<a>x)+(?<b>y)?").unwrap().always("b"));
        assert_eq!(pattern.take("Ada"), None);
        assert!(Pattern::parse("(?=a)").is_err());
        assert!(Pattern::parse("(").is_err());
    }
}
