//! Kept configurations: all or as much as there is room for, and nothing that is secret.

use std::fs;
use std::path::Path;

use super::state::State;
use super::store::{Gone, Kept, Store};
use crate::assemble::{Manifest, Source, manifest_of};
use crate::config::Config;

struct Shop {
    folder: tempfile::TempDir,
}

impl Shop {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("orders/v1")).unwrap();
        State::of_file(&folder.path().join("gateway.yaml"), None).prepare().unwrap();
        Self { folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn store(&self, most: usize, configurations: usize) -> Store {
        Store::new(State::of_file(&self.path().join("gateway.yaml"), None), most, configurations)
    }

    /// A configuration with this description.
    fn configuration(&self, more: &str, description: &[u8]) -> (Manifest, String, Config) {
        fs::write(self.path().join("orders/v1/openapi.yaml"), description).unwrap();
        let text = format!(
            "# {more}\nlisten: [{{ address: 127.0.0.1:0 }}]\napis:\n  a:\n    description: orders\n    \
             backends: [{{ version: v1, endpoints: [\"http://b:1\"] }}]\n"
        );
        let source = Source::text(&self.path().join("gateway.yaml"), text.clone().into_bytes());
        let (manifest, config) = manifest_of(&source).unwrap();
        (manifest, text, config)
    }

    fn keep(&self, store: &Store, (more, description): (&str, &[u8])) -> (String, Kept) {
        let (manifest, text, config) = self.configuration(more, description);
        let kept = store.keep(&manifest, (text.as_bytes(), &config)).unwrap();
        (manifest.digest(), kept)
    }

    fn objects(&self) -> usize {
        fs::read_dir(self.path().join(".evergate/objects")).unwrap().count()
    }
}

#[test]
fn a_configuration_comes_back_as_it_was() {
    let shop = Shop::new();
    let store = shop.store(1 << 20, 10);
    let (digest, kept) = shop.keep(&store, ("one", b"first"));
    assert_eq!(kept, Kept::Whole);
    shop.keep(&store, ("two", b"second"));
    let manifest = store.manifest(&digest).unwrap();
    assert!(store.object(&manifest.config).unwrap().starts_with(b"# one\n"));
    let to = shop.path().join("unpacked");
    let found = store.unpack(&manifest, &|_| Some("orders".into()), &to).unwrap();
    let [(api, directory)] = &found[..] else { panic!("{found:?}") };
    assert_eq!((api.as_str(), directory.file_name().unwrap()), ("a", "orders".as_ref()));
    assert_eq!(fs::read(directory.join("v1/openapi.yaml")).unwrap(), b"first");
}

#[test]
fn what_is_damaged_is_told_and_never_given() {
    let shop = Shop::new();
    let store = shop.store(1 << 20, 10);
    let (digest, _) = shop.keep(&store, ("one", b"first"));
    let config = store.manifest(&digest).unwrap().config;
    fs::write(shop.path().join(".evergate/objects").join(&config), "another").unwrap();
    assert!(matches!(store.object(&config), Err(Gone::Damaged(_))));
    fs::write(shop.path().join(".evergate/configurations").join(&digest), "{}").unwrap();
    assert!(matches!(store.manifest(&digest), Err(Gone::Damaged(_))));
    for name in ["", "..", "../journal.jsonl", &"a".repeat(64)] {
        assert!(matches!(store.object(name), Err(Gone::Missing(_))), "{name}");
    }
}

#[test]
fn the_oldest_make_room_and_never_the_one_in_use() {
    let shop = Shop::new();
    let store = shop.store(1 << 20, 3);
    let all: Vec<String> = (0..6)
        .map(|number| shop.keep(&store, (&number.to_string(), number.to_string().as_bytes())).0)
        .collect();
    let kept: Vec<bool> = all.iter().map(|digest| store.manifest(digest).is_ok()).collect();
    assert_eq!(kept[..3], [false; 3]);
    assert!(kept[5]);
    assert!(shop.objects() <= 6);
    // by octets: each has 40 KiB of its own, and 100 KiB are kept
    let store = shop.store(100 << 10, 100);
    let big = |number: u8| shop.keep(&store, (&number.to_string(), &vec![number; 40 << 10])).0;
    let all: Vec<String> = (0..4).map(big).collect();
    assert!(store.manifest(&all[0]).is_err() && store.manifest(&all[3]).is_ok());
    let objects = fs::read_dir(shop.path().join(".evergate/objects")).unwrap();
    let size: u64 = objects.map(|one| one.unwrap().metadata().unwrap().len()).sum();
    assert!(size <= 100 << 10, "{size}");
}

#[test]
fn descriptions_that_are_too_large_or_hold_a_key_are_not_copied() {
    let shop = Shop::new();
    let store = shop.store(10 << 10, 10);
    let (digest, kept) = shop.keep(&store, ("large", &[b'x'; 9 << 10]));
    assert_eq!(kept, Kept::ConfigOnly);
    let config = store.manifest(&digest).unwrap().config;
    assert!(store.object(&config).is_ok());
    let key = b"-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n";
    assert_eq!(shop.keep(&store, ("key", key)).1, Kept::ConfigOnly);
    for object in fs::read_dir(shop.path().join(".evergate/objects")).unwrap() {
        let text = fs::read(object.unwrap().path()).unwrap();
        assert!(!text.windows(11).any(|part| part == b"PRIVATE KEY"));
    }
}
