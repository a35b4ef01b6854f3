//! Sealing: what a store writes, encrypted and authenticated by AES-256-GCM.
//!
//! A sealed cell of the database is a salt (16 bytes), a number (8 bytes), and the content with its tag (16 bytes). Each opening
//! of a store has a salt of its own, from which a key is derived, and numbers what it seals: no key and nonce are ever used
//! twice, and no key is used too often. Where a cell stands is authenticated with it, so that a cell in another's place is
//! damage. Files are sealed in chunks, see [`super::sealed_file`].

use std::{
    borrow::Cow,
    collections::HashMap,
    fmt,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    rand::{SecureRandom as _, SystemRandom},
};
use smallvec::SmallVec;

use super::{RunId, SessionId};
use crate::value::Fingerprint;

/// How many bytes the tag has that tells whether anything has changed.
pub(super) const TAG_BYTES: usize = 16;

const SALT_BYTES: usize = 16;
const NUMBER_BYTES: usize = 8;

/// How many bytes a sealed cell has more than its content.
pub(super) const CELL_OVERHEAD: usize = SALT_BYTES + NUMBER_BYTES + TAG_BYTES;

/// How many derived keys are kept at hand: one for each opening of the store that wrote what is read.
const MAX_KEYS: usize = 256;

/// A key of 256 bits. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Key(pub(super) [u8; 32]);

impl Key {
    /// Returns a new key by chance.
    pub(super) fn generate() -> Result<Self, String> {
        random().map(Self)
    }

    /// Returns a key for one purpose.
    fn derive(&self, purpose: &str) -> [u8; 32] {
        blake3::derive_key(purpose, &self.0)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

/// Returns bytes by chance, of the system's generator.
pub(super) fn random<const N: usize>() -> Result<[u8; N], String> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_unspecified| "the system gives no random numbers".to_owned())?;
    Ok(bytes)
}

/// Where something sealed stands; authenticated with it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place<'a> {
    /// A kept value, by its name: in the database or in a file.
    Value(&'a Fingerprint),
    /// A node's record, by its id.
    Record(i64),
    /// The workflow of runs, by its name.
    Workflow(&'a Fingerprint),
    /// The path of a run's workflow.
    Path(RunId),
    /// An iteration of a loop, by the loop, its index and the number of the run.
    Iteration(i64, i64, i64),
    /// What was noted about a loop, by the loop and the number of the run.
    Loop(i64, i64),
    /// Pinned data, by its tenant, workflow and node.
    PinnedData(&'a str, &'a str, &'a str),
    /// Results kept for a time, by their name and the column.
    KeptFor(&'a Fingerprint, &'a str),
    /// How long a node took, by its workflow and node.
    Timing(&'a [u8], &'a str),
    /// A session's file.
    Session(SessionId),
    /// What tells whether a key is the store's.
    Check,
    /// A key that the store had before.
    RetiredKey,
}

impl Place<'_> {
    /// Returns what is authenticated: no two places have the same.
    pub(super) fn aad(&self) -> SmallVec<[u8; 96]> {
        let mut aad = SmallVec::new();
        match self {
            Self::Value(name) => put(&mut aad, 1, &[name.as_bytes()]),
            Self::Record(id) => put(&mut aad, 2, &[&id.to_le_bytes()]),
            Self::Workflow(name) => put(&mut aad, 3, &[name.as_bytes()]),
            Self::Path(run) => put(&mut aad, 4, &[&run.ulid().to_bytes()]),
            Self::Iteration(of, index, run) => {
                put(&mut aad, 5, &[&of.to_le_bytes(), &index.to_le_bytes(), &run.to_le_bytes()]);
            }
            Self::Loop(of, run) => put(&mut aad, 6, &[&of.to_le_bytes(), &run.to_le_bytes()]),
            Self::PinnedData(tenant, workflow, node) => {
                put(&mut aad, 7, &[tenant.as_bytes(), workflow.as_bytes(), node.as_bytes()]);
            }
            Self::KeptFor(name, column) => put(&mut aad, 8, &[name.as_bytes(), column.as_bytes()]),
            Self::Timing(workflow, node) => put(&mut aad, 9, &[workflow, node.as_bytes()]),
            Self::Session(id) => put(&mut aad, 10, &[&id.ulid().to_bytes()]),
            Self::Check => put(&mut aad, 11, &[]),
            Self::RetiredKey => put(&mut aad, 12, &[]),
        }
        aad
    }
}

fn put(aad: &mut SmallVec<[u8; 96]>, what: u8, parts: &[&[u8]]) {
    aad.push(what);
    for part in parts {
        aad.extend_from_slice(&(part.len() as u32).to_le_bytes());
        aad.extend_from_slice(part);
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(name) => write!(f, "the value {name:?} of the table kept_values"),
            Self::Record(id) => write!(f, "the row {id} of the table node_records"),
            Self::Workflow(name) => write!(f, "the row {name:?} of the table workflows"),
            Self::Path(run) => write!(f, "the path of the run {run} in the table runs"),
            Self::Iteration(of, index, run) => write!(f, "the row ({of}, {index}, {run}) of the table iterations"),
            Self::Loop(of, run) => write!(f, "the loop {of} of the run {run} in the table loops"),
            Self::PinnedData(_, workflow, node) => {
                write!(f, "the row ({workflow}, {node}) of the table node_pinned_data")
            }
            Self::KeptFor(name, column) => write!(f, "the {column} of the row {name:?} of the table kept_for"),
            Self::Timing(_, node) => write!(f, "the row of {node} in the table timings"),
            Self::Session(id) => write!(f, "the file of the session {id}"),
            Self::Check => f.write_str("the table store_key"),
            Self::RetiredKey => f.write_str("the table retired_keys"),
        }
    }
}

