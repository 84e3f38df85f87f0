//! Names of members inside parameters, rewritten where they stand (lens L20): all other bytes stay as they came.

use evergate_schemas::describe::model::Location;
use evergate_schemas::plan::bridge::ParameterStep;
use evergate_schemas::plan::names::{Edit, Fault, Grammar, Names, Pair};
use http::header::{COOKIE, HeaderName, HeaderValue};

use super::parameters::Place;
use super::query;
use crate::refusal::Refusal;
use crate::wire::Fields;

/// Rewrites the names in all parameters that hold some; tells whether the client asked for some members only.
pub(super) fn apply(steps: &[ParameterStep], place: &mut Place<'_>) -> Result<bool, Refusal> {
    let mut selects = false;
    for step in steps {
        let ParameterStep::Names(location, name, names, _) = step else { continue };
        let work = Work { name, names };
        let kept = match location {
            Location::Query => work.query(place.query)?,
            Location::Header => work.header(place.headers)?,
            Location::Cookie => work.cookie(place.headers)?,
            Location::Path | Location::QueryString => false,
        };
        selects |= kept && names.selects;
    }
    Ok(selects)
}

/// One parameter and how its names are rewritten.
struct Work<'a> {
    name: &'a str,
    names: &'a Names,
}

/// What becomes of one pair of a name and a value.
enum Kept {
    As(String, String),
    Gone,
}

impl Work<'_> {
    /// Rewrites the pairs of a query; whether one with a value is left.
    fn query(&self, query: &mut String) -> Result<bool, Refusal> {
        let mut kept = false;
        let mut pairs: Vec<String> = Vec::new();
        let mut changed = false;
        for pair in query.split('&') {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let own = Spelled::of_query(key);
            let Some(after) = self.after(&own.text) else {
                pairs.push(pair.to_owned());
                continue;
            };
            let shift = own.text.len() - after.len();
            let said = Spelled::of_query(value);
            match self.pair(after, &own, shift, &said)? {
                Kept::As(key, value) => {
                    kept |= !value.is_empty();
                    let fresh = if pair.contains('=') { format!("{key}={value}") } else { key };
                    changed |= fresh != pair;
                    pairs.push(fresh);
                }
                Kept::Gone if self.names.selects => {
                    // what cannot be asked for alone comes with everything else
                    *query = self.without(query);
                    return Ok(false);
                }
                Kept::Gone => changed = true,
            }
        }
        if changed {
            *query = pairs.join("&");
        }
        Ok(kept)
    }

    fn without(&self, query: &str) -> String {
        let others = query.split('&').filter(|pair| {
            let key = pair.split_once('=').map_or(*pair, |(key, _)| key);
            self.after(&query::decode(key)).is_none()
        });
        others.collect::<Vec<_>>().join("&")
    }

    /// What comes after the parameter's name in a key of its own.
    fn after<'k>(&self, key: &'k str) -> Option<&'k str> {
        let after = key.strip_prefix(self.name)?;
        let index = after.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let is_index = index.is_some_and(|one| one.bytes().all(|byte| byte.is_ascii_digit()));
        let in_key = self.names.grammar == Grammar::Brackets && after.starts_with('[');
        (after.is_empty() || is_index || in_key).then_some(after)
    }

    fn header(&self, headers: &mut Fields) -> Result<bool, Refusal> {
        let Ok(name) = HeaderName::try_from(self.name) else { return Ok(false) };
        let before: Vec<HeaderValue> = headers.get_all(&name).cloned().collect();
        let mut after = Vec::new();
        for value in &before {
            let text = value.to_str().map_err(|_| self.unreadable())?;
            if let Some(text) = self.plain(text)? {
                after.push(HeaderValue::try_from(text).map_err(|_| self.unreadable())?);
            } else if self.names.selects {
                after.clear();
                break;
            }
        }
        let kept = after.iter().any(|value| !value.is_empty());
        if after != before {
            headers.remove(&name);
            for value in after {
                headers.append(name.clone(), value);
            }
        }
        Ok(kept)
    }

    fn cookie(&self, headers: &mut Fields) -> Result<bool, Refusal> {
        let lines = headers.get_all(COOKIE).filter_map(|value| value.to_str().ok());
        let mut kept = false;
        let mut after = Vec::new();
        let all = lines.collect::<Vec<_>>().join("; ");
        for pair in all.split(';') {
            match pair.trim().split_once('=').filter(|(name, _)| *name == self.name) {
                None => after.push(pair.trim().to_owned()),
                Some((name, value)) => {
                    if let Some(value) = self.plain(value)? {
                        kept |= !value.is_empty();
                        after.push(format!("{name}={value}"));
                    }
                }
            }
        }
        let line = after.join("; ");
        if line != all {
            headers.remove(COOKIE);
            if let (false, Ok(value)) = (line.is_empty(), HeaderValue::try_from(line)) {
                headers.insert(COOKIE, value);
            }
        }
        Ok(kept)
    }

    /// A text that is not encoded; `None` when it goes.
    fn plain(&self, text: &str) -> Result<Option<String>, Refusal> {
        let own = Spelled::plain(text);
        match self.pair("", &Spelled::plain(""), 0, &own)? {
            Kept::As(_, value) => Ok(Some(value)),
            Kept::Gone => Ok(None),
        }
    }

    fn pair(
        &self,
        after: &str,
        key: &Spelled<'_>,
        shift: usize,
        value: &Spelled<'_>,
    ) -> Result<Kept, Refusal> {
        let done =
            self.names.rewrite_pair(after, &value.text).map_err(|fault| self.refusal(&fault))?;
        Ok(match done {
            Pair::Edits(in_key, in_value) => {
                Kept::As(key.edited(&in_key, shift), value.edited(&in_value, 0))
            }
            Pair::Remove => Kept::Gone,
        })
    }

    fn refusal(&self, fault: &Fault) -> Refusal {
        Refusal::ParameterNames {
            parameter: self.name.to_owned(),
            name: fault.name.clone(),
            why: fault.to_string(),
        }
    }

    fn unreadable(&self) -> Refusal {
        Refusal::ParameterNames {
            parameter: self.name.to_owned(),
            name: String::new(),
            why: "its value has characters that no name has".to_owned(),
        }
    }
}

