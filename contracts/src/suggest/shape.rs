//! What a member of one version looks like, as far as it tells it apart from others.

use serde_json::Value;

use evergate_schemas::changes::{Change, Piece};
use evergate_schemas::describe::model::{Content, Description, Operation};
use evergate_schemas::schema::{DEFS_PREFIX, SchemaPlace, Side};

/// References that are followed.
const HOPS: usize = 8;

/// A schema with what its references lead to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape<'a> {
    description: &'a Description,
    /// Where the member is declared.
    own: &'a Value,
    /// What that refers to in the end.
    meant: &'a Value,
}

impl<'a> Shape<'a> {
    pub(super) fn new(description: &'a Description, own: &'a Value) -> Self {
        let mut meant = own;
        for _ in 0..HOPS {
            let target = meant.get("$ref").and_then(Value::as_str);
            let found = target
                .and_then(|text| text.strip_prefix(DEFS_PREFIX))
                .and_then(|key| description.components.written.0.get(key));
            let Some(found) = found else { break };
            meant = found;
        }
        Self { description, own, meant }
    }

    /// The schema that a change is about, in one of the two versions.
    pub(super) fn of(
        description: &'a Description,
        place: &SchemaPlace,
        change: &Change,
    ) -> Option<Self> {
        let root = match &place.component {
            Some(key) => description.components.written.0.get(key)?,
            None => message_root(description, change)?,
        };
        let own = root.pointer(place.pointer.as_str())?;
        Some(Self::new(description, own))
    }

    /// The JSON types, as written; empty for any.
    pub(super) fn types(&self) -> Vec<&'a str> {
        let mut types: Vec<&str> = match self.meant.get("type") {
            Some(Value::String(one)) => vec![one.as_str()],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        types.retain(|one| *one != "null");
        types.sort_unstable();
        types
    }

    pub(super) fn says(&self, keyword: &str) -> Option<&'a Value> {
        self.own.get(keyword).or_else(|| self.meant.get(keyword))
    }

    /// The component it refers to.
    pub(super) fn component(&self) -> Option<&'a str> {
        self.own.get("$ref")?.as_str()?.strip_prefix(DEFS_PREFIX)
    }

    pub(super) fn description(&self) -> &'a str {
        let text = |keyword| self.says(keyword).and_then(Value::as_str);
        text("description").or_else(|| text("title")).unwrap_or_default()
    }

    /// The members that it declares, those of `allOf` too.
    pub(super) fn members(&self) -> Vec<(&'a str, Self)> {
        let parts = self.meant.get("allOf").and_then(Value::as_array).into_iter().flatten();
        let all = std::iter::once(self.meant)
            .chain(parts.map(|part| Self::new(self.description, part).meant));
        let members = all.filter_map(|one| one.get("properties")?.as_object()).flatten();
        members.map(|(name, one)| (name.as_str(), Self::new(self.description, one))).collect()
    }

    /// Values listed by `enum`.
    pub(super) fn values(&self) -> &'a [Value] {
        self.says("enum").and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }
}

fn message_root<'a>(description: &'a Description, change: &Change) -> Option<&'a Value> {
    let message = &change.reached.first()?.message;
    let named = |operation: &&Operation| {
        let name = operation.key.to_string();
        name == message.operation || Some(&name) == message.formerly.as_ref()
    };
    let operation = description.operations.iter().find(named)?;
    let contents: &[Content] = match message.side? {
        Side::Request => &operation.body.as_ref()?.contents,
        Side::Response => {
            let statuses = [message.old_status, message.new_status];
            let is_asked = |status| statuses.contains(&Some(status));
            &operation.responses.iter().find(|one| is_asked(one.status))?.contents
        }
    };
    let Piece::Body { old, new } = &message.piece else { return None };
    let is_asked =
        |one: &&Content| [old, new].into_iter().flatten().any(|kind| *kind == one.media_type);
    contents.iter().find(is_asked).map(|one| &one.root)
}
