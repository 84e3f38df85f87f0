//! The prover on the bodies of real apis, version against next version, when `EVERGATE_CORPUS` names a directory of them.
#![expect(clippy::unwrap_used, reason = "a test may fall")]

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use evergate_schemas::describe::model::{Content, Description};
use evergate_schemas::describe::{Limits, find_apis, load_api};
use evergate_schemas::relate::verdict::Inclusion;
use evergate_schemas::relate::{Budget, Prover, close};
use evergate_schemas::sample::Validator;
use evergate_schemas::schema::{Role, Schema, Side};

#[derive(Default)]
struct Figures {
    proved: u32,
    refuted: u32,
    undecided: u32,
    took: Duration,
    closing: Duration,
    slowest: (Duration, String),
    reasons: BTreeMap<String, Vec<String>>,
}

impl Figures {
    fn body(
        &mut self,
        prover: &mut Prover,
        name: &str,
        (from, to): (&Description, &Description),
        pair: (&Content, &Content, Side),
    ) {
        let (old, new, side) = pair;
        let start = Instant::now();
        let sender = close(&from.schema(&old.root, side, Role::Sender));
        self.closing += start.elapsed();
        self.judge(prover, name, (&sender, &to.schema(&new.root, side, Role::Reader)));
    }

    fn judge(&mut self, prover: &mut Prover, name: &str, (sender, reader): (&Schema, &Schema)) {
        let start = Instant::now();
        let answer = prover.includes(sender, reader);
        let took = start.elapsed();
        self.took += took;
        if took > self.slowest.0 {
            self.slowest = (took, name.to_owned());
        }
        match answer {
            Inclusion::Proved => self.proved += 1,
            Inclusion::Refuted(witness) => {
                self.refuted += 1;
                if self.refuted % 50 == 1 {
                    let (from, to) =
                        (Validator::new(sender).unwrap(), Validator::new(reader).unwrap());
                    assert!(
                        from.is_valid(&witness.payload) && !to.is_valid(&witness.payload),
                        "{name}"
                    );
                }
            }
            Inclusion::Undecided(undecided) => {
                self.undecided += 1;
                let mark = format!("{name} at {} after {}", undecided.at, undecided.tried);
                self.reasons.entry(undecided.reason).or_default().push(mark);
            }
        }
    }

    fn step(&mut self, prover: &mut Prover, api: &str, old: &Description, new: &Description) {
        let newer: HashMap<String, _> =
            new.operations.iter().map(|one| (one.key.shape(), one)).collect();
        for (document, one) in &old.documents {
            let Some(two) = new.documents.get(document) else { continue };
            let (one, two) = (old.plain(&one.root), new.plain(&two.root));
            let name = format!("{api} {} {document}", new.version);
            self.judge(prover, &format!("{name} forward"), (&close(&two), &one));
            self.judge(prover, &format!("{name} backward"), (&close(&one), &two));
        }
        for operation in &old.operations {
            let Some(next) = newer.get(&operation.key.shape()) else { continue };
            let name = format!("{api} {} {}", new.version, operation.key);
            if let (Some(one), Some(two)) = (&operation.body, &next.body) {
                for (one, two) in same_media(&one.contents, &two.contents) {
                    self.body(
                        prover,
                        &format!("{name} request"),
                        (old, new),
                        (one, two, Side::Request),
                    );
                }
            }
            for response in &operation.responses {
                let Some(other) =
                    next.responses.iter().find(|other| other.status == response.status)
                else {
                    continue;
                };
                for (one, two) in same_media(&response.contents, &other.contents) {
                    let name = format!("{name} response {}", response.status);
                    self.body(prover, &name, (new, old), (two, one, Side::Response));
                }
            }
        }
    }
}

fn same_media<'a>(one: &'a [Content], two: &'a [Content]) -> Vec<(&'a Content, &'a Content)> {
    one.iter()
        .filter_map(|one| Some((one, two.iter().find(|two| two.media_type == one.media_type)?)))
        .collect()
}

#[test]
fn real_bodies_are_decided() {
    let Some(directory) = std::env::var_os("EVERGATE_CORPUS") else { return };
    let mut all = Figures::default();
    for api in find_apis(Path::new(&directory)) {
        let name = api.file_name().unwrap().to_string_lossy().into_owned();
        let start = Instant::now();
        let Ok(loaded) = load_api(&api, &Limits::default()) else { continue };
        let loading = start.elapsed();
        let mut figures = Figures::default();
        let mut prover = Prover::new(Budget::default());
        let versions: Vec<Arc<Description>> = loaded.versions.clone();
        for pair in versions.windows(2) {
            if let [old, new] = pair {
                figures.step(&mut prover, &name, old, new);
            }
        }
        println!(
            "{name}: {} versions, {} proved, {} refuted, {} undecided, loading {loading:.1?}, closing {:.1?}, judging {:.1?}, slowest {:.1?} {}",
            versions.len(),
            figures.proved,
            figures.refuted,
            figures.undecided,
            figures.closing,
            figures.took,
            figures.slowest.0,
            figures.slowest.1
        );
        all.proved += figures.proved;
        all.refuted += figures.refuted;
        all.undecided += figures.undecided;
        all.took += figures.took;
        for (reason, mut marks) in figures.reasons {
            all.reasons.entry(reason).or_default().append(&mut marks);
        }
    }
    let count = all.proved + all.refuted + all.undecided;
    println!(
        "all: {count} bodies, {} proved, {} refuted, {} undecided, {:.1?}",
        all.proved, all.refuted, all.undecided, all.took
    );
    for (reason, marks) in &all.reasons {
        println!("  {}: {reason}", marks.len());
        for mark in marks.iter().take(6) {
            println!("    {mark}");
        }
    }
    assert!(all.undecided * 20 <= count, "more than one in twenty undecided");
}
