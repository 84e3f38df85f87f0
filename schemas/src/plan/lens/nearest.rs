//! The word that was probably meant.

/// A remedy that names the nearest of the words that may stand here, or all of them when there are few.
pub(super) fn remedy<'a>(written: &str, words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<&str> = words.into_iter().collect();
    let near = words.iter().map(|word| (distance(written, word), *word)).min();
    match near {
        Some((steps, word)) if steps * 3 <= word.chars().count().max(3) => {
            format!("did you mean `{word}`?")
        }
        Some(_) if words.len() <= 12 => {
            let all: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
            format!("write one of {}", all.join(", "))
        }
        _ => String::new(),
    }
}

/// How many letters have to be put in, taken out or exchanged (Levenshtein), without regard to case.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, letter) in left.to_lowercase().chars().enumerate() {
        let mut diagonal = index;
        let mut before = index + 1;
        if let Some(first) = row.first_mut() {
            *first = before;
        }
        for (cell, other) in row.iter_mut().skip(1).zip(&right) {
            let exchange = diagonal + usize::from(letter != *other);
            diagonal = *cell;
            *cell = exchange.min(before + 1).min(diagonal + 1);
            before = *cell;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{distance, remedy};

    #[test]
    fn the_nearest_word_is_named_when_it_is_near() {
        assert_eq!(distance("sitting", "kitten"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(remedy("sendAmout", ["sendAmount", "id"]), "did you mean `sendAmount`?");
        assert_eq!(remedy("zzz", ["sendAmount", "id"]), "write one of `sendAmount`, `id`");
        assert_eq!(remedy("x", []), "");
    }
}
