//! What a git repository holds at a commit, read by `git` itself and without a checkout.
//!
//! `git` runs without a shell, pager, hooks and monitors, with arguments that cannot be options, and fetches nothing.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use evergate_schemas::describe::source::{Entry, Kind, Source, Unread};

use super::exit::Failure;

/// Bytes of an answer of `git` that is no document.
const ANSWER_BYTES: u64 = 1 << 20;
/// Bytes of the listing of one directory; more than a million names.
const TREE_BYTES: usize = 64 << 20;
/// Links that are followed before a path counts as going round in a circle.
const LINKS: usize = 8;
/// What a text begins with that stands for a file kept elsewhere.
const ELSEWHERE: &[u8] = b"version https://git-lfs.github.com/spec/";
/// Variables that would lead `git` to another repository or index than that of the directory it runs in.
const LEADING: [&str; 6] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_PREFIX",
    "GIT_NAMESPACE",
    "GIT_EXTERNAL_DIFF",
];

/// A repository, by a directory inside it.
#[derive(Clone, Debug)]
pub(super) struct Repository {
    directory: PathBuf,
    /// Where the directory is below the repository's root, with a `/` at the end unless it is the root.
    prefix: String,
}

impl Repository {
    /// The repository that a directory belongs to.
    pub(super) fn of(directory: &Path) -> Result<Self, Failure> {
        let directory = directory.to_owned();
        let mut found = Self { directory, prefix: String::new() };
        let shown = found.directory.display();
        let prefix = found.ask(&["rev-parse", "--show-prefix"]).map_err(|why| match why {
            Refused::NoGit(why) => Failure::said(format!("git cannot be run: {why}; install it")),
            Refused::Said(why) if why.contains("dubious ownership") => Failure::said(format!(
                "git does not trust {shown}: run `git config --global --add safe.directory '*'`, or check out as the user who runs evergate"
            )),
            Refused::Said(why) => Failure::said(format!(
                "{shown} is in no git repository ({why}); compare with a directory instead, or run it where the repository is checked out"
            )),
        })?;
        found.prefix = prefix;
        Ok(found)
    }

    /// A path of this directory as the repository calls it.
    pub(super) fn inside(&self, path: &str) -> String {
        format!("{}{path}", self.prefix).trim_end_matches('/').to_owned()
    }

    /// The commit that `reference` names: a branch, a tag, a hash, `HEAD~2`, or with `...` at its end the commit where
    /// the present branch left that one.
    pub(super) fn commit(&self, reference: &str) -> Result<String, Failure> {
        if reference.is_empty() || reference.starts_with('-') || reference.contains(['\0', '\n']) {
            return Err(Failure::said(format!(
                "`git:{reference}` names no commit; write a branch, a tag or a hash, as in `git:main`"
            )));
        }
        if let Some(branch) = reference.strip_suffix("...") {
            let other = self.commit(branch)?;
            return self.ask(&["merge-base", &other, "HEAD"]).map_err(|_| {
                self.unknown(
                    &format!("no commit that `{branch}` and HEAD have in common is here"),
                    "",
                )
            });
        }
        let wanted = format!("{reference}^{{commit}}");
        self.ask(&["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted]).map_err(|_| {
            self.unknown(&format!("git knows no commit `{reference}` here"), reference)
        })
    }

    fn unknown(&self, what: &str, reference: &str) -> Failure {
        let shallow = self.ask(&["rev-parse", "--is-shallow-repository"]);
        let remote = format!("refs/remotes/origin/{reference}");
        let far = self.ask(&["rev-parse", "--verify", "--quiet", "--end-of-options", &remote]);
        let remedy = if !reference.is_empty() && far.is_ok() {
            format!("write `git:origin/{reference}`")
        } else if shallow.is_ok_and(|word| word == "true") {
            "the clone is shallow: set `fetch-depth: 0` for actions/checkout, `GIT_DEPTH: 0` for GitLab, or run `git fetch --unshallow`".to_owned()
        } else {
            "write a branch, a tag or a hash that `git log` knows, or fetch it first".to_owned()
        };
        Failure::said(format!("{what}; {remedy}"))
    }

