//! All plans of one operation between two versions: what the gateway runs and what the checker reports.

use std::sync::Arc;

use crate::describe::model::{Location, Status};
use crate::plan::names::Names;
use crate::plan::pointers::backward;
use crate::plan::program::{Literal, Note, Outside, Program};
use crate::plan::style::{Form, Wired};
use crate::plan::wire::Wire;
use crate::pointer::Pointer;
use crate::problem::Place;
use crate::relate::verdict::{Undecided, Verdict, Witness};

/// A choice that a verdict rests on, named in every report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Policy {
    /// A sender sends what it declared, no more.
    SenderClosed,
    /// Parameters and headers that the reader does not declare are ignored by it.
    UndeclaredIgnored,
    /// `format` is an annotation.
    FormatAnnotation,
    /// A default of the reader fills a member it requires.
    DefaultFills,
    /// A value of the configuration that is not known yet is valid where it is written.
    ConfigurationFits,
    /// A client takes an error status that its version does not declare.
    UndeclaredErrorPasses,
    /// A backend answers in a media type that the client accepts, where it declares several.
    AcceptHonoured,
    /// A sender that declares a range of media types, as `*/*`, sends one that the reader declares.
    RangeNarrowed,
    /// A client takes values that an `x-extensible-enum` does not list.
    ExtensibleEnum,
    /// Who writes and who reads a union goes by the tag that its discriminator names.
    DiscriminatorDecides,
    /// Requests are refused that `changes.yaml` says are to be (`error`); the verdict is about those that pass.
    RefusalDeclared,
    /// A reader bears values that `changes.yaml` says are to be kept (`keep`) though it does not declare them.
    KeptDeclared,
    /// A sender's texts are what its `format`, `contentEncoding` or `contentMediaType` says.
    SenderFormat,
    /// A sender of lists and objects in parameters sends what its style can carry: a delimiter inside an item is
    /// percent-encoded, or not there where that would not tell it apart (OpenAPI 3.1 §4.8.12, RFC 6570 §3.2.1).
    SenderStyle,
    /// A parameter holds names in the grammar that `changes.yaml` declares, and its reader reads them so.
    NamesDeclared,
    /// A client that asked for some members bears that the others are missing; answers to it are converted without
    /// them, and only whole answers are proved.
    SelectionBorne,
    /// A client ignores webhooks and callbacks that its version does not declare.
    UndeclaredOutgoingIgnored,
}

/// A verdict with its evidence, for one part of a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// The answer.
    pub verdict: Verdict,
    /// The plan refuses no payload that the sender declared. A verdict may hold without: then each refusal is declared
    /// ([`Policy::RefusalDeclared`]).
    pub total: bool,
    /// No payload at all gets through.
    pub hopeless: bool,
    /// The steps of the plan, losses included.
    pub steps: Vec<Note>,
    /// The programs from version to version, the sender's first, where one of them keeps what its reader does not
    /// declare (`keep`); else none. One chain for each kind of payload that the part has.
    pub keepers: Vec<Vec<Arc<Program>>>,
    /// What the verdict rests on.
    pub policies: Vec<Policy>,
    /// With `broken`.
    pub witness: Option<Witness>,
    /// With `undecided`.
    pub undecided: Option<Undecided>,
    /// For a verdict that holds only because senders are closed: what strict reading would find.
    pub strict_witness: Option<Witness>,
}

impl Judgement {
    /// A total plan's judgement, without evidence yet.
    pub const fn of(verdict: Verdict) -> Self {
        Self {
            verdict,
            total: true,
            hopeless: false,
            steps: Vec::new(),
            keepers: Vec::new(),
            policies: Vec::new(),
            witness: None,
            undecided: None,
            strict_witness: None,
        }
    }
}

impl Judgement {
    /// Whether a reader is taken to bear what it does not declare at a place of what it gets, because `changes.yaml`
    /// says `keep` of it. The place is followed back to the step that keeps it; inside recursive components and what a
    /// function makes, the last name has to do.
    pub fn bears(&self, at: &Pointer) -> bool {
        self.keepers.iter().any(|chain| self.bears_after(chain, at))
    }