/// A text with where each of its octets is spelled in what came.
struct Spelled<'a> {
    raw: &'a str,
    text: String,
    /// The start of each octet of `text` in `raw`, and the end.
    starts: Vec<usize>,
    encoded: bool,
}

impl<'a> Spelled<'a> {
    fn plain(raw: &'a str) -> Self {
        Self { raw, text: raw.to_owned(), starts: Vec::new(), encoded: false }
    }

    /// A part of a query. What is no UTF-8 when it is decoded stays as it is spelled, and is no name.
    fn of_query(raw: &'a str) -> Self {
        if !raw.contains(['%', '+']) {
            return Self { encoded: true, ..Self::plain(raw) };
        }
        let mut octets = Vec::with_capacity(raw.len());
        let mut starts = Vec::with_capacity(raw.len() + 1);
        let bytes = raw.as_bytes();
        let mut at = 0;
        while let Some(first) = bytes.get(at) {
            starts.push(at);
            let code = raw
                .get(at + 1..at + 3)
                .filter(|code| code.bytes().all(|one| one.is_ascii_hexdigit()));
            let code = code.and_then(|code| u8::from_str_radix(code, 16).ok());
            match (first, code) {
                (b'%', Some(octet)) => {
                    octets.push(octet);
                    at += 3;
                }
                (b'+', _) => {
                    octets.push(b' ');
                    at += 1;
                }
                (other, _) => {
                    octets.push(*other);
                    at += 1;
                }
            }
        }
        starts.push(at);
        match String::from_utf8(octets) {
            Ok(text) => Self { raw, text, starts, encoded: true },
            Err(_) => Self { encoded: true, ..Self::plain(raw) },
        }
    }

    fn start(&self, at: usize) -> usize {
        if self.starts.is_empty() {
            at
        } else {
            self.starts.get(at).copied().unwrap_or(self.raw.len())
        }
    }

    /// What came, with the edits of the decoded text, which begin `shift` octets into it.
    fn edited(&self, edits: &[Edit], shift: usize) -> String {
        let mut out = String::with_capacity(self.raw.len());
        let mut done = 0;
        for edit in edits {
            let (start, end) = (self.start(edit.at.start + shift), self.start(edit.at.end + shift));
            out.push_str(self.raw.get(done..start).unwrap_or_default());
            if self.encoded {
                encode(&edit.text, &mut out);
            } else {
                out.push_str(&edit.text);
            }
            done = end;
        }
        out.push_str(self.raw.get(done..).unwrap_or_default());
        out
    }
}

