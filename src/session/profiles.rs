//! Profiles: people, or projects, that know nothing of each other. Each has folders, a database and a key of its own.

use std::{fmt, fs, io, path::PathBuf, str::FromStr};

use super::{Folders, FoldersError};
use crate::store::{KeyOptions, KeyPlace, Passphrase, Store, StoreError, StoreOptions};

/// The profile of those who name none.
const DEFAULT: &str = "default";

/// The folder, in each of a person's folders, that other profiles lie in.
const PROFILES: &str = "profiles";

/// How long a name may be.
const MAX_NAME: usize = 40;

/// The name of a profile: letters from a to z, digits, `-` and `_`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProfileName(String);

impl ProfileName {
    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether it is the profile of those who name none.
    pub fn is_default(&self) -> bool {
        self.0 == DEFAULT
    }
}

impl Default for ProfileName {
    fn default() -> Self {
        Self(DEFAULT.to_owned())
    }
}

impl fmt::Display for ProfileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ProfileName {
    type Err = ProfileError;

    fn from_str(text: &str) -> Result<Self, ProfileError> {
        let is_letter = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit();
        let is_good = text.starts_with(is_letter)
            && text.len() <= MAX_NAME
            && text.chars().all(|char| is_letter(char) || matches!(char, '-' | '_'));
        if is_good { Ok(Self(text.to_owned())) } else { Err(ProfileError::BadName { name: text.to_owned() }) }
    }
}

/// What cannot be done with a profile.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// A text that is no name.
    #[error("{name:?} cannot be the name of a profile: use letters from a to z, digits, - and _, 40 at most")]
    BadName {
        /// The text.
        name: String,
    },
    /// There is no such profile.
    #[error("there is no profile {name}; there are {}: make it with `pinflow profile new {name}`", known.join(", "))]
    Missing {
        /// The name.
        name: ProfileName,
        /// Those there are.
        known: Vec<String>,
    },
    /// There is one already.
    #[error("there is a profile {name} already")]
    Exists {
        /// The name.
        name: ProfileName,
    },
    /// The profile of those who name none stays.
    #[error("the profile {DEFAULT} cannot be made or removed: it is the one that is used when none is named")]
    Default,
    /// The folders cannot be found or made.
    #[error(transparent)]
    Folders(#[from] FoldersError),
    /// The store cannot be opened, or another program has it open.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The disk said no.
    #[error("cannot {action} the profile: {source}: {}", path.display())]
    Io {
        /// `list`, `remove`.
        action: &'static str,
        /// What the system said.
        source: io::Error,
        /// The folder.
        path: PathBuf,
    },
}

impl Folders {
    /// Returns all profiles, the default one first.
    pub fn profiles(&self) -> Result<Vec<ProfileName>, ProfileError> {
        let path = self.base().data.join(PROFILES);
        let failed = |source| ProfileError::Io { action: "list", source, path: path.clone() };
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(vec![ProfileName::default()]);
            }
            Err(error) => return Err(failed(error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            names.extend(entry.map_err(failed)?.file_name().to_str().and_then(|name| name.parse().ok()));
        }
        names.sort_unstable();
        names.insert(0, ProfileName::default());
        Ok(names)
    }

    /// Returns the folders of a profile, which must be there: a mistyped name makes no new one.
    pub fn of_profile(&self, name: &ProfileName) -> Result<Self, ProfileError> {
        let known = self.profiles()?;
        if known.contains(name) {
            return Ok(self.named(name));
        }
        Err(ProfileError::Missing { name: name.clone(), known: known.iter().map(ToString::to_string).collect() })
    }

    /// Makes a profile and its store; returns its folders and the store.
    pub fn make_profile(&self, name: &ProfileName, key: KeyOptions) -> Result<(Self, Store), ProfileError> {
        if name.is_default() {
            return Err(ProfileError::Default);
        }
        if self.profiles()?.contains(name) {
            return Err(ProfileError::Exists { name: name.clone() });
        }
        let folders = self.named(name);
        let key = key.in_folder(folders.key_folder());
        match folders.open_store_with(key) {
            Ok(store) => Ok((folders, store)),
            Err(error) => {
                // What has no key holds nothing yet.
                if let Err(error) = folders.remove_all() {
                    tracing::warn!("{error}");
                }
                Err(error)
            }
        }
    }

    /// Removes a profile with all it holds: its key first, so that nothing that stays behind can be read.
    pub fn remove_profile(&self, name: &ProfileName) -> Result<(), ProfileError> {
        if name.is_default() {
            return Err(ProfileError::Default);
        }
        let folders = self.of_profile(name)?;
        Store::remove(&folders.data, &folders.key_options(None, None))?;
        folders.remove_all()
    }