/// How a store writes what it keeps: as it is, or sealed.
#[derive(Clone)]
pub(super) enum Crypt {
    /// As it is.
    Plain,
    /// Sealed.
    Sealed(Arc<Sealer>),
}

/// What seals and opens.
pub(super) struct Sealer {
    main: Key,
    cells: Key,
    files: Key,
    names: [u8; 32],
    contents: [u8; 32],
    /// Of this opening.
    salt: [u8; SALT_BYTES],
    key: LessSafeKey,
    n_sealed: AtomicU64,
    /// Keys of other openings, by their salts.
    others: RwLock<HashMap<[u8; SALT_BYTES], Arc<LessSafeKey>>>,
    /// What the store was sealed with before, as long as files may be left that are sealed with it.
    retired: Vec<Self>,
}

/// Returns a key made from another one and a salt.
pub(super) fn key_of(from: &Key, salt: &[u8]) -> Result<LessSafeKey, String> {
    let derived = blake3::keyed_hash(&from.0, salt);
    UnboundKey::new(&AES_256_GCM, derived.as_bytes())
        .map(LessSafeKey::new)
        .map_err(|_wrong_length| "no key can be made".to_owned())
}

fn nonce_of(number: [u8; NUMBER_BYTES]) -> Nonce {
    let mut nonce = [0; 12];
    nonce[..NUMBER_BYTES].copy_from_slice(&number);
    Nonce::assume_unique_for_key(nonce)
}

impl Sealer {
    fn new(main: Key, retired: Vec<Self>) -> Result<Self, String> {
        let cells = Key(main.derive("Pinflow store 2026 cells"));
        let salt = random()?;
        Ok(Self {
            key: key_of(&cells, &salt)?,
            files: Key(main.derive("Pinflow store 2026 files")),
            names: main.derive("Pinflow store 2026 names"),
            contents: main.derive("Pinflow store 2026 contents"),
            main,
            cells,
            salt,
            n_sealed: AtomicU64::new(0),
            others: RwLock::default(),
            retired,
        })
    }

    fn seal(&self, place: Place<'_>, content: &[u8]) -> Vec<u8> {
        let number = self.n_sealed.fetch_add(1, Ordering::Relaxed).to_le_bytes();
        let mut cell = Vec::with_capacity(content.len() + CELL_OVERHEAD);
        cell.extend_from_slice(&self.salt);
        cell.extend_from_slice(&number);
        cell.extend_from_slice(content);
        let (_, sealed) = cell.split_at_mut(SALT_BYTES + NUMBER_BYTES);
        let tag = self
            .key
            .seal_in_place_separate_tag(nonce_of(number), Aad::from(place.aad()), sealed)
            .expect("a cell is shorter than the 64 GiB that a message may have");
        cell.extend_from_slice(tag.as_ref());
        cell
    }

