//! The scenes of the tour and what must be true in each.

use super::assets::Example;

/// What must come of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// A backend of this version answers; what it gets is valid for its version, what the client sees for the client's.
    Converted(&'static str),
    /// A backend of the client's own version answers; not a byte of either body changes.
    Untouched(&'static str),
    /// The gateway says no, with this status and code, and sends nothing.
    Refused(u16, &'static str),
}

/// One request of one client.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scene {
    pub(super) title: &'static str,
    pub(super) client: &'static str,
    pub(super) method: &'static str,
    /// The template of the operation; the target has `1` for each parameter.
    pub(super) path: &'static str,
    /// Which of the authors' request examples of this client's version is sent.
    pub(super) example: Option<&'static str>,
    pub(super) expected: Expected,
}

impl Scene {
    /// The request target with the client's version in the path.
    pub(super) fn target(&self) -> String {
        format!("/v{}{}", self.client, self.path.replace("{id}", "1"))
    }

    /// The payload of the authors that this scene sends.
    pub(super) fn payload<'e>(&self, examples: &'e [Example]) -> Option<&'e Example> {
        let wanted = self.example?;
        examples.iter().find(|one| {
            one.version == self.client
                && one.dir == "request"
                && one.valid
                && one.method == self.method
                && one.path == self.path
                && one.name.contains(wanted)
        })
    }
}

/// What happens before the third backend version comes in.
pub(super) const BEFORE: [Scene; 8] = [
    Scene {
        title: "an old client asks what it costs: the amount has another name since",
        client: "1.0",
        method: "POST",
        path: "/quotes",
        example: Some(""),
        expected: Expected::Converted("1.2"),
    },
    Scene {
        title: "an old client asks for money: a member has moved into `metadata`",
        client: "1.0",
        method: "POST",
        path: "/incoming-payments",
        example: Some(""),
        expected: Expected::Converted("1.2"),
    },
    Scene {
        title: "a 1.3 client on a 1.4 backend: a constant and the wallet address are supplied",
        client: "1.3",
        method: "POST",
        path: "/quotes",
        example: Some("receive-amount"),
        expected: Expected::Converted("1.4"),
    },
    Scene {
        title: "a 1.3 client reads a payment: what 1.4 no longer sends is filled in",
        client: "1.3",
        method: "GET",
        path: "/outgoing-payments/{id}",
        example: None,
        expected: Expected::Converted("1.4"),
    },
    Scene {
        title: "a client whose own version is running: not a byte changes",
        client: "1.2",
        method: "POST",
        path: "/outgoing-payments",
        example: Some(""),
        expected: Expected::Untouched("1.2"),
    },
    Scene {
        title: "the newest client on the newest backend",
        client: "1.4",
        method: "POST",
        path: "/incoming-payments",
        example: Some(""),
        expected: Expected::Untouched("1.4"),
    },
    Scene {
        title: "an operation that no running version has is refused, and nothing is sent",
        client: "1.0",
        method: "GET",
        path: "/connections/{id}",
        example: None,
        expected: Expected::Refused(501, "no-backend"),
    },
    Scene {
        title: "a version nobody knows is refused with the list of those that are known",
        client: "9.9",
        method: "GET",
        path: "/quotes/{id}",
        example: None,
        expected: Expected::Refused(400, "unknown-version"),
    },
];

/// What the reload has changed.
pub(super) const AFTER: [Scene; 1] = [Scene {
    title: "the same 1.3 client after the reload: its own version is there now",
    client: "1.3",
    method: "GET",
    path: "/outgoing-payments/{id}",
    example: None,
    expected: Expected::Untouched("1.3"),
}];
