//! Entity tags of converted responses: the backend's `"e"` is `"e~VERSION~RULES"` to the client, and comes back as
//! `"e"`.
//!
//! Two versions of one state, or one state by two sets of rules, are two representations (RFC 9110 §8.8.3), so they
//! must not share a tag. The mapping needs no store. What only asks for the state, as `If-Match` does, compares the
//! backend's part alone: a reload of the rules must not break writers.

use http::header::{ETAG, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH};

use crate::wire::Fields;

/// Length of the digest of rules in a tag.
pub(crate) const RULES: usize = 16;

/// What the tags of one client version and one way carry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark<'a> {
    /// The client's version.
    pub(crate) version: &'a str,
    /// The digest of the rules, [`RULES`] hex digits.
    pub(crate) rules: &'a str,
}

/// What `If-None-Match` asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Asks<'a> {
    /// Whether the state is there, as before a write.
    State,
    /// Whether the very representation is there, as before a read: version and rules must match too.
    Converted(Mark<'a>),
    /// The same, of a backend that speaks the client's own version.
    Own,
}

/// The client's tag for a backend's; `None` when it is not an entity tag, and is better left out.
pub(crate) fn outward(tag: &HeaderValue, mark: Mark<'_>) -> Option<HeaderValue> {
    let text = tag.to_str().ok()?;
    let (own, rest) = tags(text).next()?;
    if !rest.trim().is_empty() || !mark.version.bytes().all(is_etagc) {
        return None;
    }
    let weak = if own.weak { "W/" } else { "" };
    HeaderValue::try_from(format!("{weak}\"{}~{}~{}\"", own.opaque, mark.version, mark.rules)).ok()
}

/// Turns the conditions of a request into the backend's. A tag of another version or other rules names another
/// representation of perhaps the same state, so whoever asks for a representation loses it. `known` says what is a
/// version of the api.
pub(crate) fn inward(headers: &mut Fields, known: impl Fn(&str) -> bool, asks: Asks<'_>) {
    let of_state = |tag: &Tag<'_>| Some(state(tag.opaque, &known).to_owned());
    if headers.has(&IF_MATCH) {
        rewrite(headers, &IF_MATCH, of_state);
    }
    if !headers.has(&IF_NONE_MATCH) {
        return;
    }
    match asks {
        Asks::Own => {}
        Asks::State => rewrite(headers, &IF_NONE_MATCH, of_state),
        Asks::Converted(Mark { version, rules }) => rewrite(headers, &IF_NONE_MATCH, |tag| {
            let rest = tag.opaque.strip_suffix(rules)?.strip_suffix('~')?;
            Some(rest.strip_suffix(version)?.strip_suffix('~')?.to_owned())
        }),
    }
}

/// The backend's part of a tag of any version and rules; the whole of one that is the backend's own.
fn state(opaque: &str, known: impl Fn(&str) -> bool) -> &str {
    let parts = opaque.rsplit_once('~').and_then(|(rest, rules)| {
        let (own, version) = rest.rsplit_once('~')?;
        let sound = rules.len() == RULES && rules.bytes().all(|byte| byte.is_ascii_hexdigit());
        (sound && known(version)).then_some(own)
    });
    parts.unwrap_or(opaque)
}

