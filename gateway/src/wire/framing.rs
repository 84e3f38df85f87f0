//! How long the body of a message is (RFC 9112 §6), or that nobody can say.

use http::header::{CONTENT_LENGTH, HeaderValue, TRANSFER_ENCODING};
use http::{Method, StatusCode, Version};

use super::fields::Fields;

/// How a body's end is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Exactly so many octets; 0 for no body.
    Length(u64),
    /// In chunks (RFC 9112 §7.1).
    Chunked,
    /// The end of the connection, for answers only.
    Close,
}

/// The framing of a request. The error says what is wrong and what to send.
pub fn of_request(version: Version, headers: &Fields) -> Result<Framing, &'static str> {
    match declared(headers)? {
        None => Ok(Framing::Length(0)),
        Some(Framing::Chunked) if version != Version::HTTP_11 => {
            Err("only HTTP/1.1 has a Transfer-Encoding; leave it out")
        }
        Some(framing) => Ok(framing),
    }
}

/// The framing of an answer to this method.
pub fn of_response(
    method: &Method,
    status: StatusCode,
    version: Version,
    headers: &Fields,
) -> Result<Framing, &'static str> {
    let declared = declared(headers)?;
    let bodiless = *method == Method::HEAD
        || status.is_informational()
        || status == StatusCode::NO_CONTENT
        || status == StatusCode::NOT_MODIFIED;
    match declared {
        Some(Framing::Chunked) if version != Version::HTTP_11 => {
            Err("a Transfer-Encoding under HTTP/1.0")
        }
        // RFC 9112 §6.1: a server must not send one with these
        Some(Framing::Chunked) if status == StatusCode::NO_CONTENT => {
            Err("a Transfer-Encoding in an answer without a body")
        }
        _ if bodiless => Ok(Framing::Length(0)),
        declared => Ok(declared.unwrap_or(Framing::Close)),
    }
}

fn declared(headers: &Fields) -> Result<Option<Framing>, &'static str> {
    if !headers.has(TRANSFER_ENCODING) && !headers.has(CONTENT_LENGTH) {
        return Ok(None);
    }
    let (mut coding, mut length, mut twice) = (None, None, false);
    // one look at the few fields of a message costs less than two look-ups
    for (name, value) in headers {
        match *name {
            TRANSFER_ENCODING => twice |= coding.replace(value).is_some(),
            CONTENT_LENGTH => twice |= length.replace(value).is_some(),
            _ => {}
        }
    }
    match (coding, length) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => {
            Err("both Content-Length and Transfer-Encoding are there; send one of them")
        }
        (Some(coding), None) => {
            let plain = coding.as_bytes().eq_ignore_ascii_case(b"chunked");
            if plain && !twice {
                Ok(Some(Framing::Chunked))
            } else {
                Err(
                    "only one transfer coding, `chunked`, is understood; send `Transfer-Encoding: chunked`",
                )
            }
        }
        (None, Some(length)) => match number(length) {
            Some(octets) if !twice => Ok(Some(Framing::Length(octets))),
            _ => Err("the Content-Length is not one plain number; send it once"),
        },
    }
}

/// 1 to 18 digits and nothing else, so that it is below 2^63.
fn number(value: &HeaderValue) -> Option<u64> {
    let digits = value.as_bytes();
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    digits.iter().try_fold(0_u64, |sum, digit| {
        digit.is_ascii_digit().then(|| sum * 10 + u64::from(digit - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use crate::wire::Fields;
    use http::{Method, StatusCode, Version};

    use super::{Framing, of_request, of_response};

    fn map(fields: &[(&'static str, &'static str)]) -> Fields {
        let mut headers = Fields::new();
        for (name, value) in fields {
            headers.append(http::HeaderName::from_static(name), value.parse().unwrap());
        }
        headers
    }

    #[track_caller]
    fn check(fields: &[(&'static str, &'static str)], expected: Option<Framing>) {
        let seen = of_request(Version::HTTP_11, &map(fields)).ok();
        assert_eq!(seen, expected, "{fields:?}");
    }

    #[test]
    fn a_request_has_one_framing_or_none() {
        check(&[], Some(Framing::Length(0)));
        check(&[("content-length", "12")], Some(Framing::Length(12)));
        check(&[("transfer-encoding", "Chunked")], Some(Framing::Chunked));
        check(&[("content-length", "12"), ("content-length", "12")], None);
        check(&[("content-length", "12, 12")], None);
        check(&[("content-length", "+1")], None);
        check(&[("content-length", "")], None);
        check(&[("content-length", "9223372036854775808")], None);
        check(&[("content-length", "1"), ("transfer-encoding", "chunked")], None);
        check(&[("transfer-encoding", "gzip, chunked")], None);
        check(&[("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")], None);
        let chunked = map(&[("transfer-encoding", "chunked")]);
        assert!(of_request(Version::HTTP_10, &chunked).is_err());
    }

    #[test]
    fn an_answer_without_a_length_ends_with_its_connection() {
        let of = |method, status, fields| {
            of_response(
                &method,
                StatusCode::from_u16(status).unwrap(),
                Version::HTTP_11,
                &map(fields),
            )
            .ok()
        };
        assert_eq!(of(Method::GET, 200, &[]), Some(Framing::Close));
        assert_eq!(of(Method::HEAD, 200, &[("content-length", "9")]), Some(Framing::Length(0)));
        assert_eq!(of(Method::GET, 304, &[("content-length", "9")]), Some(Framing::Length(0)));
        assert_eq!(of(Method::GET, 204, &[]), Some(Framing::Length(0)));
        assert_eq!(of(Method::GET, 204, &[("transfer-encoding", "chunked")]), None);
        assert_eq!(of(Method::HEAD, 200, &[("content-length", "x")]), None);
    }
}