    /// What the repository holds at a commit, from a path of its root on; `shown` is what messages call the commit.
    pub(super) fn tree(&self, commit: &str, path: &str, shown: &str) -> Result<GitTree, Failure> {
        let mut command = self.command();
        command.args(["cat-file", "--batch"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(Failure::said)?;
        let (Some(to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Failure::said("git cannot be asked"));
        };
        let pipe = Pipe { child, to, from: BufReader::new(from) };
        let objects =
            Objects { pipe: Mutex::new(pipe), commit: commit.to_owned(), shown: shown.to_owned() };
        Ok(GitTree { objects: Arc::new(objects), root: path.trim_matches('/').to_owned() })
    }

    // One line of answer.
    fn ask(&self, arguments: &[&str]) -> Result<String, Refused> {
        let mut command = self.command();
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|why| Refused::NoGit(why.to_string()))?;
        let mut said = String::new();
        let mut wrong = String::new();
        // Both answers are a line; neither fills a pipe while the other is read.
        if let Some(out) = child.stdout.take() {
            let _ = out.take(ANSWER_BYTES).read_to_string(&mut said);
        }
        if let Some(err) = child.stderr.take() {
            let _ = err.take(ANSWER_BYTES).read_to_string(&mut wrong);
        }
        let ended = child.wait().map_err(|why| Refused::NoGit(why.to_string()))?;
        if ended.success() {
            return Ok(said.trim_end_matches(['\n', '\r']).to_owned());
        }
        let line = wrong.lines().next().unwrap_or_default();
        Err(Refused::Said(line.trim_start_matches("fatal: ").to_owned()))
    }

    fn command(&self) -> Command {
        let mut command = Command::new("git");
        command.args(["--no-pager", "--no-optional-locks"]);
        for setting in ["core.fsmonitor=false", "core.hooksPath=/dev/null", "core.quotePath=false"]
        {
            command.args(["-c", setting]);
        }
        command.current_dir(&self.directory);
        for name in LEADING {
            command.env_remove(name);
        }
        command.env("GIT_TERMINAL_PROMPT", "0").env("GIT_NO_LAZY_FETCH", "1").env("LC_ALL", "C");
        command
    }
}

enum Refused {
    NoGit(String),
    Said(String),
}

/// The files of a repository at one commit, below one directory.
#[derive(Clone, Debug)]
pub(super) struct GitTree {
    objects: Arc<Objects>,
    root: String,
}

struct Objects {
    pipe: Mutex<Pipe>,
    commit: String,
    shown: String,
}

impl fmt::Debug for Objects {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Objects").field(&self.commit).finish()
    }
}

/// A `git cat-file --batch` at work.
struct Pipe {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Drop for Pipe {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An object as `git` gives it.
struct Object {
    kind: String,
    /// Hexadecimal digits of its name: 40 or 64.
    digits: usize,
    bytes: Vec<u8>,
    cut: bool,
}

impl Pipe {
    // Bytes beyond the limit are read and dropped, so that the next answer begins where it should.
    fn object(&mut self, name: &str, limit: usize) -> std::io::Result<Option<Object>> {
        writeln!(self.to, "{name}")?;
        self.to.flush()?;
        let mut head = String::new();
        (&mut self.from).take(ANSWER_BYTES).read_line(&mut head)?;
        let words: Vec<&str> = head.trim_end().rsplitn(3, ' ').collect();
        let [size, kind, id] = words.as_slice() else { return Ok(None) };
        let Ok(size) = size.parse::<u64>() else { return Ok(None) };
        let (kind, digits) = ((*kind).to_owned(), id.len());
        let kept = size.min(limit as u64);
        let mut bytes = Vec::new();
        (&mut self.from).take(kept).read_to_end(&mut bytes)?;
        // the object, then a line's end
        std::io::copy(&mut (&mut self.from).take(size - kept + 1), &mut std::io::sink())?;
        Ok(Some(Object { kind, digits, bytes, cut: kept < size }))
    }
}

/// What a directory says of a name in it, by the modes of git's trees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    File,
    Directory,
    Link,
    Submodule,
}

impl GitTree {
    /// Whether there is anything at the root of this tree.
    pub(super) fn kind(&self) -> Option<Kind> {
        if self.root.is_empty() {
            return Some(Kind::Directory);
        }
        self.settled(&self.root, LINKS).ok().map(|(_, kind)| kind)
    }

