//! One api as a request sees it: where versions are said, what each version has, and who can serve it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use evergate_schemas::convert::{Limits, PreparedBody, Unconvertible};
use evergate_schemas::describe::model::Status;
use evergate_schemas::plan::Cursor;
use evergate_schemas::plan::bridge::ParameterStep;
use evergate_schemas::relate::verdict::Verdict;
use http::{HeaderValue, Method, StatusCode};

use super::group::Group;
use super::life::Life;
use super::lines::{Lens, Spot};
use super::links::Linking;
use super::loss::{Loss, LossTable};
use super::merging::{Merge, Merging};
use super::meter::{ConversionMeter, ExchangeMeter, UnconvertedMeter};
use super::origin::Origin;
use super::policy::{LossHeader, NoTransform, Signatures, Undeclared};
use super::router::{Router, Template};
use super::selector::{Selector, Versions};
use super::tracked::Tracked;
use crate::drift::Watched;

/// An api.
#[derive(Debug)]
pub struct Api {
    /// Its name.
    pub name: Arc<str>,
    /// The path it is served under, without a trailing slash; empty for all paths.
    pub prefix: String,
    /// Lower-case hosts, `*.` for any one or more labels; empty for all hosts.
    pub hosts: Vec<String>,
    /// Where a request may say its version.
    pub selectors: Vec<Selector>,
    /// Consumer to version.
    pub consumers: HashMap<String, usize>,
    /// The version of a request that says none.
    pub default: Option<usize>,
    /// The request headers that choose the version.
    pub vary: Option<HeaderValue>,
    /// All versions; empty for plain proxying.
    pub versions: Versions,
    /// By version; for plain proxying exactly one.
    pub clients: Vec<ClientVersion>,
    /// Backends by version, in the order of `versions`.
    pub groups: Vec<Group>,
    /// What is done with what is not declared.
    pub undeclared: Undeclared,
    /// What is done with messages that forbid transformation.
    pub no_transform: NoTransform,
    /// Whether clients are told in the head what was lost.
    pub loss_header: LossHeader,
    /// What is done with messages whose signature a conversion would break.
    pub signatures: Signatures,
    /// Protocols that connections may switch to behind a request, lower case; empty for none.
    pub upgrades: Vec<HeaderValue>,
    /// The values of `configuration` sources as JSON texts.
    pub values: BTreeMap<Arc<str>, Arc<str>>,
    /// What payloads are held against, where some are.
    pub drift: Option<Arc<Watched>>,
    /// Counts what was refused before the operation was known.
    pub unrouted: ExchangeMeter,
    /// Requests converted.
    pub requests: Arc<ConversionMeter>,
    /// Responses converted.
    pub responses: Arc<ConversionMeter>,
    /// Bodies that passed unconverted on the way to or from another version.
    pub unconverted: UnconvertedMeter,
    /// What it was made from.
    pub origin: Origin,
    /// What each version declares about the one before it.
    pub lenses: Vec<Lens>,
}

impl ClientVersion {
    /// The links between it and a backend's version.
    pub fn links_to(&self, backend: usize) -> Option<&Arc<Linking>> {
        self.links.iter().find(|one| one.pair.1 == backend)
    }
}

impl Api {
    /// The places where a version may be said, for people.
    pub fn places(&self) -> Vec<String> {
        self.selectors.iter().map(Selector::place).collect()
    }

    /// The rule for a version in the path, if there is one.
    pub fn path_rule(&self) -> Option<&super::selector::Affix> {
        self.selectors.iter().find_map(|selector| match selector {
            Selector::Path(affix) => Some(affix),
            _ => None,
        })
    }
}

/// One version as clients use it.
#[derive(Debug)]
pub struct ClientVersion {
    /// The label; empty for plain proxying.
    pub label: Arc<str>,
    /// The label as a header value.
    pub header: Option<HeaderValue>,
    /// What is announced about it, and what becomes of it; absent where nothing is said.
    pub life: Option<Arc<Life>>,
    /// Its operations by path; `None` without a description.
    pub router: Option<Router>,
    /// Path prefixes that the description's servers have.
    pub base_paths: Vec<String>,
    /// By the router's index.
    pub operations: Vec<ClientOperation>,
    /// Links between it and each backend version that serves it by conversion.
    pub links: Vec<Arc<Linking>>,
    /// What requests without a declared operation are counted under.
    pub tracked: Arc<Tracked>,
    /// The backends of this very version.
    pub exact: Option<usize>,
    /// Counts exchanges without a declared operation.
    pub undeclared: Arc<ExchangeMeter>,
}

