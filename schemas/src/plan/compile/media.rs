//! Which declared media type of a reader takes a body of the sender's media type.

use crate::describe::model::Content;

/// How a body's media type meets the reader's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// The reader declares it, or a range that has it: `application/json` is in `application/*`; parameters that
    /// the reader does not name do not matter, and UTF-8 is what JSON is anyway (RFC 8259 §8.1).
    Declared,
    /// The sender declares a range, and the reader a type inside.
    Narrowed,
    /// The same syntax under another name, as `application/json` and `application/vnd.a.v2+json` (RFC 6839 §3.1):
    /// the reader takes it only when it is renamed on the way.
    Renamed,
}

/// How a media type's payloads are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Syntax {
    /// JSON, or a range, which is taken to mean JSON: what the gateway converts.
    Json,
    /// Names and texts: scalars have no types on the wire.
    Form,
    /// One text, or elements with texts.
    Text,
    /// A stream of JSON values, each converted by itself.
    Records(Frames),
    /// Edits of members (RFC 7396).
    MergePatch,
    /// Operations (RFC 6902).
    JsonPatch,
    /// Anything else with a schema of its own.
    Other,
}

/// How the values of a stream are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Frames {
    /// One JSON text a line. No registry has these types; they are what is written.
    Lines,
    /// RFC 7464, RFC 8091.
    Sequence,
    /// WHATWG HTML §9.2.
    Events,
}

/// Names and texts (WHATWG URL §5).
pub(super) const URL_ENCODED: &str = "application/x-www-form-urlencoded";
const MERGE_PATCH: &str = "application/merge-patch+json";
const JSON_PATCH: &str = "application/json-patch+json";

const LINES: [&str; 9] = [
    "application/jsonl",
    "application/jsonlines",
    "application/json-lines",
    "application/ndjson",
    "application/stream+json",
    "application/x-json-stream",
    "application/x-jsonl",
    "application/x-jsonlines",
    "application/x-ndjson",
];

fn frames(bare: &str) -> Option<Frames> {
    if LINES.contains(&bare) {
        Some(Frames::Lines)
    } else if bare == "application/json-seq" || bare.ends_with("+json-seq") {
        Some(Frames::Sequence)
    } else {
        (bare == "text/event-stream").then_some(Frames::Events)
    }
}

/// The type and subtype, without parameters.
pub(super) fn bare(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or(media_type)
}

/// How payloads of a media type are written.
pub(super) fn syntax(media_type: &str) -> Syntax {
    let bare = bare(media_type);
    if let Some(frames) = frames(bare) {
        Syntax::Records(frames)
    } else if bare == MERGE_PATCH {
        Syntax::MergePatch
    } else if bare == JSON_PATCH {
        Syntax::JsonPatch
    } else if is_json(bare) || is_range(bare) {
        Syntax::Json
    } else if [URL_ENCODED, "multipart/form-data", "multipart/mixed"].contains(&bare) {
        Syntax::Form
    } else if bare.starts_with("text/") || is_xml(bare) {
        Syntax::Text
    } else {
        Syntax::Other
    }
}

fn is_json(bare: &str) -> bool {
    bare == "application/json" || bare == "text/json" || bare.ends_with("+json")
}

fn is_xml(bare: &str) -> bool {
    bare == "application/xml" || bare == "text/xml" || bare.ends_with("+xml")
}

fn is_range(bare: &str) -> bool {
    bare.contains('*')
}

/// Whether a range has a type: `*/*`, `application/*`, and `application/*+json`, which authors write although
/// RFC 9110 §12.5.1 does not know it.
fn covers(range: &str, one: &str) -> bool {
    if range == "*" || range == "*/*" {
        return true;
    }
    let (Some((kind, suffix)), Some((other, name))) = (range.split_once('/'), one.split_once('/'))
    else {
        return false;
    };
    let ends = suffix.strip_prefix('*').is_some_and(|ending| name.ends_with(ending));
    ends && (kind == other || kind == "*")
}

/// Parameters by name, sorted, without a `charset` that says UTF-8.
fn parameters(media_type: &str) -> Vec<&str> {
    let all = media_type.split(';').skip(1);
    let mut found: Vec<&str> = all
        .filter(|one| !one.is_empty() && !matches!(*one, "charset=utf-8" | "charset=\"utf-8\""))
        .collect();
    found.sort_unstable();
    found
}