/// Rewrites each tag of a list; a field that is no such list (`*` above all) stays as it is.
fn rewrite(
    headers: &mut Fields,
    name: &HeaderName,
    mut one: impl FnMut(&Tag<'_>) -> Option<String>,
) {
    let mut written = Vec::new();
    for value in headers.get_all(name) {
        let mut rest = value.to_str().unwrap_or("?");
        while let Some((tag, after)) = tags(rest).next() {
            let weak = if tag.weak { "W/" } else { "" };
            written.extend(one(&tag).map(|opaque| format!("{weak}\"{opaque}\"")));
            rest = after;
        }
        if !rest.trim_matches([',', ' ', '\t']).is_empty() {
            return;
        }
    }
    headers.remove(name);
    if let (false, Ok(value)) = (written.is_empty(), HeaderValue::try_from(written.join(", "))) {
        headers.insert(name.clone(), value);
    }
}

/// The strong entity tag of a document; `None` for a weak one, none, or more than one.
pub(crate) fn strong(headers: &Fields) -> Option<HeaderValue> {
    let mut lines = headers.get_all(ETAG);
    let value = lines.next().filter(|_| lines.next().is_none())?;
    let (tag, rest) = tags(value.to_str().ok()?).next()?;
    (!tag.weak && rest.trim().is_empty()).then(|| value.clone())
}

/// Whether a condition of a request names the document that has this tag (RFC 9110 §8.8.3.2): `If-Match` compares strong
/// tags only, `If-None-Match` any.
pub(crate) fn names(headers: &Fields, name: &HeaderName, tag: Option<&HeaderValue>) -> bool {
    let own = tag.and_then(|value| tags(value.to_str().ok()?).next()).map(|(tag, _)| tag);
    let is_own = |tag: &Tag<'_>| {
        let strong = *name != IF_MATCH || !tag.weak;
        own.is_some_and(|own| {
            strong && own.opaque == tag.opaque && (*name != IF_MATCH || !own.weak)
        })
    };
    headers
        .get_all(name)
        .filter_map(|value| value.to_str().ok())
        .any(|text| text.trim() == "*" || tags(text).any(|(tag, _)| is_own(&tag)))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tag<'text> {
    weak: bool,
    opaque: &'text str,
}

/// The tags of a list, each with the text after it.
fn tags(text: &str) -> impl Iterator<Item = (Tag<'_>, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = rest.trim_start_matches([',', ' ', '\t']);
        let bare = start.strip_prefix("W/");
        let (opaque, after) = bare.unwrap_or(start).strip_prefix('"')?.split_once('"')?;
        rest = after;
        let ended = after.trim_start_matches([' ', '\t']);
        let sound = opaque.bytes().all(is_etagc) && (ended.is_empty() || ended.starts_with(','));
        sound.then_some((Tag { weak: bare.is_some(), opaque }, after))
    })
}

/// RFC 9110 §8.8.3.
const fn is_etagc(byte: u8) -> bool {
    byte == 0x21 || (byte >= 0x23 && byte != 0x7F)
}

#[cfg(test)]
mod tests {
    use crate::wire::Fields;
    use http::header::{ETAG, HeaderValue, IF_MATCH, IF_NONE_MATCH};
    use proptest::prelude::*;

    use super::{Asks, Mark, inward, names, outward, strong};

    const MARK: Mark<'static> = Mark { version: "v1", rules: "0123456789abcdef" };

    fn out(tag: &str, mark: Mark<'_>) -> Option<String> {
        let value = outward(&HeaderValue::try_from(tag).unwrap(), mark)?;
        Some(value.to_str().unwrap().to_owned())
    }

    /// What `If-Match` and `If-None-Match` with these tags become.
    fn back(tags: &str, asks: Asks<'_>) -> (String, String) {
        let mut headers = Fields::new();
        headers.insert(IF_MATCH, tags.parse().unwrap());
        headers.insert(IF_NONE_MATCH, tags.parse().unwrap());
        inward(&mut headers, |version| ["v1", "v2"].contains(&version), asks);
        let text =
            |name| headers.get(name).map_or("", |value: &HeaderValue| value.to_str().unwrap());
        (text(IF_MATCH).to_owned(), text(IF_NONE_MATCH).to_owned())
    }

