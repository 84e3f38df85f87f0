//! The metaschemas of the drafts, by their URLs: what everybody may refer to without a file, never fetched.

use referencing::meta;
use serde_json::Value;

use crate::document::Document;

const SPECIFICATION: &str = "json-schema.org/";

/// The metaschema at a URL without fragment, and what its components are called.
pub(super) fn find(uri: &str) -> Option<(&'static str, Document)> {
    let rest = uri.strip_prefix("http://").or_else(|| uri.strip_prefix("https://"))?;
    let path = rest.strip_prefix(SPECIFICATION)?.trim_end_matches('/');
    let (name, value): (&'static str, &Value) = match path {
        "draft-04/schema" => ("json-schema.org/draft-04.json", &meta::DRAFT4),
        "draft-06/schema" => ("json-schema.org/draft-06.json", &meta::DRAFT6),
        "draft-07/schema" => ("json-schema.org/draft-07.json", &meta::DRAFT7),
        "draft/2019-09/schema" => ("json-schema.org/2019-09.json", &meta::DRAFT201909),
        "draft/2019-09/meta/applicator" => {
            ("json-schema.org/2019-09.applicator.json", &meta::DRAFT201909_APPLICATOR)
        }
        "draft/2019-09/meta/content" => {
            ("json-schema.org/2019-09.content.json", &meta::DRAFT201909_CONTENT)
        }
        "draft/2019-09/meta/core" => ("json-schema.org/2019-09.core.json", &meta::DRAFT201909_CORE),
        "draft/2019-09/meta/format" => {
            ("json-schema.org/2019-09.format.json", &meta::DRAFT201909_FORMAT)
        }
        "draft/2019-09/meta/meta-data" => {
            ("json-schema.org/2019-09.meta-data.json", &meta::DRAFT201909_META_DATA)
        }
        "draft/2019-09/meta/validation" => {
            ("json-schema.org/2019-09.validation.json", &meta::DRAFT201909_VALIDATION)
        }
        "draft/2020-12/schema" => ("json-schema.org/2020-12.json", &meta::DRAFT202012),
        "draft/2020-12/meta/applicator" => {
            ("json-schema.org/2020-12.applicator.json", &meta::DRAFT202012_APPLICATOR)
        }
        "draft/2020-12/meta/content" => {
            ("json-schema.org/2020-12.content.json", &meta::DRAFT202012_CONTENT)
        }
        "draft/2020-12/meta/core" => ("json-schema.org/2020-12.core.json", &meta::DRAFT202012_CORE),
        "draft/2020-12/meta/format-annotation" => {
            ("json-schema.org/2020-12.format.json", &meta::DRAFT202012_FORMAT_ANNOTATION)
        }
        "draft/2020-12/meta/format-assertion" => {
            ("json-schema.org/2020-12.format-assertion.json", &meta::DRAFT202012_FORMAT_ASSERTION)
        }
        "draft/2020-12/meta/meta-data" => {
            ("json-schema.org/2020-12.meta-data.json", &meta::DRAFT202012_META_DATA)
        }
        "draft/2020-12/meta/unevaluated" => {
            ("json-schema.org/2020-12.unevaluated.json", &meta::DRAFT202012_UNEVALUATED)
        }
        "draft/2020-12/meta/validation" => {
            ("json-schema.org/2020-12.validation.json", &meta::DRAFT202012_VALIDATION)
        }
        _ => return None,
    };
    Some((name, Document::from_value(uri, value.clone())))
}
