//! What `--against` names: a version, a release, a directory, a file, or a commit.

use std::path::{Path, PathBuf};

use evergate_contracts::check::Baseline;
use evergate_schemas::describe::model::Api;
use evergate_schemas::describe::source::{Disk, Kind, Source};
use evergate_schemas::describe::{
    Limits, is_api, load_api_from, load_document, load_document_from,
};
use evergate_schemas::problem::Problem;

use super::exit::Failure;
use super::git::{GitTree, Repository};

/// What a commit is called on the command line.
const GIT: &str = "git:";

/// As the command line names it.
#[derive(Clone, Debug)]
pub(super) enum Against {
    /// A version of the api.
    Version(String),
    /// The newest released version before the newest version.
    Release,
    /// All released versions before the newest version.
    Releases,
    /// A directory or a file.
    Path(PathBuf),
    /// A commit.
    Commit(Commit),
}

/// A commit of the repository that what is checked belongs to.
#[derive(Clone, Debug)]
pub(super) struct Commit {
    repository: Repository,
    id: String,
    /// Where there the state is that is compared with what is checked.
    path: String,
    /// As the user wrote the commit.
    pub(super) shown: String,
    /// Whether the user wrote the path.
    wanted: bool,
}

/// The state that something is compared with, as read.
#[derive(Debug)]
pub(super) struct Earlier {
    pub(super) baseline: Baseline,
    /// The text of the lock file there.
    pub(super) lock: Option<Vec<u8>>,
    pub(super) problems: Vec<Problem>,
}

impl Against {
    /// Reads the word for something checked at `target`, which holds these api directories.
    pub(super) fn parse(text: &str, target: &Path, apis: &[PathBuf]) -> Result<Self, Failure> {
        if let Some(commit) = text.strip_prefix(GIT) {
            return Commit::parse(commit, target).map(Self::Commit);
        }
        let is_version = |name: &str| apis.iter().any(|api| api.join(name).is_dir());
        let is_name = !text.is_empty() && !text.contains(['/', '\\']);
        Ok(match text {
            _ if is_name && is_version(text) => Self::Version(text.to_owned()),
            "release" => Self::Release,
            "releases" => Self::Releases,
            _ if Path::new(text).exists() => Self::Path(PathBuf::from(text)),
            _ if is_name && !apis.is_empty() => Self::Version(text.to_owned()),
            _ => {
                return Err(Failure::said(format!(
                    "`{text}` is neither a file, a directory nor a version here; a commit is written `git:{text}`"
                )));
            }
        })
    }
}

impl Commit {
    fn parse(text: &str, target: &Path) -> Result<Self, Failure> {
        let (reference, path) = match text.split_once(':') {
            Some((reference, path)) => (reference, Some(path)),
            None => (text, None),
        };
        let is_directory = target.is_dir();
        let folder = if is_directory { target } else { parent(target) };
        let repository = Repository::of(folder)?;
        let commit = repository.commit(reference)?;
        let name = target.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let own = if is_directory { "" } else { name };
        let path = match path {
            Some(path) => path.trim_matches('/').to_owned(),
            None => repository.inside(own),
        };
        let (shown, wanted) = (format!("{GIT}{reference}"), text.contains(':'));
        Ok(Self { repository, id: commit, path, shown, wanted })
    }

    /// The state of something `below` what is checked; `None` when the commit does not have it.
    pub(super) fn earlier(&self, below: &str) -> Result<Option<Earlier>, Failure> {
        let parts = [self.path.as_str(), below];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let path = parts.join("/");
        let tree = self.repository.tree(&self.id, &path, &self.shown)?;
        match tree.kind() {
            Some(kind) => read(tree, kind).map(Some).map_err(Failure::Problems),
            None if self.wanted && below.is_empty() => {
                Err(Failure::said(format!("{} has no `{path}`", self.shown)))
            }
            None => Ok(None),
        }
    }
}

fn read(tree: GitTree, kind: Kind) -> Result<Earlier, Vec<Problem>> {
    let limits = Limits::default();
    if kind == Kind::File {
        let (folder, name) = tree.around();
        return one(load_document_from(Box::new(folder), Some(&name), &limits)?);
    }
    state(Box::new(tree), &limits)
}

/// The state of a directory, an api or one version.
fn state(source: Box<dyn Source>, limits: &Limits) -> Result<Earlier, Vec<Problem>> {
    if !is_api(&*source) {
        return one(load_document_from(source, None, limits)?);
    }
    let api = load_api_from(&*source, limits)?;
    let lock = super::release::lock_text(&*source)?;
    let problems = api.problems.clone();
    Ok(Earlier { baseline: Baseline::Api(api), lock, problems })
}

fn one(api: Api) -> Result<Earlier, Vec<Problem>> {
    let Api { versions, problems, .. } = api;
    match versions.into_iter().next() {
        Some(version) => Ok(Earlier { baseline: Baseline::Version(version), lock: None, problems }),
        None => Err(problems),
    }
}

/// The state of a file or a directory on disk.
pub(super) fn on_disk(path: &Path) -> Result<Earlier, Vec<Problem>> {
    let limits = Limits::default();
    if path.is_dir() {
        state(Box::new(Disk::new(path)), &limits)
    } else {
        one(load_document(path, &limits)?)
    }
}

/// One document, or the one version of a directory, on disk or as `git:REF:PATH`.
pub(super) fn document(text: &Path) -> Result<Api, Failure> {
    let limits = Limits::default();
    let Some(commit) = text.to_str().and_then(|text| text.strip_prefix(GIT)) else {
        return load_document(text, &limits).map_err(Failure::Problems);
    };
    if !commit.contains(':') {
        return Err(Failure::said(format!(
            "`{GIT}{commit}` names no document; write `{GIT}{commit}:path/to/openapi.yaml`"
        )));
    }
    let commit = Commit::parse(commit, Path::new("."))?;
    match commit.earlier("")?.map(|earlier| (earlier.baseline, earlier.problems)) {
        Some((Baseline::Version(version), problems)) => {
            let name = version.version.to_string();
            Ok(Api { name, versions: vec![version], problems })
        }
        _ => Err(Failure::said(format!("{} is an api, not one document", commit.path))),
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}
