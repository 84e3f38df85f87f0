//! `evergate diff --git-driver`: what git gives a diff driver, made into two documents (gitattributes, `diff.NAME.command`).

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use evergate_schemas::describe::model::Api;
use evergate_schemas::describe::source::{Disk, Entry, Source, Unread};
use evergate_schemas::describe::{Limits, load_document_from};

use super::exit::Failure;

/// What git calls a file that is not there.
const ABSENT: &str = "/dev/null";

/// What is to be compared.
pub(super) enum Asked {
    /// What the command line names: this is no driver.
    Named,
    /// Two documents that git gave.
    Documents([Box<Result<Api, Failure>>; 2]),
    /// Nothing that can be compared; it has been said.
    Nothing,
}

/// Reads git's arguments: path, then file, hash and mode of the old and of the new side.
pub(super) fn asked(arguments: &[String], to: &mut dyn Write) -> Result<Asked, Failure> {
    let [path, old, _, _, new, _, _, ..] = arguments else { return Ok(Asked::Named) };
    let now = arguments.get(7).unwrap_or(path);
    writeln!(to, "evergate diff a/{path} b/{now}")?;
    if old == ABSENT || new == ABSENT {
        let what = if old == ABSENT { "it is new" } else { "it is gone" };
        writeln!(to, "{what}: there is nothing to compare\n")?;
        return Ok(Asked::Nothing);
    }
    let documents =
        [(path, old), (now, new)].map(|(path, file)| read(Path::new(path), Path::new(file)));
    for document in &documents {
        if let Err(Failure::Problems(problems)) = document {
            // no description, or one that git's user has yet to mend: that is no fault of the diff
            for problem in problems {
                writeln!(to, "not compared: {problem}")?;
            }
            writeln!(to)?;
            return Ok(Asked::Nothing);
        }
    }
    Ok(Asked::Documents(documents.map(Box::new)))
}

fn read(path: &Path, file: &Path) -> Result<Api, Failure> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let around = Disk::new(folder);
    let laid = Laid { name: name.to_owned(), file: file.to_owned(), around };
    load_document_from(Box::new(laid), Some(name), &Limits::default()).map_err(Failure::Problems)
}

/// A directory with one file laid over it: git has one side of the document in a temporary file, and what the document
/// refers to is only in the work tree.
#[derive(Debug)]
struct Laid {
    name: String,
    file: PathBuf,
    around: Disk,
}

impl Source for Laid {
    fn label(&self) -> String {
        self.around.label()
    }

    fn name(&self, path: &str) -> String {
        self.around.name(path)
    }

    fn entries(&self) -> Vec<Entry> {
        self.around.entries()
    }

    fn read(&self, path: &str, limit: usize) -> Result<Vec<u8>, Unread> {
        if path != self.name {
            return self.around.read(path, limit);
        }
        let mut text = Vec::new();
        let file = File::open(&self.file);
        let read = file.and_then(|file| file.take(limit as u64 + 1).read_to_end(&mut text));
        read.map(|_| text).map_err(|error| Unread {
            missing: false,
            what: format!("the file cannot be read: {error}"),
            remedy: "let git run the driver".to_owned(),
        })
    }

    fn below(&self, directory: &str) -> Box<dyn Source> {
        self.around.below(directory)
    }
}
