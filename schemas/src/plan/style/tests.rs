//! Styles against the table of OpenAPI, and as laws: what is written is read again, and what is promised is written.

use proptest::prelude::*;
use serde_json::json;

use super::{
    Carried, Form, Reading, Style, Wired, capacity, decoded, deep_keys, encode, header, query,
    segment, to_header, to_query, to_segment,
};
use crate::describe::model::Location;
use crate::sample::Validator;
use crate::schema::Schema;

fn wired(location: Location, style: &str) -> Wired {
    Wired { location, name: "c".to_owned(), style: Style::parse(style).unwrap() }
}

const MEMBERS: [&str; 2] = ["R", "G"];

fn list(items: &[&str]) -> Carried {
    Carried::List(items.iter().map(|one| (*one).to_owned()).collect())
}

fn members(pairs: &[(&str, &str)]) -> Carried {
    Carried::Members(pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect())
}

const fn form(value: &Carried) -> Form {
    match value {
        Carried::One(_) => Form::One,
        Carried::List(_) => Form::List,
        Carried::Members(_) => Form::Members,
    }
}

fn written(wired: &Wired, value: &Carried) -> Option<String> {
    match wired.location {
        Location::Path => to_segment(wired, value).ok(),
        Location::Header => to_header(wired.style, value).ok(),
        _ => {
            let mut pairs = String::new();
            to_query(&mut pairs, wired, value).ok().map(|()| pairs)
        }
    }
}

fn read(wired: &Wired, form: Form, raw: &str, names: &[String]) -> Option<Carried> {
    let reading = Reading { form, members: names, bare: false };
    match wired.location {
        Location::Path => segment(raw, wired, &reading).ok(),
        Location::Header => header(&[raw], wired.style, form).ok(),
        _ => query(raw, wired, &reading).ok().flatten().map(|(value, _)| value),
    }
}

/// The text is the value in this style, both ways.
#[track_caller]
fn check(location: Location, style: &str, value: &Carried, raw: &str) {
    let wired = wired(location, style);
    assert_eq!(written(&wired, value).as_deref(), Some(raw), "{style}");
    let names: Vec<String> = MEMBERS.iter().map(|one| (*one).to_owned()).collect();
    assert_eq!(read(&wired, form(value), raw, &names).as_ref(), Some(value), "{style}");
}

#[test]
fn values_are_written_as_the_table_of_openapi_says() {
    use Location::{Header, Path, Query};
    let colours = list(&["blue", "black", "brown"]);
    let rgb = members(&[("R", "100"), ("G", "200")]);
    check(Query, "form", &colours, "c=blue,black,brown");
    check(Query, "form,explode", &colours, "c=blue&c=black&c=brown");
    check(Query, "spaceDelimited", &colours, "c=blue%20black%20brown");
    check(Query, "pipeDelimited", &colours, "c=blue%7Cblack%7Cbrown");
    check(Query, "form", &rgb, "c=R,100,G,200");
    check(Query, "form,explode", &rgb, "R=100&G=200");
    check(Query, "deepObject,explode", &rgb, "c%5BR%5D=100&c%5BG%5D=200");
    check(Query, "pipeDelimited", &rgb, "c=R%7C100%7CG%7C200");
    check(Path, "simple", &colours, "blue,black,brown");
    check(Path, "simple", &rgb, "R,100,G,200");
    check(Path, "simple,explode", &rgb, "R=100,G=200");
    check(Path, "label", &colours, ".blue,black,brown");
    check(Path, "label,explode", &colours, ".blue.black.brown");
    check(Path, "label,explode", &rgb, ".R=100.G=200");
    check(Path, "matrix", &colours, ";c=blue,black,brown");
    check(Path, "matrix,explode", &colours, ";c=blue;c=black;c=brown");
    check(Path, "matrix", &rgb, ";c=R,100,G,200");
    check(Path, "matrix,explode", &rgb, ";R=100;G=200");
    check(Path, "matrix", &Carried::One("5".to_owned()), ";c=5");
    check(Header, "simple", &colours, "blue,black,brown");
    check(Header, "simple,explode", &rgb, "R=100,G=200");
}

#[test]
fn a_delimiter_inside_an_item_survives_or_is_refused() {
    use Location::{Header, Path, Query};
    let odd = list(&["a,b", "c&d=e", "f g+h", "é%2C"]);
    check(Query, "form", &odd, "c=a%2Cb,c%26d%3De,f%20g%2Bh,%C3%A9%252C");
    check(Path, "simple", &odd, "a%2Cb,c%26d%3De,f%20g%2Bh,%C3%A9%252C");
    for (location, style) in
        [(Query, "spaceDelimited"), (Header, "simple"), (Path, "label,explode")]
    {
        let value = list(&["a b", "a,b", "a.b"]);
        assert_eq!(written(&wired(location, style), &value), None, "{style}");
    }
    let bare = Reading { form: Form::List, members: &[], bare: true };
    let (value, rest) = query("x=1&c=1%2C2,3&y", &wired(Query, "form"), &bare).unwrap().unwrap();
    assert_eq!((value, rest.as_str()), (list(&["1", "2", "3"]), "x=1&y"));
}

