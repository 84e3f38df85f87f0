//! The path parameters of a request: what the client wrote, and what is written for the backend.

use crate::snapshot::Template;

/// The parameters of both templates.
#[derive(Debug, Default)]
pub(crate) struct PathParts<'a> {
    names: &'a [String],
    captures: &'a [&'a str],
    others: &'a [String],
    /// Where in the captures each parameter of the backend's template is; without, at the same place.
    positions: Option<&'a [Option<usize>]>,
    /// What a step wrote, by the backend's template; empty when none did.
    written: Vec<Option<String>>,
}

impl<'a> PathParts<'a> {
    pub(crate) const fn new(
        (names, captures): (&'a [String], &'a [&'a str]),
        (others, positions): (&'a [String], Option<&'a [Option<usize>]>),
    ) -> Self {
        Self { names, captures, others, positions, written: Vec::new() }
    }

    /// The raw text of a parameter of the client's template.
    pub(crate) fn raw(&self, name: &str) -> Option<&'a str> {
        let at = self.names.iter().position(|one| one == name)?;
        self.captures.get(at).copied()
    }

    /// Gives a parameter of the backend's template its raw text.
    pub(crate) fn write(&mut self, name: &str, raw: String) {
        let Some(at) = self.others.iter().position(|one| one == name) else { return };
        self.written.resize(self.others.len(), None);
        if let Some(slot) = self.written.get_mut(at) {
            *slot = Some(raw);
        }
    }

    /// Whether a parameter of the backend's template has a text.
    pub(crate) fn has(&self, name: &str) -> bool {
        let at = self.others.iter().position(|one| one == name);
        at.is_some_and(|at| self.text(at).is_some())
    }

    /// A parameter of the backend's template that has no text.
    pub(crate) fn missing(&self) -> Option<&'a str> {
        let at = (0..self.others.len()).find(|at| self.text(*at).is_none())?;
        self.others.get(at).map(String::as_str)
    }

    fn text(&self, at: usize) -> Option<&str> {
        if let Some(Some(written)) = self.written.get(at) {
            return Some(written);
        }
        let at = match self.positions {
            None => Some(at),
            Some(positions) => positions.get(at).copied().flatten(),
        };
        self.captures.get(at?).copied()
    }

    /// Writes the backend's path.
    pub(crate) fn render(&self, template: &Template, into: &mut String) {
        let texts = (0..self.others.len()).map(|at| self.text(at).unwrap_or_default());
        template.render(texts, into);
    }
}
