//! What a plan does to the status and the headers of a response. Nothing here refuses: the work is done.

use evergate_schemas::plan::bridge::{ParameterSource, ParameterStep};
use evergate_schemas::plan::outside::Values;
use http::StatusCode;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};

use crate::snapshot::CrossingMessage;
use crate::snapshot::loss::Lost;
use crate::wire::{Fields, ResponseHead};

/// Rewrites status and headers; gives what was lost. `empty` says that the response has no body.
pub(crate) fn apply(
    message: &CrossingMessage,
    (head, empty): (&mut ResponseHead, bool),
    values: &Values,
) -> Lost {
    let mut lost = Lost::default();
    for (index, step) in message.parameters.iter().enumerate() {
        let fired = one(step, &mut head.headers, values);
        if let Some(Some(loss)) = message.parameter_losses.get(index)
            && fired
        {
            lost.add(loss, 1);
        }
    }
    let Some((status, loss)) = &message.status_as else { return lost };
    let bodiless = [StatusCode::NO_CONTENT, StatusCode::RESET_CONTENT].contains(status);
    // a body that no description tells of is worth more than the status
    if bodiless && !empty {
        return lost;
    }
    if bodiless {
        head.headers.remove(CONTENT_LENGTH);
        head.headers.remove(CONTENT_TYPE);
    }
    head.status = *status;
    if let Some(loss) = loss {
        lost.add(loss, 1);
    }
    lost
}

/// Whether the step did something. Steps for what no response has do nothing.
fn one(step: &ParameterStep, headers: &mut Fields, values: &Values) -> bool {
    match step {
        ParameterStep::Drop(_, name, _) => headers.remove(name).is_some(),
        ParameterStep::Rename(_, name, other, _) => {
            let Ok(other) = HeaderName::try_from(other) else { return false };
            let own: Vec<HeaderValue> = headers.get_all(name).cloned().collect();
            headers.remove(name);
            // what the lens says of a name is meant, not what came under it by chance
            if !own.is_empty() {
                headers.remove(&other);
            }
            let fired = !own.is_empty();
            for value in own {
                headers.append(other.clone(), value);
            }
            fired
        }
        ParameterStep::Supply(_, name, source, _) => {
            let name = HeaderName::try_from(name).ok().filter(|name| !headers.has(name));
            let value = text(source, values).and_then(|text| HeaderValue::try_from(text).ok());
            let pair = name.zip(value);
            let fired = pair.is_some();
            headers.extend(pair);
            fired
        }
        _ => false,
    }
}

/// The plain text of a source; a JSON string is unquoted, since headers are not JSON.
fn text(source: &ParameterSource, values: &Values) -> Option<String> {
    match source {
        ParameterSource::Literal(literal) => Some(literal.to_string()),
        ParameterSource::Outside(outside) => {
            let json = values.lookup(outside)?;
            match serde_json::from_str(&json) {
                Ok(serde_json::Value::String(text)) => Some(text),
                _ => Some(json.into_owned()),
            }
        }
    }
}
