//! The closed list of refusals: status, stable code, and a sentence that says what to do.

use http::StatusCode;

use super::retired::Retired;

/// Where an operation is served that is not served here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elsewhere {
    /// The version.
    pub version: String,
    /// The path of the request in that version.
    pub path: String,
    /// `successor-version` for a newer one, `predecessor-version` for an older one (RFC 5829 §3).
    pub relation: &'static str,
}

impl Elsewhere {
    /// The value of `Link` (RFC 8288); the version is said too, as not every api has it in its paths.
    pub fn link(&self) -> String {
        format!("<{}>; rel=\"{}\"; version=\"{}\"", self.path, self.relation, self.version)
    }
}

/// One loss that a client did not accept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LossTold {
    /// The row of the rules, `A1`.
    pub rule: &'static str,
    /// Where, in the names of the message's sender, with `*` for any item or member.
    pub pointer: String,
    /// What would be done there.
    pub what: String,
}

/// Which bound of a backend is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FullOf {
    /// Requests in flight.
    Requests,
    /// Requests that wait for a connection.
    Pending,
}

/// Why an exchange does not go on. The code and the status of each are public: changing one breaks clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// `Host` or `:authority` is missing, repeated, malformed, or they disagree (RFC 9112 §3.2).
    Host(&'static str),
    /// The request target is not a plain absolute path in normal form.
    Target(&'static str),
    /// The target is longer than the limit, in octets.
    TargetTooLong(usize),
    /// What came is no head of a request (RFC 9112 §2 to §5).
    Head(&'static str),
    /// The head is larger than the limit, in octets.
    HeadTooLarge(usize),
    /// The head has more fields than the limit.
    FieldsTooMany(usize),
    /// The head did not come whole in time.
    HeadTooSlow,
    /// Another version of HTTP than 1.0, 1.1 and 2.
    HttpVersion,
    /// Message framing that another reader might read otherwise (RFC 9112 §6).
    Framing(&'static str),
    /// CONNECT or TRACE.
    Method(String),
    /// An expectation other than `100-continue`.
    Expectation,
    /// No api of the configuration matches host and path.
    NoApi,
    /// The request says no version and the api has no default.
    VersionMissing {
        /// Where the api looks for it, for people.
        places: Vec<String>,
        /// The versions there are, oldest first.
        known: Vec<String>,
    },
    /// A version that the api does not have.
    VersionUnknown {
        /// As the client wrote it.
        asked: String,
        /// The versions there are, oldest first.
        known: Vec<String>,
    },
    /// Two places in the request name different versions.
    VersionsDisagree {
        /// Place and version, in the order of the configuration.
        seen: Vec<(String, String)>,
    },
    /// The version's description has no such path; where there is one, if another version that is served has it.
    NoOperation(Option<Elsewhere>),
    /// The path exists, with other methods.
    MethodNotAllowed {
        /// The methods there are.
        allow: Vec<String>,
    },
    /// No running backend version can serve this operation for this client version.
    NoBackend {
        /// Why, as found when the configuration was loaded.
        why: String,
        /// Where it is served.
        elsewhere: Option<Elsewhere>,
    },
    /// A version or an operation that is refused for a while before it goes.
    BrownOut(Box<Retired>),
    /// A version or an operation whose sunset has passed.
    Gone(Box<Retired>),
    /// The paging token in this parameter belongs to a version of which no backend is up.
    CursorElsewhere(String),
    /// The request body cannot be converted: the payload has something the backend's version cannot take.
    RequestUnconvertible {
        /// Where, in the client's names.
        pointer: String,
        /// What is wrong there.
        why: String,
    },
    /// The request would lose this, and the client prefers `handling=strict`.
    RequestLossy(Vec<LossTold>),
    /// The answer to a safe request would lose this, and the client prefers `handling=strict`.
    ResponseLossy(Vec<LossTold>),
    /// A full write would take away these members, which the client's version cannot show.
    WriteHides(Vec<LossTold>),
    /// The document that a full write has to be merged into could not be read; why.
    WriteUnread(String),
    /// The document that a full write has to be merged into has no strong entity tag to guard the write by.
    WriteUnguarded,
    /// Nothing says how a full write is to be merged into the document; why.
    WriteUnclear(String),
    /// A document is not in the state that the request asks for (RFC 9110 §13.1).
    WriteStale,
    /// The request body is not JSON that can be converted safely.
    RequestMalformed {
        /// Where, in the client's names.
        pointer: String,
        /// What is wrong there.
        why: String,
    },
    /// A parameter that the backend's version requires, and that nothing supplies.
    ParameterMissing(String),
    /// A parameter that the backend's version writes otherwise or elsewhere, and whose value cannot be read or written so.
    ParameterUnfit {
        /// Its name, the client's.
        name: String,
        /// What is wrong with it, as a sentence fragment.
        why: &'static str,
    },
    /// A parameter holds a name that the running version cannot be asked for.
    ParameterNames {
        /// Which, in the client's words.
        parameter: String,
        /// The name, as the client wrote it.
        name: String,
        /// What is wrong with it, as a sentence fragment.
        why: String,
    },
    /// The request body is larger than the limit, in octets.
    BodyTooLarge(usize),
    /// The request body grows by more than this factor without its content coding.
    BodyRatio(usize),
    /// The request body has a content coding that cannot be taken off, and would have to be converted.
    RequestCoded(String),
    /// The request body is not what its content coding says.
    RequestCodingBroken(&'static str),
    /// The request body is not what the digest in this field says (RFC 9530).
    RequestDigest(&'static str),
    /// The request body has no media type that the version declares, and would have to be converted.
    MediaType,
    /// The request forbids the transformation it would need.
    RequestNoTransform,
    /// The request asks for another protocol, and only a backend of another version is running.
    UpgradeElsewhere,
    /// The signature in this field would not hold after the conversion that the request needs.
    RequestSigned(String),
    /// The body came in too slowly or stopped.
    BodyTooSlow,
    /// The body broke off or was malformed.
    BodyBroken,
    /// More work is held than the limits allow.
    Overloaded,
    /// No endpoint could be connected to.
    Unreachable,
    /// No endpoint shows a certificate that can be trusted; nothing was sent.
    Untrusted,
    /// A bound of the backend is reached: which, as the end of the code.
    BackendFull(FullOf),
    /// No endpoint took a connection in time.
    ConnectTimeout,
    /// The backend did not answer in time.
    BackendTimeout,
    /// All attempts together took longer than a request may.
    RequestTimeout,
    /// The backend's answer is not a well-formed HTTP message.
    BackendBroken(&'static str),
    /// The response cannot be converted for the client's version.
    ResponseUnconvertible(String),
    /// The response has a content coding that was not asked for and cannot be taken off, and must be converted.
    ResponseCoded,
    /// The response is not what its content coding says, or too large without it.
    ResponseCodingBroken(String),
    /// The response is not what the digest in this field says (RFC 9530).
    ResponseDigest(&'static str),
    /// The response forbids the transformation it would need.
    ResponseNoTransform,
    /// The signature in this field would not hold after the conversion that the response needs.
    ResponseSigned(String),
    /// The response has this status or media type, which its version does not declare.
    ResponseUndeclared(String),
}

impl Refusal {
    /// The content codings that requests may have, as `Accept-Encoding` says them (RFC 9110 §12.5.3).
    pub const CODINGS: &'static str = "gzip, br, zstd, deflate, identity";

    /// The stable code: lower case, words joined by `-`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Host(_) => "bad-host",
            Self::Target(_) => "bad-target",
            Self::TargetTooLong(_) => "target-too-long",
            Self::Head(_) => "bad-head",
            Self::HeadTooLarge(_) => "head-too-large",
            Self::FieldsTooMany(_) => "too-many-fields",
            Self::HeadTooSlow => "head-too-slow",
            Self::HttpVersion => "http-version",
            Self::Framing(_) => "bad-framing",
            Self::Method(_) => "method-refused",
            Self::Expectation => "expectation-refused",
            Self::NoApi => "no-api",
            Self::VersionMissing { .. } => "version-missing",
            Self::VersionUnknown { .. } => "unknown-version",
            Self::VersionsDisagree { .. } => "versions-disagree",
            Self::NoOperation(_) => "no-operation",
            Self::MethodNotAllowed { .. } => "method-not-allowed",
            Self::NoBackend { .. } => "no-backend",
            Self::BrownOut(_) => "brown-out",
            Self::Gone(_) => "version-gone",
            Self::CursorElsewhere(_) => "cursor-elsewhere",
            Self::RequestUnconvertible { .. } => "request-unconvertible",
            Self::RequestLossy(_) => "request-lossy",
            Self::ResponseLossy(_) => "response-lossy",
            Self::WriteHides(_) => "write-hides",
            Self::WriteUnread(_) => "write-unread",
            Self::WriteUnguarded => "write-unguarded",
            Self::WriteUnclear(_) => "write-unclear",
            Self::WriteStale => "write-stale",
            Self::RequestMalformed { .. } => "request-malformed",
            Self::ParameterMissing(_) => "parameter-missing",
            Self::ParameterUnfit { .. } => "parameter-unfit",
            Self::ParameterNames { .. } => "parameter-names",
            Self::BodyTooLarge(_) => "body-too-large",
            Self::BodyRatio(_) => "body-ratio",
            Self::RequestCoded(_) => "request-coded",
            Self::RequestCodingBroken(_) => "request-coding-broken",
            Self::RequestDigest(_) => "request-digest",
            Self::MediaType => "media-type-undeclared",
            Self::RequestNoTransform => "request-no-transform",
            Self::UpgradeElsewhere => "upgrade-elsewhere",
            Self::RequestSigned(_) => "request-signed",
            Self::BodyTooSlow => "body-too-slow",
            Self::BodyBroken => "body-broken",
            Self::Overloaded => "overloaded",
            Self::Unreachable => "backend-unreachable",
            Self::Untrusted => "backend-untrusted",
            Self::BackendFull(FullOf::Requests) => "backend-full",
            Self::BackendFull(FullOf::Pending) => "backend-queue-full",
            Self::ConnectTimeout => "connect-timeout",
            Self::BackendTimeout => "backend-timeout",
            Self::RequestTimeout => "request-timeout",
            Self::BackendBroken(_) => "backend-broken",
            Self::ResponseUnconvertible(_) => "response-unconvertible",
            Self::ResponseCoded => "response-coded",
            Self::ResponseCodingBroken(_) => "response-coding-broken",
            Self::ResponseDigest(_) => "response-digest",
            Self::ResponseNoTransform => "response-no-transform",
            Self::ResponseSigned(_) => "response-signed",
            Self::ResponseUndeclared(_) => "response-undeclared",
        }
    }

    /// The status of the answer.
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::Host(_)
            | Self::Target(_)
            | Self::Head(_)
            | Self::Framing(_)
            | Self::VersionMissing { .. }
            | Self::VersionUnknown { .. }
            | Self::VersionsDisagree { .. }
            | Self::RequestMalformed { .. }
            | Self::CursorElsewhere(_)
            | Self::ParameterMissing(_)
            | Self::ParameterNames { .. }
            | Self::RequestCodingBroken(_)
            | Self::RequestDigest(_)
            | Self::BodyBroken => StatusCode::BAD_REQUEST,
            Self::TargetTooLong(_) => StatusCode::URI_TOO_LONG,
            Self::Method(_)
            | Self::NoBackend { .. }
            | Self::UpgradeElsewhere
            | Self::RequestSigned(_) => StatusCode::NOT_IMPLEMENTED,
            Self::Expectation => StatusCode::EXPECTATION_FAILED,
            Self::NoApi | Self::NoOperation(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::RequestUnconvertible { .. }
            | Self::RequestLossy(_)
            | Self::ParameterUnfit { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::WriteHides(_) | Self::WriteUnguarded | Self::WriteUnclear(_) => {
                StatusCode::CONFLICT
            }
            Self::WriteStale => StatusCode::PRECONDITION_FAILED,
            Self::ResponseLossy(_) | Self::RequestNoTransform => StatusCode::NOT_ACCEPTABLE,
            Self::BodyTooLarge(_) | Self::BodyRatio(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::RequestCoded(_) | Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::HeadTooLarge(_) | Self::FieldsTooMany(_) => {
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
            }
            Self::HttpVersion => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            Self::HeadTooSlow | Self::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Overloaded | Self::BackendFull(_) | Self::BrownOut(_) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Gone(_) => StatusCode::GONE,
            Self::ConnectTimeout | Self::BackendTimeout | Self::RequestTimeout => {
                StatusCode::GATEWAY_TIMEOUT
            }
            Self::Unreachable
            | Self::Untrusted
            | Self::BackendBroken(_)
            | Self::WriteUnread(_)
            | Self::ResponseUnconvertible(_)
            | Self::ResponseCoded
            | Self::ResponseCodingBroken(_)
            | Self::ResponseDigest(_)
            | Self::ResponseNoTransform
            | Self::ResponseSigned(_)
            | Self::ResponseUndeclared(_) => StatusCode::BAD_GATEWAY,
        }
    }

    /// The same refusal with the place where the operation is served, if it is one of an operation.
    #[must_use]
    pub fn found_elsewhere(self, found: Option<Elsewhere>) -> Self {
        match self {
            Self::NoBackend { why, elsewhere: None } => Self::NoBackend { why, elsewhere: found },
            other => other,
        }
    }

    /// Whether the connection cannot be trusted any more, or has an unread body whose end is unknown.
    pub const fn closes(&self) -> bool {
        matches!(
            self,
            Self::Host(_)
                | Self::Head(_)
                | Self::HeadTooLarge(_)
                | Self::FieldsTooMany(_)
                | Self::HeadTooSlow
                | Self::HttpVersion
                | Self::Framing(_)
                | Self::BodyTooSlow
                | Self::BodyBroken
                | Self::BodyTooLarge(_)
                | Self::BodyRatio(_)
        )
    }

    /// What happened and what to do, for the client. Nothing of a backend's address or payload is in it.
    pub fn detail(&self) -> String {
        match self {
            Self::Host(why) | Self::Target(why) | Self::Framing(why) => (*why).to_owned(),
            Self::Head(why) => format!("this is no request of HTTP/1.1: {why}"),
            Self::HeadTooLarge(limit) => {
                format!("the head is larger than {limit} octets; send less in its fields")
            }
            Self::FieldsTooMany(limit) => {
                format!("the head has more than {limit} fields; send fewer")
            }
            Self::HeadTooSlow => {
                "the head of the request did not come whole in time; send it again".to_owned()
            }
            Self::HttpVersion => "this version of HTTP is not spoken here; use HTTP/1.1".to_owned(),
            Self::TargetTooLong(limit) => {
                format!("the request target is longer than {limit} octets; send the data in a body")
            }
            Self::Method(method) => {
                format!("the method {method} is not served here; use another method")
            }
            Self::Expectation => {
                "only the expectation `100-continue` is understood; send no other".to_owned()
            }
            Self::NoApi => "no api is served at this host and path; check the address".to_owned(),
            Self::VersionMissing { places, known } => format!(
                "the request names no version; name one of {} by {}",
                known.join(", "),
                places.join(" or ")
            ),
            Self::VersionUnknown { asked, known } => {
                format!("there is no version `{asked}`; ask for one of {}", known.join(", "))
            }
            Self::VersionsDisagree { seen } => {
                let seen: Vec<_> =
                    seen.iter().map(|(place, version)| format!("{place} says {version}")).collect();
                format!(
                    "the request names different versions: {}; name one version only",
                    seen.join(", ")
                )
            }
            Self::NoOperation(None) => {
                "this version of the api has no such path; check the path or the version".to_owned()
            }
            Self::NoOperation(Some(elsewhere)) => format!(
                "this version of the api has no such path; ask for version {}, which has it",
                elsewhere.version
            ),
            Self::MethodNotAllowed { allow } => {
                format!("this path takes only {}; use one of these methods", allow.join(", "))
            }
            Self::NoBackend { why, elsewhere } => {
                let other = elsewhere.as_ref().map_or("another version".to_owned(), |elsewhere| {
                    format!("version {}", elsewhere.version)
                });
                format!("no running backend can serve this: {why}; ask for {other}")
            }
            Self::BrownOut(retired) => retired.brown_out(),
            Self::Gone(retired) => retired.gone(),
            other => other.conversion_detail(),
        }
    }

    /// The part of [`Self::detail`] that is about what cannot be said in another version.
    fn conversion_detail(&self) -> String {
        match self {
            Self::RequestUnconvertible { why, .. } => {
                format!(
                    "the body cannot be expressed in the version that is running: {why}; change that value"
                )
            }
            Self::RequestLossy(losses) => format!(
                "the version that is running cannot hold all of this request, and it prefers strict handling: {}; \
                 leave that out, or prefer handling=lenient",
                told(losses)
            ),
            Self::ResponseLossy(losses) => format!(
                "your version cannot show all of the answer, and the request prefers strict handling: {}; ask for a \
                 newer version, or prefer handling=lenient",
                told(losses)
            ),
            Self::RequestMalformed { why, .. } => {
                format!("the body cannot be read: {why}; send one well-formed JSON value")
            }
            other => other.body_detail(),
        }
    }

    /// The part of [`Self::detail`] that is about the request's parameters and body.
    fn body_detail(&self) -> String {
        match self {
            Self::WriteHides(losses) => format!(
                "a full write in your version would take away {} (in the names of the version that is running), which \
                 your version cannot show; write in a newer version, or have the operator allow it by `writes`",
                losses.iter().map(|loss| format!("`{}`", loss.pointer)).collect::<Vec<_>>().join(", ")
            ),
            Self::CursorElsewhere(name) => format!(
                "the page that `{name}` asks for was made by a version that is not running now; start the listing \
                 again, without `{name}`"
            ),
            Self::WriteUnread(why) => format!(
                "a write in your version is merged into the document that is there, and that could not be read: {why}; \
                 nothing was written; try again later, or write in a newer version"
            ),
            Self::WriteUnguarded => "a write in your version is merged into the document that is there, and the backend \
                                     gives that no strong ETag, so that nothing would keep the writes of others; \
                                     nothing was written; write in a newer version, or have the operator give documents \
                                     tags or allow it by `writes: { unguarded: allow }`"
                .to_owned(),
            Self::WriteUnclear(why) => format!(
                "a write in your version is merged into the document that is there, and nothing says how: {why}; \
                 nothing was written; change less at a time, write in a newer version, or have the operator name the \
                 member by `writes: {{ identity: [...] }}`"
            ),
            Self::WriteStale => "the document is not in the state that the request's conditions ask for; nothing was \
                                 written; read it again"
                .to_owned(),
            Self::ParameterMissing(name) => {
                format!("the version that is running requires `{name}`; send it")
            }
            Self::ParameterUnfit { name, why } => format!(
                "the parameter `{name}` cannot be written for the version that is running: it {why}; change that value"
            ),
            Self::ParameterNames { parameter, why, .. } => format!(
                "the parameter `{parameter}` cannot be said in the version that is running: {why}; change it"
            ),
            Self::BodyTooLarge(limit) => format!("the body is larger than {limit} octets; send a smaller one"),
            Self::BodyRatio(limit) => format!(
                "the body grows by more than the factor {limit} without its content coding; send it uncoded"
            ),
            Self::RequestCoded(coding) => format!(
                "a body with the content coding `{coding}` cannot be converted; send it with one of {}",
                Self::CODINGS
            ),
            Self::RequestCodingBroken(coding) => {
                format!("the body is not whole and sound {coding}; send it again, or uncoded")
            }
            Self::RequestDigest(field) => {
                format!("the body is not what its {field} says; send it again, or without that field")
            }
            Self::MediaType => {
                "the body's media type is not declared for this operation; send a declared Content-Type".to_owned()
            }
            Self::RequestNoTransform => {
                "the request forbids transformation, and only another version is running; leave out `no-transform`"
                    .to_owned()
            }
            Self::UpgradeElsewhere => "only another version is running, and what goes over an upgraded connection cannot be \
                                       converted; speak the version that `API-Backend-Version` names"
                .to_owned(),
            Self::RequestSigned(field) => format!(
                "the signature in `{field}` would not hold in the version that is running; sign for that version"
            ),
            Self::BodyTooSlow => "the body came in too slowly; send it again".to_owned(),
            Self::BodyBroken => "the body broke off or was malformed; send it again".to_owned(),
            other => other.upstream_detail(),
        }
    }

    /// The part of [`Self::detail`] that is about the way to the backend and back.
    fn upstream_detail(&self) -> String {
        match self {
            Self::Overloaded => "too much is in flight; try again later".to_owned(),
            Self::Untrusted => {
                "no endpoint of the backend could be trusted, nothing was sent to it; tell the operator".to_owned()
            }
            Self::Unreachable => {
                "no endpoint of the backend could be reached, nothing was sent to it; try again later".to_owned()
            }
            Self::BackendFull(full) => {
                let what = match full {
                    FullOf::Requests => "requests as it may",
                    FullOf::Pending => "requests waiting for a connection as it may",
                };
                format!("the backend has as many {what}, nothing was sent to it; try again later")
            }
            Self::ConnectTimeout => {
                "no endpoint of the backend took a connection in time, nothing was sent to it; try again later".to_owned()
            }
            Self::RequestTimeout => {
                "no backend answered within the time of a request; whether one did the work is unknown".to_owned()
            }
            Self::BackendTimeout => {
                "the backend did not answer in time; whether it did the work is unknown".to_owned()
            }
            Self::BackendBroken(why) => {
                format!("the backend's answer was unusable ({why}); whether it did the work is unknown")
            }
            Self::ResponseUnconvertible(why) => format!(
                "the backend did the work, but its answer cannot be expressed in your version: {why}; ask for \
                 a newer version"
            ),
            Self::ResponseCoded => {
                "the backend did the work, but its answer has a content coding that was not asked for; ask for the \
                 backend's own version"
                    .to_owned()
            }
            Self::ResponseCodingBroken(why) => format!(
                "the backend did the work, but its answer cannot be decoded: {why}; ask again without \
                 `Accept-Encoding`"
            ),
            Self::ResponseDigest(field) => format!(
                "the backend did the work, but its answer is not what its {field} says; ask for it again"
            ),
            Self::ResponseNoTransform => {
                "the backend did the work, but its answer forbids transformation; ask for the backend's own version"
                    .to_owned()
            }
            Self::ResponseSigned(field) => format!(
                "the backend did the work, but the signature in `{field}` of its answer would not hold in your \
                 version; ask for the backend's own version"
            ),
            Self::ResponseUndeclared(what) => format!(
                "the backend did the work, but its answer has {what}, which its version does not declare; ask for \
                 the backend's own version"
            ),
            other => other.code().to_owned(),
        }
    }
}

fn told(losses: &[LossTold]) -> String {
    let one = |loss: &LossTold| format!("{} ({})", loss.what, loss.rule);
    losses.iter().map(one).collect::<Vec<_>>().join(", ")
}
