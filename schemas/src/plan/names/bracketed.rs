//! Names in the name of a parameter: `filter[created][gte]=2020`.

use super::path::{Word, words};
use super::rewrite::{Edit, Fault, Names, OnUnknownName, OnValue, Pair, Why};
use super::table::Place;

/// Words that say how to compare and are no names, as they are used in brackets.
const OPERATORS: [&str; 34] = [
    "after",
    "before",
    "between",
    "contains",
    "empty",
    "endsWith",
    "ends_with",
    "eq",
    "exists",
    "ge",
    "gt",
    "gte",
    "has",
    "ieq",
    "ilike",
    "in",
    "is",
    "le",
    "like",
    "lt",
    "lte",
    "ne",
    "neq",
    "nin",
    "not",
    "not_in",
    "notIn",
    "null",
    "on",
    "or",
    "regex",
    "search",
    "startsWith",
    "starts_with",
];

/// How a value is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compared {
    /// With one value, or with each of a list.
    Equal,
    /// With any of a list.
    In,
    /// The value says nothing of the member's values.
    There,
    /// By their order or by a part.
    Otherwise,
}

impl Names {
    pub(super) fn bracketed(&self, after: &str, value: &str) -> Result<Pair, Fault> {
        let parts = segments(after)?;
        let mut path: Vec<Word<'_>> = Vec::new();
        let mut rest = parts.as_slice();
        while let Some((part, others)) = rest.split_first() {
            let mut longer = path.clone();
            longer.extend(words(part.text, part.at.start, &self.separator));
            // a word that is a name is one, whatever else it may mean
            if part.text.is_empty() || self.find(&longer).map_or(true, |found| found.star) {
                break;
            }
            path = longer;
            rest = others;
        }
        let operator = rest.iter().find(|part| !is_index(part.text));
        let unknown = rest.iter().find(|part| !is_index(part.text) && !is_operator(part.text));
        if path.is_empty() && rest.iter().all(|part| is_index(part.text)) {
            // a list of values without a name
            return Ok(Pair::Edits(Vec::new(), Vec::new()));
        }
        if path.is_empty() || unknown.is_some() {
            let name = unknown.or(operator).map_or("", |part| part.text);
            return match self.on_unknown {
                OnUnknownName::Keep => Ok(Pair::Edits(Vec::new(), Vec::new())),
                OnUnknownName::Drop => Ok(Pair::Remove),
                OnUnknownName::Error => Err(Fault { name: name.to_owned(), why: Why::Unknown }),
            };
        }
        let name = path.iter().map(|word| word.text).collect::<Vec<_>>().join(&self.separator);
        let Ok(found) = self.find(&path) else {
            return Err(Fault { name, why: Why::Unknown });
        };
        let Some(at) = &found.place.at else { return Err(Fault { name, why: Why::Several }) };
        let key = match Self::aligned(&found, at) {
            Some(edits) => edits,
            None => self.rebuilt(&self.one(&found, &name)?, &path, after),
        };
        let place = found.place;
        let compared = compared(operator.map_or("", |part| part.text));
        if place.values.is_empty() || compared == Compared::There || self.on_value == OnValue::Keep
        {
            return Ok(Pair::Edits(key, Vec::new()));
        }
        let value = match compared {
            Compared::Equal => self.each(place, value, false),
            Compared::In => self.each(place, value, true),
            Compared::There | Compared::Otherwise => None,
        };
        let value = value.ok_or(Fault { name, why: Why::Value })?;
        Ok(Pair::Edits(key, value))
    }

