//! Content codings and digests: what either side hears of a body that is converted on its way.
#![expect(clippy::unwrap_used, reason = "a test may fall")]

#[path = "support/client.rs"]
mod client;
#[path = "support/orders.rs"]
mod orders;
#[path = "support/house.rs"]
mod support;

use std::io::{Read, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use client::{BOTH, Body, send, whole};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use sha2::{Digest as _, Sha256};
use support::{Backend, House};

const V2: &str = r#"{"id":"a","tag":"t","quantity":3}"#;
const V1: &str = r#"{"id":"a","qty":3}"#;

fn coded(coding: &str, text: &str) -> Vec<u8> {
    use flate2::{Compression, write};
    match coding {
        "gzip" => {
            let mut writer = write::GzEncoder::new(Vec::new(), Compression::new(6));
            writer.write_all(text.as_bytes()).unwrap();
            writer.finish().unwrap()
        }
        "deflate" => {
            let mut writer = write::ZlibEncoder::new(Vec::new(), Compression::new(6));
            writer.write_all(text.as_bytes()).unwrap();
            writer.finish().unwrap()
        }
        "br" => {
            let mut writer = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 20);
            writer.write_all(text.as_bytes()).unwrap();
            writer.into_inner()
        }
        "zstd" => {
            let level = ruzstd::encoding::CompressionLevel::Fastest;
            ruzstd::encoding::compress_to_vec(text.as_bytes(), level)
        }
        _ => text.as_bytes().to_vec(),
    }
}

fn plain(coding: &str, bytes: &[u8]) -> String {
    let mut text = String::new();
    match coding {
        "gzip" => flate2::read::GzDecoder::new(bytes).read_to_string(&mut text),
        "deflate" => flate2::read::ZlibDecoder::new(bytes).read_to_string(&mut text),
        "br" => brotli::Decompressor::new(bytes, 4096).read_to_string(&mut text),
        _ => {
            let mut bytes = bytes;
            bytes.read_to_string(&mut text)
        }
    }
    .unwrap();
    text
}

fn digest(bytes: &[u8]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(bytes)))
}

/// A body of one piece and trailers.
fn with_trailers(bytes: impl Into<Bytes>, trailers: HeaderMap) -> Body {
    let frames = [Ok(Frame::data(bytes.into())), Ok(Frame::trailers(trailers))];
    StreamBody::new(futures_util::stream::iter(frames)).boxed_unsync()
}

/// A whole answer with these fields, each line ended.
fn answer(status: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{fields}\r\n"
    );
    [head.as_bytes(), body].concat()
}

async fn get(house: &House, version: http::Version, accept: &str) -> Response<Bytes> {
    let mut request = Request::get("/orders/a");
    if !accept.is_empty() {
        request = request.header("accept-encoding", accept);
    }
    send(house.address(), version, request.body(whole("")).unwrap()).await.unwrap()
}

fn field<'a>(response: &'a Response<Bytes>, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn a_coded_answer_is_converted_and_coded_for_its_client() {
    for version in BOTH {
        for (coding, accept, asked, expected) in [
            ("gzip", "gzip, br", "gzip, br", "gzip"),
            ("br", "br, gzip;q=0.5, compress", "gzip;q=0.500, br", "br"),
            ("deflate", "deflate", "deflate", "deflate"),
            ("zstd", "zstd, gzip", "gzip, zstd", "gzip"),
            ("zstd", "zstd", "zstd", ""),
            ("gzip", "", "identity", ""),
            ("gzip", "br", "br", "br"),
            ("", "gzip", "gzip", ""),
        ] {
            let body = coded(coding, V2);
            let fields = match coding {
                "" => String::new(),
                coding => format!("content-encoding: {coding}\r\n"),
            };
            let backend = Backend::raw(&answer("200 OK", &fields, &body)).await;
            let house = orders::crossing(&backend, "").await;
            let reply = get(&house, version, accept).await;
            assert_eq!(reply.status(), 200, "{coding} {accept} {reply:?}");
            assert_eq!(field(&reply, "content-encoding"), expected, "{coding} {accept}");
            assert_eq!(plain(expected, reply.body()), V1, "{coding} {accept}");
            assert_eq!(field(&reply, "content-length"), reply.body().len().to_string());
            let seen = backend.seen().pop().unwrap();
            assert!(seen.contains(&format!("accept-encoding: {asked}\r\n")), "{seen}");
            let varies = reply.headers().get_all("vary").iter().any(|one| one == "accept-encoding");
            assert_eq!(varies, !coding.is_empty(), "{coding} {accept} {reply:?}");
        }
    }
}

