//! Languages against the validator, and the laws of their algebra.

use std::time::Instant;

use jsonschema::PatternOptions;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Fuel, Language, with_look_around};

fn language(pattern: &str) -> Option<Language> {
    Language::pattern(pattern, &mut Fuel::default())
}

/// The validator's word on a pattern and a text.
fn validator(pattern: &str) -> Option<jsonschema::Validator> {
    let plain = jsonschema::options()
        .with_draft(jsonschema::Draft::Draft202012)
        .with_pattern_options(PatternOptions::regex())
        .build(&json!({ "pattern": pattern }));
    if let Ok(plain) = plain {
        return Some(plain);
    }
    let pattern = with_look_around(pattern)?;
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft202012)
        .with_pattern_options(PatternOptions::fancy_regex())
        .build(&json!({ "pattern": pattern }))
        .ok()
}

const TEXTS: [&str; 40] = [
    "",
    "a",
    "b",
    "ab",
    "ba",
    "aa",
    "abab",
    "aab",
    "foo",
    "foobar",
    "bar",
    "0",
    "12",
    "a1",
    "-",
    "a-b",
    "--",
    "A",
    "AB",
    "aB",
    " ",
    "a b",
    "a\n",
    "\n",
    "\r",
    "a\r\nb",
    "\u{2028}",
    "é",
    "éa",
    "\u{1F600}",
    "_",
    "$",
    ".",
    "^a",
    "a$",
    "aaaaaaaaaaaaaaaaaaaa",
    "python",
    "pythons",
    "x.y.z",
    "1.2.3",
];

/// The language says of every text what the validator says.
#[track_caller]
fn check(pattern: &str) {
    let language = language(pattern).unwrap_or_else(|| panic!("{pattern} is too large"));
    let validator = validator(pattern).unwrap_or_else(|| panic!("{pattern} is no pattern"));
    let mut fuel = Fuel::default();
    let own = language.members(24, &mut fuel);
    let other = language.not().members(24, &mut fuel);
    for text in TEXTS.iter().map(|text| (*text).to_owned()).chain(own).chain(other) {
        let judged = validator.is_valid(&Value::String(text.clone()));
        assert_eq!(language.contains(&text), judged, "{pattern} on {text:?}");
    }
}

#[test]
fn patterns_mean_what_the_validator_means() {
    let patterns = [
        "",
        "a",
        "^a",
        "a$",
        "^a$",
        "^$",
        "^",
        "$",
        ".",
        "^.$",
        "^.*$",
        "^a|b$",
        "^(a|b)$",
        r"^\S*$",
        r"^\d+$",
        r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
        r"^https?:\/\/[^\s]+$",
        r"\.(jpg|png)$",
        r"^[^\s@]+@[^\s@]+\.[^\s@]+$",
        "^[A-Z]{2}$",
        "^.{2,3}$",
        "^[ab]{2,}$",
        "a{2,4}",
        "^(ab){1,3}$",
        "(?i)^foo$",
        "(?m)^a$",
        "(?m)a$",
        r"\w+ \w+",
        "^[^a]$",
        "^[^ab]*$",
        "x*",
        "^(a*)*$",
        "^(a|aa)+$",
        r"^\x41$",
        r"^\u{1F600}$",
        r"^\p{L}+$",
        r"^\P{L}$",
        r"^\cA$",
        r"^a\b$",
        r"^[a-z]+\b-",
        "^(?<name>a)b$",
        r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$",
        "^[a-z&&^b]+$",
        "^.{0,65535}$",
        "^.{0,}$",
    ];
    for pattern in patterns {
        check(pattern);
    }
}

