//! The quick way does what the slow way does: the same bytes, reports and refusals, whatever was seen before.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, proptest};

use super::{Outcome, cut, documents, everything, values};
use crate::convert::{Cause, Converter, Limits};
use crate::plan::program::Program;
use crate::plan::random::Random;

/// Runs stages over chunks, all of it the slow way.
fn slowly<'a>(
    stages: &[Arc<Program>],
    limits: Limits,
    chunks: impl Iterator<Item = &'a [u8]>,
) -> Outcome {
    let mut converter = Converter::new(stages, limits, values());
    converter.only_slow();
    let mut out = Vec::new();
    for chunk in chunks {
        converter.push(chunk, &mut out)?;
    }
    let report = converter.finish(&mut out)?;
    Ok((String::from_utf8(out).unwrap(), report))
}

/// Runs it the slow way and, in chunks of several sizes, the quick way; all must agree.
#[track_caller]
fn check(stages: &[Arc<Program>], limits: Limits, input: &[u8], sizes: &[usize]) -> Outcome {
    let slow = slowly(stages, limits, std::iter::once(input));
    let whole = super::run(stages, limits, std::iter::once(input));
    assert_eq!(whole, slow, "{}", String::from_utf8_lossy(input));
    let parts = super::run(stages, limits, cut(input, sizes).into_iter());
    assert_eq!(parts, slow, "in parts {sizes:?}: {}", String::from_utf8_lossy(input));
    slow
}

/// Many documents in one array, with blanks behind, so that no part is too near to the end for the quick way.
fn joined(documents: &[Vec<u8>]) -> Vec<u8> {
    let mut all = b"[".to_vec();
    for (number, document) in documents.iter().enumerate() {
        if number > 0 {
            all.push(b',');
        }
        all.extend_from_slice(document);
    }
    all.push(b']');
    all.extend_from_slice(&[b' '; 100]);
    all
}

/// Names that are often the same, some of them spelled in more than one way.
fn name() -> impl Strategy<Value = String> {
    proptest::prop_oneof![
        4 => proptest::sample::select(vec!["a", "b", "id", "\\u0061", "\\u0069d", "", "é", "\\u00e9"])
            .prop_map(str::to_owned),
        3 => (0..90_u8).prop_map(|number| format!("n{number}")),
        1 => (0..3_u8).prop_map(|number| format!("{}{number}", "long".repeat(12))),
        1 => (60..70_usize).prop_map(|length| "x".repeat(length)),
    ]
}

/// Objects whose names may occur twice, one after the other at one place, and whether one of them has a duplicate.
fn objects() -> impl Strategy<Value = (String, bool)> {
    let blank = proptest::sample::select(vec!["", "", " ", "\n    ", "\t\r\n"]);
    let object = proptest::collection::vec(name(), 0..12);
    let shapes = proptest::collection::vec(object, 1..4);
    let turns = proptest::collection::vec((any::<proptest::sample::Index>(), any::<bool>()), 1..12);
    (shapes, turns, proptest::collection::vec(blank, 3)).prop_map(|(shapes, turns, blank)| {
        let mut twice = false;
        let objects: Vec<String> = turns
            .iter()
            .map(|(index, whole)| {
                let names = index.get(&shapes);
                let names = if *whole { &names[..] } else { &names[names.len() / 2..] };
                let mut seen = BTreeSet::new();
                let members: Vec<String> = names
                    .iter()
                    .map(|name| {
                        let text: String = serde_json::from_str(&format!("\"{name}\"")).unwrap();
                        twice |= !seen.insert(text);
                        let [before, between, after] = &blank[..] else { unreachable!() };
                        format!("{before}\"{name}\"{between}:{after}1.5{between}")
                    })
                    .collect();
                format!("{{{}}}", members.join(","))
            })
            .collect();
        (objects.join(","), twice)
    })
}

