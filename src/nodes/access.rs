//! Whether files, folders and programs may be used, before anything is done with them. Looks at the disk and changes nothing.

use std::{
    ffi::OsStr,
    fs::{self, Metadata},
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// What is wrong with a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// What is needed is not there.
    Missing(String),
    /// It is there and may not be used.
    Forbidden(String),
}

use Obstacle::{Forbidden, Missing};

/// Who asks: the program's user and groups.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Asker {
    user: u32,
    groups: Vec<u32>,
}

/// What is to be done with a file or folder; the values are the bits of permissions for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    Read = 0o4,
    Write = 0o2,
    Enter = 0o1,
}

impl Asker {
    /// Returns whether permissions as Unix has them allow a use. The superuser may read and write everything.
    fn may(&self, what: Use, mode: u32, (owner, group): (u32, u32)) -> bool {
        let shift = match () {
            () if self.user == 0 => return true,
            () if self.user == owner => 6,
            () if self.groups.contains(&group) => 3,
            () => 0,
        };
        mode >> shift & what as u32 != 0
    }

    /// Returns who this program runs as, if the system tells.
    #[cfg(unix)]
    fn this() -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let own = fs::metadata("/proc/self").ok()?;
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let groups = status.lines().find_map(|line| line.strip_prefix("Groups:"))?;
        let groups = groups.split_whitespace().filter_map(|group| group.parse().ok());
        Some(Self { user: own.uid(), groups: groups.chain([own.gid()]).collect() })
    }
}

/// Returns whether we may do something with what has these metadata; where nobody can tell, yes.
#[cfg(unix)]
fn may(what: Use, metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    Asker::this().is_none_or(|asker| asker.may(what, metadata.mode(), (metadata.uid(), metadata.gid())))
}

#[cfg(not(unix))]
const fn may(_what: Use, _metadata: &Metadata) -> bool {
    true
}

/// Returns what keeps a file from being read.
pub(super) fn to_read(named: &str, path: &Path) -> Option<Obstacle> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => return Some(out_of_sight(named)),
        Err(_) => {
            return Some(Missing(match file_in_the_way(path) {
                Some(file) => format!("there is no file {named}: {} is a file, not a folder", file.display()),
                None => format!("there is no file {named}: choose one, or make it before the run"),
            }));
        }
    };
    if metadata.is_dir() {
        return Some(Missing(format!("{named} is a folder: choose a file in it")));
    }
    let forbidden = format!("you may not read {named}: change its permissions, or choose another file");
    (!may(Use::Read, &metadata)).then_some(Forbidden(forbidden))
}

/// Returns what keeps a file from being written, where folders that are not there may be made or not.
pub(super) fn to_write(named: &str, path: &Path, makes_folders: bool) -> Option<Obstacle> {
    let other = "choose another place";
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => return Some(Missing(format!("{named} is a folder: name a file in it"))),
        Ok(metadata) if metadata.permissions().readonly() => {
            return Some(Forbidden(format!("{named} is read-only: take that away, or {other}")));
        }
        Err(error) if error.kind() == ErrorKind::PermissionDenied => return Some(out_of_sight(named)),
        Ok(_) | Err(_) => {}
    }
    if let Some(file) = file_in_the_way(path) {
        return Some(Missing(format!("{named} cannot be made: {} is a file, not a folder; {other}", file.display())));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty())?;
    let (there, metadata) = folder.ancestors().find_map(|folder| Some((folder, fs::metadata(folder).ok()?)))?;
    if there != folder && !makes_folders {
        let said = format!("the folder of {named} is not there: make it, or let the node create it");
        return Some(Missing(said));
    }
    let is_closed = !may(Use::Write, &metadata) || !may(Use::Enter, &metadata);
    let forbidden =
        || format!("you may not write in the folder {}: change its permissions, or {other}", there.display());
    is_closed.then(|| Forbidden(forbidden()))
}

/// Returns what keeps a folder from being used.
pub(super) fn to_enter(named: &str, path: &Path) -> Option<Obstacle> {
    match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Some(out_of_sight(named)),
        Err(_) => Some(Missing(format!("there is no folder {named}: choose one, or make it before the run"))),
        Ok(metadata) if !metadata.is_dir() => Some(Missing(format!("{named} is a file: choose a folder"))),
        Ok(metadata) if !may(Use::Enter, &metadata) => {
            Some(Forbidden(format!("you may not enter the folder {named}: change its permissions, or choose another")))
        }
        Ok(_) => None,
    }
}

/// Returns what keeps a program from being started. One named without a folder is looked for in the folders of `PATH`, another
/// in the workflow's.
pub(super) fn to_run(named: &str, folder: &Path, path_variable: Option<&OsStr>) -> Option<Obstacle> {
    let is_bare = Path::new(named).components().count() == 1;
    let candidates: Vec<PathBuf> = if is_bare {
        path_variable.into_iter().flat_map(std::env::split_paths).map(|folder| folder.join(named)).collect()
    } else {
        vec![folder.join(named)]
    };
    let files = || candidates.iter().flat_map(|candidate| with_endings(candidate)).filter(|file| file.is_file());
    // The system goes on past one that may not be run.
    if files().any(|file| is_executable(&file)) {
        return None;
    }
    let Some(found) = files().next() else {
        let is_folder = !is_bare && candidates[0].is_dir();
        return Some(Missing(match (is_bare, is_folder) {
            (true, _) => format!("there is no program {named} on the PATH: install it, or check the name"),
            (false, true) => format!("{named} is a folder: name a program in it"),
            (false, false) => format!("there is no program {named}: check the path"),
        }));
    };
    Some(Forbidden(format!("{} may not be run: allow it with chmod +x, or check the path", found.display())))
}

