//! Rules about messages: operations, parameters, bodies, statuses, headers, media types.

use super::super::level::{
    ASKED, About, BOTH_WAYS, BROUGHT, DOUBTFUL, FEWER_ANSWERS, FEWER_TYPES, GAINED, GUESSED,
    IGNORED, IGNORED_NOW, LOST, MORE_ANSWERS, MORE_TYPES, NARROWS, NEEDED, SAFE, SHIFTS, WIDENS,
};
use super::row::{Rule, rule};

const KEEP_BOTH: &str =
    "keep the old one beside the new, deprecate it, and remove it once nobody uses it";
const MAKE_OPTIONAL: &str = "leave it optional and say what its absence means, or declare in `changes.yaml` where its value comes from";
const STILL_SEND: &str = "keep sending it until no old client is left";

pub(super) const RULES: &[Rule] = &[
    rule!("body-added", IGNORED, "the operation takes a request body that may be left out")
        .why("Old clients send none. Old backends ignore what new clients send.")
        .instead("nothing"),
    rule!("body-added-required", NEEDED, "requests without the new body are not accepted")
        .why("Old clients send no body and are refused.")
        .instead(MAKE_OPTIONAL),
    rule!("body-became-optional", WIDENS, "the request body may be left out")
        .why("New clients that send none are refused by old backends.")
        .instead("nothing for old clients"),
    rule!("body-became-required", NARROWS, "requests without a body are no longer accepted")
        .why("Old clients that send no body are refused.")
        .instead(MAKE_OPTIONAL),
    rule!("body-removed", BOTH_WAYS, "the operation no longer takes a request body")
        .why("What old clients send in it is ignored or refused; old backends that require one do not get it.")
        .instead("take the body and ignore it"),
    rule!("document-added", GAINED, "a document that was not there before")
        .why("Nobody who knows only the old version sends it; an old reader does not know it.")
        .instead("nothing"),
    rule!("document-removed", LOST, "a document that is gone")
        .why("Whoever writes it has nobody left who reads it.")
        .instead(KEEP_BOTH),
    rule!("encoding-changed", DOUBTFUL, "a part of a form is to be sent in another way")
        .about(About::Meaning)
        .why("Content type, style or headers of a part decide how its bytes are read. No schema shows it.")
        .instead("take both encodings"),
    rule!("error-status-added", SAFE, "clients may get an error that was not declared before")
        .why("A client has to expect errors that are not declared. It may want to know how this one looks.")
        .instead("nothing"),
    rule!("error-status-removed", SAFE, "the operation no longer declares this error")
        .why("Clients that look out for it do so in vain.")
        .instead("nothing"),
    rule!("header-added", SAFE, "the response may carry a header that it did not carry before")
        .why("Clients ignore headers that they do not know.")
        .instead("nothing"),
    rule!("header-added-required", ASKED, "the response always carries a header that it did not carry before")
        .why("Old clients ignore it. New clients that count on it do not get it from old backends.")
        .instead("let new clients do without it while old backends are running"),
    rule!("header-became-optional", WIDENS, "clients can no longer count on the header")
        .why("Old clients that use the header without looking whether it is there fail when it is not.")
        .instead(STILL_SEND),
    rule!("header-became-required", NARROWS, "the response always carries the header")
        .why("Old clients are served better. New clients may not get it from old backends.")
        .instead("nothing for old clients"),
    rule!("header-removed", GUESSED, "a header that might be missing is no longer declared")
        .about(About::Meaning)
        .why("Old clients had to do without it at times, and now always.")
        .instead(STILL_SEND),
    rule!("header-removed-required", LOST, "a header that was always there is no longer declared")
        .why("Old clients count on it and fail without it.")
        .instead(STILL_SEND),
    rule!("media-type-added", MORE_TYPES, "the body may come in a media type that was not declared before")
        .why("A client names the types it accepts, so old clients do not get the new one unasked. Old backends refuse requests in it.")
        .instead("honour the `Accept` header"),
    rule!("media-type-narrowed", NARROWS, "a range of media types became one of them")
        .why("Old clients that send another type of the range are refused.")
        .instead(KEEP_BOTH),
    rule!("media-type-removed", FEWER_TYPES, "the body no longer comes in this media type")
        .why("Old clients send it and are refused, or accept only it and get something else.")
        .instead(KEEP_BOTH),
    rule!("media-type-widened", WIDENS, "one media type became a range that it belongs to")
        .why("Old clients may get a type of the range that they cannot read.")
        .instead("honour the `Accept` header"),
    rule!("operation-added", GAINED, "clients can do something new")
        .why("Old clients do not call it. New clients call it in vain on old backends.")
        .instead("nothing"),
    rule!("operation-moved", SHIFTS, "the operation is at another path or method")
        .why("Old clients call the old place and get nothing. It is the same operation by its `operationId`, or by its path without the version in it.")
        .instead("serve both places, or answer the old one with a redirect that keeps the method (308)"),
    rule!("operation-removed", LOST, "clients that use the operation have nothing to call")
        .why("The surest break: old clients get 404 or 405.")
        .instead("deprecate it with a date (`deprecated: true`, `x-sunset`), watch who still calls it, then remove it"),
    rule!("parameter-added", IGNORED, "the operation knows a parameter that may be left out")
        .why("Old clients do not send it. Old backends ignore what new clients send in it.")
        .instead("nothing"),
    rule!("parameter-added-required", NEEDED, "requests that do not know the parameter are refused")
        .why("Old clients do not send it and are refused.")
        .instead(MAKE_OPTIONAL),
    rule!("parameter-became-optional", WIDENS, "the parameter may be left out")
        .why("Old backends refuse the requests of new clients that leave it out.")
        .instead("nothing for old clients"),
    rule!("parameter-became-required", NARROWS, "requests without the parameter are no longer accepted")
        .why("Old clients that leave it out are refused.")
        .instead(MAKE_OPTIONAL),
    rule!("parameter-moved", SHIFTS, "the parameter is in another place of the request")
        .why("Old clients send it where nobody looks any more: in the query instead of a header, say.")
        .instead("read it in both places, or declare the move in `changes.yaml`"),
    rule!("parameter-removed", IGNORED_NOW, "a parameter that might be left out is ignored or refused")
        .about(About::Meaning)
        .why("Old clients still send it, and what they ask for is no longer done: a filter that filters nothing.")
        .instead("refuse requests that carry it, so that nobody is misled, or keep it"),
    rule!("parameter-removed-required", BROUGHT, "a parameter that was always there is ignored or refused")
        .why("Old clients still send it in vain. Old backends refuse the requests of new clients, which do not.")
        .instead(KEEP_BOTH),
    rule!("parameter-style-changed", SHIFTS, "the same value of the parameter is spelled differently on the wire")
        .why("`?ids=1,2` and `?ids=1&ids=2` are two spellings of one list; each reader knows one of them.")
        .instead("keep the style, or add a parameter with the new one"),
    rule!("sequence-changed", SHIFTS, "the body became a stream of items, or stopped being one")
        .why("One document and a sequence of documents are read by different code.")
        .instead("offer the stream under a media type of its own"),
    rule!("status-added", MORE_ANSWERS, "clients may get a success that was not declared before")
        .why("Old clients look for the status they know: a 202 where a 200 with a body was promised.")
        .instead("keep the old status for old clients"),
    rule!("status-generalised", SAFE, "a status is declared by its class or by `default`, no longer by itself")
        .why("What the answers look like is compared with the response that now covers the status.")
        .instead("nothing"),
    rule!("status-removed", FEWER_ANSWERS, "the operation no longer answers with this success")
        .why("Old clients that wait for it get another one. New clients do not know what old backends answer.")
        .instead(KEEP_BOTH),
    rule!("status-specialised", SAFE, "a status that a class or `default` covered is declared by itself")
        .why("What the answers look like is compared with the response that used to cover the status.")
        .instead("nothing"),
    rule!("webhook-added", SAFE, "the backend may call the client about something new")
        .why("A client that did not ask for it ignores it.")
        .instead("nothing"),
    rule!("webhook-removed", GUESSED, "the backend no longer calls the client about this")
        .about(About::Meaning)
        .why("Old clients wait for a call that never comes.")
        .instead(STILL_SEND),
];
