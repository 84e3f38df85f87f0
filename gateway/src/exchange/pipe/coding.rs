//! Content codings (RFC 9110 §8.4): which a body has, which its reader takes.

use std::fmt::Write as _;

use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};
use smallvec::SmallVec;

use crate::wire::Fields;

/// Most codings on one body. More than one is rare, and each costs a window of memory.
pub(super) const MOST_CODINGS: usize = 3;

/// A coding that can be taken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    /// RFC 1952.
    Gzip,
    /// RFC 1950; raw RFC 1951 is read too, as many servers send it under this name.
    Deflate,
    /// RFC 7932, without large windows.
    Brotli,
    /// RFC 8878 with a window of at most 8 MiB (RFC 9659).
    Zstd,
}

impl Coding {
    /// All of them, the one to prefer first.
    pub(crate) const ALL: [Self; 4] = [Self::Gzip, Self::Brotli, Self::Zstd, Self::Deflate];

    /// Those whose decoder gives out at once what came. That of zstd holds back a window until the end of a frame.
    pub(crate) const PROMPT: [Self; 3] = [Self::Gzip, Self::Brotli, Self::Deflate];

    /// The registered name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }

    /// The coding of a name (RFC 9110 §8.4.1: without regard to case; `x-gzip` is `gzip`).
    fn named(name: &str) -> Option<Self> {
        let name = if name.eq_ignore_ascii_case("x-gzip") { "gzip" } else { name };
        Self::ALL.into_iter().find(|coding| coding.name().eq_ignore_ascii_case(name))
    }

    /// Whether a body can be put into it. There is no encoder for zstd that is both pure Rust and good.
    pub(crate) const fn is_written(self) -> bool {
        !matches!(self, Self::Zstd)
    }
}

/// The codings of a body in the order they were put on.
pub(crate) type Codings = SmallVec<[Coding; 1]>;

/// The codings that `Content-Encoding` declares; the name of one that cannot be taken off otherwise.
pub(crate) fn declared(headers: &Fields) -> Result<Codings, String> {
    let mut codings = Codings::new();
    for value in headers.get_all(CONTENT_ENCODING) {
        let text = value.to_str().map_err(|_| "?".to_owned())?;
        for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            if name.eq_ignore_ascii_case("identity") {
                continue;
            }
            let coding = Coding::named(name).filter(|_| codings.len() < MOST_CODINGS);
            codings.push(coding.ok_or_else(|| text.to_owned())?);
        }
    }
    Ok(codings)
}

/// What a reader takes, as its `Accept-Encoding` says (RFC 9110 §12.5.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Accepted {
    /// Quality in thousandths of each of [`Coding::ALL`].
    qualities: [u16; 4],
    identity: u16,
}

/// Reads `Accept-Encoding`. Without the field a reader is taken to want no coding.
pub(crate) fn accepted(headers: &Fields) -> Accepted {
    let mut qualities = [None; 4];
    let (mut identity, mut rest) = (None, None);
    for value in headers.get_all(ACCEPT_ENCODING) {
        for element in value.to_str().unwrap_or_default().split(',') {
            let (name, quality) = element.split_once(';').unwrap_or((element, ""));
            let quality = weight(quality);
            let name = name.trim();
            if name == "*" {
                rest = Some(quality);
            } else if name.eq_ignore_ascii_case("identity") {
                identity = Some(quality);
            } else if let Some(coding) = Coding::named(name) {
                let mut slots = qualities.iter_mut().zip(Coding::ALL);
                if let Some((slot, _)) = slots.find(|(_, own)| *own == coding) {
                    *slot = Some(quality);
                }
            }
        }
    }
    Accepted {
        qualities: qualities.map(|own| own.or(rest).unwrap_or(0)),
        identity: identity.or(rest).unwrap_or(1),
    }
}

impl Accepted {
    /// The quality of a coding, in thousandths; 0 when it must not be used.
    pub(crate) fn quality(&self, coding: Coding) -> u16 {
        let pairs = Coding::ALL.into_iter().zip(self.qualities);
        pairs.filter(|(own, _)| *own == coding).map(|(_, quality)| quality).sum()
    }

    /// What the backend is asked for: of these codings, which can be taken off, those that the client takes, with
    /// the client's own qualities.
    pub(crate) fn narrowed(&self, readable: &[Coding]) -> String {
        let mut text = String::new();
        for &coding in readable {
            let quality = self.quality(coding);
            if quality > 0 {
                push(&mut text, coding.name(), quality);
            }
        }
        if text.is_empty() {
            "identity".clone_into(&mut text);
        } else if self.identity > 1 {
            push(&mut text, "identity", self.identity);
        }
        text
    }

