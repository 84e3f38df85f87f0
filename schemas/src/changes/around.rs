//! What stands around the messages: credentials, servers, links, and how forms are written.

use std::collections::{BTreeMap, BTreeSet};

use super::found::At;
use super::walk::Walk;
use crate::describe::model::{
    Content, Description, Encoding, Flow, Held, Link, Operation, Response, SchemeKind, Security,
    SecurityScheme, Server,
};
use crate::problem::Place;

/// What is declared for the whole version is told once, as the api's.
const WHOLE: &str = "api";

impl<'a> Walk<'a> {
    /// Who is let in, by what the schemes are and not by how they are called.
    pub(super) fn security(
        &mut self,
        at: &At,
        (old, new): (&'a Operation, &'a Operation),
        versions: (&'a Description, &'a Description),
    ) {
        let renamed = renamed(&versions.0.security_schemes, &versions.1.security_schemes);
        let before = Security {
            alternatives: old
                .security
                .alternatives
                .iter()
                .map(|one| named(one, &renamed))
                .collect(),
            place: old.security.place.clone(),
        };
        let after = &new.security;
        let at = around(at, (&before.place, &after.place), "/security");
        match (before.is_open(), after.is_open()) {
            (true, false) => {
                let message = format!("it asks for {}", ways(after));
                self.found.tell_once(&at, "security-required", message);
            }
            (false, true) => {
                let message = format!("it no longer asks for {}", ways(&before));
                return self.found.tell_once(&at, "security-dropped", message);
            }
            _ => {}
        }
        for held in before.alternatives.iter().filter(|one| !one.is_empty() && !after.admits(one)) {
            let rules = ("security-scope-added", "security-alternative-removed");
            self.alternative(&at, held, after, rules);
        }
        for held in after.alternatives.iter().filter(|one| !one.is_empty() && !before.admits(one)) {
            let rules = ("security-scope-removed", "security-alternative-added");
            self.alternative(&at, held, &before, rules);
        }
    }

    /// What the other version wants of those whom an alternative lets in here.
    fn alternative(
        &mut self,
        at: &At,
        held: &Held,
        other: &Security,
        (scope, whole): (&'static str, &'static str),
    ) {
        let same = other.alternatives.iter().find(|one| one.keys().eq(held.keys()));
        let Some(wanted) = same else {
            let gone = whole == "security-alternative-removed";
            let message = format!("{} is {}", way(held), if gone { "gone" } else { "new" });
            return self.found.tell_once(at, whole, message);
        };
        for (name, scopes) in wanted {
            let own = held.get(name);
            for one in scopes.iter().filter(|one| own.is_none_or(|own| !own.contains(*one))) {
                let wants =
                    if scope == "security-scope-added" { "wants" } else { "no longer wants" };
                let message = format!("`{name}` {wants} the scope `{one}`");
                self.found.tell_once(at, scope, message);
            }
        }
    }

    /// The schemes themselves.
    pub(super) fn schemes(&mut self, old: &'a Description, new: &'a Description) {
        let (before, after) = (&old.security_schemes, &new.security_schemes);
        let renamed = renamed(before, after);
        let known: BTreeSet<&String> = renamed.values().collect();
        let at = |old: Option<&SecurityScheme>, new: Option<&SecurityScheme>, name: &str| {
            let at = At {
                subject: format!("security scheme `{name}`"),
                ..At::new(WHOLE.to_owned(), None)
            };
            at.places(old.map(|one| &one.place), new.map(|one| &one.place))
        };
        for (name, one) in before {
            let other = after.get(name).or_else(|| after.get(renamed.get(name)?));
            let place = at(Some(one), other, name);
            match other {
                Some(other) => self.scheme(&place, one, other),
                None => self.tell(&place, "security-scheme-removed", format!("`{name}` is gone")),
            }
        }
        for (name, other) in after {
            if !before.contains_key(name) && !known.contains(name) {
                let message = format!("`{name}` is new");
                self.tell(&at(None, Some(other), name), "security-scheme-added", message);
            }
        }
    }

    fn scheme(&mut self, at: &At, old: &SecurityScheme, new: &SecurityScheme) {
        let (was, is) = (way_in(&old.kind), way_in(&new.kind));
        if was != is {
            return self.tell(at, "security-scheme-changed", format!("it is {is}, was {was}"));
        }
        if urls(&old.kind) != urls(&new.kind) {
            let message = "tokens are got at another address".to_owned();
            self.tell(at, "security-url-changed", message);
        }
        let (SchemeKind::OAuth2 { flows: before, .. }, SchemeKind::OAuth2 { flows: after, .. }) =
            (&old.kind, &new.kind)
        else {
            return;
        };
        for (name, flow) in before {
            let Some(other) = after.get(name) else {
                self.tell(at, "security-scheme-changed", format!("the flow `{name}` is gone"));
                continue;
            };
            for scope in flow.scopes.difference(&other.scopes) {
                let message = format!("the scope `{scope}` is no longer declared");
                self.tell(at, "security-scopes-changed", message);
            }
        }
    }

