//! The two ends of a message: whose description and operation write it, and whose read it.

use serde_json::Value;

use evergate_schemas::describe::model::{Content, Description, Operation, Parameter};
use evergate_schemas::problem::Place;
use evergate_schemas::schema::{Role, Schema, Side};

/// One end of a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End<'a> {
    pub(crate) description: &'a Description,
    /// `None` for plain documents, and where the version lacks the operation.
    pub(crate) operation: Option<&'a Operation>,
}

/// Both ends of a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ends<'a> {
    pub(crate) sender: End<'a>,
    pub(crate) reader: End<'a>,
    /// `None` for plain documents.
    pub(crate) side: Option<Side>,
    /// The reader speaks the newer version.
    pub(crate) newer_reads: bool,
    /// The client speaks the older version.
    pub(crate) backward: bool,
    /// A gateway may convert the message, so that a lens can help.
    pub(crate) converted: bool,
}

impl<'a> End<'a> {
    /// The version, for people.
    pub(crate) fn label(&self) -> &'a str {
        self.description.version.as_str()
    }

    /// The schema declared at a place: that of a body, parameter, header or plain document.
    pub(super) fn root(&self, place: &Place) -> Option<&'a Value> {
        let content = |one: &'a Content| (&one.place, &one.root);
        let parameter = |one: &'a Parameter| (&one.place, &one.root);
        let operation = self.operation.into_iter();
        let documents = self.description.documents.values().map(content);
        let declared = operation.flat_map(|operation| {
            let bodies = operation.body.iter().flat_map(|body| &body.contents);
            let responses = operation.responses.iter();
            let answered = responses.clone().flat_map(|response| &response.contents);
            let headers = responses.flat_map(|response| &response.headers);
            let contents = bodies.chain(answered).map(content);
            contents.chain(operation.parameters.iter().chain(headers).map(parameter))
        });
        let mut all = documents.chain(declared);
        all.find(|(at, _)| *at == place).map(|(_, root)| root)
    }

    /// A schema of this end as its role reads it.
    pub(super) fn schema(&self, root: &Value, side: Option<Side>, role: Role) -> Schema {
        match side {
            Some(side) => self.description.schema(root, side, role),
            None => self.description.plain(root),
        }
    }

    /// The same as written, in whose words places are kept.
    pub(super) fn written(&self, root: &Value) -> Schema {
        self.description.plain(root)
    }
}
