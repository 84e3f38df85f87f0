//! How version, operation and backend were chosen.

use std::time::Duration;

use super::answer::Story;
use super::model::Step;
use super::secret;
use crate::exchange::asked::{path_segment, seen};
use crate::snapshot::selector::Selector;
use crate::snapshot::{Api, Choice, ClientOperation, ClientVersion, Crossing, Group, Spot};
use crate::upstream::may_repeat;

/// Where the version was looked for, and what was found there.
pub(super) fn version(story: &Story<'_>, api: &Api) -> Step {
    if api.versions.labels().is_empty() {
        return Step::new("version", "the api has no versions: it is proxied as it is");
    }
    let after = story.came.uri.path().strip_prefix(api.prefix.as_str()).unwrap_or_default();
    let segment = path_segment(api, after);
    let query = story.came.uri.query();
    let all = seen(api, segment, query, &story.noted.fields).unwrap_or_default();
    let known = api.versions.labels().join(", ");
    let lines = story.lines(api);
    let mut step = match story.known.client {
        Some(client) => Step::new("version", &*client.label),
        None => Step::new("version", format!("none is decided; there are {known}")),
    };
    for (index, selector) in api.selectors.iter().enumerate() {
        let read: Vec<&str> = all
            .iter()
            .filter(|(by, _)| std::ptr::eq(*by, selector))
            .map(|(_, text)| &**text)
            .collect();
        let what = match (selector, read.as_slice()) {
            (_, []) => "nothing".to_owned(),
            (Selector::Consumer(_), [label]) => format!("a known consumer, pinned to {label}"),
            (_, texts) => texts.join(" and "),
        };
        let spot = lines.selectors.get(index).cloned().unwrap_or_default();
        step.note_from(format!("{}: {}", selector.place(), what.escape_default()), &spot);
    }
    match (all.len(), story.known.client) {
        (0, Some(_)) => {
            step.note_from("no place says one, so the default holds", &lines.default);
        }
        (0, None) => step.note("no place says one, and there is no default"),
        (1.., Some(_)) => step.note("all places that say one agree"),
        (1.., None) => step.note("what they say is no version, or they disagree"),
    }
    step
}

/// Which operation path and method name.
pub(super) fn operation(story: &Story<'_>, (api, client): (&Api, &ClientVersion)) -> Step {
    let Some((label, captures)) = &story.noted.operation else {
        let why = if client.router.is_none() {
            "the api has no description: every path is forwarded"
        } else {
            "no operation of the description has this method and path"
        };
        return Step::new("operation", why).from(&story.lines(api).api);
    };
    let spot = found(client, label).map(|operation| operation.spot.clone()).unwrap_or_default();
    let mut step = Step::new("operation", &**label).from(&spot);
    if let Some(base) = client.base_paths.first().filter(|base| !base.is_empty()) {
        step.note(format!("the description's base path is `{base}`"));
    }
    for (name, value) in captures {
        let shown = if secret::is_secret(name) { secret::HIDDEN } else { value };
        step.note(format!("{{{name}}} = {shown}"));
    }
    step
}

fn found<'a>(client: &'a ClientVersion, label: &str) -> Option<&'a ClientOperation> {
    client.operations.iter().find(|one| &*one.label == label)
}

/// Who could serve it, by preference.
pub(super) fn candidates(story: &Story<'_>, (api, client): (&Api, &ClientVersion)) -> Option<Step> {
    let (label, _) = story.noted.operation.as_ref()?;
    let operation = found(client, label)?;
    let mut step = Step::new(
        "candidates",
        format!("{} of {} versions that run", operation.choices.len(), api.groups.len()),
    );
    for choice in &operation.choices {
        let Some(group) = api.groups.get(choice.group) else { continue };
        let spot = spots(story, api, group).into_iter().next().unwrap_or_default();
        step.note_from(told(api, client, (choice, group)), &spot);
    }
    if !operation.why_not.is_empty() && operation.choices.len() < api.groups.len() {
        step.note(format!("not possible: {}", operation.why_not));
    }
    Some(step)
}

