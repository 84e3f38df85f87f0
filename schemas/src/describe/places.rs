//! From a place in a bundled, translated schema back to the line of the document that says so.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::model::Description;
use crate::document::{SpanId, Spans};
use crate::pointer::Pointer;
use crate::problem::Place;
use crate::schema::SchemaPlace;

/// Keywords that translation gives another name, with the one in the source.
const RENAMED: [(&str, &str); 8] = [
    ("prefixItems", "items"),
    ("dependentRequired", "dependencies"),
    ("dependentSchemas", "dependencies"),
    ("exclusiveMinimum", "minimum"),
    ("exclusiveMaximum", "maximum"),
    ("x-discriminator", "discriminator"),
    ("$defs", "definitions"),
    ("enum", "x-extensible-enum"),
];
/// What marks a schema as taking null before `type` could say so.
const NULLABLE: [&str; 2] = ["nullable", "x-nullable"];
/// Beside one of these, translation wraps a nullable schema into an `anyOf` of itself and null.
const COMPOSED: [&str; 6] = ["allOf", "anyOf", "oneOf", "not", "const", "if"];

/// Where everything in a version's documents stands, kept when the documents no longer are. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Places(Arc<Table>);

#[derive(Debug, Default)]
struct Table {
    files: Vec<(Arc<str>, Arc<Spans>)>,
    components: BTreeMap<String, (usize, Pointer)>,
}

impl Places {
    pub(super) fn new(
        files: Vec<(Arc<str>, Arc<Spans>)>,
        components: BTreeMap<String, (usize, Pointer)>,
    ) -> Self {
        Self(Arc::new(Table { files, components }))
    }

    fn walk(&self, file: usize, pointer: &Pointer) -> Option<Walk<'_>> {
        let (name, spans) = self.0.files.get(file)?;
        let mut walk = Walk::new(name, spans);
        for token in pointer.tokens() {
            if !walk.take(&token) {
                break;
            }
        }
        Some(walk)
    }

    fn from(&self, place: &Place) -> Option<Walk<'_>> {
        let file = self.0.files.iter().position(|(name, _)| *name == place.file)?;
        self.walk(file, &place.pointer)
    }
}

impl Description {
    /// Where a place of a message's schema stands in the documents. `root` is the place of the content, parameter
    /// or header whose root it is. What translation moved is moved back; where that fails the answer is the nearest
    /// parent. Its pointer is one of the source document.
    pub fn place_of(&self, root: &Place, at: &SchemaPlace) -> Place {
        if let Some(key) = &at.component {
            return self.component_place(key, &at.pointer).unwrap_or_else(|| root.clone());
        }
        let Some(mut walk) = self.places.from(root) else { return root.clone() };
        walk.enter();
        walk.schema(&at.pointer);
        walk.place()
    }

    /// The same inside a component; `None` when there is none of this key.
    pub fn component_place(&self, key: &str, pointer: &Pointer) -> Option<Place> {
        let (file, start) = self.places.0.components.get(key)?;
        let mut walk = self.places.walk(*file, start)?;
        walk.schema(pointer);
        Some(walk.place())
    }

    /// A place some steps below another, or where the nearest parent of it stands.
    pub fn below(&self, place: &Place, steps: &[&str]) -> Place {
        let Some(mut walk) = self.places.from(place) else { return place.clone() };
        for step in steps {
            if !walk.take(step) {
                break;
            }
        }
        walk.place()
    }
}

/// A way through the places of one document.
struct Walk<'a> {
    file: &'a Arc<str>,
    spans: &'a Spans,
    at: SpanId,
    pointer: Pointer,
    /// The schema whose wrapping for null has been taken off.
    unwrapped: Option<SpanId>,
}

impl<'a> Walk<'a> {
    const fn new(file: &'a Arc<str>, spans: &'a Spans) -> Self {
        Self { file, spans, at: Spans::root(), pointer: Pointer::root(), unwrapped: None }
    }

    fn place(self) -> Place {
        let (line, column) = self.spans.label(self.at);
        Place { file: Arc::clone(self.file), line, column, pointer: self.pointer }
    }

