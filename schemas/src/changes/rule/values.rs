//! Rules about single values: types, constants, bounds, patterns, formats and conditions.

use super::super::level::{About, DOUBTFUL, MAY_NARROW, MAY_WIDEN, NARROWS, SAFE, SHIFTS, WIDENS};
use super::row::{Rule, rule};

const ACCEPT_BOTH: &str =
    "accept the old values as well, and refuse them in a later version, once nobody sends them";
const SEND_OLD: &str =
    "keep sending only values that old readers know, or put the new ones into a new member";
const LOOSE_FIRST: &str =
    "announce the wider range first and use it in a later version, or map the values with a lens";
const ADD_MEMBER: &str =
    "add a new member with the new meaning, keep the old one, and remove it in a later version";

pub(super) const RULES: &[Rule] = &[
    rule!("condition-added", NARROWS, "a new condition refuses payloads that were valid")
        .why("An `if` with `then` or `else` only ever adds demands. Writers that do not know it send payloads that fail it.")
        .instead(ACCEPT_BOTH),
    rule!("condition-changed", DOUBTFUL, "what the condition asks for is different")
        .why("A stricter `then`, a wider `if` or a new `else` refuses payloads that were valid; the other way round readers meet payloads they never expected. Only the verdict of the message says which.")
        .instead(ACCEPT_BOTH),
    rule!("condition-removed", WIDENS, "payloads that failed the condition are valid now")
        .why("Readers that rely on what the condition promised meet payloads that break the promise.")
        .instead(LOOSE_FIRST),
    rule!("content-changed", DOUBTFUL, "the text holds other content: another encoding, media type or inner schema")
        .about(About::Meaning)
        .why("`contentEncoding`, `contentMediaType` and `contentSchema` say what is inside the text. No validator checks it, and everybody who decodes it fails.")
        .instead(ADD_MEMBER),
    rule!("default-added", SAFE, "leaving the member out now has a stated meaning")
        .about(About::Meaning)
        .why("Nothing is refused. The default must say what leaving it out always meant, else it is a change of behaviour.")
        .instead("write the default that describes what happened before"),
    rule!("default-changed", DOUBTFUL, "leaving the member out means something else than before")
        .about(About::Meaning)
        .why("Old clients leave the member out and get the new behaviour without asking for it.")
        .instead("keep the default, or declare in `changes.yaml` which value old clients mean"),
    rule!("default-removed", DOUBTFUL, "what leaving the member out means is no longer stated")
        .about(About::Meaning)
        .why("Programs that fill in the default from the description stop doing so.")
        .instead("keep the default"),
    rule!("enum-added", NARROWS, "only listed values are allowed, where any were")
        .why("Writers that send a value which is not listed are refused.")
        .instead("list every value that is in use, or make the list extensible with `x-extensible-enum`"),
    rule!("enum-became-closed", MAY_NARROW, "the list of values was open and is closed")
        .why("Readers had to expect unknown values; now they need not, and writers must not send any.")
        .instead("keep the list open"),
    rule!("enum-became-extensible", MAY_WIDEN, "readers are told to expect values that are not listed yet")
        .why("The values are the same for now; clients that were told of a closed list are not prepared for the next one.")
        .instead("send only the values that old clients know until none is left"),
    rule!("enum-removed", WIDENS, "values that are not listed are allowed too")
        .why("Readers that switch over the list meet values they do not know.")
        .instead(SEND_OLD),
    rule!("enum-value-added", WIDENS, "a reader written for the old list meets a value it does not know")
        .why("Generated clients often refuse unknown values as a whole; others fall through every branch.")
        .instead("make the list extensible with `x-extensible-enum` beforehand, or map the new value to a known one with a lens for old clients"),
    rule!("enum-value-removed", NARROWS, "a value that used to be allowed is refused")
        .why("Writers that still send the value are refused.")
        .instead(ACCEPT_BOTH),
    rule!("extensible-value-added", super::super::level::EXTENDED, "the open list has one more value")
        .why("Clients that read were told to expect it. Clients that send it to an old backend are refused.")
        .instead("nothing for readers; send it only to backends that know it"),
    rule!("extensible-value-removed", super::super::level::SHORTENED, "the open list has one value less")
        .why("Readers take any value. Clients that send the value are refused by the new backend.")
        .instead(ACCEPT_BOTH),
    rule!("format-added", MAY_NARROW, "the text is said to have a format")
        .why("`format` is an annotation, and many servers enforce it all the same: texts of another form may be refused.")
        .instead("make sure that every text in use has the format"),
    rule!("format-changed", DOUBTFUL, "the same text is to be understood differently")
        .why("A date that becomes a date-time, or an int32 that becomes an int64, is parsed by other code on the other side.")
        .instead(ADD_MEMBER),
    rule!("format-removed", MAY_WIDEN, "the text may have any form")
        .why("Readers that parse the format meet texts that they cannot parse.")
        .instead("keep the format as long as the values have it"),
    rule!("length-loosened", WIDENS, "texts may be longer or shorter than before")
        .why("Readers with a column or a buffer of the old size meet longer texts.")
        .instead(LOOSE_FIRST),
    rule!("length-tightened", NARROWS, "texts that used to have a valid length are refused")
        .why("Writers that send longer or shorter texts, which the old version promised to take, are refused.")
        .instead(ACCEPT_BOTH),
    rule!("multiple-changed", SHIFTS, "numbers must be multiples of another step")
        .why("Neither step is a multiple of the other, so each side has numbers the other refuses.")
        .instead(ADD_MEMBER),
    rule!("multiple-loosened", WIDENS, "numbers between the old steps are allowed")
        .why("Readers that rely on the step, such as whole cents, meet numbers between.")
        .instead(LOOSE_FIRST),
    rule!("multiple-tightened", NARROWS, "numbers that are no multiple of the new step are refused")
        .why("Writers that send numbers between the steps are refused.")
        .instead("round on the side of the reader"),
    rule!("not-added", NARROWS, "what a new `not` describes is refused")
        .why("Writers that send what is now excluded are refused.")
        .instead(ACCEPT_BOTH),
    rule!("not-changed", DOUBTFUL, "another set of values is excluded")
        .why("A wider `not` refuses more, a narrower one lets more through.")
        .instead(ACCEPT_BOTH),
    rule!("not-removed", WIDENS, "what `not` excluded is allowed")
        .why("Readers meet values that the old version ruled out.")
        .instead(LOOSE_FIRST),
    rule!("null-allowed", WIDENS, "a reader that never expected null may get it")
        .why("The commonest crash of generated clients: a field without null in its type gets one.")
        .instead("leave the member out instead of sending null, or keep the old member and add a nullable one"),
    rule!("null-forbidden", NARROWS, "null is refused where it used to be allowed")
        .why("Writers that send null, often for \"not set\", are refused.")
        .instead("take null and treat it as absent"),
    rule!("pattern-added", NARROWS, "texts must match a pattern")
        .why("Writers that send texts of another form are refused.")
        .instead(ACCEPT_BOTH),
    rule!("pattern-changed", DOUBTFUL, "texts must match another pattern")
        .why("Unless one pattern takes all that the other takes, some texts are refused on either side; the verdict compares the languages of the two.")
        .instead("write the new pattern so that it takes all that the old one took"),
    rule!("pattern-removed", WIDENS, "texts need not match the pattern")
        .why("Readers that take the text apart by the pattern meet texts of another form.")
        .instead(LOOSE_FIRST),
    rule!("range-loosened", WIDENS, "numbers beyond the old bounds are allowed")
        .why("Readers with a type of the old range, such as a 32-bit integer, meet numbers that do not fit.")
        .instead(LOOSE_FIRST),
    rule!("range-tightened", NARROWS, "numbers that used to be in range are refused")
        .why("Writers that send numbers beyond the new bounds are refused.")
        .instead(ACCEPT_BOTH),
    rule!("schema-changed", DOUBTFUL, "a condition that no other rule names reads differently")
        .why("The keyword has no rule of its own; the verdict of the message says whether payloads break.")
        .instead(ACCEPT_BOTH),
    rule!("type-changed", SHIFTS, "values are of another JSON type")
        .why("Nobody who wrote or read the old type can use the new one.")
        .instead(ADD_MEMBER),
    rule!("type-narrowed", NARROWS, "values are of fewer JSON types than before")
        .why("Writers that send one of the other types are refused.")
        .instead(ACCEPT_BOTH),
    rule!("type-widened", WIDENS, "values are of more JSON types than before")
        .why("Readers with a static type for the value cannot hold the new ones.")
        .instead(ADD_MEMBER),
    rule!("value-allowed", WIDENS, "something is allowed where nothing was")
        .why("Readers that could rely on the absence meet values.")
        .instead(LOOSE_FIRST),
    rule!("value-forbidden", NARROWS, "nothing is allowed here any more")
        .why("Writers that send anything here are refused.")
        .instead(ACCEPT_BOTH),
];
