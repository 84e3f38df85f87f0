//! From a version to an operation, and from an operation to who serves it.

use crate::refusal::Refusal;
use crate::snapshot::{Api, Captures, Choice, ClientOperation, ClientVersion, Found, Undeclared};

use super::asked::Asked;
use super::elsewhere::elsewhere;

/// The part of the path before the operation's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lead {
    /// The description's base path is all that stands before the template.
    Base,
    /// The api's path and, if said, the version; then the description's base path.
    PrefixAndBase,
    /// The api's path and, if said, the version.
    Prefix,
}

/// A declared operation that the request names.
#[derive(Debug)]
pub(crate) struct Named<'a, 'path> {
    pub(crate) operation: &'a ClientOperation,
    pub(crate) captures: Captures<'path>,
    pub(crate) lead: Lead,
}

/// Finds the operation; `None` for an undeclared one that may be forwarded.
pub(crate) fn operation<'a, 'path>(
    api: &Api,
    client: &'a ClientVersion,
    asked: &Asked<'path>,
    request: (&str, &'path str),
) -> Result<Option<Named<'a, 'path>>, Refusal> {
    let (method, path) = request;
    let Some(router) = &client.router else { return Ok(None) };
    let bases = || client.base_paths.iter().map(String::as_str).filter(|base| !base.is_empty());
    let whole = bases().filter_map(|base| Some((Lead::Base, under(path, base)?)));
    let inner = bases().filter_map(|base| Some((Lead::PrefixAndBase, under(asked.rest, base)?)));
    let mut allow = Vec::new();
    for (lead, candidate) in whole.chain(inner).chain([(Lead::Prefix, asked.rest)]) {
        match router.find(method, candidate) {
            Found::Operation(index, captures) => {
                if let Some(operation) = client.operations.get(index) {
                    return Ok(Some(Named { operation, captures, lead }));
                }
            }
            Found::Methods(methods) => allow.extend(methods),
            Found::Nothing => {}
        }
    }
    if api.undeclared == Undeclared::Forward && client.exact.is_some() {
        return Ok(None);
    }
    Err(if allow.is_empty() {
        Refusal::NoOperation(elsewhere(api, asked, request))
    } else {
        Refusal::MethodNotAllowed { allow }
    })
}

/// The rest of a path below a base, by whole segments.
fn under<'path>(path: &'path str, base: &str) -> Option<&'path str> {
    path.strip_prefix(base).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The first choice that has an endpoint that is up, else the first.
pub(crate) fn choice<'a>(api: &Api, operation: &'a ClientOperation) -> Result<&'a Choice, Refusal> {
    let up =
        |choice: &&Choice| api.groups.get(choice.group).is_some_and(crate::snapshot::Group::is_up);
    operation
        .choices
        .iter()
        .find(up)
        .or_else(|| operation.choices.first())
        .ok_or_else(|| Refusal::NoBackend { why: operation.why_not.clone(), elsewhere: None })
}
