//! What a conversion may lose, known when a snapshot is made, and what one exchange did lose.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use evergate_schemas::plan::program::Note;
use prometheus_client::metrics::counter::Counter;
use smallvec::SmallVec;

use super::meter::Way;

/// One step of a plan that drops or replaces information.
#[derive(Debug)]
pub struct Loss {
    /// The row of the rules, `A1`.
    pub rule: &'static str,
    /// Where, in the sender's names, as a JSON pointer with `*` for any item or member.
    pub at: String,
    /// What is done, as a sentence fragment.
    pub text: String,
    /// Which way the message travels.
    pub way: Way,
    counter: Counter,
}

impl Loss {
    /// What a note says, counted by `counter`.
    pub fn new(note: &Note, way: Way, counter: Counter) -> Self {
        Self { rule: note.rule, at: note.at.clone(), text: note.text.clone(), way, counter }
    }

    /// How often it was counted, with all steps of the same operation, versions, way and rule.
    pub fn counted(&self) -> u64 {
        self.counter.get()
    }
}

/// The losses of programs: by stage, then by note; `None` for a note that loses nothing.
pub type LossTable = Arc<[Vec<Option<Arc<Loss>>>]>;

/// What conversions cost one exchange: what was lost, each step with how often, at most as many as its plans have
/// steps; and time.
#[derive(Clone, Debug, Default)]
pub struct Lost {
    steps: SmallVec<[(Arc<Loss>, u64); 2]>,
    spent: Duration,
}

impl Lost {
    /// From how often each note fired.
    pub fn fired(table: &[Vec<Option<Arc<Loss>>>], fired: &[Vec<u32>]) -> Self {
        let mut lost = Self::default();
        for (losses, times) in table.iter().zip(fired) {
            for (loss, times) in losses.iter().zip(times) {
                if let (Some(loss), 1..) = (loss, *times) {
                    lost.add(loss, u64::from(*times));
                }
            }
        }
        lost
    }

    /// One step more.
    pub fn add(&mut self, loss: &Arc<Loss>, times: u64) {
        match self.steps.iter_mut().find(|(known, _)| Arc::ptr_eq(known, loss)) {
            Some((_, count)) => *count += times,
            None => self.steps.push((Arc::clone(loss), times)),
        }
    }

    /// Adds time inside the converter.
    pub fn spend(&mut self, time: Duration) {
        self.spent += time;
    }

    /// The time inside the converter.
    pub const fn spent(&self) -> Duration {
        self.spent
    }

    /// Takes in what else was lost.
    pub fn merge(&mut self, other: &Self) {
        other.steps.iter().for_each(|(loss, times)| self.add(loss, *times));
        self.spent += other.spent;
    }

    /// Whether nothing was lost.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// How many times something was lost.
    pub fn total(&self) -> u64 {
        self.steps.iter().map(|(_, times)| times).sum()
    }

    /// Each step with how often.
    pub fn iter(&self) -> impl Iterator<Item = (&Loss, u64)> + '_ {
        self.steps.iter().map(|(loss, times)| (&**loss, *times))
    }

    /// Adds to the metrics; once for each exchange that went through.
    pub fn count(&self) {
        for (loss, times) in &self.steps {
            loss.counter.inc_by(*times);
        }
    }

    /// Rules and how often, without anything of a payload: `A1=2,L6=1`.
    pub fn rules(&self) -> String {
        let mut rules: BTreeMap<&str, u64> = BTreeMap::new();
        self.iter().for_each(|(loss, times)| *rules.entry(loss.rule).or_default() += times);
        rules.iter().map(|(rule, times)| format!("{rule}={times}")).collect::<Vec<_>>().join(",")
    }
}