    fn open(&self, place: Place<'_>, cell: &[u8]) -> Result<Vec<u8>, String> {
        let damaged = || format!("its bytes have changed, or were sealed with another key: {place}");
        let (salt, rest) = cell.split_first_chunk::<SALT_BYTES>().ok_or_else(damaged)?;
        let (number, sealed) = rest.split_first_chunk::<NUMBER_BYTES>().ok_or_else(damaged)?;
        let mut content = sealed.to_vec();
        let aad = Aad::from(place.aad());
        let n_bytes = if *salt == self.salt {
            self.key.open_in_place(nonce_of(*number), aad, &mut content)
        } else {
            self.other(salt)?.open_in_place(nonce_of(*number), aad, &mut content)
        }
        .map_err(|_unspecified| damaged())?
        .len();
        content.truncate(n_bytes);
        Ok(content)
    }

    /// Returns the key of another opening.
    fn other(&self, salt: &[u8; SALT_BYTES]) -> Result<Arc<LessSafeKey>, String> {
        if let Some(key) = self.others.read().unwrap_or_else(PoisonError::into_inner).get(salt) {
            return Ok(Arc::clone(key));
        }
        let key = Arc::new(key_of(&self.cells, salt)?);
        let mut others = self.others.write().unwrap_or_else(PoisonError::into_inner);
        if others.len() >= MAX_KEYS {
            others.clear();
        }
        others.insert(*salt, Arc::clone(&key));
        Ok(key)
    }
}

impl Crypt {
    /// Returns what seals with a key.
    pub(super) fn sealed(key: Key) -> Result<Self, String> {
        Self::sealed_after(key, Vec::new())
    }

    /// Returns what seals with a key, and opens files that were sealed with those before it.
    pub(super) fn sealed_after(key: Key, retired: Vec<Key>) -> Result<Self, String> {
        let retired = retired.into_iter().map(|key| Sealer::new(key, Vec::new())).collect::<Result<_, _>>()?;
        Ok(Self::Sealed(Arc::new(Sealer::new(key, retired)?)))
    }

    /// Returns whether anything is sealed.
    pub(super) const fn is_sealed(&self) -> bool {
        matches!(self, Self::Sealed(_))
    }

    /// Returns the key.
    pub(super) fn key(&self) -> Option<&Key> {
        match self {
            Self::Plain => None,
            Self::Sealed(sealer) => Some(&sealer.main),
        }
    }

    /// Returns the key that files are sealed with.
    pub(super) fn file_key(&self) -> Option<&Key> {
        match self {
            Self::Plain => None,
            Self::Sealed(sealer) => Some(&sealer.files),
        }
    }

    /// Returns content as it is written in a place.
    pub(super) fn seal<'a>(&self, place: Place<'_>, content: &'a [u8]) -> Cow<'a, [u8]> {
        match self {
            Self::Plain => Cow::Borrowed(content),
            Self::Sealed(sealer) => Cow::Owned(sealer.seal(place, content)),
        }
    }

    /// Returns what was written in a place, or what is wrong with it.
    pub(super) fn open<'a>(&self, place: Place<'_>, cell: &'a [u8]) -> Result<Cow<'a, [u8]>, String> {
        match self {
            Self::Plain => Ok(Cow::Borrowed(cell)),
            Self::Sealed(sealer) => sealer.open(place, cell).map(Cow::Owned),
        }
    }

    /// Returns what was sealed in a place with this key or one that the store had before.
    pub(super) fn open_old(&self, place: Place<'_>, cell: &[u8]) -> Result<Vec<u8>, String> {
        match self {
            Self::Plain => Err(format!("it is sealed, and the store has no key: {place}")),
            Self::Sealed(sealer) => sealer
                .open(place, cell)
                .or_else(|why| sealer.retired.iter().find_map(|old| old.open(place, cell).ok()).ok_or(why)),
        }
    }

    /// Returns what something with a fingerprint is called in the store. A sealed store never holds the fingerprint itself:
    /// it would tell whoever guesses the content that the guess is right.
    pub(super) fn name(&self, fingerprint: &Fingerprint) -> Fingerprint {
        match self {
            Self::Plain => *fingerprint,
            Self::Sealed(sealer) => {
                Fingerprint::from_bytes(*blake3::keyed_hash(&sealer.names, fingerprint.as_bytes()).as_bytes())
            }
        }
    }

