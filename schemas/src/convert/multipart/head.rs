//! What a part says of itself: the fields of its head (RFC 7578 §4, RFC 2183, RFC 2045 §5.1).

use std::ops::Range;

/// The head of a part, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// Up to and with the blank line.
    pub(super) raw: Vec<u8>,
    pub(super) name: String,
    /// Where the value of `name` is, with its quotes.
    name_at: Range<usize>,
    /// The type of the disposition, as it came.
    pub(super) disposition: String,
    has_file_name: bool,
    content_type: Option<String>,
    /// Its content is in a transfer encoding.
    pub(super) is_encoded: bool,
}

/// What a part says is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    Text,
    Json,
    File,
}

/// Fields that say something of the bytes of the content, which are other bytes after a conversion.
const DIGESTS: [&str; 4] = ["content-md5", "content-digest", "repr-digest", "digest"];

impl Head {
    /// Reads a head; why it cannot be read in one way only, as a sentence fragment.
    pub(super) fn read(raw: &[u8]) -> Result<Self, &'static str> {
        let mut head = Self {
            raw: raw.to_vec(),
            name: String::new(),
            name_at: 0..0,
            disposition: String::new(),
            has_file_name: false,
            content_type: None,
            is_encoded: false,
        };
        let mut seen: Vec<String> = Vec::new();
        for line in lines(raw) {
            let field = Field::read(raw, line)?;
            let once = matches!(
                field.name.as_str(),
                "content-disposition"
                    | "content-type"
                    | "content-transfer-encoding"
                    | "content-length"
            );
            if once && seen.contains(&field.name) {
                return Err("a part has a field of its head twice");
            }
            match field.name.as_str() {
                "content-disposition" => head.dispose(field.value)?,
                "content-type" => head.content_type = Some(text(raw, field.value)?),
                "content-transfer-encoding" => {
                    let coding = text(raw, field.value)?.trim().to_ascii_lowercase();
                    head.is_encoded = !matches!(coding.as_str(), "7bit" | "8bit" | "binary");
                }
                _ => {}
            }
            seen.push(field.name);
        }
        if head.name_at.is_empty() { Err("a part has no name") } else { Ok(head) }
    }

    fn dispose(&mut self, value: Range<usize>) -> Result<(), &'static str> {
        const WRONG: &str = "the disposition of a part is not well formed";
        let bytes = self.raw.get(value.clone()).unwrap_or_default();
        let end = bytes.iter().position(|byte| *byte == b';').unwrap_or(bytes.len());
        let (kind, rest) = bytes.split_at_checked(end).ok_or(WRONG)?;
        let kind = kind.trim_ascii();
        if kind.is_empty() || !kind.iter().all(|byte| is_token(*byte)) {
            return Err(WRONG);
        }
        self.disposition = String::from_utf8_lossy(kind).into_owned();
        let start = value.start + end + 1;
        let found = parameters(rest.get(1..).unwrap_or_default()).ok_or(WRONG)?;
        for one in found {
            match one.name.as_str() {
                "name" if !self.name_at.is_empty() => return Err("a part has two names"),
                "name" => {
                    self.name_at = start + one.at.start..start + one.at.end;
                    self.name = one.value;
                }
                "filename" | "filename*" => self.has_file_name = true,
                // RFC 7578 §4.2 has no such thing, and readers differ over what it means
                other if other.starts_with("name*") => return Err("the name of a part is encoded"),
                _ => {}
            }
        }
        Ok(())
    }

    /// What the part says is in it.
    pub(super) fn claim(&self) -> Claim {
        let Some(written) = &self.content_type else {
            return if self.has_file_name { Claim::File } else { Claim::Text };
        };
        let essence = written.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if essence == "application/json" || essence.ends_with("+json") {
            return Claim::Json;
        }
        if essence != "text/plain" || self.has_file_name || !self.is_utf8(written) {
            return Claim::File;
        }
        Claim::Text
    }

    fn is_utf8(&self, written: &str) -> bool {
        let rest = written.split_once(';').map_or("", |(_, rest)| rest);
        let charsets = parameters(rest.as_bytes()).map(|all| {
            let plain = ["utf-8", "us-ascii", "utf8"];
            let named = |value: &str| plain.iter().any(|one| one.eq_ignore_ascii_case(value));
            all.iter().filter(|one| one.name == "charset").all(|one| named(&one.value))
        });
        charsets.unwrap_or(false) && !self.is_encoded
    }

    /// The head with another name; every other byte stays.
    pub(super) fn renamed(&self, name: &str) -> Vec<u8> {
        if name == self.name {
            return self.raw.clone();
        }
        let before = self.raw.get(..self.name_at.start).unwrap_or_default();
        let after = self.raw.get(self.name_at.end..).unwrap_or_default();
        [before, quoted(name).as_bytes(), after].concat()
    }

    /// The head for other bytes under a name: a length is said anew, digests of the old bytes go.
    pub(super) fn changed(&self, name: &str, length: usize) -> Vec<u8> {
        let raw = self.renamed(name);
        let mut out = Vec::with_capacity(raw.len());
        for line in lines(&raw) {
            let Ok(field) = Field::read(&raw, line.clone()) else { continue };
            if field.name == "content-length" {
                out.extend_from_slice(raw.get(line.start..field.value.start).unwrap_or_default());
                out.extend_from_slice(format!("{length}\r\n").as_bytes());
            } else if !DIGESTS.contains(&field.name.as_str()) {
                out.extend_from_slice(raw.get(line).unwrap_or_default());
                out.extend_from_slice(b"\r\n");
            }
        }
        out.extend_from_slice(b"\r\n");
        out
    }
}

