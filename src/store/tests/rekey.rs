//! Keys: where they are kept, what happens without them, and sealing a store anew.

use std::{fs, path::Path, sync::Arc, time::Duration};

use rusqlite::{Connection, params};

use super::sealing::{assert_full, assert_sealed, fill, table};
use crate::{
    killing::{Chance, Victim, folder_of_victim, n_kills, say},
    store::{KeyOptions, KeyPlace, Passphrase, Store, StoreError, StoreOptions, vault::tests::TestKeyring},
};

fn options(key: KeyOptions) -> StoreOptions {
    StoreOptions { key, ..StoreOptions::default() }
}

fn in_file() -> KeyOptions {
    KeyOptions::new(Some(KeyPlace::File))
}

fn off() -> KeyOptions {
    KeyOptions::new(Some(KeyPlace::Off))
}

fn with_passphrase(text: &str) -> KeyOptions {
    KeyOptions::new(Some(KeyPlace::Passphrase)).with_passphrase(Some(Passphrase::new(text)))
}

fn key_files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|extension| extension == "key")).collect()
}

#[test]
fn a_store_whose_key_file_is_gone_or_anothers_is_not_opened_and_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let full = fill(&Store::open(folder.path()).unwrap());
    let [path] = &key_files(folder.path())[..] else { panic!("one key") };
    let key = fs::read(path).unwrap();
    fs::remove_file(path).unwrap();
    let error = Store::open(folder.path()).unwrap_err().to_string();
    assert!(error.contains("bring the file back") && error.contains(".key"), "{error}");
    fs::write(path, blake3::hash(b"another").to_hex().as_str()).unwrap();
    let error = Store::open(folder.path()).unwrap_err().to_string();
    assert!(error.contains("another store's"), "{error}");
    fs::write(path, key).unwrap();
    assert_full(&Store::open(folder.path()).unwrap(), &full);
}

#[test]
fn a_passphrase_opens_the_store_and_no_other_does() {
    let folder = tempfile::tempdir().unwrap();
    let open = |key: KeyOptions| Store::open_with(folder.path(), &options(key));
    let full = fill(&open(with_passphrase("correct horse")).unwrap());
    assert_sealed(folder.path(), &full, true);
    assert!(key_files(folder.path()).is_empty());
    assert!(matches!(open(in_file()), Err(StoreError::PassphraseNeeded { .. })));
    assert!(matches!(open(with_passphrase("correct house")), Err(StoreError::WrongPassphrase { .. })));
    assert_full(&open(with_passphrase("correct horse")).unwrap(), &full);
}

#[test]
fn the_keyring_is_used_where_there_is_one_and_a_file_where_there_is_none() {
    let (folder, keyring) = (tempfile::tempdir().unwrap(), Arc::new(TestKeyring::default()));
    let open = |keyring: &Arc<TestKeyring>, place| {
        let vault: Arc<dyn crate::store::vault::Vault> = Arc::<TestKeyring>::clone(keyring);
        Store::open_with(folder.path(), &options(KeyOptions::new(place).with_vault(vault)))
    };
    let store = open(&keyring, None).unwrap();
    assert_eq!((store.key_place(), store.key_notice()), (KeyPlace::Keyring, None));
    let full = fill(&store);
    drop(store);
    assert_full(&open(&keyring, None).unwrap(), &full);
    keyring.keys.lock().unwrap().clear();
    let error = open(&keyring, None).unwrap_err().to_string();
    assert!(error.contains("not in the keyring"), "{error}");

    let folder = tempfile::tempdir().unwrap();
    let silent = Arc::new(TestKeyring { is_silent: true, ..TestKeyring::default() });
    let open = |place| {
        let vault: Arc<dyn crate::store::vault::Vault> = Arc::<TestKeyring>::clone(&silent);
        Store::open_with(folder.path(), &options(KeyOptions::new(place).with_vault(vault)))
    };
    let error = open(Some(KeyPlace::Keyring)).unwrap_err().to_string();
    assert!(error.contains("there is no keyring"), "{error}");
    let store = open(None).unwrap();
    assert_eq!(store.key_place(), KeyPlace::File);
    let notice = store.key_notice().unwrap();
    assert!(notice.contains("only you can read") && notice.contains(".key"), "{notice}");
    drop(store);
    assert_eq!(open(None).unwrap().key_notice(), None, "it is said once");
}

