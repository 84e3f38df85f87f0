//! The HTTP/1.1 conformance and desync suite against the real program.

use std::collections::BTreeSet;

use evergate_tests::desync;
use evergate_tests::desync::case::Level;
use evergate_tests::desync::recorder::Recorder;
use evergate_tests::desync::run::run;
use evergate_tests::desync::table::hold;
use evergate_tests::desync::target::{Peer, Target};

/// Cases that fail today; one that no longer does has to be taken out.
const KNOWN: [&str; 0] = [];

/// A backend that answers before it is asked, and answers again: whether the second answer is there before or after the next
/// request is sent is a race, and after it no proxy can tell the two apart (RFC 9112 §9.2). Told by the table, not demanded.
const RACES: [&str; 1] = ["answer-before-its-request"];

#[test]
fn every_must_and_every_security_case_passes() {
    let backend = Recorder::start().expect("a free port");
    let target = Target::start(Peer::Evergate, backend.address()).expect("the program starts");
    let verdicts = run(target.http1, &backend, &desync::all());
    hold(verdicts, &KNOWN, &RACES);
}

#[test]
fn names_are_unique_and_levels_are_all_used() {
    let cases = desync::all();
    let names: BTreeSet<&str> = cases.iter().map(|case| case.name).collect();
    assert_eq!(names.len(), cases.len());
    for level in Level::ALL {
        assert!(cases.iter().any(|case| case.level == level), "{level:?}");
    }
    assert!(cases.iter().all(|case| !case.outcomes.is_empty() && case.section.contains(" §")));
}
