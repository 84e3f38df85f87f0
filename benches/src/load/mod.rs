//! The clients: HTTP/1.1 over one poll, in the clear or by TLS, in a closed loop or at a fixed rate, and HTTP/2.

mod asked;
mod histogram;
mod http1;
mod http2;
mod reply;
mod stream;

pub(crate) use asked::{Asked, Client, Way, once};
pub(crate) use stream::client_config;
