//! Ways to write a name of several words (lens L23).

/// A way to write names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    /// `first_name`
    Snake,
    /// `firstName`
    Camel,
    /// `FirstName`
    Pascal,
    /// `first-name`
    Kebab,
    /// `FIRST_NAME`
    Screaming,
}

impl Case {
    /// The words of `changes.yaml`.
    pub(super) const WORDS: [(&'static str, Self); 5] = [
        ("snake", Self::Snake),
        ("camel", Self::Camel),
        ("pascal", Self::Pascal),
        ("kebab", Self::Kebab),
        ("screaming", Self::Screaming),
    ];

    /// A name written another way; a name that is not written this way stays.
    pub(super) fn convert(self, name: &str, to: Self) -> String {
        let Some(words) = self.words(name) else { return name.to_owned() };
        let capital = |word: &str| {
            let mut letters = word.chars();
            let first = letters.next().map(|one| one.to_ascii_uppercase());
            first.into_iter().chain(letters).collect::<String>()
        };
        match to {
            Self::Snake => words.join("_"),
            Self::Kebab => words.join("-"),
            Self::Screaming => words.join("_").to_ascii_uppercase(),
            Self::Pascal => words.iter().map(|word| capital(word)).collect(),
            Self::Camel => {
                let mut words = words.iter();
                let first = words.next().cloned();
                first.into_iter().chain(words.map(|word| capital(word))).collect()
            }
        }
    }

    /// The words of a name in lower case; `None` when it is not written this way.
    fn words(self, name: &str) -> Option<Vec<String>> {
        let split = |by: char, name: &str| {
            let words: Vec<String> = name.split(by).map(str::to_owned).collect();
            let good = |word: &String| {
                !word.is_empty()
                    && word.chars().all(|one| one.is_ascii_lowercase() || one.is_ascii_digit())
            };
            words.iter().all(good).then_some(words)
        };
        match self {
            Self::Snake => split('_', name),
            Self::Kebab => split('-', name),
            Self::Screaming => {
                let lower = !name.chars().any(|one| one.is_ascii_lowercase());
                lower.then(|| split('_', &name.to_ascii_lowercase())).flatten()
            }
            Self::Camel | Self::Pascal => {
                let first = name.chars().next()?;
                let begins = if self == Self::Camel {
                    first.is_ascii_lowercase()
                } else {
                    first.is_ascii_uppercase()
                };
                if !begins || !name.chars().all(|one| one.is_ascii_alphanumeric()) {
                    return None;
                }
                let mut words: Vec<String> = Vec::new();
                for letter in name.chars() {
                    match words.last_mut() {
                        Some(word) if !letter.is_ascii_uppercase() => word.push(letter),
                        _ => words.push(letter.to_ascii_lowercase().to_string()),
                    }
                }
                Some(words)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Case::{self, Camel, Kebab, Pascal, Screaming, Snake};

    #[track_caller]
    fn check(from: Case, name: &str, to: Case, expected: &str) {
        assert_eq!(from.convert(name, to), expected);
    }

    #[test]
    fn names_are_written_another_way() {
        check(Snake, "first_name", Camel, "firstName");
        check(Camel, "firstName", Snake, "first_name");
        check(Snake, "line_1", Camel, "line1");
        check(Camel, "userID", Snake, "user_i_d");
        check(Kebab, "first-name", Pascal, "FirstName");
        check(Screaming, "FIRST_NAME", Kebab, "first-name");
        check(Pascal, "FirstName", Screaming, "FIRST_NAME");
    }

    #[test]
    fn a_name_that_is_written_otherwise_stays() {
        for name in ["_id", "a__b", "firstName", "x-y", "", "é"] {
            check(Snake, name, Camel, name);
        }
    }
}
