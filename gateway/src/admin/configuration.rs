//! The configuration as a conversation: read it, put another in its place, take that back.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_MATCH};
use http::{HeaderMap, Response, StatusCode};
use http_body_util::Full;
use serde_json::json;

use super::desk::{Answer, Call, Desk, json_answer, refusal};
use super::history::{head_json, no_number};
use super::query::{read, switch};
use crate::control::{
    Actor, Basis, Cause, Changed, Descriptions, Identity, NotChanged, Wanted, as_json, try_out,
};

/// What an administrator says a change is good for.
const WHY: HeaderName = HeaderName::from_static("x-evergate-why");
/// The media type of the config file (RFC 9512).
const YAML: &str = "application/yaml";

/// `GET /config`: the config file that is in use, its digest as entity tag.
pub(super) fn text(desk: &Desk) -> Answer {
    let in_use = desk.reloader.in_use();
    let mut answer = Response::new(Full::new(Bytes::from(in_use.text.clone())));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(YAML));
    tagged(answer, &in_use.digest)
}

/// `PUT /config`: another config file; with `?dry_run=true` only what would come of it.
pub(super) async fn put(desk: &Desk, call: Call) -> Answer {
    if !is_yaml(&call.headers) {
        let why = "send the config file with `content-type: application/yaml`";
        return refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", why);
    }
    let asked = read(&call.query, &["dry_run", "over"]);
    let (dry, over) =
        match asked.and_then(|mut asked| Ok((switch(&asked, "dry_run")?, asked.remove("over")))) {
            Ok(asked) => asked,
            Err(why) => return refusal(StatusCode::BAD_REQUEST, "bad-parameter", &why),
        };
    if dry {
        return dry_run(desk, call.body).await;
    }
    let basis = match basis(&call, over) {
        Ok(basis) => basis,
        Err(answer) => return answer,
    };
    let actor = actor(Cause::Put, &call);
    let changed = desk.reloader.change(actor, basis, Wanted::text(call.body)).await;
    answer(changed)
}

/// `POST /rollback/{number}`: the config file of an entry; with `?descriptions=true` its descriptions too.
pub(super) async fn roll_back(desk: &Desk, call: Call) -> Answer {
    let Some(sequence) = call.places.get("number").and_then(|text| text.parse().ok()) else {
        return no_number();
    };
    let asked = read(&call.query, &["descriptions", "over"]);
    let asked =
        asked.and_then(|mut asked| Ok((switch(&asked, "descriptions")?, asked.remove("over"))));
    let (descriptions, over) = match asked {
        Ok((true, over)) => (Descriptions::Restore, over),
        Ok((false, over)) => (Descriptions::HaveToMatch, over),
        Err(why) => return refusal(StatusCode::BAD_REQUEST, "bad-parameter", &why),
    };
    let basis = match basis(&call, over) {
        Ok(basis) => basis,
        Err(answer) => return answer,
    };
    let actor = actor(Cause::Rollback, &call);
    answer(desk.reloader.roll_back(actor, basis, (sequence, descriptions)).await)
}

/// Who calls for a change, and what for.
pub(super) fn actor(cause: Cause, call: &Call) -> Actor {
    let why = call.headers.get(WHY).map(|why| String::from_utf8_lossy(why.as_bytes()).into_owned());
    let Identity { name, role, from, .. } = &call.who;
    let (role, from) = (Some(role.word()), Some(from.to_string()));
    Actor { cause, who: name.to_string(), role, from, why }
}

/// The configuration that a change is made for; `over` is what `?over=` says.
pub(super) fn basis(call: &Call, over: Option<String>) -> Result<Basis, Answer> {
    let mut tags = call.headers.get_all(IF_MATCH).iter();
    let tag = match (tags.next().and_then(|tag| tag.to_str().ok()), tags.next()) {
        (Some(tag), None) => tag.trim(),
        _ => "",
    };
    let digest = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
    let Some(digest) = digest.filter(|digest| !digest.contains('"')) else {
        let why = "say which configuration the change is made for: `If-Match: \"DIGEST\"`, with the ETag of `GET /config`; \
                   a change that is made for any would undo what a colleague did meanwhile";
        return Err(refusal(StatusCode::PRECONDITION_REQUIRED, "no-precondition", why));
    };
    Ok(Basis { digest: digest.to_owned(), over })
}

