//! What becomes of a schema in the nodes that look at a value as a whole.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::plan::apply::{holds, same_scalar};
use crate::plan::program::{Choose, Literal, Node, NodeId, Test, TransformNode};
use crate::schema::{Defs, Schema};

use super::fold::{Branch, branches, enumeration, member, never, restrict, spelled};
use super::walk::{Outcome, Walk, union};

impl Walk<'_> {
    pub(super) fn transform(
        &mut self,
        one: &TransformNode,
        value: &Value,
        certain: bool,
    ) -> Option<Outcome> {
        let first = self.node(one.before, value, certain)?;
        let mut omits = first.omits;
        if never(&first.schema) {
            return Some(Outcome { schema: Value::Bool(false), omits });
        }
        let bundle = self.bundle(&first.schema, value);
        let made = one.transform.image(&first.schema, &bundle);
        if !never(&made) {
            self.fired.insert(one.note);
            let lost = one.lost.filter(|_| one.transform.may_lose(&first.schema, &bundle));
            self.fired.extend(lost);
        }
        let then = self.node(one.then, &made, certain)?;
        omits |= then.omits;
        let mut schemas = vec![then.schema];
        if !one.transform.takes_all(&first.schema, &bundle) {
            let rest = self.node(one.otherwise, &first.schema, false)?;
            omits |= rest.omits;
            schemas.push(rest.schema);
        }
        Some(Outcome { schema: union(schemas), omits })
    }

    /// What references in the outcome of `before` resolve in. A component that is still being made is not there, and
    /// then anything is possible.
    fn bundle(&self, made: &Value, value: &Value) -> Schema {
        let mut schema = self.sender.at(made.clone());
        if made != value && !self.defs.is_empty() {
            let own = self.defs.iter().map(|(key, value)| (key.clone(), value.clone()));
            let all = self.sender.defs.0.clone().into_iter().chain(own).collect();
            schema.defs = Arc::new(Defs(all));
        }
        schema
    }

    pub(super) fn choose(
        &mut self,
        choose: &Choose,
        branch: &Branch,
        certain: bool,
    ) -> Option<Outcome> {
        let others = ["null", "boolean", "number", "string", "array"];
        let rest = restrict(branch, &others);
        let mut gathered = Gathered::default();
        if let Some(rest) = &rest {
            let outcome = self.node(choose.otherwise, &Value::Object(rest.clone()), false)?;
            gathered.add(outcome);
        }
        let Some(part) = restrict(branch, &["object"]) else { return Some(gathered.outcome()) };
        let parts = match enumeration(&part) {
            Some(values) => {
                for value in values {
                    let case = choose.cases.iter().find(|(test, _)| holds(test, &value));
                    let id = case.map_or(choose.otherwise, |(_, id)| *id);
                    let outcome = self.node(id, &Value::Object(spelled(&value)), false)?;
                    gathered.add(outcome);
                }
                return Some(gathered.outcome());
            }
            None => part,
        };
        let sure = certain && rest.is_none();
        for (id, narrowed) in self.ways(choose, parts) {
            // A case that copies leaves the branch as it is, so that an image does not grow by what it narrows.
            let outcome = if matches!(self.program.node(id), Node::Copy) {
                Outcome::written(Value::Object(narrowed.schema))
            } else {
                self.node(id, &Value::Object(narrowed.schema), sure && narrowed.whole)?
            };
            gathered.add(outcome);
        }
        Some(gathered.outcome())
    }

    /// The parts of a branch by the case that takes them.
    fn ways(&self, choose: &Choose, part: Branch) -> Vec<(NodeId, Narrowed)> {
        let mut ways = Vec::new();
        let mut left = part;
        for (test, id) in &choose.cases {
            match self.narrowed(test, &left) {
                Answer::Never => {}
                Answer::Always => {
                    let whole = ways.is_empty();
                    ways.push((*id, Narrowed { schema: left, whole }));
                    return ways;
                }
                Answer::Maybe { with, without } => {
                    ways.push((*id, Narrowed { schema: with, whole: false }));
                    left = without;
                }
            }
        }
        let whole = ways.is_empty();
        ways.push((choose.otherwise, Narrowed { schema: left, whole }));
        ways
    }

    fn narrowed(&self, test: &Test, branch: &Branch) -> Answer {
        match test {
            Test::Present(name) => present(name, branch),
            Test::Equals(path, literal) => self.equals(path, literal, branch),
        }
    }

    fn equals(&self, path: &[Arc<str>], literal: &Literal, branch: &Branch) -> Answer {
        let Some((name, deeper)) = path.split_first() else { return Answer::Never };
        let Ok(wanted) = serde_json::from_str::<Value>(literal) else { return Answer::Never };
        let schema = member(branch, name);
        if never(&schema) {
            return Answer::Never;
        }
        let folded = branches(self.sender, &schema, FOLDED);
        if deeper.is_empty() {
            let values: Option<Vec<Value>> =
                folded.iter().map(enumeration).collect::<Option<Vec<_>>>().map(|all| all.concat());
            return tagged(name, &wanted, values, branch);
        }
        let inner: Vec<Answer> = folded
            .iter()
            .map(|one| match restrict(one, &["object"]) {
                Some(part) => self.equals(deeper, literal, &part),
                None => Answer::Never,
            })
            .collect();
        if inner.iter().all(|one| matches!(one, Answer::Never)) {
            return Answer::Never;
        }
        let objects = folded.iter().all(|one| restrict(one, OTHERS).is_none());
        if objects
            && required(branch, name)
            && inner.iter().all(|one| matches!(one, Answer::Always))
        {
            return Answer::Always;
        }
        Answer::Maybe { with: branch.clone(), without: branch.clone() }
    }
}