/// The head of a part that did not come.
pub(super) fn fresh(disposition: &str, name: &str, media_type: Option<&str>) -> Vec<u8> {
    let mut out = format!("Content-Disposition: {disposition}; name={}\r\n", quoted(name));
    if let Some(media_type) = media_type {
        out.extend(["Content-Type: ", media_type, "\r\n"]);
    }
    out.push_str("\r\n");
    out.into_bytes()
}

/// As browsers write it (WHATWG HTML, multipart/form-data encoding algorithm).
fn quoted(name: &str) -> String {
    let escaped = name.replace('\r', "%0D").replace('\n', "%0A").replace('"', "%22");
    format!("\"{escaped}\"")
}

/// The lines of a head, without their ends and without the blank one.
fn lines(raw: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let length = memchr::memmem::find(raw.get(at..)?, b"\r\n")?;
        let line = at..at + length;
        at += length + 2;
        (length > 0).then_some(line)
    })
}

/// A field, its name in lower case, its value where it is without white space around.
struct Field {
    name: String,
    value: Range<usize>,
}

impl Field {
    fn read(raw: &[u8], line: Range<usize>) -> Result<Self, &'static str> {
        const WRONG: &str = "a field in the head of a part is not well formed";
        let bytes = raw.get(line.clone()).ok_or(WRONG)?;
        if bytes.iter().any(|byte| (*byte < b' ' && *byte != b'\t') || *byte == 0x7f) {
            return Err(
                "the head of a part holds a control character, or a line end that is not CR LF",
            );
        }
        let colon = bytes.iter().position(|byte| *byte == b':').ok_or(WRONG)?;
        let (name, value) = bytes.split_at_checked(colon).ok_or(WRONG)?;
        // a folded line begins with a blank, which no name has
        if name.is_empty() || !name.iter().all(|byte| is_token(*byte)) {
            return Err(WRONG);
        }
        let value = value.get(1..).unwrap_or_default();
        let blank = value.len() - value.trim_ascii_start().len();
        let start = line.start + colon + 1 + blank;
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        Ok(Self { name, value: start..start + value.trim_ascii().len() })
    }
}

fn text(raw: &[u8], at: Range<usize>) -> Result<String, &'static str> {
    let bytes = raw.get(at).unwrap_or_default();
    let text = std::str::from_utf8(bytes).map_err(|_| "the head of a part is not UTF-8")?;
    Ok(text.to_owned())
}

/// One parameter.
#[derive(Debug)]
pub(super) struct Parameter {
    /// In lower case.
    pub(super) name: String,
    pub(super) value: String,
    /// Where the value is, with its quotes.
    at: Range<usize>,
}

/// Parameters `; name=value`, without the first semicolon. `None` where readers may read them in different ways: a
/// backslash in a quoted name or boundary, an unfinished quote, a name without a value.
pub(super) fn parameters(bytes: &[u8]) -> Option<Vec<Parameter>> {
    let mut found = Vec::new();
    let mut at = 0;
    loop {
        at += blanks(bytes, at);
        let Some(first) = bytes.get(at) else { return Some(found) };
        if *first == b';' {
            at += 1;
            continue;
        }
        let length = bytes.get(at..)?.iter().take_while(|byte| is_token(**byte)).count();
        let name = String::from_utf8_lossy(bytes.get(at..at + length)?).to_ascii_lowercase();
        at += length;
        at += blanks(bytes, at);
        if length == 0 || bytes.get(at) != Some(&b'=') {
            return None;
        }
        at += 1;
        at += blanks(bytes, at);
        let start = at;
        let strict = !name.starts_with("filename");
        let value = if bytes.get(at) == Some(&b'"') {
            let length = quote_length(bytes.get(at + 1..)?, strict)?;
            at += length + 2;
            bytes.get(start + 1..start + 1 + length)?
        } else {
            at += bytes
                .get(at..)?
                .iter()
                .take_while(|byte| is_token(**byte) || **byte >= 0x80)
                .count();
            bytes.get(start..at)?
        };
        if start == at {
            // a boundary and a name need a value, others may be empty
            return None;
        }
        let value = String::from_utf8(value.to_vec()).ok()?;
        found.push(Parameter { name, value, at: start..at });
        at += blanks(bytes, at);
        if !matches!(bytes.get(at), None | Some(b';')) {
            return None;
        }
    }
}

