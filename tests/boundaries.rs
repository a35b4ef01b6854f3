//! Who may know whom: dependencies between the rooms point one way, and each outside library has one door.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The rooms in order: each may use those before it.
const ROOMS: [&str; 8] = ["value", "workflow", "nodes", "store", "session", "engine", "cli", "editor"];

/// Libraries that only some rooms may name.
const DOORS: [(&str, &[&str]); 8] = [
    ("egui", &["editor"]),
    ("eframe", &["editor"]),
    ("egui_extras", &["editor"]),
    ("rfd", &["editor"]),
    ("rusqlite", &["store"]),
    ("rayon", &["engine"]),
    ("clap", &["cli"]),
    ("datafusion", &["nodes"]),
];

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Returns the room a file lies in: `src/store/kept.rs` and `src/store.rs` lie in `store`.
fn room_of(file: &Path, source: &Path) -> String {
    let inside = file.strip_prefix(source).unwrap();
    inside.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned()
}

/// Returns the lines of a file that are code, with their numbers.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
}

fn names(line: &str, name: &str) -> bool {
    line.match_indices(name).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = &line[at + name.len()..];
        !before.is_some_and(|char| char.is_alphanumeric() || char == '_' || char == ':' || char == '.' || char == '"')
            && after.starts_with("::")
    })
}

/// Returns the rooms a line of code uses: `crate::store::…`, or `store::…` in a list after `use crate::{`.
fn rooms_used(line: &str) -> impl Iterator<Item = usize> {
    (0..ROOMS.len())
        .filter(move |&room| line.contains(&format!("crate::{}", ROOMS[room])) || names_in_list(line, ROOMS[room]))
}

fn names_in_list(line: &str, room: &str) -> bool {
    line.starts_with("    ") && !line.starts_with("     ") && line.trim_start().starts_with(&format!("{room}::"))
}

fn violations(text: &str, room: &str) -> Vec<String> {
    let position = ROOMS.iter().position(|known| *known == room);
    let mut found = Vec::new();
    for (number, line) in code_lines(text) {
        for (library, rooms) in DOORS {
            if names(line, library) && !rooms.contains(&room) {
                found.push(format!("line {number} names {library}, which only {} may", rooms.join(", ")));
            }
        }
        let Some(position) = position else { continue };
        for used in rooms_used(line).filter(|used| *used > position) {
            found.push(format!("line {number} uses {}, which comes after {room}", ROOMS[used]));
        }
    }
    found
}

#[test]
fn dependencies_point_one_way() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&source, &mut files);
    assert!(files.len() > 20, "only {} files were found", files.len());
    let mut all = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        all.extend(
            violations(&text, &room_of(&file, &source)).into_iter().map(|what| format!("{}: {what}", file.display())),
        );
    }
    assert!(all.is_empty(), "\n{}", all.join("\n"));
}

#[test]
fn a_forbidden_use_is_found() {
    assert_eq!(violations("use egui::Ui;", "engine"), ["line 1 names egui, which only editor may"]);
    assert_eq!(violations("use crate::engine::Plan;", "store"), ["line 1 uses engine, which comes after store"]);
    assert_eq!(
        violations("use crate::{\n    engine::Plan,\n};", "store"),
        ["line 2 uses engine, which comes after store"]
    );
    assert_eq!(violations("//! egui::Ui is not for us\nuse crate::value::Value;", "store"), Vec::<String>::new());
}
