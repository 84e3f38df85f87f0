//! Parts of the configuration by name: an api, a backend of it, an endpoint that drains. Each is an edit of the config
//! file's text, made for the configuration that `If-Match` names.

use evergate_schemas::document::{Document, DocumentLimits};
use evergate_schemas::pointer::Pointer;
use http::StatusCode;
use serde_json::{Value, json};

use super::configuration::{actor, answer, basis};
use super::desk::{Answer, Call, Desk, refusal};
use super::query::read;
use crate::config::{Edit, Role, Uneditable, edit, merge_patch};
use crate::control::{Cause, Wanted};

/// The keys of a backend that whoever operates the gateway may change.
const OPERATED: [&str; 2] = ["weight", "drained"];

/// Why there are no edits, as an answer.
type Edits = Result<Vec<Edit>, Box<Answer>>;

/// `PATCH /apis/{api}`: a JSON merge patch (RFC 7396) of its part of the file.
pub(super) async fn patch(desk: &Desk, call: Call) -> Answer {
    let edits = |document: &Value| {
        let at = known(document, &call)?;
        Ok(merge_patch(document, &at, &body(&call, Value::is_object)?))
    };
    change(desk, &call, (Cause::Patch, &edits)).await
}

/// `PUT /apis/{api}`: all of its part of the file, which may be new.
pub(super) async fn put(desk: &Desk, call: Call) -> Answer {
    let edits = |_: &Value| Ok(vec![Edit::Set(place(&call), body(&call, Value::is_object)?)]);
    change(desk, &call, (Cause::Patch, &edits)).await
}

/// `DELETE /apis/{api}`.
pub(super) async fn delete(desk: &Desk, call: Call) -> Answer {
    let edits = |document: &Value| Ok(vec![Edit::Remove(known(document, &call)?)]);
    change(desk, &call, (Cause::Patch, &edits)).await
}

/// `PATCH /apis/{api}/backends/{backend}`: a JSON merge patch of one backend, named by its version or its place in the list.
pub(super) async fn patch_backend(desk: &Desk, call: Call) -> Answer {
    let edits = |document: &Value| {
        let at = backend(document, &call)?;
        let patch = body(&call, Value::is_object)?;
        let beyond = patch
            .as_object()
            .into_iter()
            .flatten()
            .find(|(key, _)| !OPERATED.contains(&key.as_str()));
        if let (Some((key, _)), false) = (beyond, call.who.role >= Role::Administer) {
            let why = format!(
                "`{key}` of a backend is changed by administrators; operators change {}",
                OPERATED.join(" and ")
            );
            return Err(Box::new(refusal(StatusCode::FORBIDDEN, "role", &why)));
        }
        Ok(merge_patch(document, &at, &patch))
    };
    change(desk, &call, (Cause::Patch, &edits)).await
}

/// `POST /apis/{api}/drain`: an endpoint gets no new request.
pub(super) async fn drain(desk: &Desk, call: Call) -> Answer {
    let edits = |document: &Value| drained(document, &call, Drain::Begin);
    change(desk, &call, (Cause::Drain, &edits)).await
}

/// `POST /apis/{api}/undrain`: it does again.
pub(super) async fn undrain(desk: &Desk, call: Call) -> Answer {
    let edits = |document: &Value| drained(document, &call, Drain::End);
    change(desk, &call, (Cause::Drain, &edits)).await
}

/// Makes the edits of what is in use, and takes what comes of them into use.
async fn change(
    desk: &Desk,
    call: &Call,
    (cause, edits): (Cause, &(dyn Fn(&Value) -> Edits + Sync)),
) -> Answer {
    let over = match read(&call.query, &["over"]) {
        Ok(mut asked) => asked.remove("over"),
        Err(why) => return refusal(StatusCode::BAD_REQUEST, "bad-parameter", &why),
    };
    let basis = match basis(call, over) {
        Ok(basis) => basis,
        Err(answer) => return *answer,
    };
    let in_use = desk.reloader.in_use();
    // for another configuration no edit is made: the change says which is in use
    let text = if basis.digest == in_use.digest {
        match edited(&desk.reloader.path().display().to_string(), &in_use.text, edits) {
            Ok(text) => text.into_bytes(),
            Err(answer) => return *answer,
        }
    } else {
        in_use.text.clone()
    };
    answer(desk.reloader.change(actor(cause, call), basis, Wanted::text(text)).await)
}

fn edited(name: &str, text: &[u8], edits: &dyn Fn(&Value) -> Edits) -> Result<String, Box<Answer>> {
    let document = Document::parse(name, text, &DocumentLimits::strict());
    let value = document.map(|document| document.value).unwrap_or_default();
    let text = String::from_utf8_lossy(text);
    edit(name, &text, &edits(&value)?).map_err(|why| {
        let (status, code) = match why {
            Uneditable::Nothing(_) => (StatusCode::NOT_FOUND, "not-found"),
            _ => (StatusCode::CONFLICT, "not-editable"),
        };
        Box::new(refusal(status, code, &why.to_string()))
    })
}

fn named<'c>(call: &'c Call, name: &str) -> &'c str {
    call.places.get(name).map_or("", String::as_str)
}

