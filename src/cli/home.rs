//! Whose files a command works on, and how their store is opened.

use std::{env, io, io::IsTerminal as _};

use anyhow::Context as _;

use super::complain;
use crate::{
    session::{Folders, ProfileError, ProfileName},
    store::{KeyPlace, Passphrase, Store, StoreError, StoreOptions},
};

/// The variable that names the profile when no argument does.
const PROFILE_VARIABLE: &str = "PINFLOW_PROFILE";

/// The variables that give passphrases where nobody can be asked.
const PASSPHRASE_VARIABLE: &str = "PINFLOW_PASSPHRASE";
const NEW_PASSPHRASE_VARIABLE: &str = "PINFLOW_NEW_PASSPHRASE";

/// Whose files a command works on.
#[derive(Debug)]
pub(super) struct Home {
    profile: Option<ProfileName>,
}

impl Home {
    /// Returns the files of a profile, or of the one that the environment names.
    pub(super) const fn new(profile: Option<ProfileName>) -> Self {
        Self { profile }
    }

    /// Returns the profile's folders. The profile must be there.
    pub(super) fn folders(&self) -> anyhow::Result<Folders> {
        let folders = Folders::find().context("cannot find the folders to keep results in")?;
        let named = env::var(PROFILE_VARIABLE).ok().filter(|name| !name.is_empty());
        let profile = match (&self.profile, named) {
            (Some(profile), _) => profile.clone(),
            (None, Some(name)) => name.parse().with_context(|| PROFILE_VARIABLE.to_owned())?,
            (None, None) => ProfileName::default(),
        };
        Ok(folders.of_profile(&profile)?)
    }

    /// Opens the profile's store.
    pub(super) fn store(&self) -> anyhow::Result<Store> {
        Ok(open_store(&self.folders()?)?)
    }
}

/// Opens a store, asking for its passphrase if it has one, and says where a new key lies if a person should know.
pub(super) fn open_store(folders: &Folders) -> Result<Store, ProfileError> {
    let store = match folders.open_store(given(PASSPHRASE_VARIABLE)) {
        Err(ProfileError::Store(StoreError::PassphraseNeeded { .. })) if can_ask() => {
            folders.open_store(asked(&format!("Passphrase of the profile {}: ", folders.profile)))
        }
        opened => opened,
    }?;
    if let Some(notice) = store.key_notice() {
        complain(&format!("note: {notice}"));
    }
    Ok(store)
}

/// Returns the passphrase of a store that is to be opened, if it can be had.
pub(super) fn passphrase(question: &str) -> Option<Passphrase> {
    given(PASSPHRASE_VARIABLE).or_else(|| asked(question))
}

/// Returns what a profile's store is opened with, the passphrase included if it has one.
pub(super) fn store_options(folders: &Folders) -> StoreOptions {
    let has_passphrase = folders.key_place() == Some(KeyPlace::Passphrase);
    let asked = || passphrase(&format!("Passphrase of the profile {}: ", folders.profile));
    folders.store_options(has_passphrase.then(asked).flatten())
}

/// Returns a passphrase that is to be used from now on, given twice if a person is asked.
pub(super) fn new_passphrase() -> anyhow::Result<Passphrase> {
    let hint = || {
        format!(
            "a passphrase is needed: answer in a terminal, or set {NEW_PASSPHRASE_VARIABLE} or {PASSPHRASE_VARIABLE}"
        )
    };
    if let Some(given) = given(NEW_PASSPHRASE_VARIABLE).or_else(|| given(PASSPHRASE_VARIABLE)) {
        return Ok(given);
    }
    let first = asked("New passphrase: ").with_context(hint)?;
    let again = asked("The same again: ").with_context(hint)?;
    anyhow::ensure!(first == again, "the two passphrases differ: nothing was changed");
    Ok(first)
}

fn given(variable: &str) -> Option<Passphrase> {
    env::var(variable).ok().filter(|text| !text.is_empty()).map(|text| Passphrase::new(&text))
}

fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks without showing what is typed; nothing if nobody is there to answer, or the answer is empty.
fn asked(question: &str) -> Option<Passphrase> {
    let terminal = console::Term::stderr();
    can_ask().then_some(())?;
    terminal.write_str(question).ok()?;
    let answer = terminal.read_secure_line().ok()?;
    (!answer.is_empty()).then(|| Passphrase::new(&answer))
}
