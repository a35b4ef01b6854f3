//! Where a person's files lie: data, state and settings.

use std::{
    env,
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
};

use directories::ProjectDirs;

use super::ProfileName;
use crate::store::KeyPlace;

/// The variable that moves all folders to one place.
const HOME_VARIABLE: &str = "PINFLOW_HOME";

/// The variable that says where the keys of new stores go.
const KEY_VARIABLE: &str = "PINFLOW_KEY";

/// The folders of a person, absolute. They are made when they are needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folders {
    /// The store.
    pub data: PathBuf,
    /// Sessions.
    pub state: PathBuf,
    /// Settings.
    pub config: PathBuf,
    /// Whose they are.
    pub profile: ProfileName,
    /// Where the keys of new stores go; `None`: to the keyring, and without one to a file.
    pub key_place: Option<KeyPlace>,
}

/// Folders that cannot be found or made.
#[derive(Debug, thiserror::Error)]
pub enum FoldersError {
    /// The system does not say where the person's files lie.
    #[error("the system names no home folder: set {HOME_VARIABLE} to a folder where Pinflow may keep its files")]
    NoHome,
    /// The variable is set to something that is no place.
    #[error("{HOME_VARIABLE} is not a place for files: {source}: {}", path.display())]
    BadHome {
        /// What the system said.
        source: io::Error,
        /// What the variable says.
        path: PathBuf,
    },
    /// The variable names no place for keys.
    #[error("{KEY_VARIABLE} is {found:?}: set it to keyring, passphrase, file or off")]
    BadKeyPlace {
        /// What the variable says.
        found: String,
    },
    /// A folder cannot be made.
    #[error("cannot make the folder: {source}: set {HOME_VARIABLE} to a folder that can be written: {}", path.display())]
    Make {
        /// What the system said.
        source: io::Error,
        /// The folder.
        path: PathBuf,
    },
}

impl Folders {
    /// Returns the folders the system names, or those in `PINFLOW_HOME` if it is set.
    pub fn find() -> Result<Self, FoldersError> {
        let mut folders = Self::of_home(env::var_os(HOME_VARIABLE).as_deref())?;
        if let Some(found) = env::var_os(KEY_VARIABLE).filter(|found| !found.is_empty()) {
            let found = found.to_string_lossy();
            let place = KeyPlace::from_name(&found);
            folders.key_place = Some(place.ok_or_else(|| FoldersError::BadKeyPlace { found: found.into_owned() })?);
        }
        Ok(folders)
    }

    fn of_home(home: Option<&OsStr>) -> Result<Self, FoldersError> {
        match home.filter(|home| !home.is_empty()) {
            Some(home) => {
                let home = Path::new(home);
                let absolute = std::path::absolute(home)
                    .map_err(|source| FoldersError::BadHome { source, path: home.to_owned() })?;
                Ok(Self::under(&absolute))
            }
            None => Self::of_system(),
        }
    }

    fn of_system() -> Result<Self, FoldersError> {
        let project = ProjectDirs::from("", "", "Pinflow").ok_or(FoldersError::NoHome)?;
        let state = project.state_dir().map_or_else(|| project.data_local_dir().join("state"), Path::to_owned);
        Ok(Self {
            data: project.data_dir().to_owned(),
            state,
            config: project.config_dir().to_owned(),
            profile: ProfileName::default(),
            key_place: None,
        })
    }

    /// Returns folders inside one, with keys in files there: they go where the folder goes, which a keyring does not.
    pub fn under(home: &Path) -> Self {
        Self {
            data: home.join("data"),
            state: home.join("state"),
            config: home.join("config"),
            profile: ProfileName::default(),
            key_place: Some(KeyPlace::File),
        }
    }

    /// Returns the folder of the store, made if there is none.
    pub fn store(&self) -> Result<PathBuf, FoldersError> {
        made(self.data.clone())
    }

    /// Returns the folder of session files, made if there is none.
    pub fn sessions(&self) -> Result<PathBuf, FoldersError> {
        made(self.state.join("sessions"))
    }

    /// Returns the folder of settings, made if there is none.
    pub fn settings(&self) -> Result<PathBuf, FoldersError> {
        made(self.config.clone())
    }
}

/// Makes a folder that only this person can look into: results may be private.
fn made(path: PathBuf) -> Result<PathBuf, FoldersError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(&path) {
        Ok(()) => Ok(path),
        Err(source) => Err(FoldersError::Make { source, path }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_variable_moves_all_folders() {
        let home = tempfile::tempdir().unwrap();
        let folders = Folders::of_home(Some(home.path().as_os_str())).unwrap();
        assert_eq!(folders, Folders::under(home.path()));
        for folder in [folders.store(), folders.sessions(), folders.settings()] {
            let folder = folder.unwrap();
            assert!(folder.is_dir() && folder.starts_with(home.path()), "{}", folder.display());
        }
    }

    #[test]
    fn a_relative_place_becomes_absolute_and_an_empty_one_counts_as_unset() {
        assert!(Folders::of_home(Some(OsStr::new("portable"))).unwrap().data.is_absolute());
        let system = Folders::of_home(None).ok();
        assert_eq!(Folders::of_home(Some(OsStr::new(""))).ok(), system);
    }

    #[test]
    fn a_file_in_the_way_is_reported_with_its_path() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("state"), "in the way").unwrap();
        let error = Folders::under(home.path()).sessions().unwrap_err().to_string();
        assert!(error.contains("sessions") && error.contains("PINFLOW_HOME"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn only_this_person_can_look_into_them() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = tempfile::tempdir().unwrap();
        let folder = Folders::under(home.path()).store().unwrap();
        assert_eq!(fs::metadata(folder).unwrap().permissions().mode() & 0o777, 0o700);
    }
}
