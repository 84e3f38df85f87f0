//! The boundary that a media type names (RFC 2046 §5.1.1).

use crate::convert::multipart::head::parameters;

/// Characters of a boundary (RFC 2046 §5.1.1).
const MOST: usize = 70;

/// The boundary of a `multipart` media type with its parameters; why there is none, as a sentence fragment.
pub(super) fn boundary(media_type: Option<&str>) -> Result<String, &'static str> {
    let Some(media_type) = media_type else {
        return Err("the body has no media type that names its boundary");
    };
    let rest = media_type.split_once(';').map_or("", |(_, rest)| rest);
    let all = parameters(rest.as_bytes())
        .ok_or("the parameters of the media type are not well formed")?;
    let mut named = all.into_iter().filter(|one| one.name == "boundary");
    let found = named.next().ok_or("the media type names no boundary")?;
    if named.next().is_some() {
        return Err("the media type names two boundaries");
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte);
    let text = found.value;
    let fits =
        (1..=MOST).contains(&text.len()) && text.bytes().all(allowed) && !text.ends_with(' ');
    if fits {
        Ok(text)
    } else {
        Err("the boundary is not 1 to 70 of the characters that it may have")
    }
}

#[cfg(test)]
mod tests {
    use super::boundary;

    #[track_caller]
    fn check(media_type: &str, wanted: Option<&str>) {
        assert_eq!(boundary(Some(media_type)).ok().as_deref(), wanted, "{media_type}");
    }

    #[test]
    fn a_boundary_is_read_or_refused() {
        check("multipart/form-data; boundary=x", Some("x"));
        check("multipart/form-data;charset=utf-8 ; Boundary=\"a b:c\"", Some("a b:c"));
        check(
            "multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW",
            Some("----WebKitFormBoundary7MA4YWxkTrZu0gW"),
        );
        check("multipart/form-data", None);
        check("multipart/form-data; boundary=", None);
        check("multipart/form-data; boundary=\"a \"", None);
        check("multipart/form-data; boundary=\"a\r\nb\"", None);
        check("multipart/form-data; boundary=a; boundary=b", None);
        check("multipart/form-data; boundary=\"a", None);
        check(&format!("multipart/form-data; boundary={}", "a".repeat(71)), None);
        check(&format!("multipart/form-data; boundary={}", "a".repeat(70)), Some(&"a".repeat(70)));
    }
}
