//! Certificates, keys and authorities, read from files and made into what the two sides of the gateway need.

mod authorities;
mod backend;
mod certificate;
mod identity;
mod listener;
mod names;
mod operator;
mod pem;
mod provider;
#[cfg(test)]
mod tests;

pub use backend::{ClientSide, SystemRoots};
pub use certificate::Person;
pub use listener::ServerSide;
pub(crate) use operator::OperatorSide;
pub use provider::CertificateRules;
pub(crate) use provider::random;
