//! nginx: two workers, upstream connections kept, no access log; njs where it converts.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::setup::{Edge, Setup, WORKERS};
use crate::fault::{During as _, Fault, Outcome};

const NJS: &str = "ngx_http_js_module.so";

/// Collects an answer, edits it as one does in JavaScript, and sends it.
const SCRIPT: &str = "
let whole = '';
function length(r) { delete r.headersOut['Content-Length']; }
function convert(r, data, flags) {
    whole += data;
    if (!flags.last) { return; }
    const page = JSON.parse(whole);
    page.result.forEach(item => {
        item.paymentPointer = item.walletAddress;
        delete item.walletAddress;
        delete item.legacyState;
        delete item.legacyBatch;
        delete item.legacyRegion;
        item.method = 'ilp';
    });
    r.sendBuffer(JSON.stringify(page), flags);
}
export default { length, convert };
";

pub(crate) fn configure(command: &mut Command, program: &Path, setup: &Setup<'_>) -> Outcome<()> {
    let mut head = String::new();
    let (mut import, mut location) = (String::new(), String::new());
    if setup.converts {
        let module = njs(program)?;
        head = format!("load_module {};\n", module.display());
        setup.write("convert.js", SCRIPT)?;
        import = format!("js_path {}; js_import page from convert.js;", setup.folder.display());
        "js_header_filter page.length; js_body_filter page.convert;".clone_into(&mut location);
    }
    // workers of an administrator's nginx are somebody else, who may not look into our folder
    let owner = std::fs::metadata(setup.folder).during("no folder for nginx")?.uid();
    let user = if owner == 0 { "user root;\n" } else { "" };
    let certificate = setup.certificate;
    let (listen, tls) = match setup.edge {
        Edge::Clear => ("", String::new()),
        Edge::Http2 => (" http2", String::new()),
        Edge::Tls => (
            " ssl",
            format!(
                "ssl_protocols TLSv1.2 TLSv1.3; ssl_certificate {}; ssl_certificate_key {};",
                certificate.chain.display(),
                certificate.key.display()
            ),
        ),
    };
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("    {name}_temp_path {}/{name};\n", setup.folder.display()))
        .concat();
    let text = format!(
        "{head}{user}worker_processes {WORKERS};
pid {folder}/pid;
error_log stderr error;
events {{ worker_connections 4096; }}
http {{
    access_log off;
{temporary}    keepalive_requests 1000000000;
    {import}
    upstream origin {{ server {origin}; keepalive 128; keepalive_requests 1000000000; }}
    server {{
        listen 127.0.0.1:{port}{listen};
        {tls}
        http2_max_concurrent_streams 128;
        location / {{
            proxy_pass http://origin;
            proxy_http_version 1.1;
            proxy_set_header Connection '';
            proxy_max_temp_file_size 0;
            proxy_buffer_size 16k;
            proxy_buffers 8 16k;
            {location}
        }}
    }}
}}
",
        folder = setup.folder.display(),
        origin = setup.origin,
        port = setup.port,
    );
    let config = setup.write("nginx.conf", &text)?;
    command.arg("-p").arg(setup.folder).arg("-e").arg("stderr").arg("-c").arg(config);
    command.args(["-g", "daemon off;"]);
    Ok(())
}

/// The module for JavaScript, where this nginx has its modules.
fn njs(program: &Path) -> Outcome<PathBuf> {
    let said = Command::new(program).arg("-V").output().during("nginx does not start")?;
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    let modules = said.split_whitespace().find_map(|word| word.strip_prefix("--modules-path="));
    let module = Path::new(modules.during("nginx has no modules")?).join(NJS);
    if module.exists() {
        Ok(module)
    } else {
        Err(Fault::said("nginx has no module for JavaScript"))
    }
}