#[tokio::test]
async fn a_long_coded_answer_streams() {
    let items = vec![V2; 20_000].join(",");
    let body = coded("gzip", &format!("[{items}]"));
    let fields = "content-encoding: gzip\r\n";
    let backend = Backend::raw(&answer("200 OK", fields, &body)).await;
    let house = orders::with(&backend, "", "limits: { ratio: 1000 }").await;
    for version in BOTH {
        let request = Request::get("/orders").header("accept-encoding", "gzip");
        let request = request.body(whole("")).unwrap();
        let reply = send(house.address(), version, request).await.unwrap();
        let seen: serde_json::Value = serde_json::from_str(&plain("gzip", reply.body())).unwrap();
        assert_eq!(seen.as_array().unwrap().len(), 20_000);
        assert_eq!(seen[19_999].to_string(), V1);
    }
}

#[tokio::test]
async fn what_is_not_converted_keeps_its_coding_to_the_byte() {
    let body = coded("zstd", V2);
    let fields =
        format!("content-encoding: zstd\r\nrepr-digest: {}\r\netag: \"e\"\r\n", digest(&body));
    let backend = Backend::raw(&answer("200 OK", &fields, &body)).await;
    let house = orders::crossing(&backend, "").await;
    let request = Request::get("/v2/orders/a").header("accept-encoding", "zstd, x-own");
    let request = request.header("range", "bytes=0-").body(whole("")).unwrap();
    let reply = send(house.address(), BOTH[0], request).await.unwrap();
    assert_eq!(*reply.body(), body);
    assert_eq!((field(&reply, "content-encoding"), field(&reply, "etag")), ("zstd", "\"e\""));
    assert_eq!(field(&reply, "repr-digest"), digest(&body));
    let seen = backend.seen().pop().unwrap();
    assert!(seen.contains("accept-encoding: zstd, x-own\r\nrange: bytes=0-\r\n"), "{seen}");
}

