//! Where an operation is served that the client's version, or everything that runs, does not have.

use super::asked::Asked;
use crate::refusal::Elsewhere;
use crate::snapshot::{Api, Found};

/// The nearest newer version, or else the nearest older one, in which this method and path are served.
pub(super) fn elsewhere(api: &Api, asked: &Asked<'_>, request: (&str, &str)) -> Option<Elsewhere> {
    let (method, path) = request;
    let newer = asked.version + 1..api.clients.len();
    let version = newer.chain((0..asked.version).rev()).find(|version| {
        let Some(client) = api.clients.get(*version) else { return false };
        let Some(router) = &client.router else { return false };
        let bases = client.base_paths.iter().filter_map(|base| asked.rest.strip_prefix(&**base));
        bases.chain([asked.rest]).any(|rest| match router.find(method, rest) {
            Found::Operation(at, _) => {
                client.operations.get(at).is_some_and(|operation| !operation.choices.is_empty())
            }
            Found::Methods(_) | Found::Nothing => false,
        })
    })?;
    let label = api.versions.labels().get(version)?.clone();
    let path = match (asked.segment, api.path_rule()) {
        (Some(segment), Some(affix)) => {
            let like = affix.capture(segment).unwrap_or_default();
            let own = affix.write(&api.versions.spelled(version, like));
            format!("{}/{own}{}", api.prefix, asked.rest)
        }
        _ => path.to_owned(),
    };
    let newer = version > asked.version;
    let relation = if newer { "successor-version" } else { "predecessor-version" };
    Some(Elsewhere { version: label, path, relation })
}