    /// The directory a file at the root of this tree is in, and the file's name.
    pub(super) fn around(&self) -> (Self, String) {
        let (folder, name) = self.root.rsplit_once('/').unwrap_or(("", &self.root));
        (Self { objects: Arc::clone(&self.objects), root: folder.to_owned() }, name.to_owned())
    }

    fn full(&self, path: &str) -> String {
        let parts: Vec<&str> =
            [self.root.as_str(), path].into_iter().filter(|part| !part.is_empty()).collect();
        parts.join("/")
    }

    fn object(&self, path: &str, limit: usize) -> std::io::Result<Option<Object>> {
        // a name with a line's end in it would be two questions
        if path.contains(['\n', '\0']) {
            return Ok(None);
        }
        let name = format!("{}:{path}", self.objects.commit);
        let mut pipe = self.objects.pipe.lock().unwrap_or_else(PoisonError::into_inner);
        pipe.object(&name, limit)
    }

    fn listing(&self, path: &str) -> BTreeMap<String, Mode> {
        match self.object(path, TREE_BYTES) {
            Ok(Some(object)) if object.kind == "tree" => names(&object),
            _ => BTreeMap::new(),
        }
    }

    /// Where a path leads when links are followed, and what is there.
    fn settled(&self, path: &str, links: usize) -> Result<(String, Kind), Stopped> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let known = self.listing(folder).get(name).copied();
        match known {
            Some(Mode::File) => Ok((path.to_owned(), Kind::File)),
            Some(Mode::Directory) => Ok((path.to_owned(), Kind::Directory)),
            Some(Mode::Submodule) => Err(Stopped::Submodule),
            Some(Mode::Link) if links == 0 => Err(Stopped::Circle),
            Some(Mode::Link) => {
                let object = self.object(path, TREE_BYTES).ok().flatten();
                let target = object.and_then(|object| String::from_utf8(object.bytes).ok());
                let target =
                    target.and_then(|target| joined(folder, &target)).ok_or(Stopped::Outside)?;
                if target.is_empty() {
                    return Ok((target, Kind::Directory));
                }
                self.settled(&target, links - 1)
            }
            None if folder.is_empty() => Err(Stopped::Missing),
            None => {
                // a directory on the way may be a link itself
                let (folder, kind) = self.settled(folder, links)?;
                let moved = format!("{folder}/{name}");
                if kind != Kind::Directory || moved == path {
                    return Err(Stopped::Missing);
                }
                self.settled(&moved, links.checked_sub(1).ok_or(Stopped::Circle)?)
            }
        }
    }
}

enum Stopped {
    Missing,
    Submodule,
    Circle,
    Outside,
}

// A tree object: mode, space, name, zero byte, the object's id as bytes.
fn names(tree: &Object) -> BTreeMap<String, Mode> {
    let id = tree.digits / 2;
    let mut rest = tree.bytes.as_slice();
    let mut found = BTreeMap::new();
    while let Some(end) = rest.iter().position(|byte| *byte == 0) {
        let entry = rest.get(..end).unwrap_or_default();
        rest = rest.get(end + 1 + id..).unwrap_or_default();
        let Some(cut) = entry.iter().position(|byte| *byte == b' ') else { continue };
        let (mode, name) = entry.split_at(cut);
        let mode = match mode {
            b"40000" | b"040000" => Mode::Directory,
            b"120000" => Mode::Link,
            b"160000" => Mode::Submodule,
            _ => Mode::File,
        };
        if let Ok(name) = std::str::from_utf8(name.get(1..).unwrap_or_default()) {
            found.insert(name.to_owned(), mode);
        }
    }
    found
}

