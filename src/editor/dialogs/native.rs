//! The file dialog of the desktop.

use std::path::{Path, PathBuf};

use super::FilePurpose;

/// Returns whether the desktop has a file dialog. The library that shows it cannot tell "there is none" from "cancelled",
/// so this looks for what it needs: on Linux and its like a portal on the session bus, or the program `zenity`.
pub(crate) fn are_available() -> bool {
    if cfg!(any(target_os = "macos", target_os = "windows")) {
        return true;
    }
    (has_session_bus() && has_portal()) || is_on_path("zenity")
}

fn has_session_bus() -> bool {
    std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some_and(|address| !address.is_empty())
        || std::env::var_os("XDG_RUNTIME_DIR").is_some_and(|folder| Path::new(&folder).join("bus").exists())
}

fn has_portal() -> bool {
    let home = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from);
    let shared = std::env::var_os("XDG_DATA_DIRS").unwrap_or_else(|| "/usr/local/share:/usr/share".into());
    home.into_iter()
        .chain(std::env::split_paths(&shared))
        .any(|folder| folder.join("dbus-1/services/org.freedesktop.portal.Desktop.service").exists())
}

fn is_on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Shows the desktop's file dialog and waits for the answer: not for the interface thread.
pub(crate) fn pick(purpose: &FilePurpose, folder: &Path, name: &str) -> Option<PathBuf> {
    let mut dialog = rfd::FileDialog::new().set_title(purpose.title()).set_directory(folder);
    if purpose.is_folder() {
        return dialog.pick_folder();
    }
    if !purpose.extensions().is_empty() {
        dialog =
            dialog.add_filter(purpose.extensions().join(", "), purpose.extensions()).add_filter("All files", &["*"]);
    }
    if purpose.is_written() { dialog.set_file_name(name).save_file() } else { dialog.pick_file() }
}
