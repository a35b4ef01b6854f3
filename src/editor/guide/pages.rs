//! The guide's files, as they are in the repository.

macro_rules! pages {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../../assets/guide/", $name)))),*]
    };
}

macro_rules! pictures {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_bytes!(concat!("../../../assets/guide/", $name)))),*]
    };
}

/// The pages with their names, in the order of the contents.
pub(super) const PAGES: &[(&str, &str)] = pages![
    "README.md",
    "getting-started.md",
    "pins-and-resume.md",
    "parameters.md",
    "loops.md",
    "pinned-data.md",
    "history.md",
    "storage-and-privacy.md",
    "kinds.md",
    "kinds-input.md",
    "kinds-files.md",
    "kinds-tables.md",
    "kinds-text.md",
    "kinds-images.md",
    "kinds-network.md",
    "kinds-flow.md",
    "kinds-loops.md",
    "kinds-memory.md",
    "kinds-system.md",
    "command-line.md",
    "shortcuts.md",
];

/// The pictures with their names.
pub(super) const PICTURES: &[(&str, &[u8])] = pictures![
    "pictures/after-a-run.png",
    "pictures/pinned.png",
    "pictures/parameters.png",
    "pictures/loop.png",
    "pictures/pinned-data.png",
    "pictures/history.png",
];