const OTHERS: &[&str] = &["null", "boolean", "number", "string", "array"];

/// Alternatives of a tag's schema that are looked at.
const FOLDED: usize = 32;

struct Narrowed {
    schema: Branch,
    /// It is the whole branch.
    whole: bool,
}

enum Answer {
    Never,
    Always,
    Maybe { with: Branch, without: Branch },
}

#[derive(Default)]
struct Gathered {
    schemas: Vec<Value>,
    omits: bool,
}

impl Gathered {
    fn add(&mut self, outcome: Outcome) {
        self.schemas.push(outcome.schema);
        self.omits |= outcome.omits;
    }

    fn outcome(self) -> Outcome {
        Outcome { schema: union(self.schemas), omits: self.omits }
    }
}

fn required(branch: &Branch, name: &str) -> bool {
    let names = branch.get("required").and_then(Value::as_array);
    names.is_some_and(|names| names.iter().any(|one| one == name))
}

fn require(branch: &mut Branch, name: &str) {
    if !required(branch, name)
        && let Value::Array(names) =
            branch.entry("required").or_insert_with(|| Value::Array(Vec::new()))
    {
        names.push(json!(name));
    }
}

fn put(branch: &mut Branch, name: &str, schema: Value) {
    if let Value::Object(properties) =
        branch.entry("properties").or_insert_with(|| Value::Object(Map::new()))
    {
        properties.insert(name.to_owned(), schema);
    }
}

fn present(name: &str, branch: &Branch) -> Answer {
    if never(&member(branch, name)) {
        return Answer::Never;
    }
    if required(branch, name) {
        return Answer::Always;
    }
    let (mut with, mut without) = (branch.clone(), branch.clone());
    require(&mut with, name);
    put(&mut without, name, Value::Bool(false));
    Answer::Maybe { with, without }
}

/// A tag with these values, if they can be listed.
fn tagged(name: &str, wanted: &Value, values: Option<Vec<Value>>, branch: &Branch) -> Answer {
    let (mut with, mut without) = (branch.clone(), branch.clone());
    let Some(values) = values else {
        require(&mut with, name);
        // What the schema says of the member besides stays: two schemas of one member are a conjunction.
        put(&mut with, name, json!({"allOf": [member(branch, name), {"const": wanted}]}));
        return Answer::Maybe { with, without };
    };
    let (same, others): (Vec<Value>, Vec<Value>) =
        values.into_iter().partition(|one| same_scalar(one, wanted));
    if same.is_empty() {
        return Answer::Never;
    }
    if others.is_empty() && required(branch, name) {
        return Answer::Always;
    }
    require(&mut with, name);
    put(&mut with, name, json!({"enum": same}));
    put(&mut without, name, if others.is_empty() { json!(false) } else { json!({"enum": others}) });
    Answer::Maybe { with, without }
}
