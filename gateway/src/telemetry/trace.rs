//! The context of a trace (W3C Trace Context, Level 2), as a request brings it.

/// What `traceparent` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    /// 32 hex digits, lower case.
    pub id: [u8; 32],
    /// The span that sent the request: 16 hex digits, lower case.
    pub parent: [u8; 16],
    /// The flags: the sender may have recorded it, its id is random.
    pub flags: u8,
}

/// The bit of the flags that says that the sender may have recorded the trace (§3.2.2.5.1).
const SAMPLED: u8 = 1;
/// How long a `traceparent` of version 00 is.
const LENGTH: usize = 55;

impl Trace {
    /// Reads a `traceparent` (§3.2.2); `None` for one that is not valid. Of a later version only what this one
    /// knows is read (§3.2.4).
    pub fn read(value: &[u8]) -> Option<Self> {
        let (own, rest) = value.split_at_checked(LENGTH)?;
        let [v, w, b'-', rest_of @ ..] = own else { return None };
        let version = octet(*v, *w)?;
        let later = matches!(rest.first(), Some(b'-'));
        if version == 0xff || !(rest.is_empty() || version > 0 && later) {
            return None;
        }
        let (id, rest) = rest_of.split_first_chunk::<32>()?;
        let (parent, rest) = rest.strip_prefix(b"-")?.split_first_chunk::<16>()?;
        let [b'-', high, low] = rest else { return None };
        let flags = octet(*high, *low)?;
        (is_id(id) && is_id(parent)).then_some(Self { id: *id, parent: *parent, flags })
    }

    /// Its id as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.id).unwrap_or_default()
    }

    /// Whether the sender may have recorded it, so that its id leads somewhere.
    pub const fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }
}

/// Lower-case hex digits that are not all zero.
fn is_id(digits: &[u8]) -> bool {
    digits.iter().all(|digit| nibble(*digit).is_some()) && digits.iter().any(|digit| *digit != b'0')
}

fn octet(high: u8, low: u8) -> Option<u8> {
    Some(nibble(high)? << 4 | nibble(low)?)
}

const fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Trace;

    const ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[track_caller]
    fn check(value: &str, sound: bool) {
        assert_eq!(Trace::read(value.as_bytes()).is_some(), sound, "{value}");
    }

    #[test]
    fn a_traceparent_is_read_as_its_version_has_it() {
        let trace = Trace::read(format!("00-{ID}-00f067aa0ba902b7-01").as_bytes()).unwrap();
        assert_eq!((trace.text(), trace.flags, trace.is_sampled()), (ID, 1, true));
        assert_eq!(&trace.parent, b"00f067aa0ba902b7");
        check(&format!("00-{ID}-00f067aa0ba902b7-00"), true);
        // of a later version what is known, and what stands behind a dash
        check(&format!("cc-{ID}-00f067aa0ba902b7-01"), true);
        check(&format!("cc-{ID}-00f067aa0ba902b7-01-what-the-future-has"), true);
    }

    #[test]
    fn what_is_not_valid_is_none() {
        check("", false);
        check("00", false);
        check(&format!("ff-{ID}-00f067aa0ba902b7-01"), false);
        check(&format!("0x-{ID}-00f067aa0ba902b7-01"), false);
        check(&format!("00-{ID}-00f067aa0ba902b7-01-more"), false);
        check(&format!("cc-{ID}-00f067aa0ba902b7-01.more"), false);
        check(&format!("00-{ID}-00f067aa0ba902b7-0"), false);
        check(&format!("00-{ID}-00f067aa0ba902b7-0g"), false);
        check(&format!("00-{ID}-0000000000000000-01"), false);
        check(&format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)), false);
        check(&format!("00-{}-00f067aa0ba902b7-01", ID.to_uppercase()), false);
        check(&format!("00_{ID}-00f067aa0ba902b7-01"), false);
        check(&format!("00-{ID}_00f067aa0ba902b7-01"), false);
    }
}