    /// Where the operation is served.
    pub(super) fn servers(&mut self, at: &At, (old, new): (&'a Operation, &'a Operation)) {
        let url = |one: &Server| one.url.trim_end_matches('/').to_owned();
        let by_url = |all: &'a [Server]| -> BTreeMap<String, &'a Server> {
            all.iter().map(|one| (url(one), one)).collect()
        };
        let (before, after) = (by_url(&old.servers), by_url(&new.servers));
        let place = |server: Option<&&'a Server>, operation: &'a Operation| {
            let first = operation.servers.first();
            server.copied().or(first).map_or(&operation.place, |one| &one.place)
        };
        for (url, one) in &before {
            let other = after.get(url);
            let at = around(at, (&one.place, place(other, new)), "/servers");
            match other {
                None => {
                    self.found.tell_once(&at, "server-removed", format!("`{url}` is gone"));
                }
                Some(other) if other.variables != one.variables => {
                    let message = format!("the variables of `{url}` are different");
                    self.found.tell_once(&at, "server-changed", message);
                }
                Some(_) => {}
            }
        }
        for (url, one) in after.iter().filter(|(url, _)| !before.contains_key(*url)) {
            let at = around(at, (place(None, old), &one.place), "/servers");
            self.found.tell_once(&at, "server-added", format!("`{url}` is new"));
        }
    }

    /// What a client may call next.
    pub(super) fn links(&mut self, at: &At, old: &'a Response, new: &'a Response) {
        let same = |one: &Link, other: &Link| {
            let url = |link: &Link| link.server.as_ref().map(|server| server.url.clone());
            (&one.target, &one.parameters, &one.body)
                == (&other.target, &other.parameters, &other.body)
                && url(one) == url(other)
        };
        for (name, one) in &old.links {
            let other = new.links.get(name);
            let place = at.places(Some(&one.place), other.map(|one| &one.place));
            match other {
                None => self.tell(&place, "link-removed", format!("link `{name}` is gone")),
                Some(other) if !same(one, other) => {
                    self.tell(&place, "link-changed", format!("link `{name}` is different"));
                }
                Some(_) => {}
            }
        }
        for (name, other) in new.links.iter().filter(|(name, _)| !old.links.contains_key(*name)) {
            let place = at.places(None, Some(&other.place));
            self.tell(&place, "link-added", format!("link `{name}` is new"));
        }
    }

    /// How the members of a form are written.
    pub(super) fn encodings(&mut self, at: &At, old: &'a Content, new: &'a Content) {
        let form = |one: Option<&Encoding>| {
            one.map(|one| {
                let headers: Vec<(String, bool)> =
                    one.headers.iter().map(|one| (one.name.clone(), one.required)).collect();
                (one.content_types.clone(), one.style.clone(), one.allow_reserved, headers)
            })
        };
        let names: BTreeSet<&String> = old.encoding.keys().chain(new.encoding.keys()).collect();
        for name in names {
            let (one, other) = (old.encoding.get(name), new.encoding.get(name));
            if form(one) != form(other) {
                let place = at.places(one.map(|one| &one.place), other.map(|one| &one.place));
                let message = format!("`{name}` is written in another way");
                self.tell(&place, "encoding-changed", message);
            }
        }
    }
}

/// Where something around an operation is told: as the api's, when both versions declare it at the root.
fn around(at: &At, (old, new): (&Place, &Place), root: &str) -> At {
    let at_root = |place: &Place| place.pointer.as_str().starts_with(root);
    let subject = if at_root(old) && at_root(new) { WHOLE.to_owned() } else { at.subject.clone() };
    At { subject, old: Some(old.clone()), new: Some(new.clone()), ..at.clone() }
}

/// Schemes that only have another name: old to new.
fn renamed(
    old: &BTreeMap<String, SecurityScheme>,
    new: &BTreeMap<String, SecurityScheme>,
) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (name, scheme) in old.iter().filter(|(name, _)| !new.contains_key(*name)) {
        let taken: BTreeSet<String> = found.values().cloned().collect();
        let same = new.iter().find(|(other, one)| {
            !old.contains_key(*other) && !taken.contains(*other) && one.kind == scheme.kind
        });
        found.extend(same.map(|(other, _)| (name.clone(), other.clone())));
    }
    found
}

fn named(held: &Held, renamed: &BTreeMap<String, String>) -> Held {
    let name = |name: &String| renamed.get(name).unwrap_or(name).clone();
    held.iter().map(|(one, scopes)| (name(one), scopes.clone())).collect()
}

fn ways(security: &Security) -> String {
    let all = security.alternatives.iter().filter(|one| !one.is_empty());
    all.map(way).collect::<Vec<_>>().join(" or ")
}

fn way(held: &Held) -> String {
    held.keys().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" with ")
}

/// How a client shows who it is, without addresses and scopes.
fn way_in(kind: &SchemeKind) -> String {
    match kind {
        SchemeKind::ApiKey { location, name } => {
            format!("a key `{name}` in the {}", location.word())
        }
        SchemeKind::Http { scheme, .. } => format!("http {scheme}"),
        SchemeKind::MutualTls => "a client certificate".to_owned(),
        SchemeKind::OAuth2 { .. } => "OAuth 2".to_owned(),
        SchemeKind::OpenIdConnect { .. } => "OpenID Connect".to_owned(),
        SchemeKind::Other(name) => format!("`{name}`"),
    }
}

/// Where tokens are got, by flow; flows that only one version has are left out by comparing names elsewhere.
fn urls(kind: &SchemeKind) -> Vec<Option<String>> {
    let flow = |flow: &Flow| {
        [
            &flow.authorization_url,
            &flow.token_url,
            &flow.refresh_url,
            &flow.device_authorization_url,
        ]
        .map(Clone::clone)
    };
    match kind {
        SchemeKind::OAuth2 { flows, metadata_url } => {
            flows.values().flat_map(flow).chain([metadata_url.clone()]).collect()
        }
        SchemeKind::OpenIdConnect { url } => vec![Some(url.clone())],
        SchemeKind::ApiKey { .. }
        | SchemeKind::Http { .. }
        | SchemeKind::MutualTls
        | SchemeKind::Other(_) => Vec::new(),
    }
}