    fn remove_all(&self) -> Result<(), ProfileError> {
        for path in [&self.data, &self.state, &self.config] {
            match fs::remove_dir_all(path) {
                Err(source) if source.kind() != io::ErrorKind::NotFound => {
                    return Err(ProfileError::Io { action: "remove", source, path: path.clone() });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Returns the folders of the default profile, which the others lie in.
    fn base(&self) -> Self {
        let up = |path: &PathBuf| path.parent().and_then(|path| path.parent()).unwrap_or(path).to_owned();
        if self.profile.is_default() {
            return self.clone();
        }
        Self {
            data: up(&self.data),
            state: up(&self.state),
            config: up(&self.config),
            profile: ProfileName::default(),
            ..self.clone()
        }
    }

    fn named(&self, name: &ProfileName) -> Self {
        let base = self.base();
        if name.is_default() {
            return base;
        }
        let inside = |path: &PathBuf| path.join(PROFILES).join(name.as_str());
        Self {
            data: inside(&base.data),
            state: inside(&base.state),
            config: inside(&base.config),
            profile: name.clone(),
            ..base
        }
    }

    /// Returns how keys of this profile's store are kept: files in the settings' folder, apart from the data.
    pub fn key_options(&self, place: Option<KeyPlace>, passphrase: Option<Passphrase>) -> KeyOptions {
        KeyOptions::new(place.or(self.key_place)).with_passphrase(passphrase).in_folder(self.key_folder())
    }

    fn key_folder(&self) -> PathBuf {
        self.config.join("keys")
    }

    /// Opens the profile's store. Asking a keyring or deriving a key takes a while: not for the interface thread, unless
    /// [`Folders::opens_at_once`].
    pub fn open_store(&self, passphrase: Option<Passphrase>) -> Result<Store, ProfileError> {
        self.open_store_with(self.key_options(None, passphrase))
    }

    /// Returns what the profile's store is opened with.
    pub fn store_options(&self, passphrase: Option<Passphrase>) -> StoreOptions {
        StoreOptions { tenant: self.profile.to_string(), key: self.key_options(None, passphrase) }
    }

    fn open_store_with(&self, key: KeyOptions) -> Result<Store, ProfileError> {
        let options = StoreOptions { key, ..self.store_options(None) };
        Ok(Store::open_with(&self.store()?, &options)?)
    }

    /// Returns where the key of the profile's store is; `None` if there is no store yet.
    pub fn key_place(&self) -> Option<KeyPlace> {
        Store::key_place_of(&self.data)
    }

    /// Returns whether the store can be opened without asking a keyring or a person.
    pub fn opens_at_once(&self) -> bool {
        matches!(self.key_place().or(self.key_place), Some(KeyPlace::File | KeyPlace::Off))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> ProfileName {
        text.parse().unwrap()
    }

    #[test]
    fn names_are_plain_words_and_never_paths() {
        for good in ["work", "a", "7", "client-2_b", "default"] {
            assert_eq!(good.parse::<ProfileName>().unwrap().as_str(), good);
        }
        let long = "a".repeat(MAX_NAME + 1);
        for bad in ["", "..", "a/b", "a\\b", "-x", "_x", "Work", "a b", "é", "a.b", &long] {
            let error = bad.parse::<ProfileName>().unwrap_err().to_string();
            assert!(error.contains("cannot be the name of a profile"), "{error}");
        }
    }

    #[test]
    fn a_profile_is_made_listed_used_and_removed_with_all_it_held() {
        let home = tempfile::tempdir().unwrap();
        let folders = Folders::under(home.path());
        assert_eq!(folders.profiles().unwrap(), [ProfileName::default()]);
        let error = folders.of_profile(&name("work")).unwrap_err().to_string();
        assert!(error.contains("there are default") && error.contains("profile new work"), "{error}");
        let (work, store) = folders.make_profile(&name("work"), folders.key_options(None, None)).unwrap();
        assert_eq!((store.tenant(), store.key_place()), ("work", KeyPlace::File));
        assert_eq!(folders.of_profile(&name("work")).unwrap(), work);
        assert_eq!(work.profiles().unwrap(), [ProfileName::default(), name("work")], "seen from inside too");
        assert_eq!(work.of_profile(&ProfileName::default()).unwrap(), folders);
        assert!(work.opens_at_once());
        let error = folders.make_profile(&name("work"), folders.key_options(None, None)).unwrap_err();
        assert!(matches!(error, ProfileError::Exists { .. }), "{error}");
        let error = folders.remove_profile(&name("work")).unwrap_err();
        assert!(matches!(error, ProfileError::Store(StoreError::InUse { .. })), "{error}");
        drop(store);
        folders.remove_profile(&name("work")).unwrap();
        assert_eq!(folders.profiles().unwrap(), [ProfileName::default()]);
        for path in [&work.data, &work.state, &work.config] {
            assert!(!path.exists(), "{}", path.display());
        }
        assert!(matches!(folders.remove_profile(&ProfileName::default()), Err(ProfileError::Default)));
    }

    #[test]
    fn a_profile_that_cannot_be_made_leaves_nothing() {
        let home = tempfile::tempdir().unwrap();
        let folders = Folders::under(home.path());
        let error = folders
            .make_profile(&name("work"), folders.key_options(Some(KeyPlace::Passphrase), None))
            .unwrap_err()
            .to_string();
        assert!(error.contains("passphrase"), "{error}");
        assert_eq!(folders.profiles().unwrap(), [ProfileName::default()]);
    }
}
