//! The authors' own example payloads, one JSON object a line.

use serde::Deserialize;
use serde_json::Value;

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
    /// Whether it is valid for its own version.
    #[serde(default = "yes")]
    pub valid: bool,
}

const fn yes() -> bool {
    true
}

/// Reads an `examples.jsonl`; a line that is no example is told by number.
///
/// # Errors
/// Every line that cannot be read, as a sentence fragment with its number from 1.
pub fn read_examples(text: &str) -> Result<Vec<Example>, Vec<String>> {
    let mut wrong = Vec::new();
    let mut examples = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match serde_json::from_str(line) {
            Ok(example) => examples.push(example),
            Err(error) => wrong.push(format!("line {}: {error}", index + 1)),
        }
    }
    if wrong.is_empty() { Ok(examples) } else { Err(wrong) }
}

#[cfg(test)]
mod tests {
    use super::read_examples;

    #[test]
    fn each_wrong_line_is_told() {
        let good = r#"{"version": "1", "dir": "request", "body": 1, "more": 2}"#;
        let read = read_examples(&format!("{good}\n\n{good}")).unwrap();
        assert_eq!(read.len(), 2);
        assert!(read[0].valid);
        let wrong = read_examples(&format!("{{\n{good}\n[]")).unwrap_err();
        assert_eq!(wrong.iter().map(|one| &one[..7]).collect::<Vec<_>>(), ["line 1:", "line 3:"]);
    }
}
