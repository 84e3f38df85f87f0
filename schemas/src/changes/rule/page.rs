//! The page that explains a rule, for the command line and for the documentation.

use std::fmt::Write as _;

use super::super::level::{About, Direction, Level, Policy};
use super::row::Rule;
use crate::schema::Side;

const SIDES: [(&str, Option<Side>); 3] =
    [("request", Some(Side::Request)), ("response", Some(Side::Response)), ("neither", None)];
const DIRECTIONS: [(&str, Direction); 2] =
    [("backward", Direction::Backward), ("forward", Direction::Forward)];
const POLICIES: [(&str, Policy); 3] =
    [("strict", Policy::Strict), ("standard", Policy::Standard), ("lenient", Policy::Lenient)];

impl Rule {
    /// Its page in Markdown: what it means for old and new clients, an example, its levels, what to do instead.
    pub fn page(&self) -> String {
        let mut page = format!("{}: {}.\n\n{}\n\n", self.id, self.sentence, self.why);
        self.clients(&mut page);
        let case = self.case();
        let _ = write!(page, "\n```yaml\n# before\n{}```\n", case.old);
        let _ = write!(page, "\n```yaml\n# after\n{}```\n\n", case.new);
        self.levels(&mut page);
        let _ = write!(page, "\nInstead: {}.\n", self.instead);
        page.push_str(match self.about {
            About::Payload => {
                "Where a message is proved to hold, breaking is reported as risky, and risky as safe where it passes \
                 untouched.\n"
            }
            About::Meaning => "No proof eases it: the same payloads get through and mean something else.\n",
            About::Service => "It stands beside the messages: where it is breaking it is a finding of its own.\n",
            About::Notice => "It is a notice to people; the policy `lenient` leaves it out.\n",
        });
        page
    }

    /// The worst level that it can have under the default policy, in one direction.
    pub fn worst(&self, direction: Direction) -> Level {
        let each = SIDES.iter().map(|(_, side)| self.level(*side, direction, Policy::Standard));
        each.max().unwrap_or(Level::Safe)
    }

    fn clients(&self, page: &mut String) {
        for (who, direction) in [
            ("Old clients of a new backend", Direction::Backward),
            ("New clients of an old backend", Direction::Forward),
        ] {
            let level = |side| self.level(side, direction, Policy::Standard);
            let (request, response) = (level(Some(Side::Request)), level(Some(Side::Response)));
            let said = match (request, response) {
                (Level::Safe, Level::Safe) => match level(None) {
                    Level::Safe => "nothing to do".to_owned(),
                    other => other.to_string(),
                },
                (one, other) if one == other => one.to_string(),
                (one, other) => format!("{one} in what they send, {other} in what they get"),
            };
            let _ = writeln!(page, "- {who}: {said}.");
        }
    }

    fn levels(&self, page: &mut String) {
        page.push_str("| policy | side | backward | forward |\n|---|---|---|---|\n");
        let row = |policy| {
            SIDES.map(|(_, side)| {
                DIRECTIONS.map(|(_, direction)| self.level(side, direction, policy))
            })
        };
        let standard = row(Policy::Standard);
        for (word, policy) in POLICIES {
            let levels = row(policy);
            if policy != Policy::Standard && levels == standard {
                continue;
            }
            for ((side, _), [backward, forward]) in SIDES.iter().zip(levels) {
                let _ = writeln!(page, "| {word} | {side} | {backward} | {forward} |");
            }
        }
    }
}