/// What came of a change, with the tag of what is in use now.
pub(super) fn answer(changed: Result<Changed, NotChanged>) -> Answer {
    match changed {
        Ok(changed) => {
            let body = json!({
                "changed": changed.changed,
                "generation": changed.generation,
                "digest": changed.digest,
                "warnings": as_json(&changed.warnings),
                "entry": changed.entry.as_ref().map(head_json),
            });
            tagged(json_answer(StatusCode::OK, &body), &changed.digest)
        }
        Err(failure) => refused(&failure),
    }
}

fn refused(failure: &NotChanged) -> Answer {
    use crate::control::{Unrecorded, Unwritten};
    let (status, code) = match failure {
        NotChanged::Refused(problems) => {
            let body = json!({"code": "configuration-refused", "detail": failure.to_string(), "problems": as_json(problems)});
            return json_answer(StatusCode::UNPROCESSABLE_ENTITY, &body);
        }
        NotChanged::Stale { in_use } => {
            let answer = refusal(StatusCode::PRECONDITION_FAILED, "stale", &failure.to_string());
            return tagged(answer, in_use);
        }
        NotChanged::FileDiffers { file, .. } => {
            let body = json!({"code": "file-differs", "detail": failure.to_string(), "file": file});
            return json_answer(StatusCode::PRECONDITION_FAILED, &body);
        }
        NotChanged::DescriptionsDiffer(_) => (StatusCode::CONFLICT, "descriptions-differ"),
        NotChanged::NoPast(_) | NotChanged::Gone(_) => (StatusCode::NOT_FOUND, "not-kept"),
        NotChanged::Unrecorded(Unrecorded::Journal(_)) => {
            (StatusCode::INSUFFICIENT_STORAGE, "journal-not-writable")
        }
        NotChanged::Unrecorded(Unrecorded::Store { .. }) => {
            (StatusCode::INSUFFICIENT_STORAGE, "state-not-writable")
        }
        NotChanged::Unwritten(Unwritten::NoRoom { .. }) => {
            (StatusCode::INSUFFICIENT_STORAGE, "file-not-writable")
        }
        NotChanged::Unwritten(_) => (StatusCode::CONFLICT, "file-not-writable"),
        NotChanged::Fell => (StatusCode::INTERNAL_SERVER_ERROR, "fault"),
    };
    refusal(status, code, &failure.to_string())
}

/// What would come of a configuration, whatever is in use when it is asked.
async fn dry_run(desk: &Desk, text: Bytes) -> Answer {
    let (path, current) = (desk.reloader.path().to_owned(), desk.reloader.shared().load_full());
    let before = current.digest.clone();
    let tried = tokio::task::spawn_blocking(move || try_out(&path, text.into(), &current)).await;
    match tried {
        Ok(Ok(assembled)) => {
            let digest = &assembled.snapshot.digest;
            let body = json!({
                "dry_run": true,
                "changed": *digest != before,
                "digest": digest,
                "warnings": as_json(&assembled.warnings),
            });
            json_answer(StatusCode::OK, &body)
        }
        Ok(Err(problems)) => refused(&NotChanged::Refused(problems)),
        Err(_) => refused(&NotChanged::Fell),
    }
}

fn tagged(mut answer: Answer, digest: &str) -> Answer {
    if let Ok(tag) = HeaderValue::try_from(format!("\"{digest}\"")) {
        answer.headers_mut().insert(ETAG, tag);
    }
    answer
}

/// Whether a body is YAML by what its media type says; JSON is YAML too.
fn is_yaml(headers: &HeaderMap) -> bool {
    let media = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim();
    [YAML, "application/json", "application/x-yaml", "text/yaml"]
        .iter()
        .any(|known| media.eq_ignore_ascii_case(known))
}
