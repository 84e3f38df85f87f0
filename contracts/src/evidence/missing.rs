//! Where something should be that one end of a message lacks as a whole.

use evergate_schemas::describe::model::{Operation, Response, Status};
use evergate_schemas::plan::bridge::{Part, PartKey};
use evergate_schemas::pointer::Pointer;
use evergate_schemas::problem::Place;
use evergate_schemas::relate::verdict::Witness;
use evergate_schemas::schema::Side;

use super::ends::{End, Ends};
use super::found::Evidence;

/// An operation, a status, a media type or a body.
pub(super) fn whole(
    part: &Part,
    witness: &Witness,
    status: Option<Status>,
    ends: &Ends<'_>,
) -> Evidence {
    let reader = match ends.reader.operation {
        Some(operation) => Some(expected(&ends.reader, operation, witness, status, ends.side)),
        None => part.sender_place.as_ref().map(|place| unread(&ends.reader, place, ends)),
    };
    Evidence {
        reader,
        said: witness.message.clone(),
        what: part
            .sender_place
            .as_ref()
            .map_or_else(String::new, |place| place.pointer.to_string()),
        at: Pointer::root(),
        keyword: witness.keyword.clone(),
        ..Evidence::default()
    }
}

/// Where the reader's operation would declare it.
fn expected(
    end: &End<'_>,
    operation: &Operation,
    witness: &Witness,
    status: Option<Status>,
    side: Option<Side>,
) -> Place {
    let below = |place: &Place, steps: &[&str]| end.description.below(place, steps);
    let response = status.and_then(|status| answered(operation, status));
    match (witness.keyword.as_str(), side, response) {
        ("required", _, _) => match &operation.body {
            Some(body) => below(&body.place, &["required"]),
            None => below(&operation.place, &["requestBody", "required"]),
        },
        ("content", Some(Side::Response), Some(response)) => below(&response.place, &["content"]),
        ("content", _, _) => match &operation.body {
            Some(body) => below(&body.place, &["content"]),
            None => below(&operation.place, &["requestBody", "content"]),
        },
        ("status", _, _) => below(&operation.place, &["responses"]),
        _ => operation.place.clone(),
    }
}

fn answered(operation: &Operation, status: Status) -> Option<&Response> {
    let exact = operation.responses.iter().find(|one| one.status == status);
    exact.or_else(|| match status {
        Status::Code(code) => operation.response(code),
        Status::Class(_) | Status::Default => None,
    })
}

/// Where the reader's documents would have what it lacks: below the nearest parent that they do have.
pub(super) fn unread(end: &End<'_>, place: &Place, ends: &Ends<'_>) -> Place {
    let main = ends.side.is_some() && place.file == ends.sender.description.file;
    let file = &end.description.file;
    let top =
        Place { file: std::sync::Arc::clone(file), line: 1, column: 1, pointer: Pointer::root() };
    if !main {
        return top;
    }
    let steps: Vec<String> = place.pointer.tokens().collect();
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    end.description.below(&top, &steps)
}

/// A parameter or header that the reader requires and the sender does not have, or may leave out.
pub(super) fn parameter(
    part: &Part,
    witness: &Witness,
    status: Option<Status>,
    ends: &Ends<'_>,
) -> Evidence {
    let declared =
        part.sender_place.as_ref().filter(|place| Some(*place) != part.reader_place.as_ref());
    let sender = match (declared, ends.sender.operation) {
        (Some(place), _) => Some(place.clone()),
        (None, Some(operation)) => {
            let description = ends.sender.description;
            let response = status.and_then(|status| answered(operation, status));
            Some(match (ends.side, response) {
                (Some(Side::Response), Some(one)) => description.below(&one.place, &["headers"]),
                _ => description.below(&operation.place, &["parameters"]),
            })
        }
        (None, None) => None,
    };
    let reader = part.reader_place.as_ref();
    let reader = reader.map(|place| ends.reader.description.below(place, &["required"]));
    let (kind, name) = match &part.key {
        PartKey::Parameter(_, name) if ends.side == Some(Side::Response) => {
            ("header", name.as_str())
        }
        PartKey::Parameter(_, name) => ("parameter", name.as_str()),
        PartKey::Body(_) | PartKey::Whole => ("part", ""),
    };
    let (from, to) = (ends.sender.label(), ends.reader.label());
    let may = if declared.is_some() { "may be left out in" } else { "is not declared in" };
    Evidence {
        sender,
        reader,
        said: format!("the {kind} `{name}` {may} {from}, and {to} requires it"),
        what: name.to_owned(),
        at: witness.at.clone(),
        keyword: witness.keyword.clone(),
        member: Some(name.to_owned()),
        ..Evidence::default()
    }
}
