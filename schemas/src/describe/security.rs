//! Who is let in: security schemes and requirements (OpenAPI 3.1 §4.8.27 to §4.8.30, Swagger 2.0 `securityDefinitions`).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::bundle::Bundle;
use super::files::At;
use super::model::Location;
use crate::problem::Place;

/// Schemes by name, each with the scopes that are held or wanted of it.
pub type Held = BTreeMap<String, BTreeSet<String>>;

/// The alternatives by which a request is let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Security {
    /// One of them is enough, and all schemes of it are wanted. Never empty: where nothing is declared, and where
    /// the document writes `[]` or `{}`, there is the alternative that wants no scheme.
    pub alternatives: Vec<Held>,
    /// Where it is declared; where nothing is, the operation.
    pub place: Place,
}

impl Security {
    /// Everybody is let in.
    pub fn open(place: Place) -> Self {
        Self { alternatives: vec![Held::new()], place }
    }

    /// Whether a request without credentials is let in.
    pub fn is_open(&self) -> bool {
        self.alternatives.iter().any(BTreeMap::is_empty)
    }

    /// Whether a request is let in whose credentials satisfy exactly the alternative `held`.
    pub fn admits(&self, held: &Held) -> bool {
        self.alternatives.iter().any(|wanted| {
            wanted
                .iter()
                .all(|(name, scopes)| held.get(name).is_some_and(|own| scopes.is_subset(own)))
        })
    }
}

/// One way to say who one is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityScheme {
    /// How.
    pub kind: SchemeKind,
    /// Declared deprecated (OpenAPI 3.2 §4.27.1).
    pub deprecated: bool,
    /// Where.
    pub place: Place,
}

/// How a client says who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SchemeKind {
    /// A secret under a name.
    ApiKey {
        /// Query, header or cookie.
        location: Location,
        /// Lower case for headers.
        name: String,
    },
    /// The `Authorization` header (RFC 9110 §11.6.2). Swagger 2.0's `basic` is `Http` with `basic`.
    Http {
        /// Lower case, as `basic` or `bearer`.
        scheme: String,
        /// A hint.
        bearer_format: Option<String>,
    },
    /// A client certificate.
    MutualTls,
    /// OAuth 2.
    OAuth2 {
        /// By OpenAPI 3's names: `implicit`, `password`, `clientCredentials`, `authorizationCode`,
        /// `deviceAuthorization`.
        flows: BTreeMap<String, Flow>,
        /// `oauth2MetadataUrl` (OpenAPI 3.2).
        metadata_url: Option<String>,
    },
    /// `OpenID` Connect.
    OpenIdConnect {
        /// Where its configuration is.
        url: String,
    },
    /// A type that OpenAPI does not know, as written.
    Other(String),
}

/// One OAuth flow (OpenAPI 3.1 §4.8.29).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// `authorizationUrl`
    pub authorization_url: Option<String>,
    /// `tokenUrl`
    pub token_url: Option<String>,
    /// `refreshUrl`
    pub refresh_url: Option<String>,
    /// `deviceAuthorizationUrl` (OpenAPI 3.2)
    pub device_authorization_url: Option<String>,
    /// The scopes that can be asked for.
    pub scopes: BTreeSet<String>,
}

/// Reads the schemes of the main document.
pub(super) fn schemes(
    bundle: &mut Bundle,
    document: &Value,
    main: usize,
) -> BTreeMap<String, SecurityScheme> {
    let root = At::root(main);
    let (at, table) = match document.get("securityDefinitions") {
        Some(table) => (root.join("securityDefinitions"), Some(table)),
        None => (
            root.join("components").join("securitySchemes"),
            document.pointer("/components/securitySchemes"),
        ),
    };
    let mut found = BTreeMap::new();
    for (name, value) in table.and_then(Value::as_object).into_iter().flatten() {
        let Some((value, at)) = bundle.follow(value, &at.join(name)) else { continue };
        let Some(members) = value.as_object() else { continue };
        if let Some(kind) = kind(bundle, members, &at) {
            let deprecated = members.get("deprecated") == Some(&Value::Bool(true));
            let place = bundle.files.place(&at);
            found.insert(name.clone(), SecurityScheme { kind, deprecated, place });
        }
    }
    found
}

