//! The bound on the work of one question.

/// Work that may still be done, in table cells looked at; some hundred millions a second.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fuel(u64);

impl Fuel {
    /// Enough for every pattern a person writes, and for no more than some ten milliseconds.
    pub(crate) const QUESTION: u64 = 3_000_000;

    /// So much work and no more.
    pub(crate) const fn new(work: u64) -> Self {
        Self(work)
    }

    /// What is left.
    pub(crate) const fn left(self) -> u64 {
        self.0
    }

    /// Takes work off; `None` once there is too little left, and from then on.
    pub(crate) const fn spend(&mut self, work: usize) -> Option<()> {
        let enough = self.0 >= work as u64;
        self.0 = self.0.saturating_sub(work as u64);
        if enough { Some(()) } else { None }
    }
}

impl Default for Fuel {
    fn default() -> Self {
        Self::new(Self::QUESTION)
    }
}
