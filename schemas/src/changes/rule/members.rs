//! Rules about objects, arrays and unions: members, items, variants.

use super::super::level::{
    About, DOUBTFUL, DROPPED, DROPPED_STRICT, MAY_NARROW, MAY_WIDEN, NARROWS, OFFERED,
    OFFERED_STRICT, ONE_WAY, WIDENS, WITHDRAWN,
};
use super::row::{Rule, rule};

const TAKE_BOTH: &str =
    "take the old payloads as well, and refuse them in a later version, once nobody sends them";
const SEND_KNOWN: &str =
    "keep sending only what old readers know, or convert it for them with a lens";
const OPTIONAL: &str = "leave the member optional, give it a default that the reader fills in, or declare in `changes.yaml` where its value comes from";
const KEEP: &str = "keep sending the member until no old client is left, or declare in `changes.yaml` where its value comes from";

pub(super) const RULES: &[Rule] = &[
    rule!("composition-changed", DOUBTFUL, "the same demands are put together differently")
        .why("Where `additionalProperties` stands beside `allOf` decides which members count as declared.")
        .instead("use `unevaluatedProperties` beside `allOf`"),
    rule!("contains-added", NARROWS, "the array must contain certain items")
        .why("Writers that send arrays without such an item are refused.")
        .instead(TAKE_BOTH),
    rule!("contains-changed", DOUBTFUL, "the array must contain other items, or another number of them")
        .why("Arrays that had what was asked for may not have what is asked for now, and the other way round.")
        .instead(TAKE_BOTH),
    rule!("contains-removed", WIDENS, "the array need not contain the items any more")
        .why("Readers that look for the item may not find it.")
        .instead(SEND_KNOWN),
    rule!("dependency-added", NARROWS, "a member asks for other members, or more of them")
        .why("Writers that send the one without the others are refused.")
        .instead(TAKE_BOTH),
    rule!("dependency-changed", DOUBTFUL, "what a member asks of the rest of the object is different")
        .why("Objects that had what was asked for may not have what is asked for now.")
        .instead(TAKE_BOTH),
    rule!("dependency-removed", WIDENS, "a member no longer asks for other members")
        .why("Readers that count on the others beside it may not find them.")
        .instead(SEND_KNOWN),
    rule!("discriminator-changed", DOUBTFUL, "another member tells the variants apart, or none does")
        .about(About::Meaning)
        .why("Generated code picks the variant by this member. The payloads may be the same; the code is not.")
        .instead("keep the member, and add the new one beside it"),
    rule!("discriminator-mapping-changed", DOUBTFUL, "a value of the discriminator stands for another variant, or for none")
        .about(About::Meaning)
        .why("Generated code reads the payload as another type, or does not know the value.")
        .instead("keep the old values, and add new ones for new variants"),
    rule!("items-allowed", WIDENS, "items beyond the leading ones are allowed")
        .why("Readers of a tuple meet more items than they have places for.")
        .instead(SEND_KNOWN),
    rule!("items-count-loosened", WIDENS, "arrays may have more or fewer items than before")
        .why("Readers that rely on a first item, or on a bounded number, meet other arrays.")
        .instead(SEND_KNOWN),
    rule!("items-count-tightened", NARROWS, "arrays that used to have a valid number of items are refused")
        .why("Writers that send longer or shorter arrays are refused.")
        .instead(TAKE_BOTH),
    rule!("items-declared", NARROWS, "items must fit a schema, where anything was allowed")
        .why("Writers that send other items are refused.")
        .instead(TAKE_BOTH),
    rule!("items-forbidden", NARROWS, "items beyond the leading ones are refused")
        .why("Writers that send more items are refused.")
        .instead(TAKE_BOTH),
    rule!("items-undeclared", WIDENS, "items may be anything")
        .why("Readers with a type for the items meet others.")
        .instead(SEND_KNOWN),
    rule!("map-became-object", MAY_NARROW, "members are declared for an object that declared none")
        .why("An object without declared members is a map: its writers put in whatever names they like, and one of them may be a declared one with another value.")
        .instead("declare the members that are in use, as they are"),
    rule!("object-became-map", MAY_WIDEN, "an object declares no members any more")
        .why("An object without declared members is a map: its readers meet whatever names the writer likes.")
        .instead("keep the members that readers use declared"),
    rule!("pattern-properties-changed", DOUBTFUL, "other names of members have a schema")
        .why("Members whose names match a new pattern must fit its schema; where undeclared members are refused, a new pattern lets more of them in.")
        .instead(TAKE_BOTH),
    rule!("prefix-items-added", NARROWS, "more leading items of the array have a schema of their own")
        .why("Writers that send something else at that position are refused.")
        .instead(TAKE_BOTH),
    rule!("prefix-items-removed", WIDENS, "fewer leading items of the array have a schema of their own")
        .why("Readers of that position meet something else.")
        .instead(SEND_KNOWN),
    rule!("property-added", OFFERED, "the object has a member that may be left out")
        .strict(OFFERED_STRICT)
        .why("The everyday change: old clients do not send the member and ignore it when they read it. An old backend ignores what new clients send in it.")
        .instead("nothing"),
    rule!("property-added-required", NARROWS, "objects without the new member are not valid")
        .why("Old writers do not know the member and are refused.")
        .instead(OPTIONAL),
    rule!("property-added-to-open", OFFERED_STRICT, "a member is declared where the object said that any may come")
        .why("`additionalProperties: true` or a pattern of names allowed the name with any value, so somebody may use it already, and otherwise.")
        .instead("declare the member as it is in use"),
    rule!("property-admitted", WIDENS, "an object that refuses undeclared members takes one more")
        .why("Readers of the old version refuse the whole object because of a member that they do not know.")
        .instead("leave out the member for old clients, as the gateway does, or do not close objects that clients read"),
    rule!("property-became-not-read-only", ONE_WAY, "clients may send the member")
        .why("Old clients never send it; if it is required, new backends refuse their requests. Old backends ignore it.")
        .instead("leave the member optional in requests"),
    rule!("property-became-not-write-only", ONE_WAY, "the member comes back in responses")
        .why("New clients that rely on it find nothing in the responses of old backends.")
        .instead("leave the member optional in responses"),
    rule!("property-became-optional", WIDENS, "readers can no longer count on the member")
        .why("Readers that use the member without looking whether it is there fail when it is not.")
        .instead(KEEP),
    rule!("property-became-read-only", ONE_WAY, "the member is not to be sent any more")
        .why("What old clients send in it is ignored; old backends that require it do not get it from new clients.")
        .instead("take the member as long as old clients send it"),
    rule!("property-became-required", NARROWS, "objects without the member are no longer valid")
        .why("Writers that leave the member out are refused.")
        .instead(OPTIONAL),
    rule!("property-became-write-only", ONE_WAY, "the member is no longer in responses")
        .why("Old clients that read the member do not find it.")
        .instead(KEEP),
    rule!("property-count-loosened", WIDENS, "objects may have more or fewer members than before")
        .why("Readers that rely on the number of members meet others.")
        .instead(SEND_KNOWN),
    rule!("property-count-tightened", NARROWS, "objects that used to have a valid number of members are refused")
        .why("Writers that send more or fewer members are refused.")
        .instead(TAKE_BOTH),
    rule!("property-forbidden", NARROWS, "the member is no longer declared, and undeclared members are refused")
        .why("Writers that still send the member are refused because of it.")
        .instead("keep the member and ignore it"),
    rule!("property-names-added", NARROWS, "names of members must fit a schema")
        .why("Writers that send members with other names are refused.")
        .instead(TAKE_BOTH),
    rule!("property-names-changed", DOUBTFUL, "names of members must fit another schema")
        .why("Names that were valid may not be, and the other way round.")
        .instead(TAKE_BOTH),
    rule!("property-names-removed", WIDENS, "names of members need not fit a schema any more")
        .why("Readers that take the names apart meet names of another form.")
        .instead(SEND_KNOWN),
    rule!("property-removed", DROPPED, "a member that might be left out is no longer declared")
        .about(About::Meaning)
        .strict(DROPPED_STRICT)
        .why("What old clients send in it is ignored, and what they show of it is empty. No payload is refused for it.")
        .instead("deprecate the member first, and remove it once nobody sends or reads it; if it has another name now, declare the rename"),
    rule!("property-removed-from-open", DROPPED_STRICT, "a member is no longer declared, and the object says that any may come")
        .why("The name may come with any value now, and old readers know it with one.")
        .instead("keep the member declared"),
    rule!("property-removed-required", WITHDRAWN, "a member that was always there is no longer declared")
        .why("Readers of the old version refuse the object, or fail where they use the member.")
        .instead(KEEP),
    rule!("undeclared-allowed", MAY_WIDEN, "members that the object does not declare are accepted")
        .strict(WIDENS)
        .why("A sender sends what it declares, so nothing changes as long as the object declares members. Readers of the old version refuse others.")
        .instead("nothing, as long as senders send only what they declare"),
    rule!("undeclared-constrained", MAY_NARROW, "members that the object does not declare must fit a schema")
        .strict(NARROWS)
        .why("Writers that send other values under names of their own are refused. A map has only such members.")
        .instead(TAKE_BOTH),
    rule!("undeclared-forbidden", MAY_NARROW, "members that the object does not declare are refused")
        .strict(NARROWS)
        .why("A client that ever sent a member of its own is refused; one that sends what was declared is not. A map, which declares no members, breaks.")
        .instead("ignore undeclared members, or drop them"),
    rule!("undeclared-unconstrained", MAY_WIDEN, "members that the object does not declare may be anything")
        .strict(WIDENS)
        .why("Readers with a type for the values of a map meet others.")
        .instead(SEND_KNOWN),
    rule!("union-added", NARROWS, "the value must fit one of several variants besides")
        .why("Writers that send what fits none of them are refused.")
        .instead(TAKE_BOTH),
    rule!("union-kind-changed", DOUBTFUL, "`oneOf` became `anyOf`, or the other way round")
        .why("`oneOf` refuses what fits two variants, `anyOf` does not. Where variants overlap, that is a break.")
        .instead("use `anyOf`, or a member with a constant that tells the variants apart"),
    rule!("union-removed", WIDENS, "the value need not fit one of several variants any more")
        .why("Readers that tell the variants apart meet values that fit none.")
        .instead(SEND_KNOWN),
    rule!("unique-items-dropped", WIDENS, "the array may have an item twice")
        .why("Readers that make a set or a map of the items meet duplicates.")
        .instead(SEND_KNOWN),
    rule!("unique-items-required", NARROWS, "arrays with an item twice are refused")
        .why("Writers that send duplicates are refused.")
        .instead("drop the duplicates on the side of the reader"),
    rule!("variant-added", WIDENS, "a reader written for the old variants meets one it does not know")
        .why("Old readers refuse the new variant. Under `oneOf` there is more: where the new variant overlaps an old one, payloads that fitted the old one alone now fit two and are refused.")
        .instead("send the new variant only to clients that know it; tell variants apart by a constant, or use `anyOf`"),
    rule!("variant-removed", NARROWS, "values of this variant are refused")
        .why("Writers that send the variant are refused.")
        .instead(TAKE_BOTH),
];
