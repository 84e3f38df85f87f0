//! Digests of content (RFC 9530, and the older `Content-MD5`): checked on the way in, made anew on the way out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{HeaderName, HeaderValue, TRAILER};
use md5::Md5;
use sha2::{Digest as _, Sha256, Sha512};
use smallvec::SmallVec;

use crate::wire::Fields;

pub(crate) const CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");
pub(crate) const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");
const CONTENT_MD5: HeaderName = HeaderName::from_static("content-md5");

/// All fields that speak of the bytes of a body. `Digest` (RFC 3230) is obsolete: it is dropped, not made anew.
static FIELDS: [HeaderName; 4] =
    [CONTENT_DIGEST, REPR_DIGEST, CONTENT_MD5, HeaderName::from_static("digest")];

/// Where a digest stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Content,
    Repr,
    Md5,
}

impl Field {
    const ALL: [Self; 3] = [Self::Content, Self::Repr, Self::Md5];

    const fn name(self) -> HeaderName {
        match self {
            Self::Content => CONTENT_DIGEST,
            Self::Repr => REPR_DIGEST,
            Self::Md5 => CONTENT_MD5,
        }
    }

    /// As people write it.
    const fn title(self) -> &'static str {
        match self {
            Self::Content => "Content-Digest",
            Self::Repr => "Repr-Digest",
            Self::Md5 => "Content-MD5",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Sha256,
    Sha512,
    Md5,
}

impl Algorithm {
    /// The key in a field's dictionary. The other registered ones are not safe and are dropped (RFC 9530 §5).
    const KEYS: [(&'static str, Self); 2] = [("sha-256", Self::Sha256), ("sha-512", Self::Sha512)];

    fn key(self) -> &'static str {
        let mut keys = Self::KEYS.into_iter();
        keys.find(|(_, own)| *own == self).map_or("", |(key, _)| key)
    }
}

/// One digest that a body is said to have.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    field: Field,
    algorithm: Algorithm,
    value: Vec<u8>,
}

/// The digests that came with a body.
#[derive(Debug, Default)]
pub(crate) struct Digests {
    said: SmallVec<[Said; 2]>,
    /// More may come in the trailers.
    trailing: bool,
    hashers: Hashers,
}

#[derive(Debug, Default)]
struct Hashers {
    sha256: Option<Sha256>,
    sha512: Option<Sha512>,
    md5: Option<Md5>,
}

impl Hashers {
    fn start(&mut self, algorithm: Algorithm) {
        match algorithm {
            Algorithm::Sha256 => self.sha256 = Some(Sha256::new()),
            Algorithm::Sha512 => self.sha512 = Some(Sha512::new()),
            Algorithm::Md5 => self.md5 = Some(Md5::new()),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        if let Some(hasher) = &mut self.sha256 {
            hasher.update(bytes);
        }
        if let Some(hasher) = &mut self.sha512 {
            hasher.update(bytes);
        }
        if let Some(hasher) = &mut self.md5 {
            hasher.update(bytes);
        }
    }

    fn value(&self, algorithm: Algorithm) -> Option<Vec<u8>> {
        match algorithm {
            Algorithm::Sha256 => self.sha256.clone().map(|hasher| hasher.finalize().to_vec()),
            Algorithm::Sha512 => self.sha512.clone().map(|hasher| hasher.finalize().to_vec()),
            Algorithm::Md5 => self.md5.clone().map(|hasher| hasher.finalize().to_vec()),
        }
    }
}

/// Whether `Trailer` says that a digest comes after the body. To be asked before hop-by-hop fields are removed.
pub(crate) fn trailing(headers: &Fields) -> bool {
    headers.has(&TRAILER)
        && headers.get_all(TRAILER).any(|value| {
            let names = value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
            names.into_iter().any(|name| {
                FIELDS.iter().any(|own| name.eq_ignore_ascii_case(own.as_str().as_bytes()))
            })
        })
}

/// Removes all digests.
pub(crate) fn strip(headers: &mut Fields) {
    for name in &FIELDS {
        headers.remove(name);
    }
}

impl Digests {
    /// The digests of a body by its head, which are taken out of it; `None` when there is nothing to check.
    pub(crate) fn take(headers: &mut Fields, trailing: bool) -> Option<Box<Self>> {
        if !trailing && !headers.names().any(|name| FIELDS.contains(name)) {
            return None;
        }
        let mut digests = Self { trailing, ..Self::default() };
        digests.read(headers);
        strip(headers);
        for said in &digests.said {
            digests.hashers.start(said.algorithm);
        }
        if trailing {
            digests.hashers.start(Algorithm::Sha256);
            digests.hashers.start(Algorithm::Sha512);
            digests.hashers.start(Algorithm::Md5);
        }
        Some(Box::new(digests))
    }