    fn bears_after(&self, chain: &[Arc<Program>], at: &Pointer) -> bool {
        let mut place = at.clone();
        for program in chain.iter().rev() {
            let before = backward(std::slice::from_ref(program), &place);
            let kept =
                program.notes.iter().filter(|note| note.keeps() && self.steps.contains(note));
            if kept
                .filter_map(|note| Pointer::parse(&note.at))
                .any(|kept| is_meant(&kept, &place) || is_meant(&kept, &before))
            {
                return true;
            }
            place = before;
        }
        false
    }
}

/// Whether a place is the one of a note, or is called as it is.
fn is_meant(note: &Pointer, place: &Pointer) -> bool {
    let (note, place): (Vec<String>, Vec<String>) =
        (note.tokens().collect(), place.tokens().collect());
    let same = |(one, other): (&String, &String)| one == "*" || one == other;
    let whole = note.len() == place.len() && note.iter().zip(&place).all(same);
    whole || note.last().is_some_and(|last| last != "*" && Some(last) == place.last())
}

/// The conversion of one payload with its verdict. The stages run one after the other; fusion leaves one
/// wherever it can, and none when nothing has to be done.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Empty for the identity.
    pub stages: Vec<Arc<Program>>,
    /// What is known of it.
    pub judgement: Judgement,
}

impl Plan {
    /// Whether bytes pass untouched.
    pub fn is_identity(&self) -> bool {
        self.stages.is_empty()
    }
}

/// What a part of a message is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PartKey {
    /// The body in the sender's media type.
    Body(String),
    /// A parameter or header.
    Parameter(Location, String),
    /// The status, media type or body as such: something that one side lacks.
    Whole,
}

/// One part of a message, judged.
#[derive(Clone, Debug)]
pub struct Part {
    /// Which.
    pub key: PartKey,
    /// What is known of it.
    pub judgement: Judgement,
    /// Where the sender's document declares it.
    pub sender_place: Option<Place>,
    /// Where the reader's document declares it.
    pub reader_place: Option<Place>,
}

/// A message that travels one way, judged and compiled.
#[derive(Clone, Debug)]
pub struct MessageBridge {
    /// `None` for the request, else the status the *sender* declares.
    pub status: Option<Status>,
    /// The worst of its parts.
    pub verdict: Verdict,
    /// All parts that were judged.
    pub parts: Vec<Part>,
    /// By the sender's media type.
    pub bodies: Vec<BodyPlan>,
    /// Instead of `bodies` where the request asked for some members only ([`ParameterStep::Names`]); empty where no
    /// request does.
    pub selected: Vec<BodyPlan>,
    /// Of a request whose parameters move into its body or out of it: the plan where no body comes, under the media type
    /// of the body that is made.
    pub bare: Option<BodyPlan>,
    /// Of a request: plans for parameters that go by a policy, each an object whose only member it is
    /// ([`crate::plan::wire::ComposedWire`]); they have no media type.
    pub beside: Vec<BodyPlan>,
    /// What is done to parameters (requests) or headers (responses).
    pub parameters: Vec<ParameterStep>,
    /// The status that the reader gets instead of the sender's; only for responses that come under one code.
    pub status_as: Option<StatusStep>,
    /// Of a request: where in the sender's path template each parameter of the reader's is, none where a step writes it.
    /// Absent where each is at its own place.
    pub positions: Option<Vec<Option<usize>>>,
}

impl MessageBridge {
    /// All plans but those for answers that have some members only.
    pub fn plans(&self) -> impl Iterator<Item = &BodyPlan> {
        self.bodies.iter().chain(&self.bare).chain(&self.beside)
    }
}

/// A response's status under which it goes on (lens L26).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusStep {
    /// The reader's.
    pub code: u16,
    /// Tells of a loss where another status would not come back as this one.
    pub note: Note,
}

