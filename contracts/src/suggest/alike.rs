//! How much two members look like one under two names.

use std::collections::BTreeSet;

use super::shape::Shape;

/// Weights of what is looked at; they add up to 1.
const NAME: f64 = 0.45;
const WORDS: f64 = 0.25;
const FORM: f64 = 0.3;

/// From 0 to 1; `None` for members of different JSON types, which are not one.
pub(super) fn alike(old: (&str, Shape<'_>), new: (&str, Shape<'_>)) -> Option<f64> {
    if old.1.types() != new.1.types() {
        return None;
    }
    let name = names(old.0, new.0);
    let form = form(old.1, new.1);
    let texts = (old.1.description(), new.1.description());
    // without descriptions the two others carry their weight
    if texts.0.is_empty() || texts.1.is_empty() {
        return Some((NAME * name + FORM * form) / (NAME + FORM));
    }
    Some(NAME * name + WORDS * overlap(&words(texts.0), &words(texts.1)) + FORM * form)
}

/// How alike two names are: by their words (`sendAmount` and `debit_amount` share one), and by their letters.
pub(super) fn names(old: &str, new: &str) -> f64 {
    let letters = 1.0 - ratio(distance(&plain(old), &plain(new)), old.len().max(new.len()));
    overlap(&words(old), &words(new)).max(letters).max(0.0)
}

fn form(old: Shape<'_>, new: Shape<'_>) -> f64 {
    let same = |keyword: &str| old.says(keyword) == new.says(keyword);
    let component = match (old.component(), new.component()) {
        (Some(one), Some(other)) => Some(one == other),
        _ => None,
    };
    if let Some(same) = component {
        return if same { 1.0 } else { 0.3 };
    }
    let looked_at = ["format", "enum", "items", "pattern", "minimum", "maximum", "maxLength"];
    ratio(looked_at.into_iter().filter(|keyword| same(keyword)).count(), looked_at.len())
}

fn ratio(part: usize, whole: usize) -> f64 {
    let exact = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    if whole == 0 { 0.0 } else { exact(part) / exact(whole) }
}

/// Words that two texts share, of all they have (Jaccard).
fn overlap(one: &BTreeSet<String>, other: &BTreeSet<String>) -> f64 {
    ratio(one.intersection(other).count(), one.union(other).count())
}

/// Lower-case words of a text or a name in any case.
fn words(text: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    let mut word = String::new();
    let mut before = ' ';
    for letter in text.chars() {
        if letter.is_uppercase() && before.is_lowercase() || !letter.is_alphanumeric() {
            words.insert(std::mem::take(&mut word));
        }
        if letter.is_alphanumeric() {
            word.extend(letter.to_lowercase());
        }
        before = letter;
    }
    words.insert(word);
    words.remove("");
    words
}

/// A name without what only its case adds.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(|one| one.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Letters that have to be put in, taken out or exchanged (Levenshtein).
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, letter) in left.chars().enumerate() {
        let mut diagonal = index;
        let mut before = index + 1;
        for (cell, other) in row.iter_mut().skip(1).zip(&right) {
            let exchange = diagonal + usize::from(letter != *other);
            diagonal = *cell;
            *cell = exchange.min(before + 1).min(diagonal + 1);
            before = *cell;
        }
        if let Some(first) = row.first_mut() {
            *first = index + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{distance, names};

    #[test]
    fn names_are_compared_by_words_and_by_letters() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert!(names("created_at", "createdAt") > 0.99);
        assert!(names("sendAmount", "debitAmount") > 0.3);
        assert!(names("note", "currency") < 0.3);
    }
}