#[test]
fn a_path_is_never_steered_elsewhere() {
    for text in ["", ".", "..", "../admin", "a/b", "a\\b", "a\nb"] {
        let value = Carried::One(text.to_owned());
        assert_eq!(written(&wired(Location::Path, "simple"), &value), None, "{text:?}");
    }
    assert_eq!(written(&wired(Location::Path, "label"), &Carried::One(".".into())), None);
    assert_eq!(
        written(&wired(Location::Header, "simple"), &Carried::One("a\r\nb: c".into())),
        None
    );
}

#[test]
fn what_is_no_value_of_its_style_is_told() {
    let odd = |style: &str, form, raw: &str| {
        let names = ["R".to_owned()];
        let reading = Reading { form, members: &names, bare: false };
        query(raw, &wired(Location::Query, style), &reading).unwrap_err().0
    };
    assert_eq!(odd("form", Form::List, "c=1&c=2"), "is there more than once");
    assert_eq!(odd("form", Form::Members, "c=R,1,G"), "has a name without a value");
    assert_eq!(odd("form,explode", Form::Members, "R=1&R=2"), "has a member twice");
    assert_eq!(odd("deepObject", Form::Members, "c[R][x]=1"), "has members of members");
    assert_eq!(odd("form", Form::One, "c=%ff"), "is not UTF-8");
    assert_eq!(deep_keys("c[R][x]", "c"), Some(vec!["R", "x"]));
    assert_eq!(deep_keys("cc[R]", "c"), None);
}

fn value() -> impl Strategy<Value = Carried> {
    let text = "[a-zA-Z0-9 ,.;=|&+%/é\\t\"]{0,5}";
    let by_name = |names: Vec<(usize, String)>| {
        let mut seen = Vec::new();
        for (at, text) in names {
            let name = MEMBERS[at].to_owned();
            if !seen.iter().any(|(one, _)| *one == name) {
                seen.push((name, text));
            }
        }
        Carried::Members(seen)
    };
    prop_oneof![
        text.prop_map(Carried::One),
        prop::collection::vec(text, 1..4).prop_map(Carried::List),
        prop::collection::vec((0..2_usize, text), 1..3).prop_map(by_name),
    ]
}

fn json_of(value: &Carried) -> serde_json::Value {
    match value {
        Carried::One(text) => json!(text),
        Carried::List(items) => json!(items),
        Carried::Members(members) => {
            let pairs = members.iter().map(|(name, text)| (name.clone(), json!(text)));
            serde_json::Value::Object(pairs.collect())
        }
    }
}

const STYLES: [(Location, &str); 13] = [
    (Location::Query, "form"),
    (Location::Query, "form,explode"),
    (Location::Query, "spaceDelimited"),
    (Location::Query, "pipeDelimited"),
    (Location::Query, "tabDelimited"),
    (Location::Path, "simple"),
    (Location::Path, "simple,explode"),
    (Location::Path, "label"),
    (Location::Path, "label,explode"),
    (Location::Path, "matrix"),
    (Location::Path, "matrix,explode"),
    (Location::Header, "simple"),
    (Location::Header, "simple,explode"),
];

proptest! {
    #[test]
    fn what_is_written_is_read_again(value in value(), at in 0..STYLES.len()) {
        let (location, style) = STYLES[at];
        let wired = wired(location, style);
        let names: Vec<String> = MEMBERS.iter().map(|one| (*one).to_owned()).collect();
        if let Some(raw) = written(&wired, &value) {
            let again = read(&wired, form(&value), &raw, &names);
            prop_assert_eq!(again, Some(value.clone()), "{} {}", style, raw);
        }
        let capacity = Schema::from_document(capacity(&wired, form(&value)));
        if Validator::new(&capacity).unwrap().is_valid(&json_of(&value)) {
            prop_assert!(written(&wired, &value).is_some(), "{} {:?}", style, value);
        }
    }

    #[test]
    fn no_text_brings_it_down(raw in "\\PC{0,30}", at in 0..STYLES.len()) {
        let (location, style) = STYLES[at];
        for form in [Form::One, Form::List, Form::Members] {
            read(&wired(location, style), form, &raw, &["R".to_owned()]);
        }
        deep_keys(&raw, "a");
    }

    #[test]
    fn what_is_encoded_decodes(text in "\\PC{0,20}") {
        let mut raw = String::new();
        encode(&text, &mut raw);
        prop_assert_eq!(decoded(&raw, true), Some(text.clone()));
        prop_assert_eq!(decoded(&raw, false), Some(text));
    }
}
