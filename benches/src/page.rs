//! The bodies that travel, what a conversion makes of them, and the two descriptions that say so.

use serde_json::Value;

/// Name and octets of the answers that the origin has.
pub(crate) const SIZES: [(&str, usize); 4] =
    [("1k", 1 << 10), ("2k", 2 << 10), ("16k", 16 << 10), ("256k", 256 << 10)];
/// Octets of a posted payment.
pub(crate) const POSTED: usize = 4 << 10;
/// What the origin says of a posted payment.
pub(crate) const TAKEN: &str = r#"{"id":"https://example.com/payments/00000000","accepted":true}"#;
/// Members of an item that version 1 does not have.
pub(crate) const LEGACY: [&str; 3] = ["legacyState", "legacyBatch", "legacyRegion"];

/// One payment as version 2 has it, in ASCII.
fn item(number: usize, note: &str) -> String {
    format!(
        concat!(
            r#"{{"id":"https://example.com/payments/{n:08x}","walletAddress":"https://example.com/alice","#,
            r#""receivedAmount":{{"value":"{n}00","assetCode":"USD","assetScale":2}},"completed":{done},"#,
            r#""legacyState":"PROCESSING","legacyBatch":{n},"legacyRegion":"eu-west","#,
            r#""metadata":{{"description":"Invoice {n}: 2 \u00d7 coffee, \"to go\"","tags":["a","b"],"note":"{note}"}},"#,
            r#""score":{n}.25,"retries":null,"createdAt":"2026-03-12T23:20:50.52Z"}}"#
        ),
        n = number,
        done = number.is_multiple_of(2),
        note = note,
    )
}

/// A page of payments of exactly so many octets.
pub(crate) fn page(octets: usize) -> String {
    let mut items = String::new();
    for number in 0.. {
        let next = item(number, "");
        if around(&items).len() + next.len() + 1 > octets {
            break;
        }
        if number > 0 {
            items.push(',');
        }
        items.push_str(&next);
    }
    let missing = octets.saturating_sub(around(&items).len());
    around(&items).replacen("CURSOR", &format!("CURSOR{}", "x".repeat(missing)), 1)
}

fn around(items: &str) -> String {
    format!(r#"{{"pagination":{{"startCursor":"CURSOR","hasNextPage":true}},"result":[{items}]}}"#)
}

/// A payment to post, of exactly so many octets.
pub(crate) fn payment(octets: usize) -> String {
    let bare = item(0, "").len();
    item(0, &"x".repeat(octets.saturating_sub(bare)))
}

/// What version 1 shows of a page: three members of each item gone, one renamed, one added.
pub(crate) fn converted(page: &str) -> serde_json::Result<Value> {
    let mut page: Value = serde_json::from_str(page)?;
    let items = page.get_mut("result").and_then(Value::as_array_mut);
    for item in items.into_iter().flatten().filter_map(Value::as_object_mut) {
        for name in LEGACY {
            item.remove(name);
        }
        if let Some(owner) = item.remove("walletAddress") {
            item.insert("paymentPointer".to_owned(), owner);
        }
        item.insert("method".to_owned(), Value::from("ilp"));
    }
    Ok(page)
}

/// Version 2; what version 1 has instead is put in by [`description`].
const DESCRIPTION: &str = r##"openapi: 3.1.0
info: { title: payments, version: "VERSION" }
paths:
  /payments:
    post:
      requestBody: { required: true, content: { application/json: { schema: { $ref: "#/components/schemas/Payment" } } } }
      responses:
        "201": { description: taken, content: { application/json: { schema: { type: object } } } }
  /payments/{page}:
    get:
      parameters: [{ name: page, in: path, required: true, schema: { type: string } }]
      responses:
        "200": { description: a page, content: { application/json: { schema: { $ref: "#/components/schemas/Page" } } } }
components:
  schemas:
    Page:
      type: object
      properties:
        pagination: { type: object, properties: { startCursor: { type: string }, hasNextPage: { type: boolean } } }
        result: { type: array, items: { $ref: "#/components/schemas/Payment" } }
    Payment:
      type: object
      required: [REQUIRED]
      additionalProperties: false
      properties:
        id: { type: string }
        OWN
        receivedAmount: { type: object, properties: { value: { type: string }, assetCode: { type: string }, assetScale: { type: integer } } }
        completed: { type: boolean }
        metadata: { type: object, additionalProperties: true }
        score: { type: number }
        retries: { type: [integer, "null"] }
        createdAt: { type: string }
"##;

/// The description of a version, 1 or 2.
pub(crate) fn description(version: u8) -> String {
    let (required, own) = if version == 1 {
        (
            "id, paymentPointer, method",
            "paymentPointer: { type: string }\n        method: { type: string }",
        )
    } else {
        (
            "id, walletAddress",
            "walletAddress: { type: string }\n        legacyState: { type: string }\n        \
             legacyBatch: { type: integer }\n        legacyRegion: { type: string }",
        )
    };
    DESCRIPTION
        .replace("VERSION", &version.to_string())
        .replace("REQUIRED", required)
        .replace("OWN", own)
}

/// How version 2 differs from version 1 where no schema shows it.
pub(crate) const CHANGES: &str = "changes:
  - say: A payment pointer is called a wallet address.
    at: Payment
    rename: { paymentPointer: walletAddress }
  - say: There is one method only.
    at: Payment
    remove: { method: { constant: ilp } }
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_json_of_the_very_size() {
        for (name, octets) in SIZES {
            let page = page(octets);
            assert_eq!(page.len(), octets, "{name}");
            let value: Value = serde_json::from_str(&page).unwrap();
            assert!(!value["result"].as_array().unwrap().is_empty(), "{name}");
        }
        let payment = payment(POSTED);
        assert_eq!(payment.len(), POSTED);
        serde_json::from_str::<Value>(&payment).unwrap();
    }

    #[test]
    fn a_converted_page_has_the_members_of_version_1() {
        let page = converted(&page(2 << 10)).unwrap();
        let item = page["result"][0].as_object().unwrap();
        assert_eq!(item["paymentPointer"], "https://example.com/alice");
        assert_eq!(item["method"], "ilp");
        assert!(LEGACY.iter().chain(&["walletAddress"]).all(|name| !item.contains_key(*name)));
    }
}