/// The bytes up to the closing quote. In names a backslash is read as an escape by some and as itself by others.
fn quote_length(bytes: &[u8], strict: bool) -> Option<usize> {
    let mut at = 0;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at),
            b'\\' if strict => return None,
            // Windows paths have backslashes that escape nothing
            b'\\' if bytes.get(at + 1) == Some(&b'"') => at += 2,
            _ => at += 1,
        }
    }
}

fn blanks(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
}

/// RFC 9110 §5.6.2.
const fn is_token(byte: u8) -> bool {
    matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~')
        || byte.is_ascii_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::{Claim, Head};

    #[track_caller]
    fn check(fields: &str, wanted: Result<(&str, Claim), &str>) {
        let head = Head::read(format!("{fields}\r\n\r\n").as_bytes());
        let seen = head.as_ref().map(|head| (head.name.as_str(), head.claim()));
        assert_eq!(seen.map_err(|why| *why), wanted, "{fields}");
    }

    #[test]
    fn a_head_says_its_name_and_what_is_in_the_part() {
        let of = |rest: &str| format!("Content-Disposition: form-data; {rest}");
        check(&of("name=\"a b\""), Ok(("a b", Claim::Text)));
        check(&of("name=a"), Ok(("a", Claim::Text)));
        check(&of("NAME = \"é%22\" ; x=y"), Ok(("é%22", Claim::Text)));
        check(&of("name=a; filename=\"C:\\dir\\x.png\""), Ok(("a", Claim::File)));
        check(&of("filename=\"a\\\"; name=b.png\"; name=a"), Ok(("a", Claim::File)));
        check(&of("name=a; filename*=UTF-8''x"), Ok(("a", Claim::File)));
        check(&of("name=a\r\ncontent-type:application/problem+json; q=1"), Ok(("a", Claim::Json)));
        check(&of("name=a\r\nContent-Type: text/plain; charset=UTF-8"), Ok(("a", Claim::Text)));
        check(&of("name=a\r\nContent-Type: text/plain; charset=latin1"), Ok(("a", Claim::File)));
        check(&of("name=a\r\nContent-Type: image/png"), Ok(("a", Claim::File)));
    }

    #[test]
    fn a_head_that_could_be_read_in_two_ways_is_refused() {
        let of = |rest: &str| format!("Content-Disposition: form-data{rest}");
        let disposition = "the disposition of a part is not well formed";
        let field = "a field in the head of a part is not well formed";
        check(&of(""), Err("a part has no name"));
        check("X: y", Err("a part has no name"));
        check(&of("; name=a; name=b"), Err("a part has two names"));
        check(&of("; name=a; name*=UTF-8''b"), Err("the name of a part is encoded"));
        check(&of("; name=\"a"), Err(disposition));
        check(&of("; name=\"a\\\"b\""), Err(disposition));
        check(&of("; name"), Err(disposition));
        check(&of("; name=\"a\"b"), Err(disposition));
        check(&of(";\r\n name=a"), Err(field));
        check(&format!("{}\r\n{0}", of("; name=a")), Err("a part has a field of its head twice"));
        let control =
            "the head of a part holds a control character, or a line end that is not CR LF";
        check(&of("; name=\"a\0\""), Err(control));
        check(&of("; name=a\nX: y"), Err(control));
    }

    #[test]
    fn a_changed_part_keeps_all_but_what_its_bytes_belie() {
        let raw = "X-A:  1\r\nContent-Disposition: form-data; name=old; x=\"y\"\r\ncontent-length: 3\r\nContent-MD5: z\r\n\r\n";
        let head = Head::read(raw.as_bytes()).unwrap();
        assert_eq!(head.renamed("old"), raw.as_bytes());
        let renamed = String::from_utf8(head.changed("n\"", 12)).unwrap();
        assert_eq!(
            renamed,
            "X-A:  1\r\nContent-Disposition: form-data; name=\"n%22\"; x=\"y\"\r\ncontent-length: 12\r\n\r\n"
        );
    }
}
