//! Strings: plausible for a format, within lengths, and matching patterns.

use std::sync::Arc;

use regex_syntax::hir::{Class, Hir, HirKind};

use super::evaluate::Patterns;
use super::node::Texts;
use super::random::Random;

/// The longest string that is made, in characters.
pub(crate) const LENGTH: u64 = 4096;
/// How many strings are tried for a pattern.
const TRIES: u64 = 24;
/// How often one part of a pattern is repeated at most.
const REPEATED: u32 = 600;

/// A string of that length made of that beginning.
pub(crate) fn fit(start: &str, least: u64, most: Option<u64>) -> String {
    let most = usize::try_from(most.unwrap_or(LENGTH).max(least).min(LENGTH)).unwrap_or(0);
    let least = usize::try_from(least.min(LENGTH)).unwrap_or(0);
    let mut text: String = start.chars().take(most).collect();
    let length = text.chars().count();
    text.extend(std::iter::repeat_n('a', least.saturating_sub(length)));
    text
}

/// An example of a format; `format` stays an annotation, so an unknown one is just a word.
pub(crate) fn example(format: &str) -> &'static str {
    match format {
        "date-time" => "2026-05-01T12:30:00Z",
        "date" => "2026-05-01",
        "time" => "12:30:00Z",
        "duration" => "P1D",
        "uuid" => "3f2b0a64-7a3e-4f6e-9d3a-2b1c0d9e8f70",
        "email" | "idn-email" => "alice@example.com",
        "hostname" | "idn-hostname" => "example.com",
        "ipv4" => "192.0.2.1",
        "ipv6" => "2001:db8::1",
        "uri" | "url" | "iri" => "https://example.com/a",
        "uri-reference" | "iri-reference" | "json-pointer" => "/a",
        "uri-template" => "/a/{b}",
        "relative-json-pointer" => "0/a",
        "regex" => "a",
        "byte" => "YQ==",
        _ => "",
    }
}

/// A string for these constraints: the plainest with seed 0, else some other; `None` where none was found.
pub(crate) fn string(
    patterns: &mut Patterns,
    texts: &Texts,
    format: Option<&str>,
    random: Option<&mut Random>,
) -> Option<String> {
    if texts.patterns.is_empty() {
        let start = format.map_or("", example);
        let Some(random) = random else {
            return (texts.least <= LENGTH).then(|| fit(start, texts.least, texts.most));
        };
        if !start.is_empty() {
            return Some(fit(start, texts.least, texts.most));
        }
        let extra = random.below(9);
        let letters = (0..extra).map(|_| letter(random)).collect::<String>();
        return (texts.least <= LENGTH).then(|| fit(&letters, texts.least, texts.most));
    }
    let mut fixed = Random::new(1);
    let varied = random.is_some();
    let random = random.unwrap_or(&mut fixed);
    let shapes: Vec<Hir> = texts.patterns.iter().filter_map(|pattern| shape(pattern)).collect();
    for attempt in 0..TRIES {
        let stretch = match attempt {
            0 => 0,
            1 => u32::try_from(texts.least.min(LENGTH)).unwrap_or(0),
            _ => u32::try_from(random.below(texts.least.clamp(4, 64) + 1)).unwrap_or(0),
        };
        let plain = attempt < 2 && !varied;
        let Some(hir) = shapes.get(random.index(shapes.len())) else { break };
        let mut text = String::new();
        let mut walk = Walk { random, plain, stretch };
        if !walk.write(hir, &mut text) {
            continue;
        }
        for candidate in [fit(&text, texts.least, None), text] {
            if admits(patterns, texts, &candidate) {
                return Some(candidate);
            }
        }
    }
    let start = fit(format.map_or("", example), texts.least, texts.most);
    admits(patterns, texts, &start).then_some(start)
}

