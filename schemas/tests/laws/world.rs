//! A generated api: its versions, what they declare, and the programs between neighbours.

use std::collections::BTreeSet;
use std::sync::Arc;

use evergate_schemas::convert::{Converter, Limits as ConvertLimits, Refused, Report};
use evergate_schemas::describe::model::{Api, Status};
use evergate_schemas::describe::source::{Entry, Kind, Source, Unread};
use evergate_schemas::describe::{Limits, load_api_from};
use evergate_schemas::plan::outside::Values;
use evergate_schemas::plan::program::{Note, Program};
use evergate_schemas::plan::{Direction, Site, VersionChanges, declared, derive, fuse_all};
use evergate_schemas::relate::{Budget, Prover, close};
use evergate_schemas::sample::{Random, Sampler};
use evergate_schemas::schema::{Role, Schema, Side};
use serde_json::{Value, json};

use crate::edits::Step;
use crate::model::{Model, Names};

pub(crate) const SIDES: [Side; 2] = [Side::Request, Side::Response];

/// An api with what was generated.
pub(crate) struct World {
    pub(crate) api: Api,
    pub(crate) changes: Vec<VersionChanges>,
    /// The documents as written, and what each version declares.
    pub(crate) written: Vec<(Value, Value)>,
    /// How many edits there were, those left out included.
    pub(crate) edits: usize,
    /// All records are closed to members that they do not declare.
    pub(crate) closed: bool,
}

/// A chain of programs from one version to another, as derived and as fused.
pub(crate) struct Way {
    pub(crate) chain: Vec<Arc<Program>>,
    pub(crate) fused: Vec<Arc<Program>>,
}

impl World {
    /// The api of a number, without some of its edits.
    pub(crate) fn new(seed: u64, without: &BTreeSet<usize>) -> Self {
        let mut random = Random::new(seed.wrapping_mul(0x9E37_79B9).wrapping_add(11));
        let mut names = Names::new(random.once_in(3));
        let mut model = Model::some(&mut random, &mut names);
        let mut written = vec![(model.document(), Value::Null)];
        let mut edits = 0;
        for _ in 0..=random.index(3) {
            let (mut entries, mut touched) = (Vec::new(), BTreeSet::new());
            for _ in 0..random.index(4) {
                let mut own = Random::new(random.next());
                edits += 1;
                if without.contains(&edits) {
                    continue;
                }
                let mut step = Step { model: &mut model, names: &mut names, touched, entries };
                step.edit(&mut own);
                Step { touched, entries, .. } = step;
            }
            written.push((model.document(), json!({"changes": entries})));
        }
        let api = load_api_from(&Tree::of(&written), &Limits::default()).unwrap();
        assert!(api.problems.is_empty(), "{seed}: {:#?}", api.problems);
        let (changes, problems) = declared(&api);
        assert!(problems.is_empty(), "{seed}: {problems:#?}\n{written:#?}");
        Self { api, changes, written, edits, closed: names.closed }
    }

    pub(crate) fn versions(&self) -> usize {
        self.api.versions.len()
    }

    /// All ordered pairs of versions.
    pub(crate) fn pairs(&self) -> Vec<(usize, usize)> {
        let all = 0..self.versions();
        all.clone()
            .flat_map(|from| all.clone().map(move |to| (from, to)))
            .filter(|(from, to)| from != to)
            .collect()
    }

    /// What one version means by the message.
    pub(crate) fn schema(&self, version: usize, side: Side, role: Role) -> Schema {
        let described = &self.api.versions[version];
        let operation = &described.operations[0];
        let content = match side {
            Side::Request => &operation.body.as_ref().unwrap().contents[0],
            Side::Response => &operation.responses[0].contents[0],
        };
        described.schema(&content.root, side, role)
    }

    /// Payloads that a sender of this version declared.
    pub(crate) fn payloads(&self, version: usize, side: Side, seed: u64, many: u64) -> Vec<Value> {
        let mut sampler = Sampler::new(&close(&self.schema(version, side, Role::Sender)));
        let mut payloads: Vec<Value> =
            (0..many).filter_map(|at| sampler.random(seed.wrapping_add(at))).collect();
        payloads.dedup();
        payloads
    }

    /// The program between neighbours.
    pub(crate) fn hop(&self, from: usize, to: usize, side: Side, prover: &mut Prover) -> Program {
        let (old, new) = (from.min(to), from.max(to));
        let key = |at: usize| Some(&self.api.versions[at].operations[0].key);
        let site = Site {
            direction: if from < to { Direction::Up } else { Direction::Down },
            side,
            old: key(old),
            new: key(new),
            status: (side == Side::Response).then_some(Status::Code(200)),
            changes: &self.changes[new],
        };
        let sender = self.schema(from, side, Role::Sender);
        derive(&sender, &self.schema(to, side, Role::Reader), &site, prover)
    }

