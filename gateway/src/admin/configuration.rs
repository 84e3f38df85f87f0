//! The configuration as a conversation: read it, put another in its place, take that back.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_MATCH};
use http::{HeaderMap, Response, StatusCode};
use http_body_util::Full;
use schemars::JsonSchema;
use serde::Serialize;

use super::basic::{EntryName, Reload, Told, not_taken, told};
use super::desk::{Answer, Call, Desk, Fault, json_answer, problem, refusal};
use super::history::no_number;
use super::query::{read, switch};
use crate::assemble::{Change, Outline, difference};
use crate::control::{
    Actor, Basis, Cause, Changed, Descriptions, Identity, NotChanged, Wanted, try_out,
};

/// What an administrator says a change is good for.
const WHY: HeaderName = HeaderName::from_static("x-evergate-why");
/// The media type of the config file (RFC 9512).
const YAML: &str = "application/yaml";

/// What would come of a configuration.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(clippy::struct_field_names, reason = "the member's name is what the query says")]
pub(super) struct DryRun {
    /// Always `true`: nothing was changed.
    dry_run: bool,
    /// Whether it is another one than that in use.
    changed: bool,
    /// Its digest.
    digest: String,
    /// What is odd, and could be used all the same.
    warnings: Vec<Told>,
    /// What it does otherwise than what is in use.
    changes: Vec<Change>,
}

/// What a change of the configuration gives, or the trial of one.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it describes what is answered by either")]
pub(super) enum ChangeOrTrial {
    /// It is in use.
    Change(Reload),
    /// `dry_run` was asked for.
    Trial(DryRun),
}

/// The configuration was changed for another one than that in use.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct FileDiffers {
    #[serde(flatten)]
    fault: Fault,
    /// The digest of the file where it is not what is in use; say it as `over` to write over it.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
}

/// How a configuration is put.
#[derive(Debug, JsonSchema)]
#[expect(dead_code, reason = "it describes what is read by name")]
pub(super) struct PutHow {
    /// Only say what would come of it.
    dry_run: Option<bool>,
    /// The digest of a file that differs from what is in use, and is written over.
    over: Option<String>,
}

/// How a configuration of the past is brought back.
#[derive(Debug, JsonSchema)]
#[expect(dead_code, reason = "it describes what is read by name")]
pub(super) struct BackHow {
    /// Write its descriptions back too.
    descriptions: Option<bool>,
    /// The digest of a file that differs from what is in use, and is written over.
    over: Option<String>,
}

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
        Err(answer) => return *answer,
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
        Err(answer) => return *answer,
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
pub(super) fn basis(call: &Call, over: Option<String>) -> Result<Basis, Box<Answer>> {
    let mut tags = call.headers.get_all(IF_MATCH).iter();
    let tag = match (tags.next().and_then(|tag| tag.to_str().ok()), tags.next()) {
        (Some(tag), None) => tag.trim(),
        _ => "",
    };
    let digest = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
    let Some(digest) = digest.filter(|digest| !digest.contains('"')) else {
        let why = "say which configuration the change is made for: `If-Match: \"DIGEST\"`, with the ETag of `GET /config`; \
                   a change that is made for any would undo what a colleague did meanwhile";
        return Err(Box::new(refusal(StatusCode::PRECONDITION_REQUIRED, "no-precondition", why)));
    };
    Ok(Basis { digest: digest.to_owned(), over })
}

/// What came of a change, with the tag of what is in use now.
pub(super) fn answer(changed: Result<Changed, NotChanged>) -> Answer {
    match changed {
        Ok(changed) => {
            let body = Reload {
                changed: changed.is_new,
                generation: changed.generation,
                digest: changed.digest.clone(),
                warnings: told(&changed.warnings),
                entry: changed.entry.as_ref().map(EntryName::from),
            };
            tagged(json_answer(StatusCode::OK, &body), &changed.digest)
        }
        Err(failure) => refused(&failure),
    }
}

fn refused(failure: &NotChanged) -> Answer {
    use crate::control::{Unrecorded, Unwritten};
    let (status, code) = match failure {
        NotChanged::Refused(problems) => {
            return not_taken(problems);
        }
        NotChanged::Stale { in_use } => {
            let answer = refusal(StatusCode::PRECONDITION_FAILED, "stale", &failure.to_string());
            return tagged(answer, in_use);
        }
        NotChanged::FileDiffers { file, .. } => {
            let status = StatusCode::PRECONDITION_FAILED;
            let fault = Fault::new(status, "file-differs", &failure.to_string());
            return problem(status, &FileDiffers { fault, file: Some(file.clone()) });
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
    let in_use = desk.reloader.in_use();
    let before = current.digest.clone();
    let tried = tokio::task::spawn_blocking(move || {
        let assembled = try_out(&path, text.into(), &current)?;
        let after = Outline::of(&assembled.snapshot, &assembled.text);
        Ok((difference(&Outline::of(&current, &in_use.text), &after), assembled))
    });
    match tried.await {
        Ok(Ok((difference, assembled))) => {
            let digest = &assembled.snapshot.digest;
            let body = DryRun {
                dry_run: true,
                changed: *digest != before,
                digest: digest.clone(),
                warnings: told(&assembled.warnings),
                changes: difference.changes,
            };
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