#[test]
fn look_around_means_what_an_engine_that_has_it_means() {
    let patterns = [
        "^(?=x$)x$",
        "^(?!python$)[a-zA-Z-_.0-9]+$",
        r"^([a-z\d]|[a-z\d]([a-z\d-](?!--))*[a-z\d])$",
        "^(?!pattern$).*$",
        r"^(?!org\.bukkit\.)([a-zA-Z_$][a-zA-Z\d_$]*\.)*[a-zA-Z_$][a-zA-Z\d_$]*$",
        "^(?![i|I][o|O])",
        "^(?!a::)(?!b$).*",
        r"^(?=.*\d)(?=.*[a-z]).{2,8}$",
        "(?!a)b",
        "a(?=b)",
        "(?=ab)a",
        "a(?!b)",
        "^(?!.*--)[a-z-]+$",
        "(?<=a)b",
        "(?<!a)b",
        "^(?:(?!--)[a-z-])+$",
        "(?<=^|,)a",
        "(?<![a-z])b$",
        "a(?=b(?!c))",
        "^(?!(?!a))",
        "(?:a(?=b)|b)+$",
        "^(?!^a)",
        "(?<=a)(?=b)",
        r"^(?=.{1,40}$)[a-z]+(?:\.[a-z]+)*$",
        "a(?!$)",
        "(?!.)",
        r"^(?=\s*\S)",
    ];
    for pattern in patterns {
        check(pattern);
    }
}

#[test]
fn what_is_not_regular_or_not_sure_is_no_language() {
    for pattern in [r"(a)\1", "(", "[", r"[\b]", r"é\b", r"\bé", "^[^]$", "(?<=a$)b", "(?=(?<=a)b)"]
    {
        assert!(language(pattern).is_none(), "{pattern}");
    }
}

/// Decided or given up, but soon.
#[track_caller]
fn bounded(pattern: &str) {
    let start = Instant::now();
    let mut fuel = Fuel::default();
    if let Some(language) = Language::pattern(pattern, &mut fuel) {
        language.shortest(&mut fuel);
        language.not().members(8, &mut fuel);
        language.minus(&Language::lengths(3, Some(70_000)), &mut fuel);
    }
    let shown: String = pattern.chars().take(40).collect();
    assert!(start.elapsed().as_secs() < 20, "{shown} took {:?}", start.elapsed());
}

#[test]
fn hostile_patterns_are_bounded() {
    let nested = format!("{}a{}", "(".repeat(200), "{0,9}){1,9}".repeat(200));
    let deep = format!("{}a{}", "(".repeat(5000), ")*".repeat(5000));
    let million = "a?".repeat(500_000);
    let many =
        |count: u32, one: fn(u32) -> String| (0..count).map(one).collect::<Vec<_>>().concat();
    let classes = many(3000, |n| format!("[a-{}]", char::from_u32(200 + n).unwrap()));
    let ahead = "(?=.*a)(?!.*b)".repeat(400);
    let tails = many(40, |n| format!("(?=.*a.{{{n}}}b)"));
    let words = many(4000, |n| format!("word{n}|"));
    for pattern in [
        "(a+)+$",
        "^(a|a)*$",
        "(.{1000}){1000}",
        "[^]{0,65535}",
        r"[\s\S]{0,65535}",
        "^(.{0,65535}){0,65535}$",
        "(x{1000}){1000}{1000}",
        ".*a.{25}",
        "^(.*a.{20}|b)*$",
        r"(\p{L}{1,200}){1,200}",
        &nested,
        &deep,
        &million,
        &classes,
        &ahead,
        &format!("^{tails}.*$"),
        &words,
        "((a{0,99}){0,99}){0,99}",
        r"^(?:(?!a.{18}b).)*$",
    ] {
        bounded(pattern);
    }
}