    /// The coding that a body gets which had these: its own last one if the client takes it and it can be written,
    /// else none, unless the client forbids that: then the best that it takes.
    pub(crate) fn choose(&self, codings: &[Coding]) -> Option<Coding> {
        let usable = |coding: &Coding| coding.is_written() && self.quality(*coding) > 0;
        let own = codings.last().copied().filter(usable);
        if own.is_some() {
            return own;
        }
        // a body that came coded is worth coding, and one whose plain form is refused must be
        if codings.is_empty() && self.identity > 0 {
            return None;
        }
        // of equals `max_by_key` takes the last
        let best = Coding::ALL.into_iter().rev().filter(usable);
        let best = best.max_by_key(|one| self.quality(*one))?;
        (self.identity == 0 || self.quality(best) >= self.identity).then_some(best)
    }
}

fn push(text: &mut String, name: &str, quality: u16) {
    if !text.is_empty() {
        text.push_str(", ");
    }
    text.push_str(name);
    if quality < 1000 {
        // writing to memory does not fail
        let _ = write!(text, ";q=0.{quality:03}");
    }
}

/// A weight in thousandths (RFC 9110 §12.4.2): 1000 when there is none, 0 when it is not one.
fn weight(parameter: &str) -> u16 {
    let parameter = parameter.trim();
    if parameter.is_empty() {
        return 1000;
    }
    let Some(text) =
        parameter.strip_prefix(['q', 'Q']).and_then(|rest| rest.trim().strip_prefix('='))
    else {
        return 0;
    };
    let text = text.trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return 0;
    }
    let thousandths = format!("{fraction:0<3}").parse().unwrap_or(0);
    match whole {
        "0" => thousandths,
        "1" if thousandths == 0 => 1000,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use crate::wire::Fields;
    use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};

    use super::{Coding, accepted, declared};

    fn headers(name: http::HeaderName, value: Option<&str>) -> Fields {
        let mut headers = Fields::new();
        if let Some(value) = value {
            headers.insert(name, value.parse().unwrap());
        }
        headers
    }

    #[track_caller]
    fn check(accept: Option<&str>, own: &[Coding], narrowed: &str, chosen: Option<Coding>) {
        let accepted = accepted(&headers(ACCEPT_ENCODING, accept));
        assert_eq!(accepted.narrowed(&Coding::ALL), narrowed);
        assert_eq!(accepted.choose(own), chosen);
    }

    #[test]
    fn a_client_gets_what_it_takes() {
        use Coding::{Brotli, Gzip, Zstd};
        check(None, &[], "identity", None);
        check(None, &[Gzip], "identity", None);
        check(Some("gzip, br"), &[Brotli], "gzip, br", Some(Brotli));
        check(Some("gzip, br"), &[], "gzip, br", None);
        check(Some("compress, br;q=0.5"), &[Brotli], "br;q=0.500", Some(Brotli));
        check(Some("compress"), &[Gzip], "identity", None);
        check(Some("zstd, gzip;q=0.5"), &[Zstd], "gzip;q=0.500, zstd", Some(Gzip));
        check(Some("gzip;q=0, br"), &[Gzip], "br", Some(Brotli));
        check(Some("*"), &[Zstd], "gzip, br, zstd, deflate, identity", Some(Gzip));
        check(Some("identity;q=0, gzip"), &[], "gzip", Some(Gzip));
        check(Some("X-GZIP; Q=1.000"), &[Gzip, Gzip], "gzip", Some(Gzip));
        check(Some("gzip;q=2"), &[Gzip], "identity", None);
    }

    #[test]
    fn a_stream_is_not_asked_for_in_zstd() {
        let accepted = accepted(&headers(ACCEPT_ENCODING, Some("zstd, br")));
        assert_eq!(accepted.narrowed(&Coding::PROMPT), "br");
    }

    #[test]
    fn codings_are_read_in_the_order_they_were_put_on() {
        let read = |text| declared(&headers(CONTENT_ENCODING, Some(text)));
        assert_eq!(read("identity").unwrap().as_slice(), []);
        assert_eq!(read("x-gzip, BR").unwrap().as_slice(), [Coding::Gzip, Coding::Brotli]);
        assert_eq!(read("gzip, rot13"), Err("gzip, rot13".to_owned()));
        assert_eq!(read("gzip, gzip, gzip, gzip"), Err("gzip, gzip, gzip, gzip".to_owned()));
    }
}
