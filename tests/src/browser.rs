//! A real Chromium, driven by its `DevTools` protocol over a pair of pipes: no port, no driver, no library between.

#![expect(clippy::indexing_slicing, reason = "of JSON, where what is absent is null")]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long the browser may take for one thing.
const PATIENCE: Duration = Duration::from_secs(40);
/// How long the page itself looks for something before it is asked again.
const LOOK: Duration = Duration::from_secs(5);
/// Where Chromium may be; the first that is there is taken.
const PLACES: [&str; 4] = [
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
    "/snap/bin/chromium",
];

/// A browser with one page; it ends when it is dropped.
#[derive(Debug)]
pub struct Browser {
    child: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    session: Option<String>,
    calls: u64,
    /// What was told and not asked for.
    events: Vec<Value>,
    /// Its profile goes with it.
    _profile: TempDir,
}

impl Browser {
    /// Starts one.
    ///
    /// # Panics
    /// Where there is none: the page is tested in a real browser or not at all.
    #[track_caller]
    pub fn start() -> Self {
        let named = std::env::var("EVERGATE_CHROMIUM").ok();
        let found =
            named.as_deref().or_else(|| PLACES.into_iter().find(|at| Path::new(at).exists()));
        let program = found.expect(
            "the page is tested in Chromium, and there is none: `apt-get install chromium`, or name one by EVERGATE_CHROMIUM",
        );
        let profile = tempfile::tempdir().expect("a temporary directory");
        let mut child = Command::new("sh")
            // the protocol is spoken over descriptors 3 and 4
            .args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1", program])
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
            .args(["--remote-debugging-pipe", "--no-first-run", "--hide-scrollbars"])
            .args(["--disable-extensions", "--disable-background-networking", "--lang=en"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the browser starts");
        let to = child.stdin.take().expect("a pipe");
        let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
        let (tell, from) = channel();
        std::thread::spawn(move || {
            let mut message = Vec::new();
            while out.read_until(0, &mut message).is_ok_and(|read| read > 0) {
                message.pop();
                let Ok(value) = serde_json::from_slice(&message) else { return };
                if tell.send(value).is_err() {
                    return;
                }
                message.clear();
            }
        });
        let (session, events) = (None, Vec::new());
        let mut own = Self { child, to, from, session, calls: 0, events, _profile: profile };
        let page = own.call("Target.createTarget", &json!({"url": "about:blank"}));
        let target = json!({"targetId": page["targetId"], "flatten": true});
        let attached = own.call("Target.attachToTarget", &target);
        own.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            own.call(&format!("{domain}.enable"), &json!({}));
        }
        own.size(1200, 800);
        own
    }

    /// One command of the protocol.
    #[track_caller]
    pub fn call(&mut self, method: &str, parameters: &Value) -> Value {
        let answer = self.try_call(method, parameters);
        answer.unwrap_or_else(|error| panic!("{method} {parameters}: {error}"))
    }

    fn try_call(&mut self, method: &str, parameters: &Value) -> Result<Value, Value> {
        self.calls += 1;
        let id = self.calls;
        let mut message = json!({"id": id, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            message["sessionId"] = session.as_str().into();
        }
        let mut text = message.to_string().into_bytes();
        text.push(0);
        self.to.write_all(&text).and_then(|()| self.to.flush()).expect("the browser runs");
        let began = Instant::now();
        loop {
            let answer = self.next(began, method);
            if answer["id"] == id {
                let error = answer.get("error").cloned();
                return error.map_or_else(|| Ok(answer["result"].clone()), Err);
            }
            self.events.push(answer);
        }
    }

    fn next(&self, began: Instant, what: &str) -> Value {
        let left = PATIENCE.saturating_sub(began.elapsed());
        self.from
            .recv_timeout(left)
            .unwrap_or_else(|_| panic!("the browser gave no answer to {what}"))
    }

    /// Goes to a page and waits until it is there.
    #[track_caller]
    pub fn go(&mut self, address: &str) {
        self.forget_loads();
        let gone = self.call("Page.navigate", &json!({"url": address}));
        assert!(gone.get("errorText").is_none(), "{address}: {gone}");
        self.loaded();
    }

    fn forget_loads(&mut self) {
        self.events.retain(|event| event["method"] != "Page.loadEventFired");
    }

    /// Waits until a page is there that something led to.
    fn loaded(&mut self) {
        let began = Instant::now();
        while !self.events.iter().any(|event| event["method"] == "Page.loadEventFired") {
            let event = self.next(began, "a page that loads");
            self.events.push(event);
        }
        self.forget_loads();
    }

    /// Does something that leads to another page, and waits until that is there.
    #[track_caller]
    pub fn led(&mut self, act: impl FnOnce(&mut Self)) {
        self.forget_loads();
        act(self);
        self.loaded();
    }

    /// What an expression is in the page.
    #[track_caller]
    pub fn eval(&mut self, expression: &str) -> Value {
        match self.try_eval(expression) {
            Ok(value) => value,
            Err(error) => panic!("{expression}: {error}"),
        }
    }

    fn try_eval(&mut self, expression: &str) -> Result<Value, Value> {
        let asked = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let found = self.try_call("Runtime.evaluate", &asked)?;
        match found.get("exceptionDetails") {
            Some(error) => Err(error.clone()),
            None => Ok(found["result"]["value"].clone()),
        }
    }

    /// Waits until an expression is true in the page; the page looks again whenever it changes.
    #[track_caller]
    pub fn until(&mut self, expression: &str) {
        let (began, look) = (Instant::now(), LOOK.as_millis());
        let watch = format!(
            "new Promise((done) => {{ const look = () => {{ if ({expression}) {{ seen.disconnect(); done(true); }} }}; \
             const seen = new MutationObserver(look); \
             seen.observe(document, {{ subtree: true, childList: true, characterData: true, attributes: true }}); \
             setTimeout(() => {{ seen.disconnect(); done(false); }}, {look}); look(); }})"
        );
        while began.elapsed() < PATIENCE {
            // a page that goes away meanwhile answers with an error, and the next one is asked
            if self.try_eval(&watch).is_ok_and(|found| found == true) {
                return;
            }
        }
        let text = self.text("body");
        panic!("never was so: {expression}\nthe page says:\n{text}");
    }

    /// The text of the first element of a selector.
    #[track_caller]
    pub fn text(&mut self, selector: &str) -> String {
        let found = self.eval(&format!("document.querySelector({})?.innerText", json!(selector)));
        found.as_str().unwrap_or_default().to_owned()
    }

    /// Presses a key.
    #[track_caller]
    pub fn press(&mut self, key: &str) {
        let (code, text) = match key {
            "Tab" => (9, ""),
            "Enter" => (13, "\r"),
            "Space" => (32, " "),
            _ => panic!("a key that no test presses: {key}"),
        };
        let name = if key == "Space" { " " } else { key };
        let mut event =
            json!({"type": "keyDown", "key": name, "code": key, "windowsVirtualKeyCode": code});
        if !text.is_empty() {
            event["text"] = text.into();
        }
        self.call("Input.dispatchKeyEvent", &event);
        let up = json!({"type": "keyUp", "key": name, "code": key, "windowsVirtualKeyCode": code});
        self.call("Input.dispatchKeyEvent", &up);
    }

    /// Types a text where the focus is.
    #[track_caller]
    pub fn write(&mut self, text: &str) {
        self.call("Input.insertText", &json!({"text": text}));
    }

    /// Presses Tab until what has the focus fits a selector.
    #[track_caller]
    pub fn tab_to(&mut self, selector: &str) {
        for _ in 0..60 {
            self.press("Tab");
            let here = format!("document.activeElement.matches({})", json!(selector));
            if self.eval(&here) == true {
                return;
            }
        }
        panic!("no Tab leads to {selector}");
    }

    /// The size of what is seen.
    #[track_caller]
    pub fn size(&mut self, width: u32, height: u32) {
        let mobile = width < 600;
        let size =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile});
        self.call("Emulation.setDeviceMetricsOverride", &size);
    }

    /// `dark` or `light`.
    #[track_caller]
    pub fn scheme(&mut self, scheme: &str) {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.call("Emulation.setEmulatedMedia", &json!({"features": features}));
    }

    /// Lets no page run a script.
    #[track_caller]
    pub fn without_scripts(&mut self) {
        self.call("Emulation.setScriptExecutionDisabled", &json!({"value": true}));
    }

    /// What is seen, as PNG.
    #[track_caller]
    pub fn picture(&mut self) -> Vec<u8> {
        let shot = self.call("Page.captureScreenshot", &json!({"format": "png"}));
        let text = shot["data"].as_str().expect("a picture");
        STANDARD.decode(text).expect("base64")
    }

    /// What pages said was wrong: errors of scripts, of the console, and what the content policy forbade.
    pub fn faults(&self) -> Vec<String> {
        let wrong = |event: &&Value| match event["method"].as_str() {
            Some("Runtime.exceptionThrown") => true,
            Some("Log.entryAdded") => event["params"]["entry"]["level"] == "error",
            Some("Runtime.consoleAPICalled") => event["params"]["type"] == "error",
            _ => false,
        };
        self.events.iter().filter(wrong).map(ToString::to_string).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // One that has ended already needs no more.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
