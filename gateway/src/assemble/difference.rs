//! What one configuration does otherwise than another.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::outline::{Name, Outline, Subject};

/// Settings that are read at the start only.
const AT_START: [&str; 4] = ["/listen", "/admin", "/takeover", "/workers"];

/// What a configuration does otherwise than another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The digest of all files of the one.
    pub before: String,
    /// Of the other.
    pub after: String,
    /// In the order of apis, and of an api what is wide before what is narrow. Of an api that comes or goes there is one.
    pub changes: Vec<Change>,
}

/// One row that is not the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// The api; absent for what is about the whole gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
    /// What it is about.
    pub subject: Subject,
    /// Which one of those.
    pub name: String,
    /// What the one says; absent where it has no such row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// What the other says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// It comes into use with the next start only.
    pub restart: bool,
}

/// What `after` does otherwise than `before`.
pub fn difference(before: &Outline, after: &Outline) -> Difference {
    let whole = |outline: &Outline, api: &str| {
        let subject = Subject::Api;
        api.is_empty()
            || outline.rows.contains_key(&Name {
                api: api.to_owned(),
                subject,
                name: api.to_owned(),
            })
    };
    let names =
        before.rows.keys().chain(after.rows.keys().filter(|name| !before.rows.contains_key(name)));
    let mut names: Vec<&Name> = names.collect();
    names.sort();
    let changes = names.into_iter().filter_map(|name| {
        let (one, other) = (before.rows.get(name), after.rows.get(name));
        let both = whole(before, &name.api) && whole(after, &name.api);
        let tells = one != other && (both || name.subject == Subject::Api);
        tells.then(|| Change {
            api: Some(name.api.clone()).filter(|api| !api.is_empty()),
            subject: name.subject,
            name: name.name.clone(),
            before: one.cloned(),
            after: other.cloned(),
            restart: name.api.is_empty() && is_at_start(&name.name),
        })
    });
    let changes = changes.collect();
    Difference { before: before.digest.clone(), after: after.digest.clone(), changes }
}

/// Of a listener the address alone; its certificates come with a reload.
fn is_at_start(pointer: &str) -> bool {
    let key = AT_START.iter().find(|key| {
        pointer.strip_prefix(**key).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    match key.copied() {
        Some("/listen") => !pointer.contains("/tls") && !pointer.contains("/proxy_protocol"),
        Some("/admin") => pointer.starts_with("/admin/address"),
        key => key.is_some(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::super::{Outline, assemble};
    use super::{Change, difference};
    use crate::telemetry::Metrics;

    const ORDERS: &str = "openapi: 3.1.0\ninfo: { title: o, version: '1' }\npaths:\n  /orders:\n    get:\n      responses:\n        '200': { description: all, content: { application/json: { schema: { type: object, properties: { id: { type: string } }, additionalProperties: false } } } }\n";
    const CONFIG: &str = "listen: [{ address: 127.0.0.1:0 }]\napis:\n  orders:\n    description: ./orders\n    client_version: [{ header: v }]\n    consumers: { s3cret-key: v1 }\n    backends:\n      - { version: v2, endpoints: [\"http://b:1\", \"http://b:2\"] }\n";

    fn outline(folder: &Path, config: &str) -> Outline {
        let path = folder.join("gateway.yaml");
        fs::write(&path, config).unwrap();
        let made = assemble(&path, &Metrics::default(), None).unwrap();
        Outline::of(&made.snapshot, &made.text)
    }

    fn described(folder: &Path, version: &str, text: &str) {
        let folder = folder.join("orders").join(version);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("openapi.yaml"), text).unwrap();
    }

    /// What is told when the file or its descriptions are changed.
    fn told(config: &str, v2: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        described(folder.path(), "v1", ORDERS);
        described(folder.path(), "v2", ORDERS);
        let before = outline(folder.path(), CONFIG);
        described(folder.path(), "v2", v2);
        let after = outline(folder.path(), config);
        let one = |change: &Change| {
            let text = |side: &Option<String>| side.clone().unwrap_or_else(|| "-".to_owned());
            let api = change.api.clone().unwrap_or_default();
            let restart = if change.restart { " (restart)" } else { "" };
            let (before, after) = (text(&change.before), text(&change.after));
            format!("{api} {:?} {}: {before} → {after}{restart}", change.subject, change.name)
        };
        difference(&before, &after).changes.iter().map(one).collect()
    }

    #[test]
    fn nothing_is_told_of_a_remark_or_another_order() {
        assert!(told(&format!("# a remark\n{CONFIG}"), ORDERS).is_empty());
        let turned =
            CONFIG.replace("\"http://b:1\", \"http://b:2\"", "\"http://b:2\", \"http://b:1\"");
        assert!(told(&turned, ORDERS).is_empty());
    }

    #[test]
    fn settings_backends_and_apis_are_told_by_name() {
        let check = |from: &str, to: &str, wanted: &[&str]| {
            assert!(CONFIG.contains(from), "{from}");
            assert_eq!(told(&CONFIG.replace(from, to), ORDERS), wanted);
        };
        check("listen:", "workers: 2\nlisten:", &[" Setting /workers: - → 2 (restart)"]);
        check(
            "127.0.0.1:0",
            "127.0.0.1:1",
            &[" Setting /listen/0/address: 127.0.0.1:0 → 127.0.0.1:1 (restart)"],
        );
        check("header: v", "header: w", &["orders Setting /client_version/0/header: v → w"]);
        check(
            "\"http://b:2\"]",
            "\"http://b:2\"], weight: 5",
            &[
                "orders Backend v2 http://b:1: weight: 1 → weight: 5",
                "orders Backend v2 http://b:2: weight: 1 → weight: 5",
            ],
        );
        check(", \"http://b:2\"", "", &["orders Backend v2 http://b:2: weight: 1 → -"]);
        let more = "  more:\n    match: { path: /more }\n    backends: [{ endpoints: [\"http://c:1\"] }]\n";
        check("apis:\n", &format!("apis:\n{more}"), &["more Api more: - → /more"]);
        let told = told(&CONFIG.replace("s3cret-key: v1", "s3cret-key: v2"), ORDERS);
        assert!(
            matches!(&told[..], [one] if one.ends_with(": v1 → v2") && !one.contains("s3cret")),
            "{told:?}"
        );
    }

    #[test]
    fn verdicts_that_change_and_losses_that_appear_are_told() {
        let v2 = ORDERS
            .replace("id: { type: string } }", "id: { type: string }, tag: { type: string } }");
        let seen = told(CONFIG, &v2);
        assert!(
            seen.contains(&"orders Way GET /orders v1 → v2 response: native → lossy".to_owned()),
            "{seen:?}"
        );
        assert!(
            seen.iter()
                .any(|one| one.contains("Loss GET /orders v1 → v2 response 200 A1 /tag: - →")),
            "{seen:?}"
        );
        let broken = ORDERS.replace("type: string", "type: array");
        let seen = told(CONFIG, &broken);
        assert!(
            seen.contains(
                &"orders Way GET /orders v1 → v2 response: native → broken, not used".to_owned()
            ),
            "{seen:?}"
        );
    }
}
