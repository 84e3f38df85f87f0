//! evergate: routing by version between two described versions, metrics and limits as by default.

use std::process::Command;

use super::setup::{Edge, Setup};
use crate::fault::Outcome;
use crate::page;

pub(crate) fn configure(command: &mut Command, setup: &Setup<'_>) -> Outcome<()> {
    setup.write("payments/v1/openapi.yaml", &page::description(1))?;
    setup.write("payments/v2/openapi.yaml", &page::description(2))?;
    setup.write("payments/v2/changes.yaml", page::CHANGES)?;
    let origin = setup.origin;
    // clients of version 1 are served by a backend of theirs, or by one of version 2 only
    let versions: &[&str] = if setup.converts { &["v2"] } else { &["v1", "v2"] };
    let backend =
        |version: &&str| format!("{{ version: {version}, endpoints: [\"http://{origin}\"] }}");
    let backends: Vec<String> = versions.iter().map(backend).collect();
    let tls = if setup.edge == Edge::Tls {
        let (chain, key) = (setup.certificate.chain.display(), setup.certificate.key.display());
        format!(", tls: {{ certificates: [{{ certificate: \"{chain}\", key: \"{key}\" }}] }}")
    } else {
        String::new()
    };
    let text = format!(
        "listen: [{{ address: \"127.0.0.1:{port}\"{tls} }}]
admin: {{ address: \"127.0.0.1:0\" }}
apis:
  payments:
    description: ./payments
    client_version: [{{ path: \"/v{{version}}\" }}]
    backends: [{backends}]
",
        port = setup.port,
        backends = backends.join(", "),
    );
    let config = setup.write("gateway.yaml", &text)?;
    command.args(["run", "--config"]).arg(config).env("RUST_LOG", "warn");
    Ok(())
}
