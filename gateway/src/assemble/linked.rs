//! What is known of links between each client version and each backend version.

use std::sync::Arc;

use evergate_schemas::describe::model::Location;
use evergate_schemas::plan::bridge::ParameterStep;

use crate::config::ApiConfig;
use crate::snapshot::links::{Linking, Row, Words};
use crate::snapshot::selector::{Selector, Versions};
use crate::snapshot::{ClientOperation, ClientVersion, Crossing, Group, Template};

/// Gives each client version the links between it and each backend that serves it by conversion.
pub(super) fn link(
    config: &ApiConfig,
    clients: &mut [ClientVersion],
    (versions, selectors, groups): (&Versions, &[Selector], &[Group]),
) {
    let versions = Arc::new(versions.clone());
    let mut all = Vec::new();
    for (client, words) in clients.iter().enumerate() {
        let mut links = Vec::new();
        for (at, group) in groups.iter().enumerate() {
            let Some((backend, spoken)) =
                group.version.and_then(|version| Some((version, clients.get(version)?)))
            else {
                continue;
            };
            if backend == client || words.router.is_none() {
                continue;
            }
            let (inward, outward) = tables(words, spoken, at);
            links.push(Arc::new(Linking {
                prefix: config.path.clone(),
                segment: selectors.iter().find_map(|one| match one {
                    Selector::Path(affix) => Some(affix.clone()),
                    _ => None,
                }),
                queries: selectors
                    .iter()
                    .filter_map(|one| match one {
                        Selector::Query(name) => Some(name.clone()),
                        _ => None,
                    })
                    .collect(),
                versions: Arc::clone(&versions),
                pair: (client, backend),
                hosts: config.hosts.clone(),
                endpoints: endpoints(config, &versions, backend),
                public: config.public.clone(),
                inward,
                outward,
            }));
        }
        all.push(links);
    }
    for (client, links) in clients.iter_mut().zip(all) {
        client.links = links;
    }
}

/// The authorities of the backends that speak a version.
fn endpoints(config: &ApiConfig, versions: &Versions, backend: usize) -> Vec<String> {
    let speaks = |label: &String| versions.find(label) == Some(backend);
    let backends = config.backends.iter().filter(|one| one.version.as_ref().is_some_and(speaks));
    backends.flat_map(|one| &one.endpoints).map(|one| one.as_str().to_ascii_lowercase()).collect()
}

/// From the backend's words to the client's, and back.
fn tables(client: &ClientVersion, backend: &ClientVersion, group: usize) -> (Words, Words) {
    let mut inward = Words::new(&backend.base_paths, &client.base_paths);
    let mut outward = Words::new(&client.base_paths, &backend.base_paths);
    for operation in &client.operations {
        let crossing = operation.choices.iter().find(|choice| choice.group == group);
        let Some(crossing) = crossing.and_then(|choice| choice.crossing.as_deref()) else {
            continue;
        };
        let (Some((method, path)), Some((other, target))) =
            (operation.label.split_once(' '), crossing.label.split_once(' '))
        else {
            continue;
        };
        leave(crossing, &operation.label, (&mut inward, &mut outward));
        let theirs = backend.operations.iter().find(|one| one.label == crossing.label);
        let renames = renames(crossing);
        let (there, back) = places(crossing, operation.template.names.len());
        if let Some(positions) = there {
            let row = Row {
                label: Arc::clone(&operation.label),
                template: Template::parse(target),
                positions,
                cursor: cursor(Some(operation)),
                renames: renames.clone(),
            };
            outward.insert(method, path, row);
        }
        if let Some(positions) = back {
            let row = Row {
                label: Arc::clone(&operation.label),
                template: Template::parse(path),
                positions,
                cursor: cursor(theirs),
                renames: renames.into_iter().map(|(ours, theirs)| (theirs, ours)).collect(),
            };
            inward.insert(other, target, row);
        }
    }
    (inward, outward)
}

/// Where the parameters of a path are in that of the other version: of the backend's in the client's, and the other way
/// round. `None` where one is not in the path there, so that a link has no such path.
fn places(crossing: &Crossing, ours: usize) -> (Option<Places>, Option<Places>) {
    let Some(positions) = &crossing.request.positions else { return (Some(None), Some(None)) };
    let there: Option<Box<[usize]>> = positions.iter().copied().collect();
    let at = |own: usize| positions.iter().position(|one| *one == Some(own));
    let back: Option<Box<[usize]>> = (0..ours).map(at).collect();
    (there.map(Some), back.map(Some))
}

type Places = Option<Box<[usize]>>;

/// Leaves alone the links that have a parameter in another style or at another place than the other version has it.
fn leave(crossing: &Crossing, label: &Arc<str>, (inward, outward): (&mut Words, &mut Words)) {
    for step in &crossing.request.parameters {
        let ParameterStep::Rewrite(rewrite) = step else { continue };
        for (words, wired) in [(&mut *outward, &rewrite.from), (&mut *inward, &rewrite.to)] {
            match wired.location {
                Location::Query | Location::QueryString => words.leave(label, Some(&wired.name)),
                Location::Path => words.leave(label, None),
                Location::Header | Location::Cookie => {}
            }
        }
    }
}

fn cursor(operation: Option<&ClientOperation>) -> Option<String> {
    operation.and_then(|one| one.cursor.as_ref()).map(|cursor| cursor.parameter.clone())
}

/// The query parameters that are called otherwise at the backend.
fn renames(crossing: &Crossing) -> Vec<(String, String)> {
    let renames = crossing.request.parameters.iter().filter_map(|step| match step {
        ParameterStep::Rename(Location::Query, ours, theirs, _) => {
            Some((ours.clone(), theirs.clone()))
        }
        _ => None,
    });
    renames.collect()
}