#[tokio::test]
async fn a_coded_request_is_converted_and_sent_plain() {
    let backend = Backend::raw(&answer("201 Created", "", V2.as_bytes())).await;
    let house = orders::crossing(&backend, "").await;
    for version in BOTH {
        for coding in ["gzip", "br", "deflate", "zstd"] {
            let body = coded(coding, r#"{"qty": 3}"#);
            let request = Request::post("/orders")
                .header("content-type", "application/json")
                .header("content-encoding", coding)
                .header("content-digest", digest(&body));
            let request = request.body(whole(body)).unwrap();
            let reply = send(house.address(), version, request).await.unwrap();
            assert_eq!(reply.status(), 201, "{coding} {reply:?}");
            let seen = backend.seen().pop().unwrap();
            assert!(seen.ends_with("\r\n\r\n{\"quantity\": 3}"), "{seen}");
            assert!(!seen.contains("content-encoding"), "{seen}");
            let own = digest(b"{\"quantity\": 3}");
            assert!(seen.contains(&format!("content-digest: {own}\r\n")), "{seen}");
        }
    }
}

#[tokio::test]
async fn a_coded_request_that_cannot_be_taken_is_refused_with_what_can() {
    let backend = Backend::json("{}").await;
    let house = orders::with(&backend, "", "limits: { body: 8MiB }").await;
    let blanks = format!("{}{{\"qty\":1}}", " ".repeat(6 << 20));
    let many = format!("{}{{\"qty\":1}}", " ".repeat(9 << 20));
    let wide = coded("gzip", &blanks);
    let large = coded("br", &many);
    for (coding, body, status, code) in [
        ("compress", b"{}".to_vec(), 415, "request-coded"),
        ("gzip", b"{}".to_vec(), 400, "request-coding-broken"),
        ("gzip", coded("gzip", "{\"qty\":1}")[..20].to_vec(), 400, "request-coding-broken"),
        ("gzip", wide, 413, "body-ratio"),
        ("br", large, 413, "body-ratio"),
        ("gzip, gzip, gzip, gzip", b"{}".to_vec(), 415, "request-coded"),
    ] {
        let request = Request::post("/orders")
            .header("content-type", "application/json")
            .header("content-encoding", coding);
        let request = request.body(whole(body)).unwrap();
        let reply = send(house.address(), BOTH[0], request).await.unwrap();
        let problem: serde_json::Value = serde_json::from_slice(reply.body()).unwrap();
        assert_eq!((reply.status().as_u16(), problem["code"].as_str().unwrap()), (status, code));
        let accepts = "gzip, br, zstd, deflate, identity";
        let expected = if status == 415 { accepts } else { "" };
        assert_eq!(field(&reply, "accept-encoding"), expected, "{reply:?}");
    }
    assert!(backend.seen().is_empty());
}

#[tokio::test]
async fn a_coded_answer_that_cannot_be_decoded_is_a_502() {
    let bomb = coded("gzip", &format!("{}{V2}", " ".repeat(4 << 20)));
    for (coding, body, code) in [
        ("compress", V2.as_bytes().to_vec(), "response-coded"),
        ("gzip, exi", V2.as_bytes().to_vec(), "response-coded"),
        ("gzip", V2.as_bytes().to_vec(), "response-coding-broken"),
        ("br", coded("br", V2)[..10].to_vec(), "response-coding-broken"),
        ("gzip", bomb, "response-coding-broken"),
    ] {
        let fields = format!("content-encoding: {coding}\r\n");
        let backend = Backend::raw(&answer("200 OK", &fields, &body)).await;
        let house = orders::crossing(&backend, "").await;
        for version in BOTH {
            let reply = get(&house, version, "gzip").await;
            let problem: serde_json::Value = serde_json::from_slice(reply.body()).unwrap();
            assert_eq!((reply.status().as_u16(), problem["code"].as_str()), (502, Some(code)));
            assert_eq!(field(&reply, "content-encoding"), "");
        }
    }
}

#[tokio::test]
async fn digests_are_checked_on_the_way_in_and_made_anew_on_the_way_out() {
    let right = digest(V2.as_bytes());
    let fields =
        format!("content-digest: {right}\r\nrepr-digest: {right}, unixsum=:1:\r\ndigest: x\r\n");
    let backend = Backend::raw(&answer("200 OK", &fields, V2.as_bytes())).await;
    let house = orders::crossing(&backend, "").await;
    let reply = get(&house, BOTH[0], "").await;
    let own = digest(V1.as_bytes());
    assert_eq!((field(&reply, "content-digest"), field(&reply, "repr-digest")), (&*own, &*own));
    assert_eq!(field(&reply, "digest"), "");
    let fields = format!("content-digest: {}\r\n", digest(b"{}"));
    let backend = Backend::raw(&answer("200 OK", &fields, V2.as_bytes())).await;
    let house = orders::crossing(&backend, "").await;
    let reply = get(&house, BOTH[1], "").await;
    assert_eq!(reply.status(), 502);
    assert!(String::from_utf8_lossy(reply.body()).contains("\"response-digest\""), "{reply:?}");
    for fields in [
        vec![("content-digest", digest(b"[]"))],
        vec![("repr-digest", digest(b"[]"))],
        vec![("content-md5", "mZFLkyvTelC5g8XnyQrpOw==".to_owned())],
    ] {
        let mut request = Request::post("/orders").header("content-type", "application/json");
        for (name, value) in fields {
            request = request.header(name, value);
        }
        let request = request.body(whole("{\"qty\":1}")).unwrap();
        let reply = send(house.address(), BOTH[0], request).await.unwrap();
        assert_eq!(reply.status(), 400, "{reply:?}");
        assert!(String::from_utf8_lossy(reply.body()).contains("\"request-digest\""), "{reply:?}");
    }
}

#[tokio::test]
async fn a_digest_in_the_trailers_is_checked_too() {
    let backend = Backend::raw(&answer("201 Created", "", V2.as_bytes())).await;
    let house = orders::crossing(&backend, "").await;
    for version in BOTH {
        for (body, status) in [("{\"qty\":1}", 201), ("{\"qty\":2}", 400)] {
            let mut trailers = HeaderMap::new();
            trailers.insert("content-digest", digest(b"{\"qty\":1}").parse().unwrap());
            let request = Request::post("/orders")
                .header("content-type", "application/json")
                .header("trailer", "content-digest")
                .body(with_trailers(body, trailers))
                .unwrap();
            let reply = send(house.address(), version, request).await.unwrap();
            assert_eq!(reply.status(), status, "{version:?} {reply:?}");
        }
    }
    let chunked = |body: &str, claimed: &[u8]| {
        format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\ntrailer: \
             content-digest\r\n\r\n{:x}\r\n{body}\r\n0\r\ncontent-digest: {}\r\n\r\n",
            body.len(),
            digest(claimed)
        )
    };
    for (claimed, status) in [(V2.as_bytes(), 200), (b"{}".as_slice(), 502)] {
        let backend = Backend::start(&chunked(V2, claimed)).await;
        let house = orders::crossing(&backend, "").await;
        assert_eq!(get(&house, BOTH[0], "").await.status(), status);
    }
}

#[tokio::test]
async fn a_long_answer_with_a_wrong_digest_is_cut_and_not_ended() {
    let body = format!("[{}]", vec![V2; 5000].join(","));
    let fields = format!("content-digest: {}\r\n", digest(b"{}"));
    let backend = Backend::raw(&answer("200 OK", &fields, body.as_bytes())).await;
    let house = orders::crossing(&backend, "").await;
    for version in BOTH {
        let request = Request::get("/orders").body(whole("")).unwrap();
        assert!(send(house.address(), version, request).await.is_err());
    }
}
