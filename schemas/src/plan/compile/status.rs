//! Which declared response of a reader takes a status, and which statuses a sender's declaration may bring.

use crate::describe::model::{Operation, Response, Status};

/// The response that an operation declares for another version's status: exact, then class, then default.
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

/// Statuses that the reader declares by themselves, and that the sender's class or default may bring: each is read
/// as the reader declares it, so each is judged. What has a declaration of its own at the sender comes under that.
pub(super) fn singled_out(sender: &Operation, status: Status, reader: &Operation) -> Vec<Status> {
    let may_bring = |class: u16| match status {
        Status::Code(_) => false,
        Status::Class(own) => class == u16::from(own),
        Status::Default => class >= 4 || default_means_success(sender),
    };
    let own_class = |class: u16| {
        u8::try_from(class).is_ok_and(|class| declared(sender, Status::Class(class)).is_some())
    };
    let wanted = |one: Status| match one {
        Status::Code(code) => {
            let class = code / 100;
            let shadowed = status == Status::Default && own_class(class);
            may_bring(class) && !shadowed && declared(sender, one).is_none()
        }
        Status::Class(class) => {
            let class = u16::from(class);
            status == Status::Default && may_bring(class) && !own_class(class)
        }
        Status::Default => false,
    };
    reader.responses.iter().map(|one| one.status).filter(|one| wanted(*one)).collect()
}

/// `default` is what comes when no other declared status does (OpenAPI 3.1 §4.8.16.1). Where no success is declared
/// by itself, it is the success, too; else it is taken to be an error.
fn default_means_success(operation: &Operation) -> bool {
    let success = |one: &Response| match one.status {
        Status::Code(code) => (200..400).contains(&code),
        Status::Class(class) => (2..4).contains(&class),
        Status::Default => false,
    };
    !operation.responses.iter().any(success)
}

/// Whether a status that an operation declares tells of an error.
pub(super) fn is_error(status: Status, operation: &Operation) -> bool {
    match status {
        Status::Code(code) => code >= 400,
        Status::Class(class) => class >= 4,
        Status::Default => !default_means_success(operation),
    }
}

#[cfg(test)]
mod tests {
    use super::{is_error, singled_out};
    use crate::describe::model::{Operation, OperationKey, Response, Status};
    use crate::pointer::Pointer;
    use crate::problem::Place;

    fn answering(statuses: &[Status]) -> Operation {
        let place = Place { file: "a".into(), line: 1, column: 1, pointer: Pointer::root() };
        let key = OperationKey { method: "GET".to_owned(), path: "/a".to_owned() };
        let responses = statuses.iter().map(|one| Response::new(*one, place.clone())).collect();
        Operation { responses, ..Operation::new(key, place) }
    }

    const OK: Status = Status::Code(200);
    const ODD: Status = Status::Code(404);
    const CLASS: Status = Status::Class(4);

    fn check(sender: &[Status], status: Status, reader: &[Status], wanted: &[Status]) {
        let found = singled_out(&answering(sender), status, &answering(reader));
        assert_eq!(found, wanted, "{sender:?} {status} {reader:?}");
    }

    #[test]
    fn each_status_that_could_appear_is_judged() {
        check(&[OK, CLASS], CLASS, &[OK, ODD, Status::Default], &[ODD]);
        check(&[OK, ODD, CLASS], CLASS, &[ODD, Status::Code(409)], &[Status::Code(409)]);
        check(&[OK, Status::Default], Status::Default, &[OK, ODD, CLASS], &[ODD, CLASS]);
        // what the sender's own class brings does not come under its default
        check(
            &[OK, CLASS, Status::Default],
            Status::Default,
            &[ODD, Status::Code(500)],
            &[Status::Code(500)],
        );
        check(&[OK, ODD], ODD, &[ODD], &[]);
    }

    #[test]
    fn a_default_alone_is_the_success_too() {
        check(&[Status::Default], Status::Default, &[OK, ODD], &[OK, ODD]);
        check(&[OK, Status::Default], Status::Default, &[Status::Code(201)], &[]);
        assert!(!is_error(Status::Default, &answering(&[ODD, Status::Default])));
        assert!(is_error(Status::Default, &answering(&[OK, Status::Default])));
        assert!(is_error(ODD, &answering(&[])));
    }
}
