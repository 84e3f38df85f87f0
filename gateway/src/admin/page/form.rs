//! What a form brings, behind `?` or in a body, within bounds.

use http::StatusCode;
use percent_encoding::{AsciiSet, utf8_percent_encode};

use super::super::desk::{Answer, Call, Desk, refusal};

/// Most fields of a form that are looked at.
const FIELDS: usize = 32;

/// The fields of a form.
#[derive(Debug, Default)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// Those of `application/x-www-form-urlencoded` text.
    pub(super) fn read(text: &str) -> Self {
        let pairs = form_urlencoded::parse(text.as_bytes()).take(FIELDS);
        Self(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
    }

    /// Those behind `?`.
    pub(super) fn asked(call: &Call) -> Self {
        Self::read(&call.query)
    }

    /// Those of a body that a page of the caller's session sent.
    pub(super) fn sent(desk: &Desk, call: &Call) -> Result<Self, Box<Answer>> {
        let form = Self::read(&String::from_utf8_lossy(&call.body));
        let said = form.text("csrf").as_bytes();
        let told = call.cookie.as_ref();
        if told.is_some_and(|cookie| desk.access.sessions.is_told(cookie, said)) {
            return Ok(form);
        }
        let why = "the form is not from a page of this session; open the page again and repeat it";
        Err(Box::new(refusal(StatusCode::FORBIDDEN, "csrf", why)))
    }

    /// A field's text; empty where it is absent.
    pub(super) fn text(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// A field's number; 0 where it is none.
    pub(super) fn number(&self, name: &str) -> usize {
        self.text(name).parse().unwrap_or_default()
    }
}

/// What stands in an address as it is (RFC 3986 §2.3).
const PLAIN: AsciiSet =
    percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Text as it may stand in any part of an address.
pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, &PLAIN).to_string()
}

#[cfg(test)]
mod tests {
    use super::{FIELDS, Form, encoded};

    #[test]
    fn what_is_written_is_read_back() {
        let text = "a b&=+%ü<script>/";
        let form = Form::read(&format!("x=1&name={}&name=2&bad=%zz%4", encoded(text)));
        assert_eq!(form.text("name"), text);
        assert_eq!(form.number("x"), 1);
        assert_eq!(form.text("bad"), "%zz%4");
        assert_eq!((form.text("none"), form.number("name")), ("", 0));
        assert_eq!(Form::read(&"a=1&".repeat(1000)).0.len(), FIELDS);
    }
}