    fn read(&mut self, headers: &Fields) {
        for field in Field::ALL {
            for value in headers.get_all(field.name()) {
                let text = value.to_str().unwrap_or_default();
                self.said.extend(dictionary(field, text));
            }
        }
    }

    /// The next bytes as they came.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.hashers.update(bytes);
    }

    /// What came after the body.
    pub(crate) fn trailers(&mut self, trailers: &Fields) {
        if self.trailing {
            self.read(trailers);
        }
    }

    /// The body is at its end; an error names the field that it is not true to.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        let wrong = self.said.iter().find(|said| {
            self.hashers.value(said.algorithm).is_some_and(|value| value != said.value)
        });
        wrong.map_or(Ok(()), |said| Err(said.field.title()))
    }

    /// Says of another body what was said of this one, in the same fields and algorithms.
    pub(crate) fn renew(&self, bytes: &[u8], headers: &mut Fields) {
        let mut hashers = Hashers::default();
        for said in &self.said {
            hashers.start(said.algorithm);
        }
        hashers.update(bytes);
        for field in Field::ALL {
            let mut parts = Vec::new();
            for said in self.said.iter().filter(|said| said.field == field) {
                let value = hashers.value(said.algorithm).unwrap_or_default();
                let text = STANDARD.encode(value);
                parts.push(match field {
                    Field::Md5 => text,
                    Field::Content | Field::Repr => format!("{}=:{text}:", said.algorithm.key()),
                });
            }
            parts.dedup();
            if let (false, Ok(value)) = (parts.is_empty(), HeaderValue::try_from(parts.join(", ")))
            {
                headers.insert(field.name(), value);
            }
        }
    }
}

/// The digests that can be checked of a field's value: a dictionary of byte sequences (RFC 8941 §3.2), or one
/// base64 text. What cannot be read is left out, as RFC 9530 §2 has it.
fn dictionary(field: Field, text: &str) -> Vec<Said> {
    if field == Field::Md5 {
        let value = STANDARD.decode(text.trim()).ok().filter(|value| value.len() == 16);
        return value
            .map(|value| Said { field, algorithm: Algorithm::Md5, value })
            .into_iter()
            .collect();
    }
    let one = |member: &str| {
        let (key, rest) = member.trim().split_once('=')?;
        let (_, algorithm) = Algorithm::KEYS.into_iter().find(|(own, _)| *own == key)?;
        let (value, _) = rest.strip_prefix(':')?.split_once(':')?;
        Some(Said { field, algorithm, value: STANDARD.decode(value).ok()? })
    };
    text.split(',').filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use crate::wire::Fields;
    use http::HeaderValue;

    use super::{Digests, trailing};

    /// RFC 9530 appendix D: the digests of `{"hello": "world"}\n`.
    const SHA256: &str = "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:";
    const BODY: &[u8] = b"{\"hello\": \"world\"}\n";

    fn head(name: &'static str, value: &str) -> Fields {
        let mut headers = Fields::new();
        headers.insert(http::HeaderName::from_static(name), HeaderValue::try_from(value).unwrap());
        headers
    }

    #[track_caller]
    fn check(name: &'static str, value: &str, body: &[u8], sound: bool) {
        let mut headers = head(name, value);
        let mut digests = Digests::take(&mut headers, false).unwrap();
        assert!(headers.is_empty());
        digests.update(&body[..1]);
        digests.update(&body[1..]);
        assert_eq!(digests.check().is_ok(), sound, "{name}: {value}");
    }

    #[test]
    fn a_digest_is_checked() {
        check("content-digest", SHA256, BODY, true);
        check("content-digest", SHA256, b"{}", false);
        check("repr-digest", &format!("md5=:AAAA:, {SHA256};q=1"), b"{}", false);
        check("content-digest", "sha-256=:???:", b"{}", true);
        check("content-md5", "mZFLkyvTelC5g8XnyQrpOw==", b"{}", true);
        check("content-md5", "mZFLkyvTelC5g8XnyQrpOw==", b"[]", false);
        check("digest", "SHA-256=x", b"{}", true);
    }

    #[test]
    fn a_digest_is_made_anew() {
        let mut headers = head("content-digest", "sha-256=:AAAA:, unixsum=:1:");
        let digests = Digests::take(&mut headers, false).unwrap();
        digests.renew(BODY, &mut headers);
        assert_eq!(headers.get("content-digest").unwrap(), SHA256);
    }

    #[test]
    fn a_digest_may_come_after_the_body() {
        let mut headers = head("trailer", "Expires, Content-Digest");
        assert!(trailing(&headers) && !trailing(&head("trailer", "expires")));
        let mut digests = Digests::take(&mut headers, true).unwrap();
        digests.update(b"{}");
        digests.trailers(&head("content-digest", SHA256));
        assert_eq!(digests.check(), Err("Content-Digest"));
    }
}
