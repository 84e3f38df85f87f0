//! What the administrator's listener offers: each thing a row, looked up by method and path.

use std::collections::BTreeMap;
use std::pin::Pin;

use http::Method;

use super::basic::{NotTaken, Reload};
use super::desk::{Answer, Call, Desk, Fault};
use super::page::PAGES;
use super::shape::Shape;
use super::{
    apis, basic, configuration, drift, endpoints, explain, history, lifecycle, losses, openapi,
    session, status, usage,
};
use crate::config::Role;
use crate::control::usage::UsageReport;
use crate::exchange::explain::{Explanation, Question};

/// Answers a call.
pub(super) type Act =
    for<'a> fn(&'a Desk, Call) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;

/// One thing that may be asked for.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) method: Method,
    /// Segments in braces stand for any one segment.
    pub(super) path: &'static str,
    pub(super) role: Role,
    /// What it is for, in a sentence.
    pub(super) about: &'static str,
    /// What it takes and gives.
    pub(super) shape: Shape,
    pub(super) act: Act,
}

impl Row {
    /// Whether a call may change anything.
    pub(super) fn changes(&self) -> bool {
        self.method != Method::GET
    }
}

/// Everything, in the order in which it is described.
pub(super) static ROWS: &[Row] = &[
    Row {
        method: Method::GET,
        path: "/livez",
        role: Role::Read,
        about: "whether the process is alive",
        shape: Shape::json::<basic::Live>(),
        act: |_, _| Box::pin(async { basic::live() }),
    },
    Row {
        method: Method::GET,
        path: "/readyz",
        role: Role::Read,
        about: "whether traffic is taken, and by which configuration",
        shape: Shape::json::<basic::Readiness>().also::<basic::Readiness>(503, "it drains"),
        act: |desk, _| Box::pin(async { basic::ready(desk) }),
    },
    Row {
        method: Method::GET,
        path: "/metrics",
        role: Role::Read,
        about: "counters and gauges in OpenMetrics text",
        shape: Shape::text(basic::OPENMETRICS),
        act: |desk, _| Box::pin(async { basic::metrics(desk) }),
    },
    Row {
        method: Method::GET,
        path: "/losses",
        role: Role::Read,
        about: "what each way between two versions may lose, and how often it did",
        shape: Shape::json::<losses::Losses>(),
        act: |desk, _| Box::pin(async { losses::answer(desk) }),
    },
    Row {
        method: Method::GET,
        path: "/endpoints",
        role: Role::Read,
        about: "how the endpoints of all backends are",
        shape: Shape::json::<endpoints::Endpoints>(),
        act: |desk, _| Box::pin(async { endpoints::answer(desk) }),
    },
    Row {
        method: Method::GET,
        path: "/drift",
        role: Role::Read,
        about: "where live payloads differ from what their own version declares",
        shape: Shape::json::<drift::Drift>(),
        act: |desk, _| Box::pin(async { drift::answer(desk) }),
    },
    Row {
        method: Method::GET,
        path: "/usage",
        role: Role::Read,
        about: "who uses which version, operation and deprecated field",
        shape: Shape::json::<UsageReport>().query::<usage::UsageQuery>(),
        act: |desk, call| Box::pin(async move { usage::answer(desk, &call).await }),
    },
    Row {
        method: Method::GET,
        path: "/lifecycle",
        role: Role::Read,
        about: "where each version stands, when it goes, and who is left",
        shape: Shape::json::<lifecycle::Board>(),
        act: |desk, _| Box::pin(lifecycle::answer(desk)),
    },
    Row {
        method: Method::POST,
        path: "/explain",
        role: Role::Read,
        about: "what would become of a request, and why; nothing is sent",
        shape: Shape::json::<Explanation>()
            .body::<Question>("application/json")
            .gives::<Fault>(400, "it is no question"),
        act: |desk, call| Box::pin(explain::answer(desk, call)),
    },
    Row {
        method: Method::POST,
        path: "/reload",
        role: Role::Operate,
        about: "read the configuration file anew",
        shape: Shape::json::<Reload>()
            .gives::<NotTaken>(422, "the configuration cannot be used, and the old one serves on"),
        act: |desk, call| Box::pin(basic::reload(desk, call)),
    },
    Row {
        method: Method::GET,
        path: "/status",
        role: Role::Read,
        about: "what is in use, since when, and what came of the last call for a change",
        shape: Shape::json::<status::Status>(),
        act: |desk, _| Box::pin(status::status(desk)),
    },
    Row {
        method: Method::GET,
        path: "/config",
        role: Role::Administer,
        about: "the config file that is in use",
        shape: Shape::text("application/yaml"),
        act: |desk, _| Box::pin(async { configuration::text(desk) }),
    },
    Row {
        method: Method::PUT,
        path: "/config",
        role: Role::Administer,
        about: "put another config file in its place, or only say what would come of it",
        shape: Shape::json::<configuration::ChangeOrTrial>()
            .query::<configuration::PutHow>()
            .text_body("application/yaml")
            .gives::<configuration::FileDiffers>(
                412,
                "another configuration is in use, or in the file",
            )
            .gives::<Fault>(
                428,
                "`If-Match` does not say which configuration the change is made for",
            )
            .gives::<NotTaken>(422, "the configuration cannot be used, and the old one serves on")
            .gives::<Fault>(409, "it cannot be done as things are")
            .gives::<Fault>(507, "the journal, the state or the file cannot be written")
            .gives::<Fault>(415, "the body is not YAML"),
        act: |desk, call| Box::pin(configuration::put(desk, call)),
    },
    Row {
        method: Method::PATCH,
        path: "/apis/{api}",
        role: Role::Administer,
        about: "change parts of an api by a JSON merge patch",
        shape: Shape::json::<Reload>()
            .gives::<Fault>(404, "there is nothing of that name")
            .gives::<configuration::FileDiffers>(
                412,
                "another configuration is in use, or in the file",
            )
            .gives::<Fault>(
                428,
                "`If-Match` does not say which configuration the change is made for",
            )
            .text_body("application/merge-patch+json")
            .text_body("application/json"),
        act: |desk, call| Box::pin(apis::patch(desk, call)),
    },
    Row {
        method: Method::PUT,
        path: "/apis/{api}",
        role: Role::Administer,
        about: "put an api in its place, or a new one beside the others",
        shape: Shape::json::<Reload>()
            .gives::<Fault>(404, "there is nothing of that name")
            .gives::<configuration::FileDiffers>(
                412,
                "another configuration is in use, or in the file",
            )
            .gives::<Fault>(
                428,
                "`If-Match` does not say which configuration the change is made for",
            )
            .text_body("application/json"),
        act: |desk, call| Box::pin(apis::put(desk, call)),
    },
    Row {
        method: Method::DELETE,
        path: "/apis/{api}",
        role: Role::Administer,
        about: "take an api away",
        shape: Shape::json::<Reload>()
            .gives::<Fault>(404, "there is nothing of that name")
            .gives::<configuration::FileDiffers>(
                412,
                "another configuration is in use, or in the file",
            )
            .gives::<Fault>(
                428,
                "`If-Match` does not say which configuration the change is made for",
            ),
        act: |desk, call| Box::pin(apis::delete(desk, call)),
    },
    Row {
        method: Method::PATCH,
        path: "/apis/{api}/backends/{backend}",
        role: Role::Operate,
        about: "change the weight of a backend, by its version or its place in the list",
        shape: Shape::json::<Reload>()
            .gives::<Fault>(404, "there is nothing of that name")
            .gives::<configuration::FileDiffers>(
                412,
                "another configuration is in use, or in the file",
            )
            .gives::<Fault>(
                428,
                "`If-Match` does not say which configuration the change is made for",
            )
            .text_body("application/merge-patch+json")
            .text_body("application/json"),
        act: |desk, call| Box::pin(apis::patch_backend(desk, call)),
    },
    Row {
        method: Method::POST,
        path: "/apis/{api}/drain",
        role: Role::Operate,
        about: "let an endpoint have no new request",
        shape: Shape::json::<Reload>()
            .gives::<Fault>(404, "there is nothing of that name")
            .gives::<configuration::FileDiffers>(
                412,
                "another configuration is in use, or in the file",
            )
            .gives::<Fault>(
                428,
                "`If-Match` does not say which configuration the change is made for",
            )
            .text_body("application/json"),
        act: |desk, call| Box::pin(apis::drain(desk, call)),
    },
    Row {
        method: Method::POST,
        path: "/apis/{api}/undrain",
        role: Role::Operate,
        about: "let an endpoint that was drained have requests again",
        shape: Shape::json::<Reload>()
            .gives::<Fault>(404, "there is nothing of that name")
            .gives::<configuration::FileDiffers>(
                412,
                "another configuration is in use, or in the file",
            )
            .gives::<Fault>(
                428,
                "`If-Match` does not say which configuration the change is made for",
            )
            .text_body("application/json"),
        act: |desk, call| Box::pin(apis::undrain(desk, call)),
    },
    Row {
        method: Method::GET,
        path: "/history",
        role: Role::Read,
        about: "who changed what, newest first",
        shape: Shape::json::<history::Journal>()
            .query::<history::Part>()
            .gives::<Fault>(503, "the journal cannot be read"),
        act: |desk, call| Box::pin(history::list(desk, call)),
    },
    Row {
        method: Method::GET,
        path: "/history/{number}",
        role: Role::Administer,
        about: "one entry of the journal, with the configuration that it brought into use",
        shape: Shape::json::<history::Told>()
            .gives::<Fault>(404, "there is no such entry")
            .gives::<Fault>(503, "the journal cannot be read"),
        act: |desk, call| Box::pin(history::one(desk, call)),
    },
    Row {
        method: Method::POST,
        path: "/rollback/{number}",
        role: Role::Administer,
        about: "bring a configuration of the past back",
        shape: Shape::json::<Reload>()
            .query::<configuration::BackHow>()
            .gives::<configuration::FileDiffers>(
                412,
                "another configuration is in use, or in the file",
            )
            .gives::<Fault>(
                428,
                "`If-Match` does not say which configuration the change is made for",
            )
            .gives::<NotTaken>(422, "the configuration cannot be used, and the old one serves on")
            .gives::<Fault>(409, "it cannot be done as things are")
            .gives::<Fault>(507, "the journal, the state or the file cannot be written")
            .gives::<Fault>(404, "there is no such entry, or it is not kept any more"),
        act: |desk, call| Box::pin(configuration::roll_back(desk, call)),
    },
    Row {
        method: Method::GET,
        path: "/openapi.json",
        role: Role::Read,
        about: "this description",
        shape: Shape::json::<openapi::Description>(),
        act: |_, _| Box::pin(async { openapi::answer() }),
    },
    Row {
        method: Method::GET,
        path: "/session",
        role: Role::Read,
        about: "who is calling, and by what they are known",
        shape: Shape::json::<session::Caller>(),
        act: |desk, call| Box::pin(async move { session::who(desk, &call) }),
    },
    Row {
        method: Method::POST,
        path: "/session",
        role: Role::Read,
        about: "begin a session, which a browser carries as a cookie",
        shape: Shape::json::<session::Opened>(),
        act: |desk, call| Box::pin(async move { session::begin(desk, &call) }),
    },
    Row {
        method: Method::DELETE,
        path: "/session",
        role: Role::Read,
        about: "end the session that the call comes with",
        shape: Shape::json::<session::Closed>(),
        act: |desk, call| Box::pin(async move { session::end(desk, &call) }),
    },
];

