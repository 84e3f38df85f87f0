//! Caddy: two processors for Go, upstream connections kept, no access log.

use std::process::Command;

use super::setup::{Edge, Setup, WORKERS};
use crate::fault::Outcome;

pub(crate) fn configure(command: &mut Command, setup: &Setup<'_>) -> Outcome<()> {
    let (scheme, tls) = match setup.edge {
        Edge::Clear | Edge::Http2 => ("http", String::new()),
        Edge::Tls => {
            let certificate = setup.certificate;
            let (chain, key) = (certificate.chain.display(), certificate.key.display());
            ("https", format!("\n    tls {chain} {key}"))
        }
    };
    let text = format!(
        "{{
    admin off
    auto_https off
    persist_config off
    log {{
        level ERROR
    }}
    servers {{
        protocols h1 h2 h2c
    }}
}}
{scheme}://localhost:{port} {{
    bind 127.0.0.1{tls}
    reverse_proxy {origin} {{
        transport http {{
            keepalive_idle_conns 128
            keepalive_idle_conns_per_host 128
        }}
    }}
}}
",
        port = setup.port,
        origin = setup.origin,
    );
    let config = setup.write("Caddyfile", &text)?;
    command.args(["run", "--adapter", "caddyfile", "--config"]).arg(config);
    command.env("GOMAXPROCS", WORKERS.to_string());
    for name in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"] {
        command.env(name, setup.folder);
    }
    Ok(())
}