/// The plan of one body.
#[derive(Clone, Debug)]
pub struct BodyPlan {
    /// The sender's media type, as declared (may be a wildcard).
    pub media_type: String,
    /// The reader's media type to write instead, when it has another spelling.
    pub written_as: Option<String>,
    /// How the payloads that the plan converts stand in the body.
    pub wire: Wire,
    /// The conversion of one payload.
    pub plan: Plan,
}

impl BodyPlan {
    /// All programs, in the order in which a conversion counts their notes.
    pub fn stages(&self) -> impl Iterator<Item = &Arc<Program>> {
        self.plan.stages.iter().chain(self.wire.stages())
    }

    /// Whether the bytes of the body pass untouched.
    pub fn is_identity(&self) -> bool {
        self.plan.is_identity() && !self.wire.has_stages() && !self.wire.is_rewritten()
    }
}

/// What is done to one parameter or header.
#[derive(Clone, Debug, PartialEq)]
pub enum ParameterStep {
    /// Left out: the reader does not know it, and the document forbids or the lens drops it.
    Drop(Location, String, Note),
    /// Written if absent.
    Supply(Location, String, ParameterSource, Note),
    /// Written under another name.
    Rename(Location, String, String, Note),
    /// The names in it are rewritten (lens L20). The name may be one with brackets of its own.
    Names(Location, String, Arc<Names>, Note),
    /// Its absence is a refusal: the reader requires it and nothing supplies it.
    Require(Location, String, Note),
    /// Read in one wire form or place and written in another; refused where that cannot be done.
    Rewrite(Box<Rewrite>),
}

impl ParameterStep {
    /// What is said of it.
    pub const fn note(&self) -> &Note {
        match self {
            Self::Drop(.., note)
            | Self::Supply(.., note)
            | Self::Rename(.., note)
            | Self::Names(.., note)
            | Self::Require(.., note) => note,
            Self::Rewrite(rewrite) => &rewrite.note,
        }
    }
}

/// A parameter that changes its wire form or its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Rewrite {
    /// As the sender writes it.
    pub from: Wired,
    /// As the reader reads it.
    pub to: Wired,
    /// What the value is on both sides.
    pub form: Form,
    /// The members that the sender declares, for objects.
    pub members: Vec<String>,
    /// No item can hold the sender's delimiter.
    pub bare: bool,
    /// What is said of it.
    pub note: Note,
}

/// Where a supplied parameter comes from. Values are plain text, not JSON.
#[derive(Clone, Debug, PartialEq)]
pub enum ParameterSource {
    /// A constant or default.
    Literal(Literal),
    /// From elsewhere in the request or the configuration.
    Outside(Outside),
}

/// One operation between a client's version and a backend's.
#[derive(Clone, Debug)]
pub struct OperationBridge {
    /// Index into the client version's operations.
    pub client_operation: usize,
    /// Index into the backend version's operations; `None` when that version lacks the operation.
    pub backend_operation: Option<usize>,
    /// Client to backend.
    pub request: MessageBridge,
    /// Backend to client, one for each status the backend declares.
    pub responses: Vec<MessageBridge>,
}

/// A webhook or callback of a backend's version, towards a client's. Nothing stands between the two, so that all
/// verdicts are on payloads as they are sent; no plan converts them.
#[derive(Clone, Debug)]
pub struct OutgoingBridge {
    /// Index into the backend version's [`crate::describe::model::Description::outgoing`].
    pub backend_operation: usize,
    /// Index into the client version's; `None` when that version does not declare it.
    pub client_operation: Option<usize>,
    /// Backend to client.
    pub request: MessageBridge,
    /// Client to backend, one for each status the client declares.
    pub responses: Vec<MessageBridge>,
}

impl OutgoingBridge {
    /// The worst verdict of all messages.
    pub fn verdict(&self) -> Verdict {
        self.responses.iter().map(|one| one.verdict).fold(self.request.verdict, Verdict::max)
    }
}

impl OperationBridge {
    /// The worst verdict of all messages; `Broken` when the operation is missing.
    pub fn verdict(&self) -> Verdict {
        if self.backend_operation.is_none() {
            return Verdict::Broken;
        }
        self.responses.iter().map(|one| one.verdict).fold(self.request.verdict, Verdict::max)
    }
}
