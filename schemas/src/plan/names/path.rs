//! One path of names inside a text, and what it is called in the other version.

use std::ops::Range;

use super::mask::{self, Case};
use super::rewrite::{Edit, Fault, Names, Why};
use super::table::{Path, Place, Step, spelled};

/// A step of a path as it stands in a text.
#[derive(Clone, Debug)]
pub(super) struct Word<'t> {
    pub(super) text: &'t str,
    /// Where it stands.
    pub(super) at: Range<usize>,
    /// An index follows it, as in `a[0]`, which is not part of the word.
    pub(super) indexed: bool,
}

/// The place that a path leads to.
#[derive(Debug)]
pub(super) struct Found<'t, 'n> {
    pub(super) place: &'n Place,
    /// Where the words stand that are names or keys.
    spans: Vec<Range<usize>>,
    words: Vec<&'t str>,
    keys: Vec<&'t str>,
    /// An item of a list is named by its number.
    indexed: bool,
    /// `*` comes last.
    pub(super) star: bool,
    /// Words after a place that may hold anything.
    free: bool,
    /// In which case names are written.
    case: Case,
}

/// What the words of a path are instead.
#[derive(Debug)]
pub(super) enum Renamed {
    /// These bytes change.
    Edits(Vec<Edit>),
    /// Other paths stand for it, as many as there are.
    Paths(Vec<String>),
}

/// The words of a path, which begins at an offset.
pub(super) fn words<'t>(text: &'t str, start: usize, separator: &str) -> Vec<Word<'t>> {
    let mut found = Vec::new();
    let mut from = 0;
    let mut push = |from: usize, to: usize| {
        let whole = text.get(from..to).unwrap_or_default();
        let bare = match whole.find('[') {
            Some(at) if at > 0 && whole.ends_with(']') => whole.get(..at).unwrap_or(whole),
            _ => whole,
        };
        let at = start + from..start + from + bare.len();
        found.push(Word { text: bare, at, indexed: bare.len() < whole.len() });
    };
    for (at, _) in text.match_indices(separator) {
        // a key of a map in backticks has dots of its own (AIP-161)
        let quoted = text.get(from..at).is_some_and(|part| part.starts_with('`') && !closed(part));
        if quoted {
            continue;
        }
        push(from, at);
        from = at + separator.len();
    }
    push(from, text.len());
    found
}

fn closed(part: &str) -> bool {
    part.len() > 1 && part.ends_with('`')
}

