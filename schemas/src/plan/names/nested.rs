//! Paths that share what comes before a parenthesis: `a(b,c/d),e`.

use std::collections::{BTreeMap, BTreeSet};

use super::path::{Found, Renamed, Word, words};
use super::rewrite::{Edit, Fault, Names, OnUnknownName, Rewritten, Why};

/// How deep parentheses go.
const DEPTH: usize = 32;

/// How many paths one text may have, written out.
const PATHS: usize = 4096;

/// The text and how far it was read.
struct Reader<'t, 's> {
    text: &'t str,
    at: usize,
    separator: &'s str,
    leaves: Vec<Vec<Word<'t>>>,
}

impl<'t> Reader<'t, '_> {
    fn fault(&self, what: &'static str) -> Fault {
        let rest: String = self.text.get(self.at..).unwrap_or_default().chars().take(20).collect();
        Fault { name: rest, why: Why::Malformed(what) }
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.at..).and_then(|rest| rest.chars().next())
    }

    /// The paths up to a closing parenthesis or the end.
    fn list(&mut self, before: &[Word<'t>], depth: usize) -> Result<(), Fault> {
        loop {
            self.field(before, depth)?;
            let rest = self.text.get(self.at..).unwrap_or_default();
            self.at += rest.len() - rest.trim_start().len();
            match self.peek() {
                Some(',') => self.at += 1,
                Some(')') if depth > 0 => return Ok(()),
                None if depth == 0 => return Ok(()),
                None => return Err(self.fault("a parenthesis is not closed")),
                Some(_) => return Err(self.fault("a comma is missing")),
            }
        }
    }

    /// One path, with what is in parentheses after it.
    fn field(&mut self, before: &[Word<'t>], depth: usize) -> Result<(), Fault> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = rest.find([',', '(', ')']).unwrap_or(rest.len());
        let own = rest.get(..length).unwrap_or_default();
        let bare = own.trim();
        let start = self.at + (own.len() - own.trim_start().len());
        self.at += length;
        let mut path = before.to_vec();
        let bare = bare
            .strip_prefix(self.separator)
            .map_or((bare, start), |rest| (rest, start + self.separator.len()));
        if !bare.0.is_empty() {
            path.extend(words(bare.0, bare.1, self.separator));
        }
        if self.peek() != Some('(') {
            if path.len() == before.len() {
                // nothing between two commas
                return Ok(());
            }
            if self.leaves.len() >= PATHS {
                return Err(self.fault("there are too many paths"));
            }
            self.leaves.push(path);
            return Ok(());
        }
        if depth >= DEPTH || path.len() == before.len() {
            return Err(self.fault("a parenthesis has no name before it, or is too deep"));
        }
        self.at += 1;
        self.list(&path, depth + 1)?;
        self.at += 1;
        let rest = self.text.get(self.at..).unwrap_or_default();
        if rest.starts_with(self.separator) {
            return self.field(&path, depth);
        }
        Ok(())
    }
}

/// What all paths are called instead.
#[derive(Default)]
struct Done {
    /// By where they stand; empty where a word stays.
    edits: BTreeMap<(usize, usize), Option<String>>,
    /// The edits say it all.
    alike: bool,
    paths: Vec<String>,
    seen: BTreeSet<String>,
}

impl Names {
    pub(super) fn nested(&self, text: &str) -> Result<Rewritten, Fault> {
        let separator = self.separator.as_str();
        let mut reader = Reader { text, at: 0, separator, leaves: Vec::new() };
        reader.list(&[], 0)?;
        let mut done = Done { alike: true, ..Done::default() };
        let mut left_out = None;
        for leaf in &reader.leaves {
            let written = leaf.iter().map(|word| word.text).collect::<Vec<_>>().join(separator);
            match self.find(leaf) {
                Ok(found) => {
                    if !self.leaf(leaf, &found, &written, &mut done)? {
                        return Ok(Rewritten::Remove);
                    }
                }
                Err(_) => match self.on_unknown {
                    OnUnknownName::Error => {
                        return Err(Fault { name: written, why: Why::Unknown });
                    }
                    OnUnknownName::Keep => done.aligned(leaf, &self.known_part(leaf), &written),
                    OnUnknownName::Drop => {
                        done.alike = false;
                        left_out = Some(written);
                    }
                },
            }
        }
        if let (Some(name), true) = (left_out, done.paths.is_empty()) {
            return Err(Fault { name, why: Why::Unknown });
        }
        if !done.alike {
            let text_of_all = done.paths.join(",");
            return Ok(Rewritten::Edits(vec![Edit { at: 0..text.len(), text: text_of_all }]));
        }
        let edits = done
            .edits
            .into_iter()
            .filter_map(|((start, end), text)| Some(Edit { at: start..end, text: text? }));
        Ok(Rewritten::Edits(edits.collect()))
    }

    /// Writes down what one path is called; no, where everything has to be asked for.
    fn leaf(
        &self,
        leaf: &[Word<'_>],
        found: &Found<'_, '_>,
        written: &str,
        done: &mut Done,
    ) -> Result<bool, Fault> {
        let place = found.place;
        let single = match (&place.at, place.cover.as_slice()) {
            (Some(at), [only]) if at == only => Some(at),
            _ => None,
        };
        if let Some(edits) = single.and_then(|at| Self::aligned(found, at)) {
            done.aligned(leaf, &edits, written);
            return Ok(true);
        }
        done.alike = false;
        match self.all(found, written)? {
            Renamed::Edits(edits) => {
                let text: Vec<String> = edits.into_iter().map(|edit| edit.text).collect();
                let tail = if found.star { format!("{}*", self.separator) } else { String::new() };
                done.path(format!("{}{tail}", text.join(&self.separator)));
            }
            Renamed::Paths(paths) => {
                if paths.is_empty() || paths.iter().any(String::is_empty) {
                    return Ok(false);
                }
                for path in paths {
                    done.path(path);
                }
            }
        }
        Ok(true)
    }
}

impl Done {
    fn path(&mut self, path: String) {
        if self.seen.insert(path.clone()) {
            self.paths.push(path);
        }
    }

    /// A path whose words are called otherwise one by one.
    fn aligned(&mut self, leaf: &[Word<'_>], edits: &[Edit], written: &str) {
        let mut path = Vec::new();
        for word in leaf {
            let text = edits.iter().find(|edit| edit.at == word.at).map(|edit| edit.text.clone());
            path.push(text.clone().unwrap_or_else(|| word.text.to_owned()));
            let key = (word.at.start, word.at.end);
            // one word may be called differently in two paths
            if self.edits.insert(key, text.clone()).is_some_and(|before| before != text) {
                self.alike = false;
            }
        }
        let separator = written.get(leaf.first().map_or(0, |word| word.text.len())..);
        let length = separator
            .map_or(0, |rest| leaf.get(1).map_or(0, |second| rest.find(second.text).unwrap_or(0)));
        let separator = separator.and_then(|rest| rest.get(..length)).unwrap_or("/").to_owned();
        self.path(path.join(&separator));
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, table};
    use super::super::{Grammar, OnUnknownName};

    #[test]
    fn words_change_where_they_stand() {
        let names = table(Grammar::Parens);
        check(&names, "id,old(x,*), deep/inner ", Ok("id,new(y,*), deep/inwards "));
        check(&names, "old/x,old(x)", Ok("new/y,new(y)"));
        check(&names, "deep(inner)/inner", Ok("deep(inwards)/inwards"));
    }

    #[test]
    fn paths_are_written_out_where_the_build_is_another() {
        let names = table(Grammar::Parens);
        check(&names, "id,deep(up,inner)", Ok("id,upper,deep/inwards"));
        check(&names, "full,first", Ok("first,last"));
        check(&names, "id,made", Ok("(removed)"));
    }

    #[test]
    fn what_is_not_known_goes_by_policy() {
        let mut names = table(Grammar::Parens);
        check(&names, "id,old(z)", Err("`old/z` is not a member that this version declares"));
        names.on_unknown = OnUnknownName::Drop;
        check(&names, "id,old(z,x)", Ok("id,new/y"));
        check(&names, "zzz", Err("`zzz` is not a member that this version declares"));
        names.on_unknown = OnUnknownName::Keep;
        check(&names, "id,old(z,x)", Ok("id,new(z,y)"));
        check(&names, "id,old(z", Err("a parenthesis is not closed at ``"));
    }
}
