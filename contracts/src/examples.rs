//! The authors' own example payloads, one JSON object a line.

use serde::Deserialize;
use serde_json::Value;

use evergate_schemas::describe::model::{Api, Operation, Status};

/// An example payload.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Example {
    /// The version it is written in.
    pub version: String,
    /// `request`, `response` or `document`.
    pub dir: String,
    /// The operation's method.
    #[serde(default)]
    pub method: Option<String>,
    /// The operation's path template.
    #[serde(default)]
    pub path: Option<String>,
    /// The response's status.
    #[serde(default)]
    pub status: Option<String>,
    /// The media type.
    #[serde(default)]
    pub media: Option<String>,
    /// The document's file, for a plain document.
    #[serde(default)]
    pub operation: Option<String>,
    /// What it is called.
    #[serde(default)]
    pub name: Option<String>,
    /// The payload.
    pub body: Value,
    /// Whether it is valid for its own version; `null` where nobody knows, and then it is not tried.
    #[serde(default = "yes")]
    pub valid: Option<bool>,
}

impl Example {
    /// Whether it is a request of the operation of a version, in this media type.
    pub(crate) fn is_request(&self, api: &Api, end: (usize, &Operation), media_type: &str) -> bool {
        self.dir == "request" && self.status.is_none() && self.is_of(api, end, media_type)
    }

    /// Whether it is an answer of the operation of a version, declared under this status, in this media type.
    pub(crate) fn is_answer(
        &self,
        api: &Api,
        end: (usize, &Operation),
        (status, media_type): (Status, &str),
    ) -> bool {
        self.dir == "response"
            && self.status == Some(status.to_string())
            && self.is_of(api, end, media_type)
    }

    fn is_of(
        &self,
        api: &Api,
        (version, operation): (usize, &Operation),
        media_type: &str,
    ) -> bool {
        api.versions.get(version).is_some_and(|one| one.version.as_str() == self.version)
            && self.method.as_deref() == Some(&operation.key.method)
            && self.path.as_deref() == Some(&operation.key.path)
            && self.media.as_deref().is_none_or(|media| media == media_type)
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the default of a field that may be null")]
const fn yes() -> Option<bool> {
    Some(true)
}

/// Reads an `examples.jsonl`: what can be read, and every line that cannot, as a sentence fragment with its
/// number from 1.
pub fn read_examples(text: &str) -> (Vec<Example>, Vec<String>) {
    let mut wrong = Vec::new();
    let mut examples = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match serde_json::from_str(line) {
            Ok(example) => examples.push(example),
            Err(error) => wrong.push(format!("line {}: {error}", index + 1)),
        }
    }
    (examples, wrong)
}

#[cfg(test)]
mod tests {
    use super::read_examples;

    #[test]
    fn each_wrong_line_is_told_and_hides_no_other() {
        let good = r#"{"version": "1", "dir": "request", "body": 1, "more": 2}"#;
        let (read, wrong) = read_examples(&format!("{good}\n\n{good}"));
        assert_eq!((read.len(), wrong.len()), (2, 0));
        assert_eq!(read[0].valid, Some(true));
        let (read, wrong) = read_examples(&format!("{{\n{good}\n[]"));
        assert_eq!(read.len(), 1);
        assert_eq!(wrong.iter().map(|one| &one[..7]).collect::<Vec<_>>(), ["line 1:", "line 3:"]);
    }

    #[test]
    fn validity_that_nobody_knows_is_no_fault() {
        let text = r#"{"version": "1", "dir": "document", "body": 1, "valid": null}"#;
        let (read, wrong) = read_examples(text);
        assert_eq!((read[0].valid, wrong.len()), (None, 0));
    }
}