fn told(api: &Api, client: &ClientVersion, (choice, group): (&Choice, &Group)) -> String {
    let label = |index: usize| api.versions.labels().get(index).map_or("", String::as_str);
    let own = api.versions.find(&client.label);
    let relation = match (group.version, own) {
        (version, own) if version == own => "the very version",
        (Some(version), Some(own)) if version > own => "newer, by conversion",
        _ => "older, by conversion",
    };
    let state = if group.is_up() { "up" } else { "no endpoint is up" };
    let label = group.version.map_or("", label);
    let how = choice.crossing.as_ref().map(|one| format!(", as {}", one.label)).unwrap_or_default();
    format!("{label}: {relation}{how}; {state}")
}

/// The way from the client's version to the backend's, where that is another.
pub(super) fn crossing<'a>(story: &Story<'_>, client: &'a ClientVersion) -> Option<&'a Crossing> {
    let (label, _) = story.noted.operation.as_ref()?;
    let group = story.known.group?;
    let at = story.known.api?.groups.iter().position(|one| std::ptr::eq(one, group))?;
    let choice = found(client, label)?.choices.iter().find(|one| one.group == at)?;
    choice.crossing.as_deref()
}

/// Where the config has each backend of a group.
fn spots(story: &Story<'_>, api: &Api, group: &Group) -> Vec<Spot> {
    let speaks = |label: &Option<String>| {
        group.version.is_none()
            || label.as_ref().is_none_or(|label| api.versions.find(label) == group.version)
    };
    let all = story.lines(api).backends;
    all.into_iter().filter(|(label, _)| speaks(label)).map(|(_, spot)| spot).collect()
}

/// The endpoints among which one is chosen, and what holds for them.
pub(super) fn backend(story: &Story<'_>, (api, _, group): (&Api, &ClientVersion, &Group)) -> Step {
    let label = group.version.and_then(|version| api.versions.labels().get(version));
    let says =
        label.map_or_else(|| "the api's backends".to_owned(), |label| format!("version {label}"));
    let mut step = Step::new("backend", says);
    let mut spots = spots(story, api, group).into_iter();
    for backend in &group.backends {
        let spot = &spots.next().unwrap_or_default();
        let (pool, policy) = (&backend.pool, backend.pool.policy());
        let states = pool.states(backend.wanted).into_iter().map(|(endpoint, state)| {
            let cost = endpoint
                .cost()
                .map_or_else(String::new, |cost| format!(", {:.1} ms", f64::from(cost) / 1000.0));
            format!(
                "{} {}{cost}, {} in flight",
                endpoint.place().authority,
                state.word(),
                endpoint.in_flight()
            )
        });
        let states: Vec<String> = states.collect();
        step.note_from(format!("weight {}: {}", backend.weight, states.join("; ")), spot);
        if let Some(header) = &policy.sticky {
            let has = story.noted.fields.has(header);
            let what = if has {
                "the request has it, so that it goes to the same one each time"
            } else {
                "the request has none"
            };
            step.note_from(format!("sticky by `{header}`: {what}"), spot);
        }
        let times = pool.times();
        step.note_from(
            format!(
                "connect {}, answer {}, silence {}, all attempts together {}",
                span(times.connect),
                span(times.answer),
                span(times.silence),
                span(times.request)
            ),
            spot,
        );
        let head = story.noted.ready.as_ref().map(|ready| &ready.outbound.head);
        if let Some(head) = head {
            let retries = &policy.retries;
            let what = if may_repeat(head, policy.keyed) && retries.attempts > 1 {
                format!(
                    "sent up to {} times, also after {:?}, within the budget of retries",
                    retries.attempts, retries.statuses
                )
            } else {
                "sent once: it may not be done twice".to_owned()
            };
            step.note_from(what, spot);
        }
    }
    step
}

fn span(time: Duration) -> String {
    if time.as_millis().is_multiple_of(1000) {
        format!("{} s", time.as_secs())
    } else {
        format!("{} ms", time.as_millis())
    }
}