    #[test]
    fn a_tag_goes_out_and_comes_back() {
        for tag in ["\"abc\"", "W/\"abc\"", "\"\"", "\"a~b\"", "W/\"a,b\""] {
            let seen = out(tag, MARK).unwrap();
            assert_ne!(seen, tag);
            assert_eq!(back(&seen, Asks::Converted(MARK)), (tag.to_owned(), tag.to_owned()));
        }
        assert_eq!(back("*", Asks::Converted(MARK)), ("*".to_owned(), "*".to_owned()));
        assert_eq!(
            back("\"a\", x", Asks::Converted(MARK)),
            ("\"a\", x".to_owned(), "\"a\", x".to_owned())
        );
    }

    #[test]
    fn other_versions_and_rules_are_the_same_state_but_not_the_same_representation() {
        let tags = "\"a~v1~0123456789abcdef\", W/\"b~v2~0123456789abcdef\",\"c~v1~ffff456789abcdef\", \"d\"";
        let state = "\"a\", W/\"b\", \"c\", \"d\"";
        assert_eq!(back(tags, Asks::Converted(MARK)), (state.to_owned(), "\"a\"".to_owned()));
        assert_eq!(back(tags, Asks::State), (state.to_owned(), state.to_owned()));
        assert_eq!(back(tags, Asks::Own), (state.to_owned(), tags.to_owned()));
        assert_eq!(back("\"d\"", Asks::Converted(MARK)), ("\"d\"".to_owned(), String::new()));
        // not a version of the api, not a digest
        let own = "\"a~v9~0123456789abcdef\", \"b~v1~xyz\"";
        assert_eq!(back(own, Asks::Own).0, own);
    }

    #[test]
    fn a_condition_names_a_document_by_its_tag() {
        let check = |tags: &'static str, own: Option<&'static str>, wanted: (bool, bool)| {
            let mut headers = Fields::new();
            headers.insert(IF_MATCH, HeaderValue::from_static(tags));
            headers.insert(IF_NONE_MATCH, HeaderValue::from_static(tags));
            let own = own.map(HeaderValue::from_static);
            let seen = [IF_MATCH, IF_NONE_MATCH].map(|name| names(&headers, &name, own.as_ref()));
            assert_eq!((seen[0], seen[1]), wanted, "{tags} {own:?}");
        };
        check("\"a\", \"b\"", Some("\"b\""), (true, true));
        check("W/\"b\"", Some("\"b\""), (false, true));
        check("\"b\"", Some("W/\"b\""), (false, true));
        check("\"a\"", Some("\"b\""), (false, false));
        check("*", None, (true, true));
        check("\"a\"", None, (false, false));
    }

    #[test]
    fn only_one_strong_tag_guards() {
        let check = |tags: &[&'static str], wanted: bool| {
            let mut headers = Fields::new();
            for tag in tags {
                headers.append(ETAG, HeaderValue::from_static(tag));
            }
            assert_eq!(strong(&headers).is_some(), wanted, "{tags:?}");
        };
        check(&["\"a\""], true);
        check(&["W/\"a\""], false);
        check(&["a"], false);
        check(&["\"a\", \"b\""], false);
        check(&["\"a\"", "\"b\""], false);
        check(&[], false);
    }

    #[test]
    fn what_is_no_tag_is_left_out() {
        for tag in ["abc", "\"", "\"a\"b\"", "w/\"a\"", "\"a\", \"b\""] {
            assert!(out(tag, MARK).is_none(), "{tag}");
        }
    }

    proptest! {
        #[test]
        fn the_mapping_is_injective(
            one in "[!#-~]{0,12}", other in "[!#-~]{0,12}", rules in "[0-9a-f]{16}", same in any::<bool>(),
        ) {
            let second = if same { MARK } else { Mark { version: "v2", rules: &rules } };
            let (one, other) = (format!("\"{one}\""), format!("\"{other}\""));
            let (seen, again) = (out(&one, MARK).unwrap(), out(&other, second).unwrap());
            prop_assert_eq!(seen == again, one == other && same);
            prop_assert_eq!(back(&seen, Asks::Converted(MARK)).1, one);
        }
    }
}