/// Returns that nobody can say whether something is there.
fn out_of_sight(named: &str) -> Obstacle {
    Forbidden(format!(
        "you may not enter a folder on the way to {named}: change its permissions, or choose another place"
    ))
}

#[cfg(unix)]
fn with_endings(path: &Path) -> impl Iterator<Item = PathBuf> {
    std::iter::once(path.to_owned())
}

#[cfg(not(unix))]
fn with_endings(path: &Path) -> impl Iterator<Item = PathBuf> {
    let with = |ending: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    };
    ["", ".exe", ".com", ".bat", ".cmd"].map(with).into_iter()
}

/// Returns whether a file may be run by somebody: not even the superuser runs one that nobody may.
#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o111 != 0 && may(Use::Enter, &metadata))
}

#[cfg(not(unix))]
const fn is_executable(_path: &Path) -> bool {
    true
}

/// Returns the file that stands where a folder of a path would have to be.
fn file_in_the_way(path: &Path) -> Option<&Path> {
    path.ancestors().skip(1).find(|folder| fs::metadata(folder).is_ok_and(|metadata| !metadata.is_dir()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn is_missing(obstacle: Option<Obstacle>, said: &str) {
        let Some(Missing(message)) = obstacle else { panic!("{obstacle:?} is not missing: {said}") };
        assert!(message.contains(said), "{message}");
    }

    #[test]
    fn permissions_are_those_of_the_owner_else_of_a_group_else_of_all() {
        let asker = Asker { user: 1000, groups: vec![1000, 27] };
        for (mode, owner, group, expected) in [
            (0o600, 1000, 1, [true, true, false]),
            (0o077, 1000, 1, [false, false, false]),
            (0o640, 0, 27, [true, false, false]),
            (0o606, 0, 27, [false, false, false]),
            (0o755, 0, 0, [true, false, true]),
        ] {
            let allowed = [Use::Read, Use::Write, Use::Enter].map(|what| asker.may(what, mode, (owner, group)));
            assert_eq!(allowed, expected, "{mode:o} {owner} {group}");
        }
        assert!(Asker { user: 0, groups: Vec::new() }.may(Use::Write, 0, (1, 1)));
    }

    #[test]
    fn files_are_read_and_written_where_that_can_be() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), "x").unwrap();
        fs::create_dir(at("sub")).unwrap();
        assert_eq!(to_read("file", &at("file")), None);
        is_missing(to_read("gone", &at("gone")), "there is no file gone: choose one");
        is_missing(to_read("sub", &at("sub")), "sub is a folder");
        is_missing(to_read("file/x", &at("file/x")), "is a file, not a folder");
        assert_eq!(to_write("file", &at("file"), false), None);
        assert_eq!(to_write("new/a", &at("new/a"), true), None);
        is_missing(to_write("new/a", &at("new/a"), false), "the folder of new/a is not there");
        is_missing(to_write("sub", &at("sub"), true), "sub is a folder");
        is_missing(to_write("file/x/y", &at("file/x/y"), true), "file is a file, not a folder");
        let mut permissions = fs::metadata(at("file")).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(at("file"), permissions).unwrap();
        assert!(matches!(to_write("file", &at("file"), true), Some(Forbidden(said)) if said.contains("read-only")));
        assert_eq!(to_enter("sub", &at("sub")), None);
        is_missing(to_enter("file", &at("file")), "file is a file: choose a folder");
        is_missing(to_enter("gone", &at("gone")), "there is no folder gone");
    }

    #[cfg(unix)]
    #[test]
    fn programs_are_looked_for_as_they_are_started() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("bin")).unwrap();
        fs::write(at("bin/tool"), "#!/bin/sh\n").unwrap();
        let on_path = at("bin").into_os_string();
        let run = |named: &str| to_run(named, folder.path(), Some(&on_path));
        assert!(matches!(run("tool"), Some(Forbidden(said)) if said.contains("chmod +x")));
        fs::set_permissions(at("bin/tool"), fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!((run("tool"), run("bin/tool"), run("./bin/tool")), (None, None, None));
        fs::create_dir(at("first")).unwrap();
        fs::write(at("first/tool"), "not to be run").unwrap();
        let both = std::env::join_paths([at("first"), at("bin")]).unwrap();
        assert_eq!(to_run("tool", folder.path(), Some(&both)), None, "the system goes on past the first");
        is_missing(run("tol"), "there is no program tol on the PATH: install it");
        is_missing(run("bin/tol"), "there is no program bin/tol: check the path");
        is_missing(run("./bin"), "./bin is a folder");
        is_missing(to_run("tool", folder.path(), None), "on the PATH");
    }
}