#[test]
fn lengths_and_lists() {
    let mut fuel = Fuel::default();
    let short = Language::lengths(2, Some(3));
    for (text, inside) in [("a", false), ("ab", true), ("éé\u{1F600}", true), ("abcd", false)] {
        assert_eq!(short.contains(text), inside, "{text}");
    }
    assert_eq!(short.shortest(&mut fuel).as_deref(), Some("aa"));
    assert_eq!(short.last_length(&mut fuel), Some(Some(3)));
    assert_eq!(short.not().last_length(&mut fuel), Some(None));
    assert_eq!(Language::lengths(3, Some(2)).is_empty(&mut fuel), Some(true));
    let colours = Language::listed(["red", "green", "", "red"], &mut fuel).unwrap();
    for (text, inside) in [("red", true), ("", true), ("re", false), ("redd", false)] {
        assert_eq!(colours.contains(text), inside, "{text}");
    }
    assert_eq!(colours.last_length(&mut fuel), Some(Some(5)));
    let mut all = colours.members(9, &mut fuel);
    all.sort();
    assert_eq!(all, ["", "green", "red"]);
    let big =
        Language::lengths(1_000_000, None).and(&language("^(ab)*$").unwrap(), &mut fuel).unwrap();
    assert_eq!(big.is_empty(&mut fuel), Some(false));
    let odd = Language::lengths(1_000_001, Some(1_000_001))
        .and(&language("^(ab)*$").unwrap(), &mut fuel)
        .unwrap();
    assert_eq!(odd.is_empty(&mut fuel), Some(true));
}

/// Whether the first pattern's strings all match the second.
#[track_caller]
fn includes(sender: &str, reader: &str, expected: bool) {
    let mut fuel = Fuel::default();
    let (sender, reader) = (language(sender).unwrap(), language(reader).unwrap());
    assert_eq!(sender.within(&reader, &mut fuel), Some(expected));
    let left = sender.minus(&reader, &mut fuel).unwrap().shortest(&mut fuel);
    assert_eq!(left.is_none(), expected, "{left:?}");
}

#[test]
fn inclusion_of_patterns() {
    includes("^[0-9]{4}$", r"^\d+$", true);
    includes(r"^\d+$", "^[0-9]{4}$", false);
    includes("^[a-z]{1,63}$", "^[a-z0-9-]{1,253}$", true);
    includes("^(red|green)$", "^(red|green|blue)$", true);
    includes("^a.*b$", "^a", true);
    includes("^a", "^a.*$", false);
    includes(r"^v\d+\.\d+\.\d+$", r"^v\d+(\.\d+)*$", true);
    includes("^(?!foo)[a-z]+$", "^[a-z]+$", true);
    includes("^[a-z]+$", "^(?!foo)[a-z]+$", false);
    includes("^bar[a-z]+$", "^(?!foo)[a-z]+$", true);
}

#[test]
fn witnesses_look_like_something_a_person_would_write() {
    let first = |sender: &str, reader: &str| {
        let mut fuel = Fuel::default();
        let (sender, reader) = (language(sender).unwrap(), language(reader).unwrap());
        sender.minus(&reader, &mut fuel).unwrap().shortest(&mut fuel).unwrap()
    };
    assert_eq!(first("^[A-Za-z0-9_]+$", "^[a-z0-9_]+$"), "A");
    assert_eq!(first("^[0-9]+$", "^[0-9]{1,4}$"), "00000");
    assert_eq!(first("^[a-z]+$", "^(?!foo)[a-z]+$"), "foo");
    assert_eq!(first("", "^a"), "");
}

/// Patterns of every construct, small.
fn patterns(around: bool) -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        8 => prop::sample::select(vec!["a", "b", "ab", "0", "-", "é", r"\.", " ", "B"]).prop_map(str::to_owned),
        4 => prop::sample::select(vec!["[ab]", "[^a]", r"\d", r"\w", r"\s", r"\S", ".", "[a-z]", r"[^\w-]", "(?i:a)"])
            .prop_map(str::to_owned),
        2 => prop::sample::select(vec!["^", "$", "(?m:^)", "(?m:$)", ""]).prop_map(str::to_owned),
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        let groups: Vec<&str> = if around {
            vec!["(?:", "(", "(?=", "(?!", "(?<=", "(?<!"]
        } else {
            vec!["(?:", "("]
        };
        prop_oneof![
            3 => prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.concat()),
            2 => (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("(?:{left}|{right})")),
            2 => (inner.clone(), prop::sample::select(vec!["*", "+", "?", "{2}", "{1,3}", "{0,2}", "{2,}"]))
                .prop_map(|(inner, times)| format!("(?:{inner}){times}")),
            2 => (inner, prop::sample::select(groups)).prop_map(|(inner, group)| format!("{group}{inner})")),
        ]
    })
}