    fn has(&self, token: &str) -> bool {
        self.spans.part(self.at, token).is_some()
    }

    fn take(&mut self, token: &str) -> bool {
        let Some(next) = self.spans.part(self.at, token) else { return false };
        self.at = next;
        self.pointer.push(token);
        true
    }

    /// From a media type, parameter or header to its schema; in Swagger 2.0 a parameter is a schema itself.
    fn enter(&mut self) {
        if self.pointer.is_root() {
            return;
        }
        let first =
            self.spans.part(self.at, "content").and_then(|all| self.spans.first_member(all));
        if let Some((media_type, _)) = first
            && !self.has("schema")
        {
            let _taken = self.take("content") && self.take(media_type);
        }
        // A form of Swagger 2.0 is gathered from the parameters of its operation.
        let _taken = self.take("schema") || self.take("itemSchema") || self.take("parameters");
    }

    /// Follows a pointer of the translated schema as far as the source has it.
    fn schema(&mut self, pointer: &Pointer) {
        let tokens: Vec<String> = pointer.tokens().collect();
        let mut rest = tokens.as_slice();
        while let Some((first, after)) = rest.split_first() {
            if let Some(after) = self.unwrap(rest) {
                rest = after;
                continue;
            }
            let taken = if first == "items" && self.is_tuple() {
                self.take("additionalItems")
            } else {
                self.take(first) || self.renamed(first)
            };
            if !taken {
                return;
            }
            rest = after;
        }
    }

    fn is_tuple(&self) -> bool {
        self.spans.part(self.at, "items").is_some_and(|items| self.spans.is_list(items))
    }

    fn renamed(&mut self, token: &str) -> bool {
        let source = RENAMED.iter().find(|(translated, _)| *translated == token);
        source.is_some_and(|(_, source)| self.take(source))
    }

    /// What is left of a pointer when the `anyOf` that translation put around a nullable schema is taken off.
    fn unwrap<'t>(&mut self, rest: &'t [String]) -> Option<&'t [String]> {
        let [first, branch, after @ ..] = rest else { return None };
        let keyword = NULLABLE.iter().find(|keyword| self.has(keyword))?;
        let wrapped = first == "anyOf"
            && self.unwrapped != Some(self.at)
            && COMPOSED.iter().any(|composed| self.has(composed));
        if !wrapped {
            return None;
        }
        self.unwrapped = Some(self.at);
        if branch == "1" {
            self.take(keyword);
            return Some(&[]);
        }
        Some(after)
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;

    use proptest::prelude::*;
    use serde_json::Value;

    use crate::describe::model::Description;
    use crate::describe::{Limits, find_apis, load_api};
    use crate::pointer::Pointer;
    use crate::problem::Place;
    use crate::schema::{Schema, SchemaPlace};

    fn only(files: &[(&str, &str)]) -> Description {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = directory.path().join("v1").join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let api = load_api(directory.path(), &Limits::default()).unwrap();
        Description::clone(&api.versions[0])
    }

    fn pointer(text: &str) -> Pointer {
        Pointer::parse(text).unwrap()
    }

    #[track_caller]
    fn check_component(version: &Description, key: &str, at: &str, line: u32, source: &str) {
        let place = version.component_place(key, &pointer(at)).unwrap();
        assert_eq!((place.line, place.pointer.as_str()), (line, source), "{key}{at}");
    }

    const OPENAPI: &str = r"openapi: 3.0.3
paths:
  /orders:
    post:
      parameters:
        - name: limit
          in: query
          schema:
            type: integer
            maximum: 9
      requestBody:
        content:
          application/json:
            schema:
              type: object
              properties:
                order:
                  $ref: '#/components/schemas/Order'
components:
  schemas:
    Order:
      type: object
      required:
        - id
        - amount
      properties:
        amount:
          minimum: 3
          exclusiveMinimum: true
        card:
          nullable: true
          oneOf:
            - $ref: '#/components/schemas/Order'
            - maxLength: 10
              type: string
        both:
          nullable: true
          anyOf:
            - type: integer
            - maxLength: 4