fn place(call: &Call) -> Pointer {
    Pointer::root().join("apis").join(named(call, "api"))
}

/// The place of the api, if the file has it.
fn known(document: &Value, call: &Call) -> Result<Pointer, Box<Answer>> {
    let at = place(call);
    if document.pointer(at.as_str()).is_some() {
        return Ok(at);
    }
    let apis = document.get("apis").and_then(Value::as_object).into_iter().flatten();
    let all: Vec<_> = apis.map(|(name, _)| name.as_str()).collect();
    let why = format!("there is no api `{}`; there are {}", named(call, "api"), all.join(", "));
    Err(Box::new(refusal(StatusCode::NOT_FOUND, "not-found", &why)))
}

fn body(call: &Call, is: impl Fn(&Value) -> bool) -> Result<Value, Box<Answer>> {
    let value = serde_json::from_slice(&call.body).ok().filter(is);
    value.ok_or_else(|| {
        let why = "the body is no JSON object; send one with `content-type: application/json`";
        Box::new(refusal(StatusCode::BAD_REQUEST, "bad-body", why))
    })
}

/// The backends of the api, each with its place.
fn backends<'d>(
    document: &'d Value,
    call: &Call,
) -> Result<Vec<(Pointer, &'d Value)>, Box<Answer>> {
    let at = known(document, call)?.join("backends");
    Ok(match document.pointer(at.as_str()) {
        Some(Value::Array(items)) => {
            let all = items.iter().enumerate();
            all.map(|(index, item)| (at.join(&index.to_string()), item)).collect()
        }
        Some(one) => vec![(at, one)],
        None => Vec::new(),
    })
}

/// The place of the backend that is named by its version, or else by its number.
fn backend(document: &Value, call: &Call) -> Result<Pointer, Box<Answer>> {
    let (all, wanted) = (backends(document, call)?, named(call, "backend"));
    let version = |value: &Value| match value.get("version") {
        Some(Value::String(text)) => text == wanted,
        Some(other) => *other == wanted,
        None => false,
    };
    let mut same = all.iter().filter(|(_, value)| version(value));
    match (same.next(), same.next()) {
        (Some((at, _)), None) => return Ok(at.clone()),
        (Some(_), Some(_)) => {
            let why = format!(
                "several backends have the version `{wanted}`; name one by its place in the list, from 0"
            );
            return Err(Box::new(refusal(StatusCode::CONFLICT, "ambiguous", &why)));
        }
        (None, _) => {}
    }
    let index = wanted.parse::<usize>().ok();
    index.and_then(|index| all.get(index)).map(|(at, _)| at.clone()).ok_or_else(|| {
        let why = format!("there is no backend `{wanted}`; name one by its version, or by its place in the list, from 0");
        Box::new(refusal(StatusCode::NOT_FOUND, "not-found", &why))
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Drain {
    Begin,
    End,
}

/// What one endpoint's draining takes, in each backend that has it.
fn drained(document: &Value, call: &Call, drain: Drain) -> Edits {
    let body = body(call, Value::is_object)?;
    let wanted = body.get("endpoint").and_then(Value::as_str).ok_or_else(|| {
        let why = "say which: `{\"endpoint\": \"http://HOST:PORT\"}`";
        Box::new(refusal(StatusCode::BAD_REQUEST, "bad-body", why))
    })?;
    let same = |value: &&Value| {
        value
            .as_str()
            .is_some_and(|text| text.trim_end_matches('/') == wanted.trim_end_matches('/'))
    };
    let list = |value: &Value, key: &str| match value.get(key) {
        Some(Value::Array(items)) => items.clone(),
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    };
    let (mut edits, mut found, mut others) = (Vec::new(), false, Vec::new());
    for (at, value) in backends(document, call)? {
        let endpoints = list(value, "endpoints");
        let Some(endpoint) = endpoints.iter().find(same) else {
            others.extend(endpoints);
            continue;
        };
        found = true;
        let (before, at) = (list(value, "drained"), at.join("drained"));
        let is_drained = before.iter().any(|one| same(&one));
        match drain {
            Drain::Begin
                if !is_drained && matches!(value.get("drained"), Some(Value::Array(_))) =>
            {
                edits.push(Edit::Append(at, endpoint.clone()));
            }
            Drain::Begin if !is_drained => {
                let all: Vec<_> = before.into_iter().chain([endpoint.clone()]).collect();
                edits.push(Edit::Set(at, json!(all)));
            }
            Drain::End if is_drained => {
                let left: Vec<_> = before.iter().filter(|one| !same(one)).collect();
                edits.push(if left.is_empty() {
                    Edit::Remove(at)
                } else {
                    Edit::Set(at, json!(left))
                });
            }
            Drain::Begin | Drain::End => {}
        }
    }
    if found {
        return Ok(edits);
    }
    let others: Vec<_> = others.iter().filter_map(Value::as_str).collect();
    let why = format!("the api has no endpoint `{wanted}`; there are {}", others.join(", "));
    Err(Box::new(refusal(StatusCode::NOT_FOUND, "not-found", &why)))
}
