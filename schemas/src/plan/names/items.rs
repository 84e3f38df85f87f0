//! Lists of names with a delimiter between them: `a,b.c`, `-a,b:desc`, `a.b,c`.

use std::collections::BTreeSet;
use std::ops::Range;

use super::grammar::Grammar;
use super::path::{Renamed, Word, words};
use super::rewrite::{Edit, Fault, Names, OnUnknownName, OnValue, Rewritten, Why, apply};
use super::values::keeps_order;

/// What becomes of one item.
enum Item {
    Edits(Vec<Edit>),
    /// Others stand for it.
    Texts(Vec<String>),
    Drop,
    /// It is made of everything, or of nothing that can be asked for.
    Everything,
}

impl Names {
    pub(super) fn items(&self, text: &str) -> Result<Rewritten, Fault> {
        let mut edits = Vec::new();
        let mut written = BTreeSet::new();
        let (mut kept, mut dropped) = (0_usize, None);
        for (start, whole) in pieces(text, self.delimiter) {
            let bare = whole.trim();
            let at = start + (whole.len() - whole.trim_start().len());
            let item = if bare.is_empty() {
                Item::Edits(Vec::new())
            } else if self.grammar == Grammar::Sort {
                self.order(bare, at)?
            } else {
                self.asked(bare, at)?
            };
            let fresh = match item {
                Item::Everything if self.selects => return Ok(Rewritten::Remove),
                Item::Edits(own) if own.is_empty() => Some(own),
                Item::Edits(own) => {
                    let here: Vec<Edit> = own
                        .iter()
                        .map(|one| Edit {
                            at: one.at.start - at..one.at.end - at,
                            text: one.text.clone(),
                        })
                        .collect();
                    written.insert(apply(bare, &here));
                    Some(own)
                }
                Item::Texts(texts) => {
                    let fresh: Vec<String> =
                        texts.into_iter().filter(|one| written.insert(one.clone())).collect();
                    let text = fresh.join(&self.delimiter.to_string());
                    (!fresh.is_empty()).then(|| vec![Edit { at: at..at + bare.len(), text }])
                }
                Item::Drop | Item::Everything => {
                    dropped.get_or_insert(bare);
                    None
                }
            };
            match fresh {
                Some(own) => {
                    // the first that stays has nothing before it
                    if kept == 0 && start > 0 {
                        edits.push(cut(start - self.delimiter.len_utf8()..start));
                    }
                    edits.extend(own);
                    kept += 1;
                }
                None => edits.push(cut(
                    start.saturating_sub(self.delimiter.len_utf8())..start + whole.len()
                )),
            }
        }
        if kept > 0 {
            return Ok(Rewritten::Edits(edits));
        }
        match dropped {
            Some(name) if self.selects => Err(Fault { name: name.to_owned(), why: Why::Unknown }),
            _ => Ok(Rewritten::Remove),
        }
    }

    fn asked(&self, bare: &str, at: usize) -> Result<Item, Fault> {
        let fault = |why| Fault { name: bare.to_owned(), why };
        if bare == "*" {
            return Ok(Item::Edits(Vec::new()));
        }
        let path = words(bare, at, &self.separator);
        let Ok(found) = self.find(&path) else { return self.unknown(bare, &path) };
        match self.all(&found, bare)? {
            Renamed::Edits(edits) => Ok(Item::Edits(edits)),
            Renamed::Paths(paths) if paths.is_empty() => Ok(Item::Everything),
            Renamed::Paths(paths) if paths.iter().any(String::is_empty) => Ok(Item::Everything),
            // what is written must not be more than was said
            Renamed::Paths(_) if !self.grammar.asks() => Err(fault(Why::Several)),
            Renamed::Paths(paths) => Ok(Item::Texts(paths)),
        }
    }

    /// A path with a direction.
    fn order(&self, bare: &str, at: usize) -> Result<Item, Fault> {
        let path = bare.strip_prefix(['-', '+']).unwrap_or(bare);
        let start = at + (bare.len() - path.len());
        let indented = path.trim_start();
        let start = start + (path.len() - indented.len());
        let path = undirected(indented);
        let steps = words(path, start, &self.separator);
        let found = self.find(&steps).ok().filter(|found| !found.goes_on());
        let Some(found) = found else { return self.unknown(path, &steps) };
        let fault = |why| Fault { name: path.to_owned(), why };
        if !keeps_order(&found.place.values) && self.on_value == OnValue::Error {
            return Err(fault(Why::Order));
        }
        self.one(&found, path).map(Item::Edits)
    }

    fn unknown(&self, name: &str, path: &[Word<'_>]) -> Result<Item, Fault> {
        match self.on_unknown {
            OnUnknownName::Error => Err(Fault { name: name.to_owned(), why: Why::Unknown }),
            OnUnknownName::Keep => Ok(Item::Edits(self.known_part(path))),
            OnUnknownName::Drop => Ok(Item::Drop),
        }
    }
}

/// A path without the direction after it.
fn undirected(text: &str) -> &str {
    let is_direction =
        |word: &str| word.eq_ignore_ascii_case("asc") || word.eq_ignore_ascii_case("desc");
    let after = |at: usize, width: usize| text.get(at + width..).unwrap_or_default().trim();
    if let Some(at) = text.rfind(':')
        && is_direction(after(at, 1))
    {
        return text.get(..at).unwrap_or(text).trim_end();
    }
    if let Some(at) = text.rfind(char::is_whitespace)
        && is_direction(after(at, 0))
    {
        return text.get(..at).unwrap_or(text).trim_end();
    }
    text
}

/// The pieces of a text between delimiters, with where they begin. Delimiters in backticks are none.
fn pieces(text: &str, delimiter: char) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let (mut from, mut inside) = (0, false);
    for (at, letter) in text.char_indices() {
        if letter == '`' {
            inside = !inside;
        } else if letter == delimiter && !inside {
            found.push((from, text.get(from..at).unwrap_or_default()));
            from = at + letter.len_utf8();
        }
    }
    found.push((from, text.get(from..).unwrap_or_default()));
    found
}

const fn cut(at: Range<usize>) -> Edit {
    Edit { at, text: String::new() }
}