";

    #[test]
    fn members_are_found_by_the_line_of_their_name() {
        let version = only(&[("openapi.yaml", OPENAPI)]);
        let order = "/components/schemas/Order";
        let check = |at, line, source: &str| {
            check_component(&version, "Order", at, line, &format!("{order}{source}"));
        };
        check("", 21, "");
        check("/type", 22, "/type");
        check("/required/1", 25, "/required/1");
        check("/properties/amount", 27, "/properties/amount");
        check("/properties/amount/exclusiveMinimum", 29, "/properties/amount/exclusiveMinimum");
        check(
            "/properties/card/anyOf/0/oneOf/1/maxLength",
            34,
            "/properties/card/oneOf/1/maxLength",
        );
        check("/properties/card/anyOf/1", 31, "/properties/card/nullable");
        check(
            "/properties/both/anyOf/0/anyOf/1/maxLength",
            40,
            "/properties/both/anyOf/1/maxLength",
        );
        check("/properties/gone/type", 26, "/properties");
        assert_eq!(version.component_place("Gone", &Pointer::root()), None);
    }

    #[test]
    fn roots_begin_at_the_schema() {
        let version = only(&[("openapi.yaml", OPENAPI)]);
        let operation = &version.operations[0];
        assert_eq!(operation.place.line, 4);
        let content = &operation.body.as_ref().unwrap().contents[0];
        assert_eq!((content.place.line, content.place.column), (13, 11));
        let schema = Schema::new(content.root.clone(), Arc::clone(&version.components.written));
        let check = |root: &Place, at: &SchemaPlace, line| {
            assert_eq!(version.place_of(root, at).line, line, "{at:?}");
        };
        check(&content.place, &SchemaPlace::root(), 14);
        check(&content.place, &SchemaPlace::root().join("properties").join("order"), 17);
        let limit = &operation.parameters[0].place;
        check(limit, &SchemaPlace::root().join("maximum"), 10);
        let path = pointer("/properties/order/$ref/required/0");
        check(&content.place, &schema.locate(&path), 24);
        let path = pointer("/properties/order/$ref/properties/card/anyOf/0/oneOf/0/$ref/type");
        let place = schema.locate(&path);
        assert_eq!(place, SchemaPlace::component("Order").join("type"));
        assert_eq!(schema.at_place(&place), Some(&Value::from("object")));
        assert_eq!(version.below(&operation.place, &["responses", "404"]).line, 4);
        assert_eq!(version.below(&operation.place, &["requestBody", "required"]).line, 11);
    }

    #[test]
    fn a_minified_document_has_columns() {
        let text = r#"{"openapi":"3.0.0","paths":{},"components":{"schemas":{"A":{"maxLength":3,"type":"string"}}}}"#;
        let version = only(&[("openapi.json", text)]);
        let place = version.component_place("A", &pointer("/maxLength")).unwrap();
        let column = text.find("\"maxLength\"").unwrap() + 1;
        assert_eq!((place.line, place.column as usize), (1, column));
    }

    #[test]
    fn old_dialects_are_moved_back() {
        let text = r##"{
  "$schema": "http://json-schema.org/draft-04/schema#",
  "definitions": {
    "pair": {
      "items": [
        {"type": "string"},
        {"type": "integer"}
      ],
      "additionalItems": {
        "maxLength": 2
      },
      "dependencies": {
        "a": ["b"],
        "c": {
          "minProperties": 3
        }
      }
    }
  },
  "properties": {"p": {"$ref": "#/definitions/pair"}}
}"##;
        let version = only(&[("order.json", text)]);
        let check = |at, line, source: &str| {
            check_component(&version, "pair", at, line, &format!("/definitions/pair{source}"));
        };
        check("/prefixItems/1/type", 7, "/items/1/type");
        check("/items/maxLength", 10, "/additionalItems/maxLength");
        check("/dependentRequired/a/0", 13, "/dependencies/a/0");
        check("/dependentSchemas/c/minProperties", 15, "/dependencies/c/minProperties");
    }

    #[test]
    fn other_files_and_swagger_are_followed() {
        let main = "swagger: '2.0'\npaths:\n  /a:\n    post:\n      parameters:\n        - in: query\n          name: q\n          maxLength: 4\n        - in: body\n          name: b\n          schema:\n            $ref: 'parts.yaml#/thing'\n";
        let version = only(&[("swagger.yaml", main), ("parts.yaml", "thing:\n  minLength: 2\n")]);
        let operation = &version.operations[0];
        let query = &operation.parameters[0].place;
        assert_eq!(version.place_of(query, &SchemaPlace::root().join("maxLength")).line, 8);
        let content = &operation.body.as_ref().unwrap().contents[0];
        let schema = Schema::new(content.root.clone(), Arc::clone(&version.components.written));
        let place = version.place_of(&content.place, &schema.locate(&pointer("/$ref/minLength")));
        assert_eq!((place.line, place.pointer.as_str()), (2, "/thing/minLength"));
        assert!(place.file.ends_with("parts.yaml"));
    }

    proptest! {
        #[test]
        fn a_lookup_never_fails(
            tokens in prop::collection::vec(
                prop::sample::select(vec![
                    "properties", "card", "both", "anyOf", "oneOf", "0", "1", "items", "$ref", "",
                    "~", "required", "nullable", "schema", "x-discriminator", "99999999999999999999",
                ]),
                0..9,
            ),
            inside in any::<bool>(),
        ) {
            let version = only(&[("openapi.yaml", OPENAPI)]);
            let mut at = if inside { SchemaPlace::component("Order") } else { SchemaPlace::root() };
            at = tokens.iter().fold(at, |at, token| at.join(token));
            let content = &version.operations[0].body.as_ref().unwrap().contents[0];
            let place = version.place_of(&content.place, &at);
            prop_assert!(place.line > 0 && place.column > 0);
            let schema = Schema::new(content.root.clone(), Arc::clone(&version.components.written));
            version.place_of(&content.place, &schema.locate(&at.pointer));
            version.below(&place, &tokens);
        }
    }

    // Whether a place of a translated schema was found, not only a parent of it.
    fn is_exact(at: &Pointer, place: &Place) -> bool {
        let own = place.pointer.tokens().last();
        let steps: Vec<String> = at.tokens().collect();
        match steps.as_slice() {
            // `type: string` of a nullable schema has become a list of two.
            [.., word, _] if word == "type" && own.as_ref() == Some(word) => true,
            [.., last] => own.as_ref() == Some(last),
            [] => true,
        }
    }

    fn pointers(schema: &Value) -> Vec<Pointer> {
        let (mut found, mut waiting) = (Vec::new(), vec![(Pointer::root(), schema)]);
        while let Some((at, value)) = waiting.pop() {
            let members = value.as_object().into_iter().flatten();
            waiting.extend(members.map(|(name, inner)| (at.join(name), inner)));
            let items = value.as_array().into_iter().flatten().enumerate();
            waiting.extend(items.map(|(index, inner)| (at.join(&index.to_string()), inner)));
            found.push(at);
        }
        found
    }

    #[test]
    fn keywords_of_real_documents_are_found() {
        let Some(corpus) = std::env::var_os("EVERGATE_CORPUS").map(PathBuf::from) else { return };
        let (mut all, mut exact) = (0_u64, 0_u64);
        let apis: Vec<_> = find_apis(&corpus)
            .iter()
            .filter_map(|path| load_api(path, &Limits::default()).ok())
            .collect();
        for version in apis.iter().flat_map(|api| &api.versions) {
            for (key, schema) in &version.components.written.0 {
                for at in pointers(schema) {
                    let place = version.component_place(key, &at).unwrap();
                    all += 1;
                    exact += u64::from(is_exact(&at, &place));
                }
            }
        }
        // What translation writes anew (a discriminator, a folded keyword) leads to its parent.
        assert!(exact * 1000 > all * 995, "{exact} of {all}");
    }
}
