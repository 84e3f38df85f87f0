//! Rules about what stands around the messages: credentials, servers, links, life cycle, documentation.

use super::super::level::{About, DOUBTFUL, GAINED, LOST, MISSED, NOT_YET, SAFE, SHIFTS, SLIPPED};
use super::row::{Rule, rule};

const KEEP_WAY: &str = "accept the old credentials as well until no old client is left";
const DATE: &str = "state a date with `x-sunset: 2027-01-31`, and keep it";

pub(super) const RULES: &[Rule] = &[
    rule!("documentation-changed", SAFE, "only the words for people are different")
        .about(About::Notice)
        .why("No payload changes. What people were told about it does.")
        .instead("nothing"),
    rule!("link-added", SAFE, "the response says how to go on")
        .about(About::Service)
        .why("Clients that do not know the link do not follow it.")
        .instead("nothing"),
    rule!("link-changed", DOUBTFUL, "the link leads to another operation, or with other values")
        .about(About::Service)
        .why("Clients that follow it by its name end up elsewhere.")
        .instead("add a link with a new name"),
    rule!("link-removed", MISSED, "the response no longer says how to go on")
        .about(About::Service)
        .why("Clients that follow the link by its name do not find it.")
        .instead("keep the link"),
    rule!("operation-deprecated", SAFE, "the operation is declared deprecated")
        .about(About::Notice)
        .why("It works as before; its users are asked to leave.")
        .instead(DATE),
    rule!("operation-id-changed", DOUBTFUL, "the operation has another `operationId`")
        .about(About::Notice)
        .why("Nothing changes on the wire. Generated clients name their functions by it, so callers must be edited when they are generated anew.")
        .instead("keep the id"),
    rule!("operation-reactivated", SAFE, "the operation is no longer deprecated")
        .about(About::Notice)
        .why("Its users may stay.")
        .instead("nothing"),
    rule!("parameter-deprecated", SAFE, "the parameter or header is declared deprecated")
        .about(About::Notice)
        .why("It works as before; its users are asked to leave it out.")
        .instead(DATE),
    rule!("parameter-reactivated", SAFE, "the parameter or header is no longer deprecated")
        .about(About::Notice)
        .why("Its users may stay.")
        .instead("nothing"),
    rule!("property-deprecated", SAFE, "the member or value is declared deprecated")
        .about(About::Notice)
        .why("It works as before; its users are asked to leave it.")
        .instead(DATE),
    rule!("property-reactivated", SAFE, "the member or value is no longer deprecated")
        .about(About::Notice)
        .why("Its users may stay.")
        .instead("nothing"),
    rule!("removed-before-sunset", DOUBTFUL, "it is gone before the date that was promised")
        .about(About::Notice)
        .why("Clients planned with the date. The version that lacks it is named by an earlier date.")
        .instead("keep it until the date"),
    rule!("security-alternative-added", NOT_YET, "there is one more way to be let in")
        .about(About::Service)
        .why("Old clients go on as before. New clients that use the new way are turned away by old backends.")
        .instead("nothing for old clients"),
    rule!("security-alternative-removed", LOST, "a way to be let in is gone")
        .about(About::Service)
        .why("The alternatives of `security` are ways of which one is enough; clients that use the one that is gone get 401.")
        .instead(KEEP_WAY),
    rule!("security-dropped", GAINED, "no credentials are asked for any more")
        .about(About::Service)
        .why("Old clients go on as before. New clients that send none are turned away by old backends. Make sure that it is meant.")
        .instead("nothing for old clients"),
    rule!("security-required", LOST, "credentials are asked for where none were")
        .about(About::Service)
        .why("Old clients send none and get 401.")
        .instead("let requests without credentials in until no old client is left"),
    rule!("security-scheme-added", SAFE, "a kind of credentials is declared")
        .about(About::Service)
        .why("Nobody has to use it unless an operation asks for it.")
        .instead("nothing"),
    rule!("security-scheme-changed", SHIFTS, "credentials are sent or got in another way")
        .about(About::Service)
        .why("Another header, another kind of token, another flow: old clients are turned away wherever an operation asks for it.")
        .instead("declare a second scheme and accept either"),
    rule!("security-scheme-removed", MISSED, "a kind of credentials is no longer declared")
        .about(About::Service)
        .why("Where an operation asked for it, a rule on that operation says what it asks for now.")
        .instead(KEEP_WAY),
    rule!("security-scope-added", LOST, "credentials need one more scope")
        .about(About::Service)
        .why("The scopes of one alternative are all needed; tokens that old clients hold lack the new one and get 403.")
        .instead("ask for the scope only where the new thing is used, or grant it to all clients beforehand"),
    rule!("security-scope-removed", GAINED, "credentials need one scope less")
        .about(About::Service)
        .why("Old clients go on as before. Tokens of new clients may lack what old backends ask for.")
        .instead("nothing for old clients"),
    rule!("security-scopes-changed", MISSED, "other scopes can be asked for")
        .about(About::Service)
        .why("Clients that ask for a scope which is not declared any more do not get a token.")
        .instead("keep the scope, and let it mean what the new ones mean together"),
    rule!("security-url-changed", DOUBTFUL, "tokens are got at another address")
        .about(About::Service)
        .why("Clients that hold the old address cannot get a token once it stops answering.")
        .instead("serve both addresses"),
    rule!("server-added", SAFE, "the api is served at one more address")
        .about(About::Service)
        .why("Old clients stay where they are.")
        .instead("nothing"),
    rule!("server-changed", DOUBTFUL, "a variable of the address has other values")
        .about(About::Service)
        .why("Clients that fill in a value which is gone, or rely on the default, call another address.")
        .instead("keep the old values and the default"),
    rule!("server-removed", MISSED, "the api is no longer served at this address")
        .about(About::Service)
        .why("Clients that are configured with the address cannot reach the api once it stops answering.")
        .instead("keep the address, or redirect from it"),
    rule!("stability-decreased", SLIPPED, "less stability is promised than before")
        .about(About::Notice)
        .why("Clients built on the old promise: stable, beta, alpha, draft, in falling order.")
        .instead("keep the promise, or make a new operation with the lower one"),
    rule!("stability-increased", SAFE, "more stability is promised than before")
        .about(About::Notice)
        .why("From now on changes are judged by the new promise.")
        .instead("nothing"),
    rule!("sunset-announced", SAFE, "a date is stated after which it may be gone")
        .about(About::Notice)
        .why("Clients have until then.")
        .instead("nothing"),
    rule!("sunset-invalid", DOUBTFUL, "the date after which it may be gone is none")
        .about(About::Notice)
        .why("Programs that read the date cannot.")
        .instead("write a date as RFC 3339 does: `2027-01-31`"),
    rule!("sunset-missing", DOUBTFUL, "it is declared deprecated, and no date says until when it works")
        .about(About::Notice)
        .why("Clients cannot plan.")
        .instead(DATE),
    rule!("sunset-moved-earlier", DOUBTFUL, "it may be gone earlier than was promised")
        .about(About::Notice)
        .why("Clients planned with the later date.")
        .instead("keep the date"),
    rule!("sunset-moved-later", SAFE, "it stays longer than was promised")
        .about(About::Notice)
        .why("Clients have more time.")
        .instead("nothing"),
    rule!("sunset-withdrawn", DOUBTFUL, "the date is gone, and it is still deprecated")
        .about(About::Notice)
        .why("Clients no longer know until when it works.")
        .instead(DATE),
];
