//! Proposals as text of a `changes.yaml`.

use serde_json::Value;

/// One proposal.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    /// The sentence for client developers.
    pub(super) say: String,
    /// Where; entries that say the same elsewhere are one.
    pub(super) at: Vec<String>,
    /// The verb with its value, in one line or several, without indent.
    pub(super) verb: String,
    /// What speaks for it.
    pub(super) why: String,
    /// From 0 to 1.
    pub(super) sure: f64,
}

/// Entries that do the same at several places are told once, with the least confidence of all.
pub(super) fn joined(entries: Vec<Entry>) -> Vec<Entry> {
    let mut all: Vec<Entry> = Vec::new();
    for entry in entries {
        let same = |one: &&mut Entry| one.say == entry.say && one.verb == entry.verb;
        match all.iter_mut().find(same) {
            Some(known) => {
                known.sure = known.sure.min(entry.sure);
                known.at.extend(
                    entry.at.into_iter().filter(|at| !known.at.contains(at)).collect::<Vec<_>>(),
                );
            }
            None => all.push(entry),
        }
    }
    all
}

/// The file: entries that are taken stand as they are, the others as comments. `head` are sentences before it.
pub(super) fn file(head: &[String], taken: &[Entry], others: &[Entry]) -> String {
    let mut text = String::new();
    for line in head {
        text.extend(["# ", line, "\n"]);
    }
    if taken.is_empty() {
        text.push_str("changes: []\n");
    } else {
        text.push_str("changes:\n");
    }
    for entry in taken {
        text.extend(["\n  # ", &reason(entry), "\n"]);
        text.push_str(&yaml(entry, "  "));
    }
    for entry in others {
        text.extend(["\n  # not taken, ", &reason(entry), "\n"]);
        text.push_str(&yaml(entry, "  # "));
    }
    text
}

/// How sure an entry is and what speaks for it, in one line.
fn reason(entry: &Entry) -> String {
    format!("confidence {:.2}: {}", entry.sure, plain(&entry.why))
}

/// One entry as YAML, each line after `lead`.
pub(super) fn yaml(entry: &Entry, lead: &str) -> String {
    let at: Vec<String> = entry.at.iter().map(|one| quoted(one)).collect();
    let at = match at.as_slice() {
        [only] => only.clone(),
        several => format!("[{}]", several.join(", ")),
    };
    let mut text = format!("{lead}- say: {}\n{lead}  at: {at}\n", Value::from(entry.say.as_str()));
    for line in entry.verb.lines() {
        text.extend([lead, "  ", line, "\n"]);
    }
    text
}

/// A text as YAML takes it without surprises, plain where it can be.
pub(super) fn quoted(text: &str) -> String {
    let plain =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.' | '/');
    let starts = text.starts_with(|letter: char| letter.is_ascii_alphabetic());
    let words = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    let word = words.contains(&text.to_ascii_lowercase().as_str());
    if starts && text.chars().all(plain) && !word {
        return text.to_owned();
    }
    Value::from(text).to_string()
}

/// A comment stays in its line.
fn plain(text: &str) -> String {
    text.chars().map(|one| if one.is_control() { ' ' } else { one }).collect()
}