/// What stands at the places of a path.
pub(super) type Places = BTreeMap<&'static str, String>;

/// Why there is no row.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// There is nothing at the path.
    Path,
    /// The path takes these methods.
    Method(String),
}

/// The row of a request, with what stands at the places of its path.
pub(super) fn row(method: &Method, path: &str) -> Result<(&'static Row, Places), Missing> {
    let asked = if method == Method::HEAD { &Method::GET } else { method };
    let mut others = Vec::new();
    for row in ROWS.iter().chain(PAGES) {
        let Some(places) = fits(row.path, path) else { continue };
        if row.method == *asked {
            return Ok((row, places));
        }
        others.push(row.method.as_str());
    }
    Err(if others.is_empty() { Missing::Path } else { Missing::Method(others.join(", ")) })
}

/// What stands at the places of a template; `None` where it does not fit. An escape in a path fits nothing but a place.
fn fits(template: &'static str, path: &str) -> Option<Places> {
    let (mut places, mut left) = (BTreeMap::new(), path.split('/'));
    for wanted in template.split('/') {
        let found = left.next()?;
        match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) if !found.is_empty() => drop(places.insert(name, decoded(found)?)),
            None if wanted == found => {}
            Some(_) | None => return None,
        }
    }
    left.next().is_none().then_some(places)
}