    /// The programs from one version to another, by way of all between.
    pub(crate) fn way(&self, from: usize, to: usize, side: Side) -> Way {
        let mut prover = Prover::new(Budget::default());
        let mut chain = Vec::new();
        let mut at = from;
        while at != to {
            let next = if at < to { at + 1 } else { at - 1 };
            chain.push(Arc::new(self.hop(at, next, side, &mut prover)));
            at = next;
        }
        chain.retain(|program| !program.is_identity());
        let fused = fuse_all(&chain);
        Way { chain, fused }
    }
}

/// What a conversion of a whole text gives.
pub(crate) type Outcome = Result<(String, Report), Refused>;

pub(crate) fn run(stages: &[Arc<Program>], text: &str) -> Outcome {
    run_chunks(stages, std::iter::once(text.as_bytes()))
}

pub(crate) fn run_chunks<'t>(
    stages: &[Arc<Program>],
    chunks: impl Iterator<Item = &'t [u8]>,
) -> Outcome {
    let mut converter =
        Converter::new(stages, ConvertLimits::default(), Arc::new(Values::default()));
    let mut out = Vec::new();
    for chunk in chunks {
        converter.push(chunk, &mut out)?;
    }
    let report = converter.finish(&mut out)?;
    sound(&out);
    Ok((String::from_utf8(out).unwrap(), report))
}

/// Whatever comes out is JSON without duplicate names.
fn sound(out: &[u8]) {
    let mut again = Converter::new(&[], ConvertLimits::default(), Arc::new(Values::default()));
    let copied = again.push(out, &mut Vec::new()).and_then(|()| again.finish(&mut Vec::new()));
    assert!(copied.is_ok(), "{copied:?}: {}", String::from_utf8_lossy(out));
}

/// The notes that fired, each with how often.
pub(crate) fn fired<'p>(
    stages: &'p [Arc<Program>],
    report: &'p Report,
) -> impl Iterator<Item = (&'p Note, u32)> {
    stages.iter().zip(&report.fired).flat_map(|(program, counts)| {
        program.notes.iter().zip(counts.iter().copied()).filter(|(_, count)| *count > 0)
    })
}

/// Whether something was lost, by what the conversion itself says.
pub(crate) fn lost(stages: &[Arc<Program>], report: &Report) -> bool {
    fired(stages, report).any(|(note, _)| note.loss)
}

pub(crate) fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The files of an api, in memory.
#[derive(Clone, Debug)]
struct Tree {
    root: &'static str,
    files: Arc<Vec<(String, String)>>,
    prefix: String,
}

impl Tree {
    fn of(versions: &[(Value, Value)]) -> Self {
        let mut files = Vec::new();
        for (at, (document, changes)) in versions.iter().enumerate() {
            files.push((format!("v{}/openapi.json", at + 1), document.to_string()));
            if at > 0 {
                files.push((format!("v{}/changes.yaml", at + 1), changes.to_string()));
            }
        }
        Self { root: "orders", files: Arc::new(files), prefix: String::new() }
    }
}

impl Source for Tree {
    fn label(&self) -> String {
        self.root.to_owned()
    }

    fn name(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }

    fn entries(&self) -> Vec<Entry> {
        let inside = self.files.iter().filter_map(|(path, _)| path.strip_prefix(&self.prefix));
        let names: BTreeSet<(String, bool)> = inside
            .map(|path| match path.split_once('/') {
                Some((folder, _)) => (folder.to_owned(), true),
                None => (path.to_owned(), false),
            })
            .collect();
        let kind = |folder| if folder { Kind::Directory } else { Kind::File };
        names.into_iter().map(|(name, folder)| Entry { name, kind: kind(folder) }).collect()
    }

    fn read(&self, path: &str, _limit: usize) -> Result<Vec<u8>, Unread> {
        let whole = format!("{}{path}", self.prefix);
        let found = self.files.iter().find(|(own, _)| *own == whole);
        let unread = || Unread { missing: true, what: String::new(), remedy: String::new() };
        found.map(|(_, text)| text.clone().into_bytes()).ok_or_else(unread)
    }

    fn below(&self, directory: &str) -> Box<dyn Source> {
        Box::new(Self { prefix: format!("{}{directory}/", self.prefix), ..self.clone() })
    }
}
