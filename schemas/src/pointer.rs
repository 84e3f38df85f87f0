//! JSON pointers (RFC 6901): the one way a place inside a payload or a document is named.

use std::fmt;

/// A JSON pointer in its escaped string form: empty for the whole document, else `/a/b~1c/0`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pointer(String);

impl Pointer {
    /// The pointer to the whole document.
    pub const fn root() -> Self {
        Self(String::new())
    }

    /// Reads an escaped pointer as written; `None` when it is neither empty nor starts with `/`.
    pub fn parse(text: &str) -> Option<Self> {
        (text.is_empty() || text.starts_with('/')).then(|| Self(text.to_owned()))
    }

    /// This pointer with one more member name or index, escaped.
    #[must_use]
    pub fn join(&self, token: &str) -> Self {
        let mut next = self.clone();
        next.push(token);
        next
    }

    /// This pointer with all steps of another one after it.
    #[must_use]
    pub fn concat(&self, rest: &Self) -> Self {
        Self(format!("{}{}", self.0, rest.0))
    }

    /// Steps into the member or item `token`, escaping it.
    pub fn push(&mut self, token: &str) {
        self.0.push('/');
        for letter in token.chars() {
            match letter {
                '~' => self.0.push_str("~0"),
                '/' => self.0.push_str("~1"),
                other => self.0.push(other),
            }
        }
    }

    /// Steps out of the last member or item; a no-op at the root.
    pub fn pop(&mut self) {
        let cut = self.0.rfind('/').unwrap_or(0);
        self.0.truncate(cut);
    }

    /// The unescaped steps from the root.
    pub fn tokens(&self) -> impl Iterator<Item = String> + '_ {
        self.0.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~"))
    }

    /// The escaped form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it names the whole document.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Pointer;

    #[test]
    fn escapes_and_comes_back() {
        let pointer = Pointer::root().join("a/b").join("~").join("");
        assert_eq!(pointer.as_str(), "/a~1b/~0/");
        assert_eq!(pointer.tokens().collect::<Vec<_>>(), ["a/b", "~", ""]);
    }

    #[test]
    fn pop_stops_at_the_root() {
        let mut pointer = Pointer::root().join("a");
        pointer.pop();
        pointer.pop();
        assert!(pointer.is_root());
    }
}
