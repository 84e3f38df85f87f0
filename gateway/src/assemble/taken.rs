//! All apis of a configuration: taken over from the snapshot in use where nothing changed, made anew elsewhere.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use evergate_schemas::problem::{Problem, Severity};

use super::api;
use super::contents::Contents;
use super::crew::{Occasion, each};
use super::dials::{Grounds, dials};

use super::lifecycle::{self, problem};
use super::recipe::Ground;
use crate::config::{ApiConfig, Written};
use crate::snapshot::{Api, Origin, Recipe, Snapshot};
use crate::telemetry::Metrics;
use crate::upstream::Dial;

/// What apis are made from and for.
#[derive(Debug)]
pub(super) struct Making<'a> {
    pub(super) written: &'a Written,
    /// What stands below the description of each api, in the order of the file; `None` for none.
    pub(super) contents: &'a [Option<Contents>],
    pub(super) directory: &'a Path,
    pub(super) metrics: &'a Metrics,
    pub(super) previous: Option<&'a Snapshot>,
    pub(super) grounds: &'a Grounds,
    /// Whether files were written while they were read.
    pub(super) moved: &'a AtomicBool,
}

/// All apis, and what is odd about them.
pub(super) type Made = (Vec<Arc<Api>>, Vec<Problem>);

/// One api on its way.
struct Begun<'a> {
    config: &'a ApiConfig,
    contents: Option<&'a Contents>,
    dials: Vec<Dial>,
    recipe: Option<Recipe>,
    /// The very one that it would become.
    same: Option<&'a Arc<Api>>,
    /// What is wrong or odd about its certificates.
    told: Vec<Problem>,
}

/// What became of it.
type Ended = Result<(Arc<Api>, Vec<Problem>), Vec<Problem>>;

impl<'a> Making<'a> {
    /// Makes all of them; the error has every problem of each.
    pub(super) fn apis(&self) -> Result<Made, Vec<Problem>> {
        let mut before: HashMap<&str, &Arc<Api>> = HashMap::new();
        for api in self.previous.into_iter().flat_map(|snapshot| &snapshot.apis) {
            before.insert(&api.name, api);
        }
        let ground = Ground::of(&self.written.document, self.directory);
        let all: Vec<Begun<'_>> = self
            .written
            .config
            .apis
            .iter()
            .zip(self.contents)
            .map(|(config, contents)| self.begin((config, contents.as_ref()), &ground, &before))
            .collect();
        let fresh: Vec<&Begun<'_>> = all.iter().filter(|one| one.same.is_none()).collect();
        let mut made = each(Occasion::of(self.previous), &fresh, |one| self.make(one)).into_iter();
        let (mut apis, mut warnings, mut problems) = (Vec::new(), Vec::new(), Vec::new());
        for one in &all {
            let ended = match one.same {
                Some(same) => Ok((Arc::clone(same), self.again(&same.origin))),
                None => made.next().unwrap_or_else(|| Err(Vec::new())),
            };
            match ended {
                Ok((api, more)) => {
                    warnings.extend(one.told.iter().cloned().chain(more));
                    warnings.extend(lifecycle::today(one.config, &api.versions));
                    apis.push(api);
                }
                Err(more) => problems.extend(more),
            }
        }
        if problems.iter().any(|problem| problem.severity == Severity::Error) {
            problems.extend(warnings);
            return Err(problems);
        }
        Ok((apis, warnings))
    }

    fn begin(
        &self,
        (config, contents): (&'a ApiConfig, Option<&'a Contents>),
        ground: &Ground,
        before: &HashMap<&str, &'a Arc<Api>>,
    ) -> Begun<'a> {
        // certificates are looked at in any case: they expire by themselves
        let (dials, told) = match dials(config, self.grounds) {
            Ok(found) => found,
            Err(told) => {
                let (dials, recipe, same) = (Vec::new(), None, None);
                return Begun { config, contents, dials, recipe, same, told };
            }
        };
        let apis = self.written.document.value.get("apis");
        let value = apis.and_then(|apis| apis.get(&config.name));
        let described = config.description.as_deref().zip(contents);
        let recipe =
            value.and_then(|value| ground.recipe((&config.name, value), described, &dials));
        let same = before.get(config.name.as_str()).copied();
        let same = same.filter(|same| same.origin.is(recipe));
        Begun { config, contents, dials, recipe, same, told }
    }

    fn make(&self, one: &Begun<'_>) -> Ended {
        let failed = |told: &[Problem]| told.iter().any(|one| one.severity == Severity::Error);
        let config = (one.config, &self.written.config.timeouts);
        let built = api::build(config, self.metrics, (&one.dials, &self.grounds.sources));
        let (mut api, warnings) = match built {
            Ok(built) if !failed(&one.told) => built,
            Ok((_, more)) | Err(more) => {
                return Err(one.told.iter().cloned().chain(more).collect());
            }
        };
        if let (Some(directory), Some(contents)) = (&one.config.description, one.contents)
            && !contents.still_holds(directory)
        {
            self.moved.store(true, Ordering::Relaxed);
            let what =
                format!("the files of the api `{}` change while they are read", one.config.name);
            let remedy = "reload when they are written; a directory that is made beside and renamed is whole at once";
            return Err(vec![problem(&one.config.place, Severity::Error, what, remedy)]);
        }
        api.origin = Origin { recipe: one.recipe, warnings: warnings.clone() };
        Ok((Arc::new(api), warnings))
    }

    /// The warnings of an api that is taken over: its part of the file may stand at other lines now.
    fn again(&self, origin: &Origin) -> Vec<Problem> {
        let document = &self.written.document;
        let anew = |problem: &Problem| {
            let mut problem = problem.clone();
            if problem.place.file == document.name {
                problem.place = document.place(&problem.place.pointer);
            }
            problem
        };
        origin.warnings.iter().map(anew).collect()
    }
}
