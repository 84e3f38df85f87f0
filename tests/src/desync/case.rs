//! One case of the HTTP/1.1 suite: what is sent on both sides of a proxy, and what may come of it.

/// How firmly a case is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// A MUST of the RFC.
    Must,
    /// What keeps two readers of one byte stream from reading two messages, beyond the letter of the RFC.
    Security,
    /// A SHOULD of the RFC.
    Should,
}

impl Level {
    /// All of them, in the order they are told.
    pub const ALL: [Self; 3] = [Self::Must, Self::Security, Self::Should];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::Security => "security",
            Self::Should => "SHOULD",
        }
    }
}

/// What the client does next.
#[derive(Clone, Debug)]
pub enum Step {
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Reads up to and with an interim answer, or a final one if that comes instead.
    Interim,
    /// Reads up to and with a final answer.
    Answer,
    /// Makes the backend say what it has for later, on all its connections.
    Late,
    /// Asks for something else on another connection, and waits for the answer.
    Elsewhere,
    /// Says that it will send no more.
    HalfClose,
}

/// When the backend says its piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// A whole request has come.
    Request,
    /// The head of a request has come.
    Head,
    /// A connection has come.
    Accept,
}

/// What the backend does with the requests of a case.
#[derive(Clone, Debug)]
pub struct Script {
    /// Its answer as it is; `None` for one that says what was asked for.
    pub answer: Option<Vec<u8>>,
    /// When it is said.
    pub when: When,
    /// Whether the connection is closed after it.
    pub closes: bool,
    /// What it says when told to, later.
    pub late: Vec<u8>,
}

/// Something that holds of an exchange. Texts are compared in lower case.
#[derive(Clone, Copy, Debug)]
pub enum Check {
    /// No octet of the case reached a backend.
    Nothing,
    /// No whole request of the case reached a backend.
    Unfinished,
    /// So many whole requests did, and nothing else.
    Requests(usize),
    /// What reached the backend has this text.
    Has(&'static str),
    /// The same, in this very case.
    Exactly(&'static str),
    /// It has not.
    Lacks(&'static str),
    /// The body of the first request that reached a backend.
    Body(&'static str),
    /// The status of the first final answer is one of these.
    Status(&'static [u16]),
    /// The same, or the connection was closed without a word.
    Refused(&'static [u16]),
    /// What the client saw has this text.
    Tells(&'static str),
    /// It has not.
    Hides(&'static str),
    /// The body of the first final answer, whole.
    Answer(&'static str),
    /// The client can tell that the answer is not whole: it is cut, refused or missing.
    Cut,
    /// So many final answers came.
    Answers(usize),
    /// This interim answer came.
    Interim(u16),
    /// None came.
    NoInterim,
    /// The client's connection is closed, or answers nothing more.
    Closed,
    /// It goes on.
    Kept,
}

/// A row of the suite.
#[derive(Clone, Debug)]
pub struct Case {
    /// Unique.
    pub name: &'static str,
    /// RFC number and section, such as `9112 §6.1`.
    pub section: &'static str,
    /// How firmly it is asked for.
    pub level: Level,
    /// What the client does.
    pub steps: Vec<Step>,
    /// Whether its first request is HEAD.
    pub head: bool,
    /// What the backend does.
    pub script: Script,
    /// Outcomes of which one has to hold, whole.
    pub outcomes: Vec<Vec<Check>>,
}

impl Case {
    /// A case in which nothing is sent yet.
    pub fn new(level: Level, name: &'static str, section: &'static str) -> Self {
        let script = Script { answer: None, when: When::Request, closes: false, late: Vec::new() };
        let (steps, outcomes) = (Vec::new(), Vec::new());
        Self { name, section, level, steps, head: false, script, outcomes }
    }

    /// The client sends this and reads a final answer.
    #[must_use]
    pub fn sends(mut self, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref().to_vec();
        self.head = self.head || bytes.starts_with(b"HEAD ");
        self.steps.extend([Step::Send(bytes), Step::Answer]);
        self
    }

    /// The client sends this, and no more for ever, and reads to the end.
    #[must_use]
    pub fn sends_only(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.steps.extend([Step::Send(bytes.as_ref().to_vec()), Step::HalfClose]);
        self
    }

    /// The client does this next.
    #[must_use]
    pub fn then(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// The backend answers with these bytes, and stays.
    #[must_use]
    pub fn answered(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.script.answer = Some(bytes.as_ref().to_vec());
        self
    }

    /// The backend answers with these bytes and closes.
    #[must_use]
    pub fn answered_last(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.script.closes = true;
        self.answered(bytes)
    }

    /// The backend answers at another moment.
    #[must_use]
    pub fn when(mut self, when: When) -> Self {
        self.script.when = when;
        self
    }

    /// What the backend says at [`Step::Late`].
    #[must_use]
    pub fn later(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.script.late = bytes.as_ref().to_vec();
        self
    }

    /// This holds in all outcomes so far.
    #[must_use]
    pub fn also(mut self, check: Check) -> Self {
        for outcome in &mut self.outcomes {
            outcome.push(check);
        }
        self
    }

    /// All of this holds, or another outcome does.
    #[must_use]
    pub fn expect(mut self, checks: impl IntoIterator<Item = Check>) -> Self {
        self.outcomes.push(checks.into_iter().collect());
        self
    }
}