/// A segment with its escapes taken off; `None` for what is no text.
fn decoded(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut left = segment.bytes();
    while let Some(byte) = left.next() {
        if byte == b'%' {
            let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
            let (high, low) = (digit(left.next())?, digit(left.next())?);
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::{Missing, ROWS, fits, row};

    #[test]
    fn places_take_one_segment_each_and_escapes_come_off() {
        let found = fits("/apis/{api}/drain", "/apis/a%2Fb/drain").unwrap();
        assert_eq!(found.get("api").map(String::as_str), Some("a/b"));
        for path in [
            "/apis//drain",
            "/apis/a/b/drain",
            "/apis/a/drain/",
            "/apis/%zz/drain",
            "/apis/%ff/drain",
        ] {
            assert!(fits("/apis/{api}/drain", path).is_none(), "{path}");
        }
    }

    #[test]
    fn no_two_rows_are_asked_for_in_the_same_way_and_get_changes_nothing() {
        for (index, one) in ROWS.iter().enumerate() {
            assert!(
                ROWS[..index]
                    .iter()
                    .all(|other| (&other.method, other.path) != (&one.method, one.path))
            );
            assert_eq!(one.changes(), one.method != Method::GET);
        }
    }

    #[test]
    fn what_is_not_there_says_what_is() {
        assert_eq!(row(&Method::GET, "/nothing").unwrap_err(), Missing::Path);
        let post = Missing::Method("POST".to_owned());
        assert_eq!(row(&Method::DELETE, "/reload").unwrap_err(), post);
        assert_eq!(row(&Method::HEAD, "/livez").unwrap().0.path, "/livez");
    }
}
