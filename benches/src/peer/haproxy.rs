//! HAProxy: two threads, upstream connections shared, no log.

use std::process::Command;

use super::setup::{Edge, Setup, WORKERS};
use crate::fault::Outcome;

pub(crate) fn configure(command: &mut Command, setup: &Setup<'_>) -> Outcome<()> {
    let bind = match setup.edge {
        Edge::Clear => String::new(),
        Edge::Http2 => " proto h2".to_owned(),
        Edge::Tls => format!(" ssl crt {} alpn http/1.1", setup.certificate.both.display()),
    };
    let text = format!(
        "global
    nbthread {WORKERS}
    maxconn 4096
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    http-reuse always
frontend clients
    bind 127.0.0.1:{port}{bind}
    default_backend origin
backend origin
    server one {origin}
",
        port = setup.port,
        origin = setup.origin,
    );
    let config = setup.write("haproxy.cfg", &text)?;
    command.arg("-db").arg("-f").arg(config);
    Ok(())
}
