//! Values that a program reads from outside the payload: headers, parameters, configuration.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::plan::program::Outside;

/// What whoever carries a message knows of the links and cursors in it. Every function is total: what it does not know
/// stays as it is.
pub trait Links: fmt::Debug + Send + Sync {
    /// A link in the words of the message's reader; `None` where it stays. `from` is the label of the version whose words
    /// the step reads: only a step that reads the sender's own may turn what does not name its version.
    fn link(&self, text: &str, from: &str) -> Option<String>;

    /// A paging token with the version that it belongs to; `None` where it stays. `from` as for [`Links::link`].
    fn seal(&self, token: &str, from: &str) -> Option<String>;

    /// Takes a link out of the payload, to be told beside it as a `Link` field (RFC 8288); `false` when it is too late.
    fn relate(&self, relation: &str, target: &str) -> bool;
}

/// A [`Links`] that values carry. Two are equal when they are the same one.
#[derive(Clone, Debug)]
pub struct Carrier(pub Arc<dyn Links>);

impl PartialEq for Carrier {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Carrier {}

/// What [`crate::plan::program::Source::Outside`] and the functions of links read, gathered once per message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values {
    /// Headers of the message as plain text, by lower-case name.
    pub headers: BTreeMap<String, String>,
    /// Path and query parameters of the request as plain, decoded text.
    pub parameters: BTreeMap<String, String>,
    /// The api's `values` in the gateway's configuration. Each is one compact JSON text, written as it is.
    pub configuration: BTreeMap<String, String>,
    /// Targets of the message's `Link` fields, by relation.
    pub relations: BTreeMap<String, String>,
    /// Of a request whose parameters move into its body: these, as JSON texts by their keys
    /// ([`crate::plan::wire::Beside`]).
    pub beside: BTreeMap<String, String>,
    /// Who knows the links in the payload; absent where nobody carries the message, as for documents in files.
    pub links: Option<Carrier>,
}

impl Values {
    /// The JSON text of a value, escaped where it is plain text; `None` when it is not there.
    pub fn lookup(&self, what: &Outside) -> Option<Cow<'_, str>> {
        match what {
            Outside::Header(name) => self.headers.get(&**name).map(|text| Cow::Owned(quoted(text))),
            Outside::Parameter(name) => {
                self.parameters.get(&**name).map(|text| Cow::Owned(quoted(text)))
            }
            Outside::Configuration(name) => {
                self.configuration.get(&**name).map(|text| Cow::Borrowed(text.as_str()))
            }
            Outside::Link(relation) => {
                self.relations.get(&**relation).map(|text| Cow::Owned(quoted(text)))
            }
        }
    }
}

/// Plain text as a JSON string (RFC 8259, section 7).
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::Values;
    use crate::plan::program::Outside;

    #[track_caller]
    fn check(what: &Outside, expected: Option<&str>) {
        let mut values = Values::default();
        values.headers.insert("x-tenant".to_owned(), "a \"b\"\n\u{1}".to_owned());
        values.parameters.insert("id".to_owned(), "7".to_owned());
        values.configuration.insert("rate".to_owned(), "{\"a\":1.0}".to_owned());
        values.relations.insert("next".to_owned(), "/a?b".to_owned());
        assert_eq!(values.lookup(what).as_deref(), expected);
    }

    #[test]
    fn plain_text_is_escaped_and_json_is_not() {
        check(&Outside::Header("x-tenant".into()), Some(r#""a \"b\"\n\u0001""#));
        check(&Outside::Parameter("id".into()), Some("\"7\""));
        check(&Outside::Configuration("rate".into()), Some("{\"a\":1.0}"));
        check(&Outside::Link("next".into()), Some("\"/a?b\""));
    }

    #[test]
    fn what_is_not_there_is_nothing() {
        check(&Outside::Header("x-other".into()), None);
        check(&Outside::Parameter("x-tenant".into()), None);
        check(&Outside::Configuration("id".into()), None);
    }
}
