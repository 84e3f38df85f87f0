//! What would become of a request, by the configuration in use and the backends as they are.

use http::StatusCode;

use super::desk::{Answer, Call, Desk, json_answer, refusal};
use crate::exchange::explain::{Question, explain};

pub(super) async fn answer(desk: &Desk, call: Call) -> Answer {
    let question: Question = match serde_json::from_slice(&call.body) {
        Ok(question) => question,
        Err(error) => {
            let why = format!(
                "the body is no question: {error}; send `{{\"url\": \"/orders/1\"}}`, with `method`, `headers`, `body` and \
                 `from` as needed"
            );
            return refusal(StatusCode::BAD_REQUEST, "bad-question", &why);
        }
    };
    match explain(desk.reloader.shared().load_full(), &question).await {
        Ok(mut told) => {
            told.live = true;
            json_answer(StatusCode::OK, &told)
        }
        Err(wrong) => refusal(StatusCode::BAD_REQUEST, "bad-question", &wrong.to_string()),
    }
}
