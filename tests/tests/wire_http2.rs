//! The HTTP/2 suite, frame by frame, against the real program.

use std::collections::BTreeSet;

use evergate_tests::desync::recorder::Recorder;
use evergate_tests::desync::table::hold;
use evergate_tests::desync::target::{Peer, Target};
use evergate_tests::frames;
use evergate_tests::frames::run::run;

/// Rows that fail today; one that no longer does has to be taken out.
const KNOWN: [&str; 0] = [];

#[test]
fn every_must_and_every_security_row_passes() {
    let backend = Recorder::start().expect("a free port");
    let target = Target::start(Peer::Evergate, backend.address()).expect("the program starts");
    let verdicts = run(target.http2, target.http1, &backend, &frames::all());
    hold(verdicts, &KNOWN, &[]);
}

#[test]
fn names_are_unique_and_each_row_has_an_outcome() {
    let rows = frames::all();
    let names: BTreeSet<&str> = rows.iter().map(|row| row.name).collect();
    assert_eq!(names.len(), rows.len());
    assert!(rows.iter().all(|row| !row.outcomes.is_empty() && row.section.contains(" §")));
}
