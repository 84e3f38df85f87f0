//! Where the files say what an api is, so that whoever asks can be led back to the line.

use std::sync::Arc;

use evergate_schemas::plan::VersionChanges;
use evergate_schemas::plan::lens::{Entry, Rules};

use crate::config::{ApiConfig, BackendConfig};
use crate::snapshot::{Lens, Lines, Spot};

/// Where the config says it.
pub(super) fn lines(config: &ApiConfig) -> Lines {
    let backend = |one: &BackendConfig| (one.version.clone(), Spot::from(&one.place));
    Lines {
        api: Spot::from(&config.place),
        matching: Spot::from(&config.match_place),
        selectors: config.selector_places.iter().map(Spot::from).collect(),
        default: config.default.as_ref().map(|(_, place)| place.into()).unwrap_or_default(),
        backends: config.backends.iter().map(backend).collect(),
    }
}

/// All entries of all versions, oldest version first.
pub(super) fn lenses(changes: &[VersionChanges]) -> Vec<Lens> {
    let of = |(version, one): (usize, &VersionChanges)| {
        let mut all: Vec<Lens> = one.entries.iter().map(|entry| of_entry(version, entry)).collect();
        let lens = |say: &Arc<str>, names: Vec<&str>, spot: Spot| Lens {
            version,
            say: Arc::clone(say),
            names: names.into_iter().map(Into::into).collect(),
            spot,
        };
        for one in &one.parameters {
            let both = one.renames.iter().flat_map(|(old, new)| [old.as_str(), new.as_str()]);
            let written = one.adds.iter().chain(&one.removes).map(|(_, name, _)| name.as_str());
            let moved = one.moves.iter().flat_map(|one| [one.from.1.as_str(), one.to.1.as_str()]);
            let ranged = one.on_range.iter().map(|one| one.member.as_str());
            let unknown = one.on_unknown.iter().map(|(_, name, _)| name.as_str());
            let names = both.chain(written).chain(moved).chain(ranged).chain(unknown).collect();
            all.push(lens(&one.say, names, Spot::from(&one.place)));
        }
        for one in &one.answers {
            let both = one.renames.iter().flat_map(|(old, new)| [old.as_str(), new.as_str()]);
            let written = one.adds.iter().chain(&one.removes).map(|(name, _)| name.as_str());
            all.push(lens(&one.say, both.chain(written).collect(), Spot::from(&one.place)));
        }
        for one in &one.cursors {
            let names = one.parameters.iter().map(String::as_str).collect();
            all.push(lens(&one.say, names, Spot::from(&one.place)));
        }
        for one in &one.names {
            all.push(lens(&one.say, vec![&one.parameter], Spot::from(&one.place)));
        }
        all
    };
    changes.iter().enumerate().flat_map(of).collect()
}

fn of_entry(version: usize, entry: &Entry) -> Lens {
    let names = names(&entry.rules).into_iter().map(Into::into).collect();
    Lens { version, say: Arc::clone(&entry.say), names, spot: Spot::from(&entry.place) }
}

/// The members that rules name.
fn names(rules: &Rules) -> Vec<&str> {
    let mut all: Vec<&str> = Vec::new();
    let pairs = rules.renames.iter().chain(rules.cases.iter().flat_map(|one| &one.pairs));
    all.extend(pairs.flat_map(|(old, new)| [old.as_str(), new.as_str()]));
    let ends = rules.moves.iter().flat_map(|(old, new)| [old.last(), new.last()]);
    all.extend(ends.flatten().map(String::as_str));
    all.extend(rules.maps.iter().map(|one| one.member.as_str()));
    all.extend(rules.adds.iter().chain(&rules.removes).map(|(name, _)| name.as_str()));
    all.extend(rules.supplies.iter().map(|(_, name, _)| name.as_str()));
    all.extend(rules.on_null.iter().map(|(_, name, _)| name.as_str()));
    all.extend(rules.on_unknown.iter().map(|(_, name, _)| name.as_str()));
    all.extend(rules.on_range.iter().map(|one| one.member.as_str()));
    all.extend(rules.on_extra.iter().map(|one| one.member.as_str()));
    all.extend(rules.on_missing.iter().map(|one| one.member.as_str()));
    all.extend(rules.transforms.iter().filter_map(|one| one.member.as_deref()));
    all
}
