//! What a client prefers of a conversion that loses information (RFC 7240).

use http::{HeaderName, HeaderValue};

use crate::wire::Fields;

/// The request field.
const PREFER: HeaderName = HeaderName::from_static("prefer");
/// The response field.
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
/// The preference to be told what was lost.
const LOSS_REPORT: &str = "loss-report";

/// The preferences that are understood here. Others go on to the backend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Prefer {
    handling: Option<Handling>,
    loss_report: bool,
}

/// RFC 7240 §4.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Handling {
    Strict,
    Lenient,
}

impl Prefer {
    /// Reads all `Prefer` fields. Of a preference that comes twice the first counts (RFC 7240 §2).
    pub(crate) fn read(headers: &Fields) -> Self {
        let mut prefer = Self::default();
        if !headers.has(&PREFER) {
            return prefer;
        }
        for value in headers.get_all(PREFER) {
            for element in value.to_str().unwrap_or_default().split(',') {
                let preference = element.split(';').next().unwrap_or_default();
                let (name, value) = preference.split_once('=').unwrap_or((preference, ""));
                let (name, value) = (name.trim(), value.trim().trim_matches('"'));
                if name.eq_ignore_ascii_case("handling") {
                    let read = match value {
                        "strict" => Some(Handling::Strict),
                        "lenient" => Some(Handling::Lenient),
                        _ => None,
                    };
                    prefer.handling = prefer.handling.or(read);
                }
                prefer.loss_report |= name.eq_ignore_ascii_case(LOSS_REPORT);
            }
        }
        prefer
    }

    /// Nothing may be lost.
    pub(crate) fn is_strict(self) -> bool {
        self.handling == Some(Handling::Strict)
    }

    /// What is lost is to be told.
    pub(crate) const fn wants_report(self) -> bool {
        self.loss_report
    }

    /// Says which preferences were honoured.
    pub(crate) fn applied(self, headers: &mut Fields) {
        let handling = match self.handling {
            Some(Handling::Strict) => Some("handling=strict"),
            Some(Handling::Lenient) => Some("handling=lenient"),
            None => None,
        };
        for word in handling.into_iter().chain(self.loss_report.then_some(LOSS_REPORT)) {
            headers.append(PREFERENCE_APPLIED, HeaderValue::from_static(word));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::wire::Fields;

    use super::Prefer;

    #[track_caller]
    fn check(fields: &[&str], strict: bool, report: bool, applied: &[&str]) {
        let mut headers = Fields::new();
        for field in fields {
            headers.append(http::HeaderName::from_static("prefer"), field.parse().unwrap());
        }
        let prefer = Prefer::read(&headers);
        assert_eq!((prefer.is_strict(), prefer.wants_report()), (strict, report), "{fields:?}");
        let mut told = Fields::new();
        prefer.applied(&mut told);
        let told: Vec<_> = told.get_all("preference-applied").collect();
        assert_eq!(told, applied);
    }

    #[test]
    fn preferences_are_read_as_the_rfc_has_them() {
        check(&[], false, false, &[]);
        check(&["handling=strict"], true, false, &["handling=strict"]);
        check(&["respond-async, Handling=\"strict\"; x=1"], true, false, &["handling=strict"]);
        check(&["handling=lenient", "handling=strict"], false, false, &["handling=lenient"]);
        check(&["handling=odd, loss-report"], false, true, &["loss-report"]);
        check(&["wait=10", "LOSS-REPORT"], false, true, &["loss-report"]);
    }
}
