//! The journal as a whole: what is torn, what is changed, what is too much, and who writes at once.

use std::fs;
use std::path::{Path, PathBuf};

use super::file::{ACTIVE, segments};
use super::read::files;
use super::{Actor, Cause, Draft, Journal, Kept, Outcome, Wish, entry, page, verify};
use crate::control::State;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn active(&self) -> PathBuf {
        self.path().join(ACTIVE)
    }

    fn journal(&self, most: usize) -> Journal {
        let state = State::of_file(Path::new("x"), Some(self.path()));
        Journal::new(state, most)
    }
}

/// Appends an entry by this person.
fn add(journal: &Journal, who: &str) -> super::Head {
    let actor = Actor { who: who.to_owned(), ..Actor::system(Cause::Put) };
    journal.append(&Draft::new(&actor, Outcome::Applied)).unwrap()
}

fn who(folder: &Folder) -> Vec<String> {
    page(folder.path(), None, 1000).unwrap().entries.into_iter().map(|one| one.who).collect()
}

const MOST: usize = 1 << 20;

#[test]
fn entries_follow_one_another_and_pages_go_back() {
    let folder = Folder::new();
    let journal = folder.journal(MOST);
    assert_eq!(journal.open().unwrap(), None);
    let heads: Vec<_> = (0..5).map(|number| add(&journal, &format!("a{number}"))).collect();
    assert_eq!(heads.iter().map(|head| head.sequence).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert_eq!(journal.head().as_ref(), heads.last());
    let first = page(folder.path(), None, 2).unwrap();
    assert_eq!(first.entries.iter().map(|one| one.sequence).collect::<Vec<_>>(), [5, 4]);
    let second = page(folder.path(), first.next, 3).unwrap();
    assert_eq!(second.entries.iter().map(|one| one.sequence).collect::<Vec<_>>(), [3, 2, 1]);
    assert_eq!(second.next, None);
    assert_eq!(entry(folder.path(), 3).unwrap().unwrap().hash, heads[2].hash);
    for number in [0, 6, u64::MAX] {
        assert_eq!(entry(folder.path(), number).unwrap(), None);
    }
    let report = verify(folder.path(), None).unwrap();
    assert!(report.holds() && report.entries == 5 && report.first == Some(1), "{report:?}");
    assert_eq!(report.head.as_ref(), heads.last());
}

#[test]
fn a_journal_torn_anywhere_in_its_last_line_is_read_mended_and_told() {
    let folder = Folder::new();
    let journal = folder.journal(MOST);
    add(&journal, "first");
    let whole = fs::read(folder.active()).unwrap().len();
    add(&journal, "second");
    let text = fs::read(folder.active()).unwrap();
    for cut in whole..text.len() {
        fs::write(folder.active(), &text[..cut]).unwrap();
        assert_eq!(who(&folder), ["first"], "{cut}");
        let report = verify(folder.path(), None).unwrap();
        assert!(
            report.holds() && report.torn == cut - whole && report.entries == 1,
            "{cut} {report:?}"
        );
        let journal = folder.journal(MOST);
        let head = journal.open().unwrap().unwrap();
        if cut == whole {
            assert_eq!(head.sequence, 1);
            continue;
        }
        assert_eq!(fs::read(folder.path().join("journal.torn")).unwrap(), &text[whole..cut]);
        let told = entry(folder.path(), 2).unwrap().unwrap();
        assert_eq!((told.result.as_str(), told.cause.as_str()), ("set aside", "recovery"));
        assert!(told.note.unwrap().starts_with(&format!("{} octets", cut - whole)));
        assert_eq!(add(&journal, "third").sequence, 3);
        let report = verify(folder.path(), None).unwrap();
        assert!(report.holds() && report.torn == 0 && report.entries == 3, "{cut} {report:?}");
    }
}

#[test]
fn a_changed_octet_anywhere_is_found() {
    let folder = Folder::new();
    let journal = folder.journal(MOST);
    for who in ["a", "b", "c"] {
        add(&journal, who);
    }
    let text = fs::read(folder.active()).unwrap();
    for at in 0..text.len() {
        let mut changed = text.clone();
        changed[at] ^= 1;
        fs::write(folder.active(), &changed).unwrap();
        let report = verify(folder.path(), None).unwrap();
        assert!(!report.holds() || report.torn > 0, "octet {at} of {}", text.len());
        let line = memchr::memchr_iter(b'\n', &text[..at]).count() + 1;
        let told = report.faults.first().map_or(line, |fault| fault.line);
        assert_eq!(told, line, "{report:?}");
    }
}

#[test]
fn lines_left_out_put_in_or_moved_are_found() {
    let folder = Folder::new();
    let journal = folder.journal(MOST);
    for who in ["a", "b", "c", "d"] {
        add(&journal, who);
    }
    let text = fs::read_to_string(folder.active()).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    for (order, line) in
        [(vec![0, 2, 3], 2), (vec![1, 2, 3], 1), (vec![0, 1, 1, 2, 3], 3), (vec![0, 2, 1, 3], 2)]
    {
        let changed: String = order.iter().map(|at| lines[*at]).collect();
        fs::write(folder.active(), changed).unwrap();
        let report = verify(folder.path(), None).unwrap();
        assert!(!report.holds(), "{order:?}");
        assert_eq!(report.faults[0].line, line, "{order:?} {report:?}");
    }
}

#[test]
fn a_journal_without_its_end_is_told_from_a_head_that_was_kept() {
    let folder = Folder::new();
    let journal = folder.journal(MOST);
    add(&journal, "a");
    let head = add(&journal, "b");
    add(&journal, "c");
    let hash = head.hash;
    let with_number = Wish::read(&format!("2:{hash}")).unwrap();
    let alone = Wish::read(&hash.to_uppercase()).unwrap();
    let kept = |wish: &Wish| verify(folder.path(), Some(wish)).unwrap().kept;
    assert_eq!((kept(&with_number), kept(&alone)), (Some(Kept::Found), Some(Kept::Found)));
    assert_eq!(kept(&Wish::read(&format!("3:{hash}")).unwrap()), Some(Kept::Missing));
    let text = fs::read_to_string(folder.active()).unwrap();
    let first = text.split_inclusive('\n').next().unwrap();
    fs::write(folder.active(), first).unwrap();
    let report = verify(folder.path(), Some(&with_number)).unwrap();
    assert!(!report.holds() && report.broken == 0, "{report:?}");
    assert_eq!((kept(&with_number), kept(&alone)), (Some(Kept::Missing), Some(Kept::Missing)));
    for text in ["", "12", "x:00", &hash[1..], &format!("-1:{hash}")] {
        assert_eq!(Wish::read(text), None, "{text}");
    }
}

#[test]
fn segments_are_closed_the_oldest_go_and_the_chain_goes_on() {
    let folder = Folder::new();
    let journal = folder.journal(16 << 10);
    let first = add(&journal, "first");
    for number in 0..200 {
        add(&journal, &format!("{number:>100}"));
        let size: u64 =
            files(folder.path()).unwrap().iter().map(|one| one.metadata().unwrap().len()).sum();
        assert!(size <= 16 << 10, "{size}");
    }
    assert_eq!(segments(folder.path()).unwrap().len(), 7);
    let wish = Wish { sequence: Some(1), hash: first.hash };
    let report = verify(folder.path(), Some(&wish)).unwrap();
    assert!(report.holds() && report.first > Some(1), "{report:?}");
    assert_eq!((report.head, report.kept), (journal.head(), Some(Kept::Unknown)));
    assert_eq!(folder.journal(16 << 10).open().unwrap(), journal.head());
    // pages go over the ends of segments
    let all = page(folder.path(), None, 1000).unwrap().entries;
    assert!(all.windows(2).all(|pair| pair[0].sequence == pair[1].sequence + 1));
    assert_eq!(all.len() as u64, report.entries);
    // a segment in the middle, and the oldest of them
    let closed = segments(folder.path()).unwrap();
    let text = fs::read(&closed[3]).unwrap();
    fs::remove_file(&closed[3]).unwrap();
    assert!(!verify(folder.path(), None).unwrap().holds());
    fs::write(&closed[3], text).unwrap();
    assert!(verify(folder.path(), None).unwrap().holds());
    fs::remove_file(&closed[0]).unwrap();
    let report = verify(folder.path(), None).unwrap();
    assert!(report.faults[0].what.contains("beginning"), "{report:?}");
}

#[test]
fn a_process_that_was_stopped_between_two_segments_leaves_a_whole_journal() {
    let folder = Folder::new();
    let head = add(&folder.journal(MOST), "a");
    fs::rename(folder.active(), folder.path().join("journal-00000000000000000001.jsonl")).unwrap();
    assert_eq!(who(&folder), ["a"]);
    let journal = folder.journal(MOST);
    assert_eq!(journal.open().unwrap(), Some(head));
    assert_eq!(add(&journal, "b").sequence, 2);
    assert!(verify(folder.path(), None).unwrap().holds());
}

#[test]
fn writers_at_once_make_one_chain() {
    let folder = Folder::new();
    let folder = &folder;
    std::thread::scope(|scope| {
        for writer in 0..4 {
            // each has a handle of its own, as processes have
            scope.spawn(move || {
                let journal = folder.journal(64 << 10);
                (0..25).for_each(|_| drop(add(&journal, &writer.to_string())));
            });
        }
    });
    let report = verify(folder.path(), None).unwrap();
    assert!(report.holds() && report.entries == 100 && report.first == Some(1), "{report:?}");
    for writer in 0..4 {
        assert_eq!(who(folder).iter().filter(|who| **who == writer.to_string()).count(), 25);
    }
}

#[test]
fn a_line_that_nobody_can_read_stays_and_the_journal_goes_on() {
    let folder = Folder::new();
    let journal = folder.journal(MOST);
    add(&journal, "a");
    let text = fs::read_to_string(folder.active()).unwrap();
    fs::write(folder.active(), format!("{text}garbage\n")).unwrap();
    assert_eq!(add(&journal, "b").sequence, 3);
    assert_eq!(who(&folder), ["b", "a"]);
    let report = verify(folder.path(), None).unwrap();
    assert_eq!((report.broken, report.faults[0].line, report.holds()), (1, 2, false), "{report:?}");
}

#[test]
fn what_could_not_be_written_is_counted_in_the_next_entry() {
    let folder = Folder::new();
    let journal = folder.journal(MOST);
    let lock = folder.path().join("journal.lock");
    // a directory in the place of a file is an error for anybody, root too
    fs::create_dir(&lock).unwrap();
    let actor = Actor::system(Cause::Signal);
    for missed in 1..=2 {
        let told = journal.append(&Draft::new(&actor, Outcome::Applied)).unwrap_err().to_string();
        assert!(told.contains("cannot be written") && told.contains("make room"), "{told}");
        assert_eq!(journal.missed(), missed);
    }
    fs::remove_dir(&lock).unwrap();
    add(&journal, "a");
    assert_eq!((entry(folder.path(), 1).unwrap().unwrap().missed, journal.missed()), (2, 0));
}

#[test]
fn the_largest_entry_is_smaller_than_what_is_read_of_an_end() {
    let folder = Folder::new();
    let journal = folder.journal(MOST);
    let long = "\"\u{1}ä\\".repeat(10_000);
    let place = evergate_schemas::problem::Place {
        file: long.as_str().into(),
        line: 1,
        column: 1,
        pointer: evergate_schemas::pointer::Pointer::root(),
    };
    let problem = evergate_schemas::problem::Problem {
        place,
        severity: evergate_schemas::problem::Severity::Error,
        what: long.clone(),
        remedy: long.clone(),
    };
    let actor = Actor {
        who: long.clone(),
        role: Some("administer"),
        from: Some(long.clone()),
        why: Some(long.clone()),
        ..Actor::system(Cause::Put)
    };
    let problems = vec![problem; 1000];
    let mut draft = Draft::new(&actor, Outcome::Refused).digests(Some(&long), Some(&long));
    (draft.note, draft.problems) = (Some(long.clone()), &problems);
    journal.append(&draft).unwrap();
    let size = fs::metadata(folder.active()).unwrap().len();
    assert!(size < super::tail::LINE as u64 / 2, "{size}");
    let read = entry(folder.path(), 1).unwrap().unwrap();
    assert_eq!((read.problems.len(), read.more_problems), (10, 990));
    assert!(verify(folder.path(), None).unwrap().holds());
}
