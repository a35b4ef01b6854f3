//! The example workflows: well-formed, without problems, and giving what they promise.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{fs, path::PathBuf};

use pinflow::{
    nodes::{self, Catalogue},
    workflow::{self, Workflow},
};

const EXAMPLES: [&str; 3] = ["http_json", "images", "penguins"];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("assets/examples")
}

fn text(name: &str) -> String {
    fs::read_to_string(folder().join(format!("{name}.flow.ron"))).unwrap()
}

fn example(name: &str) -> Workflow {
    workflow::parse(&text(name)).unwrap()
}

#[test]
fn every_file_in_the_folder_is_tested_here() {
    let mut names: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str().unwrap().strip_suffix(".flow.ron").map(str::to_owned))
        .collect();
    names.sort();
    assert_eq!(names, EXAMPLES);
}

#[test]
fn examples_have_no_problems() {
    for name in EXAMPLES {
        let problems = nodes::check(&example(name), &Catalogue::standard());
        assert!(problems.is_empty(), "{name}: {problems:?}");
    }
}

#[test]
fn examples_are_written_as_the_program_writes_them() {
    for name in EXAMPLES {
        assert_eq!(workflow::to_text(&example(name)), text(name), "{name}");
    }
}

#[test]
fn examples_have_ids_of_their_own() {
    let mut ids: Vec<String> = EXAMPLES.iter().map(|name| example(name).id().to_string()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), EXAMPLES.len());
}

#[test]
fn the_files_that_examples_read_come_with_them() {
    for name in EXAMPLES {
        for (id, node) in example(name).nodes() {
            if let Some(path) = node.parameters.get("path").and_then(pinflow::value::Value::as_text) {
                assert!(folder().join(path).is_file(), "{name}.{id} reads {path}");
            }
        }
    }
}
