//! The exit codes, and how a verb that could not judge says why.

use std::fmt::Display;
use std::process::ExitCode;

use evergate_contracts::report::model;
use evergate_schemas::problem::Problem;

/// How a verb ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outcome {
    /// What was asked holds.
    Holds,
    /// Something was found.
    Findings,
    /// It could not be judged.
    Unjudged,
    /// The configuration cannot be used.
    Configuration,
}

impl From<model::Outcome> for Outcome {
    fn from(outcome: model::Outcome) -> Self {
        match outcome {
            model::Outcome::Holds => Self::Holds,
            model::Outcome::Findings => Self::Findings,
            model::Outcome::Unjudged => Self::Unjudged,
        }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(match outcome {
            Outcome::Holds => 0,
            Outcome::Findings => 1,
            Outcome::Unjudged => 2,
            Outcome::Configuration => 64,
        })
    }
}

/// Why a verb could not do what it was asked.
#[derive(Debug)]
pub(super) enum Failure {
    /// A sentence.
    Said(String),
    /// Faults of files.
    Problems(Vec<Problem>),
    /// Faults of the configuration.
    Configuration(Vec<Problem>),
    /// A configuration that a gateway refuses, as it says so.
    Unusable(String),
    /// The reader of standard output went away: nobody is left to be told.
    Gone,
}

impl Failure {
    /// A failure that is one sentence.
    pub(super) fn said(sentence: impl Display) -> Self {
        Self::Said(sentence.to_string())
    }

    /// All of it in one line.
    pub(super) fn sentence(&self) -> String {
        match self {
            Self::Said(sentence) | Self::Unusable(sentence) => sentence.clone(),
            Self::Problems(problems) | Self::Configuration(problems) => {
                problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
            }
            Self::Gone => "nobody reads the answer".to_owned(),
        }
    }

    /// Writes it and gives the outcome.
    pub(super) fn tell(&self, to: &mut dyn std::io::Write) -> Outcome {
        let (problems, outcome) = match self {
            Self::Gone => return Outcome::Holds,
            Self::Said(sentence) => {
                let _ = writeln!(to, "evergate: {sentence}");
                return Outcome::Unjudged;
            }
            Self::Unusable(sentence) => {
                let _ = writeln!(to, "evergate: {sentence}");
                return Outcome::Configuration;
            }
            Self::Problems(problems) => (problems, Outcome::Unjudged),
            Self::Configuration(problems) => (problems, Outcome::Configuration),
        };
        for problem in problems {
            let _ = writeln!(to, "{problem}");
        }
        let _ = writeln!(to, "evergate: {} problems", problems.len());
        outcome
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe { Self::Gone } else { Self::said(error) }
    }
}