/// One operation of one client version, and who can serve it.
#[derive(Debug)]
pub struct ClientOperation {
    /// Method and template.
    pub label: Arc<str>,
    /// The client's template.
    pub template: Template,
    /// As of a version, with what holds for the version.
    pub life: Option<Arc<Life>>,
    /// What its use is counted under.
    pub tracked: Arc<Tracked>,
    /// Who can serve it: exact, then nearest newer, then nearest older.
    pub choices: Vec<Choice>,
    /// The paging token that its requests bring back.
    pub cursor: Option<Cursor>,
    /// Where its description has it.
    pub spot: Spot,
    /// Why nobody else can, for the refusal when `choices` is empty.
    pub why_not: String,
    /// What is known of the ways to the versions of backends, whether or not they can serve.
    pub judged: Vec<Judged>,
}

/// What is known of the way of one operation to another version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Index into the api's versions.
    pub backend: usize,
    /// Of the request.
    pub request: Verdict,
    /// The worst of the responses.
    pub response: Verdict,
    /// A backend of that version can serve the operation.
    pub serves: bool,
}

/// One backend version that can serve an operation.
#[derive(Debug)]
pub struct Choice {
    /// Index into the api's groups.
    pub group: usize,
    /// What has to be done on the way; `None` when client and backend speak the same version.
    pub crossing: Option<Arc<Crossing>>,
    /// Counts these exchanges.
    pub meter: Arc<ExchangeMeter>,
}

/// The way of one operation between two versions.
#[derive(Debug)]
pub struct Crossing {
    /// The backend's method and template.
    pub label: Arc<str>,
    /// The backend's template.
    pub template: Template,
    /// The backend's base path; empty for none.
    pub base_path: String,
    /// The backend's method, where that is another.
    pub method: Option<Method>,
    /// The request.
    pub request: CrossingMessage,
    /// The responses by the status the backend declares.
    pub responses: Vec<(Status, CrossingMessage)>,
    /// The digest of everything that decides what comes out: 16 hex digits. Equal on every replica with equal files
    /// and the same release of the gateway.
    pub rules: Box<str>,
    /// With a full write that would take away what the client's version cannot show.
    pub hiding: Option<Hiding>,
    /// With a full write that is sent in another way, so that nothing is taken away.
    pub merging: Option<Box<Merging>>,
}

/// What a full write would take away, and what is done about it.
#[derive(Debug)]
pub struct Hiding {
    /// The members, in the backend's names; each counts as lost where the write goes on. Never empty.
    pub members: Vec<Arc<Loss>>,
    /// The write is refused.
    pub refuses: bool,
}

impl Crossing {
    /// The response plan that covers a status code: exact, then class, then default.
    pub fn response(&self, code: u16) -> Option<&CrossingMessage> {
        let class = u8::try_from(code / 100).ok()?;
        let wanted = [Status::Code(code), Status::Class(class), Status::Default];
        wanted.iter().find_map(|status| {
            self.responses.iter().find(|(one, _)| one == status).map(|(_, message)| message)
        })
    }

    /// Whether any program reads a header, a parameter or the configuration.
    pub fn reads_outside(&self) -> bool {
        let read = match self.merging.as_ref().map(|merging| &merging.how) {
            Some(Merge::Read(reading)) => reading.read.reads_outside(),
            _ => false,
        };
        read || self.request.reads_outside
            || self.responses.iter().any(|(_, message)| message.reads_outside)
    }

    /// Whether a request may reach the backend with another method than the client's.
    pub const fn changes_method(&self) -> bool {
        self.merging.is_some() || self.method.is_some()
    }