/// Encodes what may not stand in a value of a query, and what means something there (RFC 3986 §3.4).
fn encode(text: &str, into: &mut String) {
    for letter in text.chars() {
        let plain = letter.is_ascii_alphanumeric() || "-._~!$'()*,;:@/?".contains(letter);
        if plain {
            into.push(letter);
        } else {
            query::encode(letter.encode_utf8(&mut [0; 4]), into);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::wire::Fields;
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use evergate_schemas::describe::model::Location;
    use evergate_schemas::plan::bridge::ParameterStep;
    use evergate_schemas::plan::names::{
        Grammar, Names, OnUnknownName, OnValue, Place as Name, Step, Table,
    };
    use evergate_schemas::plan::program::Note;
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::super::path::PathParts;
    use super::{Place, Spelled, apply};

    fn step(location: Location, parameter: &str, grammar: Grammar) -> ParameterStep {
        let place = |at: Option<&str>| {
            let at = at.map(|at| vec![Step::Name(at.into())]);
            let cover = at.iter().cloned().collect();
            Name { at, cover, ..Name::default() }
        };
        let members: BTreeMap<Arc<str>, usize> =
            [("old".into(), 1), ("é".into(), 2), ("made".into(), 3)].into();
        let root =
            Name { members, at: Some(Vec::new()), cover: vec![Vec::new()], ..Name::default() };
        let places = vec![root, place(Some("new")), place(Some("a b")), place(None)];
        let names = Names {
            grammar,
            separator: ".".to_owned(),
            delimiter: ',',
            on_unknown: OnUnknownName::Error,
            on_value: OnValue::Error,
            selects: grammar == Grammar::List,
            table: Arc::new(Table { places, identity: false, roots: Vec::new() }),
        };
        let note =
            Note { rule: "L20", text: String::new(), at: String::new(), loss: false, policy: None };
        ParameterStep::Names(location, parameter.to_owned(), Arc::new(names), note)
    }

    #[track_caller]
    fn check(grammar: Grammar, query: &str, expected: Result<(&str, bool), &str>) {
        let mut seen = query.to_owned();
        let mut headers = Fields::new();
        let mut place =
            Place { query: &mut seen, headers: &mut headers, path: PathParts::default() };
        let done = apply(&[step(Location::Query, "f", grammar)], &mut place);
        let done = done.map(|selects| (seen.as_str(), selects));
        assert_eq!(done.map_err(|refusal| refusal.detail()), expected.map_err(str::to_owned));
    }

    #[test]
    fn only_names_change_their_spelling() {
        use Grammar::{Brackets, List, Sort};
        check(List, "x=%20&f=old%2c%6Fld&&y", Ok(("x=%20&f=new%2cnew&&y", true)));
        check(List, "f=%C3%A9,é", Ok(("f=a%20b,a%20b", true)));
        check(List, "f[]=old&%66%5B1%5D=old&fo=old", Ok(("f[]=new&%66%5B1%5D=new&fo=old", true)));
        check(List, "f=&f", Ok(("f=&f", false)));
        check(List, "a=1&f=old&f=made&b=2", Ok(("a=1&b=2", false)));
        check(Sort, "f=+old,-old%20desc", Ok(("f=+new,-new%20desc", false)));
        check(Brackets, "f%5Bold%5D=old&f[old][gt]=1", Ok(("f%5Bnew%5D=old&f[new][gt]=1", false)));
        let refused = "the parameter `f` cannot be said in the version that is running: `%FF` is not a member that this version declares; change it";
        check(List, "f=%FF", Err(refused));
    }

    #[test]
    fn headers_and_cookies_are_not_encoded() {
        let mut headers = Fields::new();
        headers.insert(http::HeaderName::from_static("x-fields"), "old, old".parse().unwrap());
        headers
            .insert(http::HeaderName::from_static("cookie"), "a=1; f=old; b=old".parse().unwrap());
        let mut query = "f=old".to_owned();
        let mut place =
            Place { query: &mut query, headers: &mut headers, path: PathParts::default() };
        let steps = [
            step(Location::Header, "x-fields", Grammar::List),
            step(Location::Cookie, "f", Grammar::Sort),
        ];
        assert!(apply(&steps, &mut place).is_ok_and(|selects| selects));
        assert_eq!(query, "f=old");
        assert_eq!(
            (headers.get("x-fields").unwrap(), headers.get("cookie").unwrap()),
            (&"new, new".parse().unwrap(), &"a=1; f=new; b=old".parse().unwrap())
        );
    }

    proptest! {
        /// Octets and where they are spelled belong together.
        #[test]
        fn spelling_comes_apart_and_together(raw in "[a-c%+0-9A-F=é,]{0,24}") {
            let spelled = Spelled::of_query(&raw);
            prop_assert_eq!(spelled.edited(&[], 0), raw.clone());
            for at in 0..=spelled.text.len() {
                prop_assert_eq!(spelled.start(at) <= raw.len(), true);
            }
        }
    }
}
