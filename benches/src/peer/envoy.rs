//! Envoy: two workers, no access log; its Lua filter with lua-cjson where it converts.

use std::process::Command;

use super::install;
use super::setup::{Edge, Setup, WORKERS};
use crate::fault::{During as _, Outcome};

/// Edits an answer as one does in Lua, by the quickest library there is for it. It makes `{}` of an empty list, so the
/// bodies here hold none.
const SCRIPT: &str = r#"
package.cpath = "FOLDER/?.so;" .. package.cpath
local json = require("cjson")
function envoy_on_response(handle)
  local body = handle:body()
  local page = json.decode(body:getBytes(0, body:length()))
  for _, item in ipairs(page.result) do
    item.paymentPointer = item.walletAddress
    item.walletAddress = nil
    item.legacyState = nil
    item.legacyBatch = nil
    item.legacyRegion = nil
    item.method = "ilp"
  end
  handle:headers():replace("content-length", body:setBytes(json.encode(page)))
end
"#;

pub(crate) fn configure(command: &mut Command, setup: &Setup<'_>) -> Outcome<()> {
    let mut filters = String::new();
    if setup.converts {
        let library = install::cjson().during("the Lua library cjson is not installed")?;
        let folder = library.parent().during("cjson has no folder")?;
        let script = SCRIPT.replace("FOLDER", &folder.display().to_string());
        let script = script.trim().replace('\n', "\n                  ");
        filters = format!(
            r#"
          - name: envoy.filters.http.lua
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua
              default_source_code:
                inline_string: |
                  {script}"#
        );
    }
    let codec = if setup.edge == Edge::Http2 { "HTTP2" } else { "HTTP1" };
    let tls = if setup.edge == Edge::Tls { transport(setup) } else { String::new() };
    let text = format!(
        r#"static_resources:
  listeners:
  - address: {{ socket_address: {{ address: 127.0.0.1, port_value: {port} }} }}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: clients
          codec_type: {codec}
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes: [{{ match: {{ prefix: "/" }}, route: {{ cluster: origin }} }}]
          http_filters:{filters}
          - name: envoy.filters.http.router
            typed_config: {{ "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }}{tls}
  clusters:
  - name: origin
    type: STATIC
    load_assignment:
      cluster_name: origin
      endpoints:
      - lb_endpoints:
        - endpoint: {{ address: {{ socket_address: {{ address: 127.0.0.1, port_value: {origin} }} }} }}
"#,
        port = setup.port,
        origin = setup.origin.port(),
    );
    let config = setup.write("envoy.yaml", &text)?;
    command.arg("-c").arg(config);
    command.arg("--concurrency").arg(WORKERS.to_string());
    command.args(["--log-level", "error", "--disable-hot-restart"]);
    Ok(())
}

/// The part of a filter chain that speaks TLS.
fn transport(setup: &Setup<'_>) -> String {
    format!(
        r#"
      transport_socket:
        name: envoy.transport_sockets.tls
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
          common_tls_context:
            tls_params: {{ tls_maximum_protocol_version: TLSv1_3 }}
            tls_certificates:
            - certificate_chain: {{ filename: {} }}
              private_key: {{ filename: {} }}"#,
        setup.certificate.chain.display(),
        setup.certificate.key.display()
    )
}