    /// Whether any response is a stream of records.
    pub fn streams_responses(&self) -> bool {
        let bodies = self.responses.iter().flat_map(|(_, message)| &message.bodies);
        bodies
            .filter_map(|body| body.conversion.as_ref())
            .any(|conversion| conversion.prepared.is_stream())
    }

    /// Whether any response may be rewritten.
    pub fn converts_responses(&self) -> bool {
        self.responses.iter().any(|(_, message)| message.converts())
    }
}

/// What is done to one message.
#[derive(Debug, Default)]
pub struct CrossingMessage {
    /// By the sender's media type.
    pub bodies: Vec<CrossingBody>,
    /// Instead of `bodies`, where a request asked for some members only; empty where none does.
    pub selected: Vec<CrossingBody>,
    /// For a request without a body, where parameters move into the body or out of it; absent where none does.
    pub bare: Option<CrossingBody>,
    /// Of a request: parameters that go by a policy, each an object whose only member it is.
    pub beside: Vec<CrossingBody>,
    /// Parameters of a request, headers of a response.
    pub parameters: Vec<ParameterStep>,
    /// Where in the client's path template each parameter of the backend's is, none where a step writes it; absent where
    /// each is at its own place.
    pub positions: Option<Box<[Option<usize>]>>,
    /// Each parameter step that is a loss.
    pub parameter_losses: Vec<Option<Arc<Loss>>>,
    /// The status that the reader gets instead, and the loss that this is.
    pub status_as: Option<(StatusCode, Option<Arc<Loss>>)>,
    /// Some program reads a header, a parameter or the configuration.
    pub reads_outside: bool,
    /// Some program turns links, seals tokens, or reads or writes `Link` fields.
    pub links: bool,
    /// The label of the version whose words the first of several steps reads in links; absent where none does.
    pub first_words: Option<Arc<str>>,
}

impl CrossingMessage {
    /// What is done to the body of a whole message, or of one with some members only.
    pub fn bodies(&self, selected: bool) -> &[CrossingBody] {
        if selected && !self.selected.is_empty() { &self.selected } else { &self.bodies }
    }

    /// Whether any body has to be rewritten.
    pub fn converts(&self) -> bool {
        self.bodies.iter().chain(&self.bare).any(|body| body.conversion.is_some())
    }

    /// Whether any step may drop or replace information.
    pub fn may_lose(&self) -> bool {
        let of_body = |body: &CrossingBody| {
            let table = body.conversion.as_ref().map(|one| &one.losses);
            table.is_some_and(|table| table.iter().flatten().any(Option::is_some))
        };
        self.parameter_losses.iter().any(Option::is_some)
            || self.bodies.iter().chain(&self.bare).chain(&self.beside).any(of_body)
            || matches!(self.status_as, Some((_, Some(_))))
    }
}

/// What is done to one body.
#[derive(Debug)]
pub struct CrossingBody {
    /// The sender's type and subtype, lower case, without parameters; may be a wildcard.
    pub essence: String,
    /// The reader's media type, when it has another spelling.
    pub written_as: Option<HeaderValue>,
    /// How the bytes are rewritten; `None` when they pass untouched.
    pub conversion: Option<Arc<Conversion>>,
}

impl CrossingBody {
    /// Type and subtype of a media type, lower case, without parameters.
    pub fn essence_of(media_type: &str) -> String {
        media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }
}

/// A conversion ready to run.
#[derive(Clone, Debug)]
pub struct Conversion {
    /// The programs.
    pub prepared: PreparedBody,
    /// What becomes of a record of a stream that does not get through.
    pub unconvertible: Unconvertible,
    /// Each note that is a loss: by stage, then by note.
    pub losses: LossTable,
}

/// What the byte machine may use for one body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConversionLimits {
    /// Deepest nesting.
    pub depth: u32,
    /// Most octets held back.
    pub held: usize,
}

impl ConversionLimits {
    /// The bounds of one conversion.
    pub fn of_conversion(self) -> Limits {
        let usual = Limits::default();
        // a value of unions inside each other is gone through some times for each of its levels
        let work = usual.work.max(self.depth.saturating_mul(8));
        Limits { depth: self.depth, held: self.held, work, ..usual }
    }
}
