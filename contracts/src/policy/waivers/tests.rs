//! Waiver files: what is read, what is told, and what no input may do.

use evergate_schemas::document::{Document, DocumentLimits};
use jiff::civil::date;
use proptest::prelude::*;

use super::{Expiry, Selector, WaiverFile, read_waivers, waivers_schema};

fn read(text: &str) -> (WaiverFile, Vec<String>) {
    match Document::parse("w.yaml", text.as_bytes(), &DocumentLimits::strict()) {
        Ok(document) => {
            let (file, problems) = read_waivers(&document);
            (file, problems.iter().map(ToString::to_string).collect())
        }
        Err(problems) => {
            (WaiverFile::default(), problems.iter().map(ToString::to_string).collect())
        }
    }
}

/// What the file is told, and whether its schema agrees.
#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let (_, problems) = read(text);
    assert_eq!(problems, expected, "{text}");
    let document = Document::parse("w.yaml", text.as_bytes(), &DocumentLimits::strict()).unwrap();
    let valid = jsonschema::is_valid(&waivers_schema(), &document.value);
    assert_eq!(valid, expected.is_empty(), "the schema says otherwise of:\n{text}");
}

const WHOLE: &str = "waivers:
  - fingerprint: \"221fd63c2939\"
    client: v2
    backend: v3
    reason: the partner is told
    expires: 2027-03-01
  - { rule: operation-removed, operation: \"DELETE /orders/{id}\", reason: nobody called it, expires: never }
  - { rule: A8, pointer: /components/schemas/Order, api: orders, reason: r, expires: never }
";

#[test]
fn a_whole_file_is_read() {
    check(WHOLE, &[]);
    let (file, _) = read(WHOLE);
    let [first, second, third] = file.waivers.as_slice() else { panic!("three were written") };
    assert_eq!(first.selector, Selector::Fingerprint("221fd63c2939".to_owned()));
    assert_eq!((first.client.as_deref(), first.backend.as_deref()), (Some("v2"), Some("v3")));
    assert_eq!(first.expires, Expiry::After(date(2027, 3, 1)));
    assert_eq!((first.place.line, second.expires), (2, Expiry::Never));
    assert_eq!(third.api.as_deref(), Some("orders"));
}

#[test]
fn the_last_day_still_holds() {
    let expiry = Expiry::After(date(2027, 3, 1));
    assert!(!expiry.is_past(date(2027, 3, 1)));
    assert!(expiry.is_past(date(2027, 3, 2)));
    assert!(!Expiry::Never.is_past(date(9999, 12, 31)));
}

#[test]
fn all_mistakes_are_told_at_once_with_their_places() {
    let text = "waivers:
  - { fingerprint: 221063293910, reason: r, expires: never }
  - { fingerprint: ABC, reason: \" \", expires: soon, color: red }
  - { rule: A8, reason: r, expires: 2027-02-30 }
  - { reason: r }
  - nothing
";
    check(
        text,
        &[
            "w.yaml:2:20 at /waivers/0/fingerprint: `fingerprint` must be a text; write it in quotes",
            "w.yaml:3:60 at /waivers/1/color: unknown key `color`; write one of fingerprint, rule, operation, pointer, api, client, backend, reason, expires",
            "w.yaml:3:20 at /waivers/1/fingerprint: `ABC` is not a fingerprint; write the 12 to 64 hex digits that the report shows, in lower case",
            "w.yaml:3:33 at /waivers/1/reason: `reason` must be a text that says something; write why nobody is hurt",
            "w.yaml:3:47 at /waivers/1/expires: `expires` is not a day; write `expires: YEAR-MONTH-DAY`, the last day it holds, or `expires: never`",
            "w.yaml:4:5 at /waivers/2: a waiver by `rule` alone would cover findings that nobody has seen yet; add `operation` (as in `GET /orders`), `pointer`, or both",
            "w.yaml:4:37 at /waivers/2/expires: `expires` is not a day; write `expires: YEAR-MONTH-DAY`, the last day it holds, or `expires: never`",
            "w.yaml:5:5 at /waivers/3: the waiver does not say what it is about; write the `fingerprint` that the report shows, or `rule` with `operation` or `pointer`",
            "w.yaml:5:5 at /waivers/3: `expires` is missing; write `expires: YEAR-MONTH-DAY`, the last day it holds, or `expires: never`",
            "w.yaml:6:5 at /waivers/4: an object is expected here; write members: fingerprint, rule, operation, pointer, api, client, backend, reason, expires",
        ],
    );
}

#[test]
fn a_file_of_another_shape_is_told() {
    check("[]", &["w.yaml:1:1: an object is expected here; write members: waivers"]);
    check("{}", &["w.yaml:1:1: `waivers` is missing; write `waivers:` and the list below it"]);
    check(
        "waivers: {}",
        &[
            "w.yaml:1:10 at /waivers: `waivers` must be a list; write `- fingerprint: \"…\"` with `reason` and `expires` below",
        ],
    );
    check("waivers: []", &[]);
}

#[test]
fn a_fingerprint_and_a_rule_are_two_waivers() {
    let text = "waivers:\n- { fingerprint: aaaaaaaaaaaa, rule: A8, operation: x, reason: r, expires: never }\n";
    check(
        text,
        &[
            "w.yaml:2:38 at /waivers/0/rule: a waiver has either `fingerprint` or `rule`; leave one of them out",
        ],
    );
}

fn fragment() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "waivers:",
        "- ",
        "  ",
        "\n",
        "fingerprint: ",
        "rule: ",
        "operation: ",
        "pointer: ",
        "/a~1b",
        "reason: ",
        "expires: ",
        "never",
        "2027-03-01",
        "{",
        "}",
        "[",
        "]",
        "\"",
        ", ",
        "&a ",
        "*a",
        "221fd63c2939",
        "é",
        "\u{0}",
        "|",
        "- - -",
        "? ",
        "!!int ",
        "1e999",
    ]);
    prop::collection::vec(words, 0..60).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn no_text_makes_it_fall_and_nothing_is_taken_in_silence(text in fragment()) {
        let (file, problems) = read(&text);
        if problems.is_empty() {
            let document = Document::parse("w.yaml", text.as_bytes(), &DocumentLimits::strict()).unwrap();
            let written = document.value["waivers"].as_array().unwrap().len();
            prop_assert_eq!(file.waivers.len(), written);
            prop_assert!(jsonschema::is_valid(&waivers_schema(), &document.value), "{}", text);
        }
    }

    #[test]
    fn a_damaged_file_never_waives_more(at in 0usize..WHOLE.len(), with in "[ -~]{0,3}") {
        let mut damaged = WHOLE.to_owned();
        prop_assume!(damaged.is_char_boundary(at));
        damaged.replace_range(at..=at, &with);
        let (file, _) = read(&damaged);
        prop_assert!(file.waivers.len() <= 3);
        for waiver in file.waivers {
            prop_assert!(!waiver.reason.trim().is_empty());
        }
    }
}