impl Names {
    /// The place of a path; else how many of its words lead somewhere.
    pub(super) fn find<'t>(&self, words: &[Word<'t>]) -> Result<Found<'t, '_>, usize> {
        let cased = self.grammar == super::Grammar::FieldMask;
        let place = self.table.place(0).ok_or(0_usize)?;
        let mut found = Found {
            place,
            spans: Vec::new(),
            words: Vec::new(),
            keys: Vec::new(),
            indexed: false,
            star: false,
            free: false,
            case: Case::Own,
        };
        let last = words.len().saturating_sub(1);
        for (index, word) in words.iter().enumerate() {
            let place = found.place;
            found.indexed |= word.indexed;
            let is_number =
                !word.text.is_empty() && word.text.bytes().all(|one| one.is_ascii_digit());
            let named = place.members.get(word.text).copied();
            let named = named.map(|at| (at, Case::Own));
            let named = named.or_else(|| cased.then(|| mask::member(place, word.text)).flatten());
            let next = match named {
                Some((at, case)) => {
                    if case != Case::Own {
                        found.case = case;
                    }
                    at
                }
                None if word.text == "*" && index == last => {
                    found.star = true;
                    break;
                }
                None if place.list && (word.text == "*" || is_number) => {
                    found.indexed |= is_number;
                    continue;
                }
                None if place.each.is_some() && !word.text.is_empty() => {
                    found.keys.push(word.text);
                    place.each.unwrap_or_default()
                }
                None if place.free && index > 0 => {
                    found.free = true;
                    break;
                }
                None => return Err(index),
            };
            found.spans.push(word.at.clone());
            found.words.push(word.text);
            found.place = self.table.place(next).ok_or(index)?;
        }
        Ok(found)
    }

    /// The edits of the words that lead somewhere, of a path that does not.
    pub(super) fn known_part(&self, words: &[Word<'_>]) -> Vec<Edit> {
        let parts = (1..words.len()).rev().filter_map(|length| words.get(..length));
        let found = parts.filter_map(|part| self.find(part).ok()).find(|found| !found.goes_on());
        let edits = found.and_then(|found| Self::aligned(&found, found.place.at.as_ref()?));
        edits.unwrap_or_default()
    }

    /// What a path is called that is compared or sorted by: one member with all its values.
    pub(super) fn one(&self, found: &Found<'_, '_>, name: &str) -> Result<Vec<Edit>, Fault> {
        let fault = |why| Fault { name: name.to_owned(), why };
        let Some(at) = &found.place.at else { return Err(fault(Why::Several)) };
        match Self::aligned(found, at) {
            Some(edits) => Ok(edits),
            None => self.whole(found, at, name).map(|edit| vec![edit]),
        }
    }

    /// What a path is called that is asked for: all that it is made of.
    pub(super) fn all(&self, found: &Found<'_, '_>, name: &str) -> Result<Renamed, Fault> {
        let place = found.place;
        if let ([only], Some(at)) = (place.cover.as_slice(), &place.at)
            && only == at
        {
            return Ok(Renamed::Edits(match Self::aligned(found, at) {
                Some(edits) => edits,
                None => vec![self.whole(found, at, name)?],
            }));
        }
        if place.refused {
            return Err(Fault { name: name.to_owned(), why: Why::Several });
        }
        if found.indexed {
            return Err(Fault { name: name.to_owned(), why: Why::Index });
        }
        let paths = place.cover.iter().map(|path| {
            if path.is_empty() { Some(String::new()) } else { self.spell(found, path) }
        });
        let paths: Option<Vec<String>> = paths.collect();
        paths.map(Renamed::Paths).ok_or_else(|| Fault { name: name.to_owned(), why: Why::Several })
    }

    /// The edits of a path of as many steps; `None` when it has another number of them.
    pub(super) fn aligned(found: &Found<'_, '_>, at: &Path) -> Option<Vec<Edit>> {
        let steps = at.iter().filter(|step| **step != Step::Item);
        if steps.clone().count() != found.spans.len() {
            return None;
        }
        let mut edits = Vec::new();
        let mut keys = found.keys.iter();
        for ((step, span), word) in steps.zip(&found.spans).zip(&found.words) {
            match step {
                Step::Name(name) => {
                    let name = found.case.write(name);
                    let is_same =
                        name == **word || (found.case != Case::Own && mask::same(&name, word));
                    if !is_same {
                        edits.push(Edit { at: span.clone(), text: name });
                    }
                }
                Step::Key if keys.next() == Some(word) => {}
                Step::Key | Step::Item => return None,
            }
        }
        Some(edits)
    }

    fn whole(&self, found: &Found<'_, '_>, at: &Path, name: &str) -> Result<Edit, Fault> {
        let fault = |why| Fault { name: name.to_owned(), why };
        if found.indexed {
            return Err(fault(Why::Index));
        }
        let text = self.spell(found, at).filter(|text| !text.is_empty());
        let text = text.ok_or_else(|| fault(Why::Several))?;
        match (found.spans.first(), found.spans.last()) {
            (Some(first), Some(last)) => Ok(Edit { at: first.start..last.end, text }),
            _ => Err(fault(Why::Several)),
        }
    }

    fn spell(&self, found: &Found<'_, '_>, path: &Path) -> Option<String> {
        let cased: Path = path
            .iter()
            .map(|step| match step {
                Step::Name(name) => Step::Name(found.case.write(name).into()),
                other => other.clone(),
            })
            .collect();
        spelled(&cased, &found.keys, &self.separator)
    }
}

impl Found<'_, '_> {
    /// Whether the path goes on after the place that was found.
    pub(super) const fn goes_on(&self) -> bool {
        self.star || self.free
    }
}
