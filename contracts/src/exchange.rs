//! One exchange through a gateway, as contract tests see it.

/// What a client sends, or a backend gets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// Upper case.
    pub method: String,
    /// Path and query, as on the wire.
    pub path: String,
    /// In order; names in any case.
    pub headers: Vec<(String, String)>,
    /// The body; empty when there is none.
    pub body: Vec<u8>,
}

/// What a backend answers, or a client sees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// In order; names in any case.
    pub headers: Vec<(String, String)>,
    /// The body; empty when there is none.
    pub body: Vec<u8>,
}

/// What became of one exchange.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exchange {
    /// What the backend got; `None` when nothing was sent to it.
    pub received: Option<Request>,
    /// What the client saw.
    pub seen: Answer,
}

/// A gateway with one backend that answers as it is told.
pub trait Target {
    /// Sends a client's request of `client` to a backend of `backend` that answers with `answer`.
    ///
    /// # Errors
    /// A sentence when the exchange could not be made at all, which is no finding about a conversion.
    fn exchange(
        &mut self,
        client: &str,
        backend: &str,
        request: &Request,
        answer: &Answer,
    ) -> Result<Exchange, String>;
}