fn kind(bundle: &mut Bundle, members: &Map<String, Value>, at: &At) -> Option<SchemeKind> {
    let Some(kind) = text(members, "type") else {
        let what = "a security scheme has no `type`; it is left out".to_owned();
        bundle.warn(at, what, "write apiKey, http, mutualTLS, oauth2 or openIdConnect");
        return None;
    };
    Some(match kind.as_str() {
        "apiKey" => {
            let location = match text(members, "in").as_deref() {
                Some("query") => Location::Query,
                Some("header") => Location::Header,
                Some("cookie") => Location::Cookie,
                _ => {
                    let what = "the api key has no place; it is left out".to_owned();
                    bundle.warn(at, what, "write `in:` query, header or cookie");
                    return None;
                }
            };
            let mut name = text(members, "name").unwrap_or_default();
            if location == Location::Header {
                name.make_ascii_lowercase();
            }
            SchemeKind::ApiKey { location, name }
        }
        "basic" => SchemeKind::Http { scheme: "basic".to_owned(), bearer_format: None },
        "http" => SchemeKind::Http {
            scheme: text(members, "scheme").unwrap_or_default().to_ascii_lowercase(),
            bearer_format: text(members, "bearerFormat"),
        },
        "mutualTLS" => SchemeKind::MutualTls,
        "oauth2" => SchemeKind::OAuth2 {
            flows: flows(members),
            metadata_url: text(members, "oauth2MetadataUrl"),
        },
        "openIdConnect" => {
            SchemeKind::OpenIdConnect { url: text(members, "openIdConnectUrl").unwrap_or_default() }
        }
        other => {
            let what = format!("`{other}` is no type of security scheme");
            bundle.warn(at, what, "write apiKey, http, mutualTLS, oauth2 or openIdConnect");
            SchemeKind::Other(other.to_owned())
        }
    })
}

fn flows(members: &Map<String, Value>) -> BTreeMap<String, Flow> {
    // Swagger 2.0 has one flow, beside the type, under names of its own.
    if let Some(name) = text(members, "flow") {
        let name = match name.as_str() {
            "application" => "clientCredentials",
            "accessCode" => "authorizationCode",
            other => other,
        };
        return BTreeMap::from([(name.to_owned(), flow(members))]);
    }
    let flows = members.get("flows").and_then(Value::as_object).into_iter().flatten();
    let flows = flows.filter(|(name, _)| !name.starts_with("x-"));
    flows.filter_map(|(name, value)| Some((name.clone(), flow(value.as_object()?)))).collect()
}

fn flow(members: &Map<String, Value>) -> Flow {
    let scopes = members.get("scopes").and_then(Value::as_object);
    let scopes = scopes.into_iter().flat_map(Map::keys).filter(|name| !name.starts_with("x-"));
    Flow {
        authorization_url: text(members, "authorizationUrl"),
        token_url: text(members, "tokenUrl"),
        refresh_url: text(members, "refreshUrl"),
        device_authorization_url: text(members, "deviceAuthorizationUrl"),
        scopes: scopes.cloned().collect(),
    }
}

/// The `security` of the root or of an operation, when it has one. A scheme that nobody declares is told, and kept.
pub(super) fn requirements(
    bundle: &mut Bundle,
    owner: &Value,
    at: &At,
    known: &BTreeMap<String, SecurityScheme>,
) -> Option<Security> {
    let list = owner.get("security")?;
    let at = at.join("security");
    let Some(list) = list.as_array() else {
        let what = "`security` is no list; it is left out".to_owned();
        bundle.warn(&at, what, "write a list of alternatives");
        return None;
    };
    let mut alternatives = Vec::new();
    for (index, value) in list.iter().enumerate() {
        let at = at.join(&index.to_string());
        let Some(members) = value.as_object() else {
            let what = "an alternative is no object; it is left out".to_owned();
            bundle.warn(&at, what, "write the name of a scheme with a list of scopes");
            continue;
        };
        let mut held = Held::new();
        for (name, scopes) in members {
            // OpenAPI 3.2 §4.30: a name that is no component may be a URI.
            if !known.contains_key(name) && !name.contains(['/', '#']) {
                let what = format!("the security scheme `{name}` is not declared");
                bundle.warn(&at.join(name), what, "declare it, or correct the name");
            }
            let scopes = scopes.as_array().into_iter().flatten().filter_map(Value::as_str);
            held.insert(name.clone(), scopes.map(ToOwned::to_owned).collect());
        }
        if !alternatives.contains(&held) {
            alternatives.push(held);
        }
    }
    if alternatives.is_empty() {
        alternatives.push(Held::new());
    }
    Some(Security { alternatives, place: bundle.files.place(&at) })
}

fn text(members: &Map<String, Value>, key: &str) -> Option<String> {
    members.get(key).and_then(Value::as_str).map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Held, Security};
    use crate::pointer::Pointer;
    use crate::problem::Place;

    fn held(value: &Value) -> Held {
        serde_json::from_value(value.clone()).unwrap()
    }

    fn check(alternatives: &[Value], credentials: &Value, wanted: bool) {
        let place = Place { file: "a".into(), line: 1, column: 1, pointer: Pointer::root() };
        let alternatives = alternatives.iter().map(held).collect();
        let security = Security { alternatives, place };
        assert_eq!(security.admits(&held(credentials)), wanted, "{security:?} {credentials}");
    }

    #[test]
    fn one_alternative_is_enough_and_all_of_it_is_wanted() {
        let either = [json!({"key": []}), json!({"oauth": ["read"], "tls": []})];
        check(&either, &json!({"key": []}), true);
        check(&either, &json!({"key": [], "tls": []}), true);
        check(&either, &json!({"oauth": ["read"]}), false);
        check(&either, &json!({"oauth": ["read", "write"], "tls": []}), true);
        check(&either, &json!({"oauth": ["write"], "tls": []}), false);
        check(&either, &json!({}), false);
        check(&[json!({})], &json!({}), true);
    }
}