    /// Returns what makes the name of content: its BLAKE3 hash, keyed in a sealed store.
    pub(super) fn hasher(&self) -> blake3::Hasher {
        match self {
            Self::Plain => blake3::Hasher::new(),
            Self::Sealed(sealer) => blake3::Hasher::new_keyed(&sealer.contents),
        }
    }

    /// Returns the name of content.
    pub(super) fn name_of_content(&self, content: &[u8]) -> Fingerprint {
        Fingerprint::from_bytes(*self.hasher().update(content).finalize().as_bytes())
    }

    /// Returns how many bytes of a cell are content.
    pub(super) const fn content_len(&self, cell: u64) -> u64 {
        match self {
            Self::Plain => cell,
            Self::Sealed(_) => cell.saturating_sub(CELL_OVERHEAD as u64),
        }
    }
}

impl fmt::Debug for Crypt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_sealed() { "Sealed" } else { "Plain" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crypt(byte: u8) -> Crypt {
        Crypt::sealed(Key([byte; 32])).unwrap()
    }

    #[test]
    fn what_is_sealed_is_opened_in_its_place_by_every_opening_of_the_store() {
        let (first, second) = (crypt(1), crypt(1));
        let cell = first.seal(Place::Record(7), b"content").into_owned();
        assert_eq!(cell.len(), 7 + CELL_OVERHEAD);
        assert!(!cell.windows(7).any(|window| window == b"content"));
        for crypt in [&first, &second, &second] {
            assert_eq!(crypt.open(Place::Record(7), &cell).unwrap(), &b"content"[..]);
        }
        assert_ne!(first.seal(Place::Record(7), b"content"), cell, "no nonce is used twice");
    }

    #[test]
    fn a_changed_bit_a_cut_another_place_and_another_key_are_damage_that_names_the_row() {
        let crypt_1 = crypt(1);
        let cell = crypt_1.seal(Place::Record(7), b"content").into_owned();
        for at in 0..cell.len() * 8 {
            let mut changed = cell.clone();
            changed[at / 8] ^= 1 << (at % 8);
            let why = crypt_1.open(Place::Record(7), &changed).unwrap_err();
            assert!(why.contains("the row 7 of the table node_records"), "{why}");
        }
        for end in 0..cell.len() {
            assert!(crypt_1.open(Place::Record(7), &cell[..end]).is_err());
        }
        assert!(crypt_1.open(Place::Record(8), &cell).is_err());
        assert!(crypt_1.open(Place::Path(RunId::generate()), &cell).is_err());
        assert!(crypt(2).open(Place::Record(7), &cell).is_err());
    }

    #[test]
    fn places_are_told_apart_by_every_part() {
        let name = Fingerprint::of_bytes(b"x");
        let places = [
            Place::Value(&name),
            Place::Workflow(&name),
            Place::KeptFor(&name, "ports"),
            Place::KeptFor(&name, "sources"),
            Place::PinnedData("a", "bc", "d"),
            Place::PinnedData("ab", "c", "d"),
            Place::PinnedData("a", "b", "cd"),
            Place::Iteration(1, 2, 3),
            Place::Iteration(1, 3, 2),
            Place::Loop(1, 2),
            Place::Check,
            Place::RetiredKey,
        ];
        let mut all: Vec<_> = places.iter().map(Place::aad).collect();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), places.len());
    }

    #[test]
    fn names_are_the_keys_own_and_a_retired_key_still_opens() {
        let fingerprint = Fingerprint::of_bytes(b"x");
        assert_eq!(crypt(1).name(&fingerprint), crypt(1).name(&fingerprint));
        assert_ne!(crypt(1).name(&fingerprint), crypt(2).name(&fingerprint));
        assert_ne!(crypt(1).name_of_content(b"x"), fingerprint);
        assert_eq!(Crypt::Plain.name_of_content(b"x"), fingerprint);
        let place = Place::Session(SessionId::generate());
        let old = crypt(1).seal(place, b"old").into_owned();
        let new = Crypt::sealed_after(Key([2; 32]), vec![Key([1; 32])]).unwrap();
        assert!(new.open(place, &old).is_err());
        assert_eq!(new.open_old(place, &old).unwrap(), b"old");
        assert!(format!("{:?} {new:?}", Key([7; 32])).contains("Key(..) Sealed"));
    }
}