#[test]
fn a_store_is_sealed_anew_from_everything_to_everything_and_keeps_all_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let ways: [(KeyOptions, KeyOptions); 6] = [
        (off(), in_file()),
        (in_file(), in_file()),
        (in_file(), with_passphrase("one")),
        (with_passphrase("one"), with_passphrase("two")),
        (with_passphrase("two"), off()),
        (off(), with_passphrase("three")),
    ];
    let open = |key: &KeyOptions| Store::open_with(folder.path(), &options(key.clone())).unwrap();
    let full = fill(&open(&off()));
    assert_sealed(folder.path(), &full, false);
    let before = Store::open_with(folder.path(), &options(off())).unwrap();
    let n_values = before.n_values();
    drop(before);
    for (from, to) in ways {
        let rekeyed = Store::rekey(folder.path(), &from, &to).unwrap();
        assert_eq!((rekeyed.before, rekeyed.now), (from.place.unwrap(), to.place.unwrap()));
        assert_eq!((rekeyed.n_values, rekeyed.n_damaged), (n_values, 0));
        assert_sealed(folder.path(), &full, to.place != Some(KeyPlace::Off));
        let n_files = usize::from(to.place == Some(KeyPlace::File));
        assert_eq!(key_files(folder.path()).len(), n_files, "the old key is gone");
        let store = open(&to);
        assert_full(&store, &full);
        assert_eq!(store.n_values(), n_values);
    }
}

#[test]
fn a_store_that_is_older_than_sealing_stays_readable_and_can_be_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let full = fill(&Store::open_with(folder.path(), &options(off())).unwrap());
    let connection = Connection::open(folder.path().join("store.sqlite")).unwrap();
    connection.execute("DELETE FROM store_key", params![]).unwrap();
    drop(connection);
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(store.key_place(), KeyPlace::Off);
    assert_full(&store, &full);
    let error = Store::rekey(folder.path(), &in_file(), &in_file()).unwrap_err();
    assert!(matches!(error, StoreError::InUse { .. }), "{error}");
    drop(store);
    Store::rekey(folder.path(), &in_file(), &in_file()).unwrap();
    assert_sealed(folder.path(), &full, true);
    assert_full(&Store::open(folder.path()).unwrap(), &full);
}

#[test]
fn what_is_damaged_is_counted_and_the_rest_is_sealed_anew() {
    let folder = tempfile::tempdir().unwrap();
    let full = fill(&Store::open(folder.path()).unwrap());
    let connection = Connection::open(folder.path().join("store.sqlite")).unwrap();
    connection.execute("UPDATE node_pinned_data SET value = x'00'", params![]).unwrap();
    let blobs = folder.path().join("blobs");
    fs::remove_dir_all(&blobs).unwrap();
    drop(connection);
    let rekeyed = Store::rekey(folder.path(), &in_file(), &in_file()).unwrap();
    assert_eq!(rekeyed.n_damaged, 2);
    let store = Store::open(folder.path()).unwrap();
    assert!(matches!(store.load_value(&table().fingerprint()), Err(StoreError::Lost(_))));
    assert!(store.pinned_data(full.workflow.id(), &"a".into()).is_err());
    assert_eq!(store.run(full.run).unwrap().unwrap().own().len(), 2);
}

#[test]
fn a_program_killed_while_it_seals_anew_leaves_a_store_that_holds_everything() {
    if let Some(folder) = folder_of_victim() {
        say("begun");
        for _ in 0..10_000 {
            Store::rekey(&folder, &in_file(), &in_file()).unwrap();
        }
        unreachable!("it is killed before it has counted that far");
    }
    let folder = tempfile::tempdir().unwrap();
    let full = fill(&Store::open_with(folder.path(), &options(off())).unwrap());
    let mut chance = Chance::new();
    let n_kills = n_kills(8);
    for _ in 0..n_kills {
        let mut victim = Victim::start(
            "store::tests::rekey::a_program_killed_while_it_seals_anew_leaves_a_store_that_holds_everything",
            folder.path(),
        );
        victim.hear();
        chance.wait_below(Duration::from_millis(200));
        assert!(victim.kill());
        let store = Store::open(folder.path()).unwrap();
        assert_full(&store, &full);
        let is_sealed = store.is_sealed();
        drop(store);
        assert_sealed(folder.path(), &full, is_sealed);
        let blobs = fs::read_dir(folder.path().join("blobs")).unwrap().map(|entry| entry.unwrap().path());
        let n_blobs: usize =
            blobs.filter(|path| !path.ends_with("unfinished")).map(|path| fs::read_dir(path).unwrap().count()).sum();
        assert_eq!(n_blobs, 1, "nothing is left behind");
    }
    println!("{n_kills} kills while sealing anew");
}