fn texts() -> impl Strategy<Value = String> {
    prop::collection::vec(
        prop::sample::select(vec![
            'a', 'b', 'a', 'b', 'B', '0', '-', '.', ' ', '\n', '\r', 'é', '\u{2028}',
        ]),
        0..7,
    )
    .prop_map(|letters| letters.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn membership_is_the_validators(pattern in patterns(false), texts in prop::collection::vec(texts(), 12)) {
        let Some(validator) = validator(&pattern) else { return Ok(()) };
        let Some(language) = language(&pattern) else { return Ok(()) };
        let mut fuel = Fuel::default();
        let made = language.members(6, &mut fuel).into_iter().chain(language.not().members(6, &mut fuel));
        for text in texts.into_iter().chain(made) {
            prop_assert_eq!(language.contains(&text), validator.is_valid(&json!(text)), "{} on {:?}", pattern, text);
        }
    }

    #[test]
    fn membership_with_look_around(pattern in patterns(true), texts in prop::collection::vec(texts(), 12)) {
        let Some(validator) = validator(&pattern) else { return Ok(()) };
        let Some(language) = language(&pattern) else { return Ok(()) };
        for text in texts {
            prop_assert_eq!(language.contains(&text), validator.is_valid(&json!(text)), "{} on {:?}", pattern, text);
        }
    }

    #[test]
    fn laws(one in patterns(true), two in patterns(false), least in 0_u64..4, more in 0_u64..4, text in texts()) {
        let (Some(one), Some(two)) = (language(&one), language(&two)) else { return Ok(()) };
        let fuel = &mut Fuel::new(30_000_000);
        let lengths = Language::lengths(least, Some(least + more));
        let (Some(one), Some(two)) = (one.and(&lengths, fuel), two.or(&lengths.not(), fuel)) else { return Ok(()) };
        let (Some(both), Some(either)) = (one.and(&two, fuel), one.or(&two, fuel)) else { return Ok(()) };
        prop_assert_eq!(both.contains(&text), one.contains(&text) && two.contains(&text));
        prop_assert_eq!(either.contains(&text), one.contains(&text) || two.contains(&text));
        prop_assert_eq!(one.not().contains(&text), !one.contains(&text));
        prop_assert_eq!(one.minus(&one, fuel).and_then(|left| left.is_empty(fuel)), Some(true));
        prop_assert_eq!(one.and(&one.not(), fuel).and_then(|left| left.is_empty(fuel)), Some(true));
        let left = one.minus(&two, fuel).unwrap();
        prop_assert_eq!(one.within(&two, fuel), left.is_empty(fuel));
        prop_assert_eq!(both.within(&one, fuel), Some(true));
        prop_assert_eq!(one.within(&either, fuel), Some(true));
        let shortest = left.shortest(fuel);
        prop_assert_eq!(shortest.is_none(), left.is_empty(fuel).unwrap());
        for member in left.members(8, fuel).into_iter().chain(shortest.clone()) {
            prop_assert!(one.contains(&member) && !two.contains(&member), "{member:?}");
            prop_assert!(member.chars().count() >= shortest.as_ref().unwrap().chars().count());
        }
        if left.contains(&text) {
            prop_assert!(shortest.unwrap().chars().count() <= text.chars().count());
        }
        let mut seed = 7_u64;
        let mut choose = |below: u64| { seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(11); (seed >> 33) % below.max(1) };
        if let Some(some) = left.some(&mut choose, fuel) {
            prop_assert!(left.contains(&some));
        }
    }

    #[test]
    fn any_text_may_come_as_a_pattern(pattern in r"[\[\](){}|?*+^$\\.a-c0-3,:<>=!&~\-]{0,24}", text in texts()) {
        let Some(language) = language(&pattern) else { return Ok(()) };
        if let Some(validator) = validator(&pattern) {
            prop_assert_eq!(language.contains(&text), validator.is_valid(&json!(text)), "{} on {:?}", pattern, text);
        }
    }
}