// A link's target from the directory it stands in; `None` when it leads out of the repository.
fn joined(folder: &str, target: &str) -> Option<String> {
    if target.starts_with('/') {
        return None;
    }
    let mut steps: Vec<&str> = folder.split('/').filter(|step| !step.is_empty()).collect();
    for step in target.split('/') {
        match step {
            "" | "." => {}
            ".." => {
                steps.pop()?;
            }
            other => steps.push(other),
        }
    }
    Some(steps.join("/"))
}

impl Source for GitTree {
    fn label(&self) -> String {
        let name = self.root.rsplit('/').next().unwrap_or_default();
        if name.is_empty() { "api".to_owned() } else { name.to_owned() }
    }

    fn name(&self, path: &str) -> String {
        format!("{}:{}", self.objects.shown, self.full(path))
    }

    fn entries(&self) -> Vec<Entry> {
        let Some(root) = (if self.root.is_empty() {
            Some(String::new())
        } else {
            self.settled(&self.root, LINKS).ok().map(|(path, _)| path)
        }) else {
            return Vec::new();
        };
        let kind = |name: &str, mode: Mode| match mode {
            Mode::File => Some(Kind::File),
            Mode::Directory => Some(Kind::Directory),
            Mode::Submodule => None,
            Mode::Link => {
                let path = if root.is_empty() { name.to_owned() } else { format!("{root}/{name}") };
                self.settled(&path, LINKS).ok().map(|(_, kind)| kind)
            }
        };
        let listed = self.listing(&root).into_iter();
        listed.filter_map(|(name, mode)| Some(Entry { kind: kind(&name, mode)?, name })).collect()
    }

    fn read(&self, path: &str, limit: usize) -> Result<Vec<u8>, Unread> {
        let shown = &self.objects.shown;
        let unread = |missing, what: &str, remedy: &str| Unread {
            missing,
            what: what.to_owned(),
            remedy: remedy.to_owned(),
        };
        let place = match self.settled(&self.full(path), LINKS) {
            Ok((place, Kind::File)) => place,
            Ok((_, Kind::Directory)) => {
                return Err(unread(false, "the path is no regular file", "put the document there"));
            }
            Err(Stopped::Missing) => {
                let what = format!("there is no such file at {shown}");
                return Err(unread(true, &what, "name a path that the commit has"));
            }
            Err(Stopped::Submodule) => {
                return Err(unread(
                    false,
                    "the file is in a submodule",
                    "compare inside the submodule",
                ));
            }
            Err(Stopped::Circle) => {
                return Err(unread(false, "links go round in a circle", "copy the document there"));
            }
            Err(Stopped::Outside) => {
                let what = "the file is a link out of the repository";
                return Err(unread(false, what, "copy the document into it"));
            }
        };
        match self.object(&place, limit.saturating_add(1)) {
            Ok(Some(object)) if object.bytes.starts_with(ELSEWHERE) => {
                let what = "the file is kept in git LFS, and the commit has only its name";
                Err(unread(false, what, "keep descriptions in git itself"))
            }
            Ok(Some(object)) if object.kind == "blob" => {
                debug_assert!(!object.cut || object.bytes.len() > limit, "cut before the limit");
                Ok(object.bytes)
            }
            Ok(_) => {
                let what = "git has the name of the file but not the file: the clone is partial";
                Err(unread(false, what, "clone without `--filter` (actions/checkout: no `filter`)"))
            }
            Err(error) => Err(unread(false, &format!("git gave no answer: {error}"), "try again")),
        }
    }

    fn below(&self, directory: &str) -> Box<dyn Source> {
        Box::new(Self { objects: Arc::clone(&self.objects), root: self.full(directory) })
    }
}