/// Whether a string keeps lengths and patterns for certain.
pub(crate) fn admits(patterns: &mut Patterns, texts: &Texts, text: &str) -> bool {
    let length = text.chars().count() as u64;
    length >= texts.least
        && texts.most.is_none_or(|most| length <= most)
        && texts.patterns.iter().all(|pattern| patterns.matches(pattern, text) == Some(true))
}

/// A name that a pattern matches.
pub(crate) fn name_for(
    patterns: &mut Patterns,
    pattern: &Arc<str>,
    random: Option<&mut Random>,
) -> Option<String> {
    let texts = Texts { patterns: vec![Arc::clone(pattern)], ..Texts::default() };
    string(patterns, &texts, None, random)
}

fn letter(random: &mut Random) -> char {
    const LETTERS: [char; 16] =
        ['a', 'b', 'c', 'd', 'e', 'k', 'n', 'z', 'A', 'Z', '0', '7', ' ', '-', 'é', '"'];
    LETTERS.get(random.index(LETTERS.len())).copied().unwrap_or('a')
}

fn shape(pattern: &str) -> Option<Hir> {
    let read = |pattern: &str| regex_syntax::parse(pattern).ok();
    read(pattern).or_else(|| read(&pattern.replace(r"\/", "/")))
}

struct Walk<'a> {
    random: &'a mut Random,
    plain: bool,
    stretch: u32,
}

impl Walk<'_> {
    fn write(&mut self, hir: &Hir, text: &mut String) -> bool {
        if text.len() as u64 > LENGTH {
            return false;
        }
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => true,
            HirKind::Literal(literal) => match std::str::from_utf8(&literal.0) {
                Ok(literal) => {
                    text.push_str(literal);
                    true
                }
                Err(_) => false,
            },
            HirKind::Class(class) => self.pick(class).is_some_and(|letter| {
                text.push(letter);
                true
            }),
            HirKind::Repetition(repetition) => {
                let extra = if self.plain {
                    self.stretch
                } else {
                    u32::try_from(self.random.below(u64::from(self.stretch.max(2)) + 1))
                        .unwrap_or(0)
                };
                let most = repetition.max.unwrap_or(REPEATED).min(REPEATED);
                let times = repetition.min.saturating_add(extra).min(most.max(repetition.min));
                times <= REPEATED && (0..times).all(|_| self.write(&repetition.sub, text))
            }
            HirKind::Capture(capture) => self.write(&capture.sub, text),
            HirKind::Concat(parts) => parts.iter().all(|part| self.write(part, text)),
            HirKind::Alternation(ways) => {
                let index = if self.plain { 0 } else { self.random.index(ways.len()) };
                ways.get(index).is_some_and(|way| self.write(way, text))
            }
        }
    }

    fn pick(&mut self, class: &Class) -> Option<char> {
        let ranges: Vec<(char, char)> = match class {
            Class::Unicode(class) => {
                class.ranges().iter().map(|range| (range.start(), range.end())).collect()
            }
            Class::Bytes(class) => class
                .ranges()
                .iter()
                .map(|range| (char::from(range.start()), char::from(range.end())))
                .collect(),
        };
        let visible = |range: &&(char, char)| range.0 <= '~' && range.1 >= '!';
        let common: Vec<(char, char)> = ranges
            .iter()
            .filter(visible)
            .map(|range| (range.0.max('!'), range.1.min('~')))
            .collect();
        if self.plain {
            for wanted in ['a', '0', 'A'] {
                if common.iter().any(|range| (range.0..=range.1).contains(&wanted)) {
                    return Some(wanted);
                }
            }
        }
        let from = if common.is_empty() { &ranges } else { &common };
        let (low, high) = from.get(self.random.index(from.len())).copied()?;
        let width = u64::from(u32::from(high) - u32::from(low)) + 1;
        let step =
            u32::try_from(if self.plain { 0 } else { self.random.below(width) }).unwrap_or(0);
        char::from_u32(u32::from(low) + step).or(Some(low))
    }
}