proptest! {
    #![proptest_config({
        let known = proptest::test_runner::Config::default();
        proptest::test_runner::Config { cases: known.cases.max(1000), ..known }
    })]

    #[test]
    fn it_makes_no_difference(
        documents in proptest::collection::vec(documents(), 1..4),
        turns in proptest::collection::vec(any::<proptest::sample::Index>(), 1..8),
        sizes in proptest::collection::vec(1_usize..400, 1..4),
        damage in proptest::option::weighted(0.5, (any::<proptest::sample::Index>(), any::<u8>())),
        held in proptest::sample::select(vec![8_usize, 5000, 1 << 20]),
    ) {
        let turned: Vec<_> = turns.iter().map(|turn| turn.get(&documents).clone()).collect();
        let mut input = joined(&turned);
        if let Some((index, byte)) = damage {
            let at = index.index(input.len() - 100);
            input[at] = byte;
        }
        let limits = Limits { held, ..Limits::default() };
        check(&[], limits, &input, &sizes).ok();
        for program in everything() {
            check(&[program], limits, &input, &sizes).ok();
        }
    }

    #[test]
    fn no_duplicate_gets_through(
        (objects, twice) in objects(),
        sizes in proptest::collection::vec(1_usize..400, 1..4),
        nested in any::<bool>(),
    ) {
        let [open, close] = if nested { ["[{\"in\":[", "]}]"] } else { ["[", "]"] };
        let input = [open, &objects, close, &" ".repeat(100)].concat();
        let outcome = check(&[], Limits::default(), input.as_bytes(), &sizes);
        let found = matches!(&outcome, Err(refused) if refused.cause == Cause::DuplicateName);
        prop_assert_eq!(found, twice);
        prop_assert!(found || outcome.is_ok());
        for program in everything() {
            check(&[program], Limits::default(), input.as_bytes(), &sizes).ok();
        }
    }

    #[test]
    fn scalars_end_where_they_end(
        token in proptest::prop_oneof![
            "-?[0-9]{0,20}(\\.[0-9]{0,20})?([eE][+-]?[0-9]{0,3})?",
            "\"[a-z\"\\\\/u0-9dD8cC\u{1}é]{0,40}\"?",
            "[truefalsn]{1,6}",
            Just("\"\\ud83d\\ude00\\uDBFF\\uDFFF\\u0000\\/\"".to_owned()),
        ],
        lead in 0_usize..40,
    ) {
        let input = format!("[{}{token},0]{}", " ".repeat(lead), " ".repeat(100));
        let theirs = serde_json::from_str::<super::Checked>(&input).is_ok();
        // Numbers beyond a double are numbers here.
        let outcome = check(&[], Limits::default(), input.as_bytes(), &[64, 17]);
        prop_assert!(outcome.is_ok() == theirs || token.contains(['e', 'E']) || token.len() > 20, "{outcome:?}");
    }
}

#[test]
fn random_programs_do_the_same_both_ways() {
    for seed in 0..1500 {
        let mut random = Random(seed);
        let program = Arc::new(random.program());
        let one = random.value(4).to_string();
        let two = random.value(4).to_string();
        let input = format!("{one}{}", " ".repeat(100));
        check(&[Arc::clone(&program)], Limits::default(), input.as_bytes(), &[40, 300]).ok();
        let many = joined(&[one.clone().into(), two.clone().into(), one.into(), two.into()]);
        let array = Arc::new(under_an_array(&program));
        check(&[array], Limits::default(), &many, &[90, 7, 500]).ok();
    }
}

/// The program for each item of an array.
fn under_an_array(program: &Program) -> Program {
    use crate::plan::program::{ArrayNode, Node, NodeId};
    let mut program = program.clone();
    let root = u32::try_from(program.nodes.len()).unwrap();
    program
        .nodes
        .push(Node::Array(Box::new(ArrayNode { prefix: Vec::new(), items: program.root })));
    Program { root: NodeId(root), ..program }
}

#[test]
fn maps_and_large_objects_are_as_exact() {
    let map = |from: usize, count: usize| {
        let members: Vec<_> =
            (from..from + count).map(|n| format!("\"k{n}\":{{\"v\":{n}}}")).collect();
        format!("{{{}}}", members.join(","))
    };
    let whole = format!("[{},{},{},{}]", map(0, 50), map(20, 100), map(0, 200), map(500, 70));
    check(&[], Limits::default(), whole.as_bytes(), &[1000]).unwrap();
    for name in ["k0", "k63", "k64", "k150", "\\u006b70", "k199"] {
        let twice = whole.replace("\"k199\":{\"v\":199}", &format!("\"k199\":1,\"{name}\":2"));
        let refused = check(&[], Limits::default(), twice.as_bytes(), &[1000]).unwrap_err();
        assert_eq!(refused.cause, Cause::DuplicateName, "{name}");
    }
}