    /// A path of another length, in brackets where it was in brackets.
    fn rebuilt(&self, edits: &[Edit], path: &[Word<'_>], after: &str) -> Vec<Edit> {
        let Some(edit) = edits.first() else { return Vec::new() };
        let between = path
            .first()
            .zip(path.get(1))
            .and_then(|(one, other)| after.get(one.at.end..other.at.start));
        let joined = edit.text.split(self.separator.as_str()).collect::<Vec<_>>();
        let text = joined.join(between.unwrap_or("]["));
        vec![Edit { at: edit.at.clone(), text }]
    }

    /// The values that become these; `None` where that cannot be said.
    fn each(&self, place: &Place, value: &str, any: bool) -> Option<Vec<Edit>> {
        let mut edits = Vec::new();
        let mut start = 0;
        for piece in value.split(self.delimiter) {
            let bare = piece.trim();
            let at = start + (piece.len() - piece.trim_start().len());
            start += piece.len() + self.delimiter.len_utf8();
            let before = place.back(bare)?;
            let text = match before.as_slice() {
                [only] => only.clone(),
                [_, ..] if any || value.contains(self.delimiter) => {
                    before.join(&self.delimiter.to_string())
                }
                _ => return None,
            };
            if text != bare {
                edits.push(Edit { at: at..at + bare.len(), text });
            }
        }
        Some(edits)
    }
}

/// What stands in each pair of brackets.
fn segments(after: &str) -> Result<Vec<Word<'_>>, Fault> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = after.get(at..).filter(|rest| !rest.is_empty()) {
        let malformed = || Fault {
            name: after.chars().take(40).collect(),
            why: Why::Malformed("brackets do not fit together"),
        };
        let inner = rest.strip_prefix('[').ok_or_else(malformed)?;
        let length = inner.find(']').ok_or_else(malformed)?;
        let text = inner.get(..length).unwrap_or_default();
        found.push(Word { text, at: at + 1..at + 1 + length, indexed: false });
        at += length + 2;
    }
    Ok(found)
}

fn is_index(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_operator(text: &str) -> bool {
    let word = text.trim_start_matches(['$', '_', '!']);
    text.starts_with('$') || OPERATORS.contains(&word)
}

fn compared(operator: &str) -> Compared {
    match operator.trim_start_matches(['$', '_']) {
        "" | "eq" | "ne" | "neq" | "is" | "not" => Compared::Equal,
        "in" | "nin" | "not_in" | "notIn" => Compared::In,
        "exists" | "null" | "empty" => Compared::There,
        _ => Compared::Otherwise,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::table;
    use super::super::{Grammar, Names, OnUnknownName, OnValue, Pair, apply};

    #[track_caller]
    fn check(names: &Names, pair: (&str, &str), expected: Result<(&str, &str), &str>) {
        let seen = names.rewrite_pair(pair.0, pair.1).map(|done| match done {
            Pair::Edits(key, value) => (apply(pair.0, &key), apply(pair.1, &value)),
            Pair::Remove => ("(removed)".to_owned(), String::new()),
        });
        let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(seen.map_err(|fault| fault.to_string()), expected.map_err(str::to_owned));
    }

    #[test]
    fn names_in_brackets_are_renamed() {
        let names = table(Grammar::Brackets);
        check(&names, ("[old][x]", "1"), Ok(("[new][y]", "1")));
        check(&names, ("[old][x][gte]", "1"), Ok(("[new][y][gte]", "1")));
        check(&names, ("[old.x][]", "1"), Ok(("[new.y][]", "1")));
        check(&names, ("[deep][up]", "1"), Ok(("[upper]", "1")));
        check(&names, ("[id]", "a,b"), Ok(("[id]", "a,b")));
        check(&names, ("[]", "a"), Ok(("[]", "a")));
        check(&names, ("", "a"), Ok(("", "a")));
    }

    #[test]
    fn values_are_those_that_become_it() {
        let mut names = table(Grammar::Brackets);
        check(&names, ("[state]", "open"), Ok(("[state]", "OPEN")));
        check(&names, ("[state][in]", "open, shut"), Ok(("[state][in]", "OPEN, CLOSED,ENDED")));
        check(&names, ("[state][exists]", "true"), Ok(("[state][exists]", "true")));
        let refused = "the values of `state` are others in the version that is running, and this comparison cannot be said with them";
        check(&names, ("[state]", "shut"), Err(refused));
        check(&names, ("[state][gt]", "open"), Err(refused));
        check(&names, ("[price][gt]", "5"), Err(&refused.replace("state", "price")));
        names.on_value = OnValue::Keep;
        check(&names, ("[price][gt]", "5"), Ok(("[price][gt]", "5")));
    }

    #[test]
    fn what_is_not_known_goes_by_policy() {
        let mut names = table(Grammar::Brackets);
        check(&names, ("[zz]", "1"), Err("`zz` is not a member that this version declares"));
        check(&names, ("[old][zz]", "1"), Err("`zz` is not a member that this version declares"));
        check(
            &names,
            ("[full]", "1"),
            Err("`full` is no single member in the version that is running"),
        );
        check(&names, ("[a", "1"), Err("brackets do not fit together at `[a`"));
        names.on_unknown = OnUnknownName::Keep;
        check(&names, ("[zz]", "1"), Ok(("[zz]", "1")));
        names.on_unknown = OnUnknownName::Drop;
        check(&names, ("[zz]", "1"), Ok(("(removed)", "")));
    }
}
