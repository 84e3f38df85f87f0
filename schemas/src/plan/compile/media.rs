//! Which declared content of one version is the same as that of another.

use crate::describe::model::{Content, Operation, Response, Status};

/// Whether a body of this media type is judged by its schema: JSON in any spelling, forms, and wildcards.
pub(super) fn has_schema(media_type: &str) -> bool {
    let bare = bare(media_type);
    is_json(bare) || is_wildcard(bare) || bare == "application/x-www-form-urlencoded"
}

fn bare(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or(media_type)
}

fn is_json(bare: &str) -> bool {
    bare == "application/json" || bare == "text/json" || bare.ends_with("+json")
}

fn is_wildcard(bare: &str) -> bool {
    bare == "*/*" || bare == "application/*" || bare == "*"
}

/// The content that a reader declares for a sender's media type: the same, the same but for parameters, a
/// wildcard that covers it, one that a sender's wildcard covers, and at last any JSON for any JSON.
pub(super) fn matching<'a>(media_type: &str, contents: &'a [Content]) -> Option<&'a Content> {
    let wanted = bare(media_type);
    let covers = |range: &str, one: &str| {
        is_wildcard(range) && (range != "application/*" || one.starts_with("application/"))
            || range.strip_suffix("/*").is_some_and(|kind| one.split('/').next() == Some(kind))
    };
    let pick =
        |fits: &dyn Fn(&str) -> bool| contents.iter().find(|one| fits(bare(&one.media_type)));
    contents
        .iter()
        .find(|one| one.media_type == media_type)
        .or_else(|| pick(&|one| one == wanted))
        .or_else(|| pick(&|one| covers(one, wanted)))
        .or_else(|| pick(&|one| covers(wanted, one) && is_json(one)))
        .or_else(|| pick(&|one| covers(wanted, one)))
        .or_else(|| pick(&|one| is_json(wanted) && is_json(one)))
}

/// The spelling to write, when the reader's is another one and no wildcard.
pub(super) fn written_as(sent: &str, read: &str) -> Option<String> {
    (sent != read && !is_wildcard(bare(read)) && !read.contains('*') && !sent.contains('*'))
        .then(|| read.to_owned())
}

/// The response that an operation declares for another version's status.
pub(super) fn response(operation: &Operation, status: Status) -> Option<&Response> {
    match status {
        Status::Code(code) => operation.response(code),
        Status::Class(class) => declared(operation, Status::Class(class))
            .or_else(|| declared(operation, Status::Default)),
        Status::Default => declared(operation, Status::Default),
    }
}

fn declared(operation: &Operation, status: Status) -> Option<&Response> {
    operation.responses.iter().find(|one| one.status == status)
}

/// Statuses that the reader singles out, and that the sender's declared class or default may bring. What is
/// declared as default is taken to be an error.
pub(super) fn singled_out(sender: &Operation, status: Status, reader: &Operation) -> Vec<Status> {
    let covered = |code: u16| match status {
        Status::Code(_) => false,
        Status::Class(class) => code / 100 == u16::from(class),
        Status::Default => {
            code >= 400
                && declared(sender, Status::Class(u8::try_from(code / 100).unwrap_or(0))).is_none()
        }
    };
    let codes = reader.responses.iter().filter_map(|one| match one.status {
        Status::Code(code) if covered(code) && declared(sender, one.status).is_none() => {
            Some(one.status)
        }
        _ => None,
    });
    codes.collect()
}

/// Whether a status tells of an error; `default` does.
pub(super) const fn is_error(status: Status) -> bool {
    match status {
        Status::Code(code) => code >= 400,
        Status::Class(class) => class >= 4,
        Status::Default => true,
    }
}
