//! The demo of the README: one command, every expectation held, nothing left behind.

use evergate_tests::binary;

#[test]
fn the_tour_ends_well_and_says_what_fired() {
    let told = binary::command(&["demo", "--once"]).output().expect("the demo runs");
    let shown = String::from_utf8_lossy(&told.stdout);
    let complaint = String::from_utf8_lossy(&told.stderr);
    assert_eq!(told.status.code(), Some(0), "{shown}\n{complaint}");
    for wanted in [
        "rename `sendAmount` to `debitAmount`",
        "write `method`",
        "no rule fired: the bytes passed as they came",
        "answers to the 1.3 client came from backend 1.4",
        "answers to the 1.3 client came from backend 1.3",
        "     0 failed",
        "every expectation held",
    ] {
        assert!(shown.contains(wanted), "`{wanted}` is missing:\n{shown}");
    }
    // Piped output has no colours.
    assert!(!shown.contains('\u{1b}'));
}