/// The content that a reader declares for a sender's media type, and how they meet. In this order: the same text;
/// the same type with the same parameters, or none; the narrowest range that has it; what a sender's range has,
/// JSON first; the same type with other parameters; at last another name for the same syntax.
pub(super) fn matching<'a>(
    media_type: &str,
    contents: &'a [Content],
) -> Option<(&'a Content, Fit)> {
    let wanted = bare(media_type);
    let named = parameters(media_type);
    let find = |fits: &dyn Fn(&str) -> bool| contents.iter().find(|one| fits(&one.media_type));
    let same = |one: &str| bare(one) == wanted;
    let declared = find(&|one| one == media_type)
        .or_else(|| find(&|one| same(one) && parameters(one) == named))
        .or_else(|| find(&|one| same(one) && parameters(one).is_empty()))
        .or_else(|| {
            let ranges = contents.iter().filter(|one| {
                let range = bare(&one.media_type);
                is_range(range) && covers(range, wanted)
            });
            ranges.max_by_key(|one| narrowness(bare(&one.media_type)))
        });
    if let Some(content) = declared {
        return Some((content, Fit::Declared));
    }
    if is_range(wanted) {
        let narrowed = find(&|one| covers(wanted, bare(one)) && is_json(bare(one)))
            .or_else(|| find(&|one| covers(wanted, bare(one))))
            .or_else(|| find(&|one| covers(bare(one), wanted)));
        return narrowed.map(|content| (content, Fit::Narrowed));
    }
    let family = |one: &str| {
        let one = bare(one);
        match (frames(wanted), frames(one)) {
            (None, None)
                if [wanted, one].iter().any(|one| [MERGE_PATCH, JSON_PATCH].contains(one)) =>
            {
                false
            }
            (None, None) => is_json(wanted) && is_json(one) || is_xml(wanted) && is_xml(one),
            (sent, read) => sent == read,
        }
    };
    find(&same).or_else(|| find(&family)).map(|content| (content, Fit::Renamed))
}

/// `application/*+json` before `application/*` before `*/*`.
fn narrowness(range: &str) -> usize {
    if range.starts_with('*') { 0 } else { range.len() }
}

/// The spelling to write, when the reader's is another one and no range. A multipart body keeps the one that names its
/// boundary.
pub(super) fn written_as(sent: &str, read: &str) -> Option<String> {
    let fixed =
        is_range(bare(read)) || is_range(bare(sent)) || bare(sent).starts_with("multipart/");
    (sent != read && !fixed).then(|| read.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Fit, matching};
    use crate::describe::model::Content;
    use crate::pointer::Pointer;
    use crate::problem::Place;

    fn check(sent: &str, read: &[&str], wanted: Option<(&str, Fit)>) {
        let place = Place { file: "a".into(), line: 1, column: 1, pointer: Pointer::root() };
        let contents: Vec<Content> =
            read.iter().map(|one| Content::new(*one, json!(true), place.clone())).collect();
        let found = matching(sent, &contents).map(|(one, fit)| (one.media_type.as_str(), fit));
        assert_eq!(found, wanted, "{sent} {read:?}");
    }

    #[test]
    fn a_reader_takes_what_it_declares_and_what_its_ranges_have() {
        let declared = |name| Some((name, Fit::Declared));
        check(
            "application/json",
            &["text/plain", "application/json"],
            declared("application/json"),
        );
        check("application/json", &["*/*", "application/*"], declared("application/*"));
        check(
            "application/a+json",
            &["application/*", "application/*+json"],
            declared("application/*+json"),
        );
        check("text/plain", &["application/*", "*/*"], declared("*/*"));
        check("image/png", &["application/json"], None);
        check("image/png", &["image/*"], declared("image/*"));
    }

    #[test]
    fn parameters_that_the_reader_does_not_name_do_not_matter() {
        let declared = |name| Some((name, Fit::Declared));
        check(
            "application/json;charset=utf-8",
            &["application/json"],
            declared("application/json"),
        );
        check(
            "application/json",
            &["application/json;charset=utf-8"],
            declared("application/json;charset=utf-8"),
        );
        check(
            "application/json;v=1",
            &["application/json;v=2", "application/json"],
            declared("application/json"),
        );
        check(
            "application/json;v=1",
            &["application/json;v=2"],
            Some(("application/json;v=2", Fit::Renamed)),
        );
        check(
            "application/json",
            &["application/json;v=2"],
            Some(("application/json;v=2", Fit::Renamed)),
        );
    }

    #[test]
    fn the_same_syntax_under_another_name_has_to_be_renamed() {
        let renamed = |name| Some((name, Fit::Renamed));
        check(
            "application/vnd.a.v1+json",
            &["text/plain", "application/vnd.a.v2+json"],
            renamed("application/vnd.a.v2+json"),
        );
        check("application/json", &["application/hal+json"], renamed("application/hal+json"));
        check("text/xml", &["application/xml"], renamed("application/xml"));
        check("application/json", &["application/xml"], None);
    }

    #[test]
    fn a_senders_range_means_what_the_reader_declares() {
        let narrowed = |name| Some((name, Fit::Narrowed));
        check("*/*", &["text/plain", "application/json"], narrowed("application/json"));
        check("application/*", &["text/plain", "application/pdf"], narrowed("application/pdf"));
        check("*/*", &["application/*"], narrowed("application/*"));
        check("*/*", &["*/*"], Some(("*/*", Fit::Declared)));
        check("text/*", &["application/json"], None);
    }
}
