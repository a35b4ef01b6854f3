//! Runs every scenario file in `tests/scenarios`, and in the folder that `PINFLOW_SCENARIOS` names.
//!
//! `tests/scenarios/README.md` describes the format.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

#[path = "scenarios/format.rs"]
mod format;
#[path = "scenarios/world.rs"]
mod world;

use std::{
    fs,
    path::{Path, PathBuf},
};

use format::Scenario;
use ron::extensions::Extensions;
use world::World;

/// Returns the scenario files of a folder, sorted.
fn scenarios_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("cannot read {}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "ron"))
        .collect();
    files.sort();
    files
}

/// Returns what a scenario got wrong, if anything.
fn failure_of(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).unwrap();
    let extensions = Extensions::UNWRAP_VARIANT_NEWTYPES | Extensions::IMPLICIT_SOME;
    let scenario: Scenario = match ron::Options::default().with_default_extension(extensions).from_str(&text) {
        Ok(scenario) => scenario,
        Err(error) => return Some(format!("{}: {error}", path.display())),
    };
    let mut world = World::new(&scenario);
    scenario.steps.iter().enumerate().find_map(|(index, step)| {
        let wrong = world.step(step).err()?;
        Some(format!("{} ({}), step {}: {wrong}", path.display(), scenario.about, index + 1))
    })
}

fn run_all(files: &[PathBuf]) {
    let failures: Vec<String> = files.iter().filter_map(|path| failure_of(path)).collect();
    assert!(failures.is_empty(), "{} of {} scenarios failed\n{}", failures.len(), files.len(), failures.join("\n"));
}

#[test]
fn every_scenario_of_the_rules_holds() {
    let files = scenarios_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios"));
    assert!(files.len() >= 30, "only {} scenarios were found", files.len());
    run_all(&files);
}

#[test]
fn every_scenario_of_the_folder_named_by_the_environment_holds() {
    let Some(folder) = std::env::var_os("PINFLOW_SCENARIOS") else {
        let elsewhere = scenarios_in(Path::new(env!("CARGO_MANIFEST_DIR")));
        assert!(elsewhere.is_empty(), "scenarios lie in tests/scenarios, not in {elsewhere:?}");
        return;
    };
    run_all(&scenarios_in(Path::new(&folder)));
}

#[test]
fn a_scenario_that_expects_the_wrong_thing_fails() {
    let text = r#"(
        about: "wrong on purpose",
        nodes: { "a": (kind: "text", parameters: {"text": "x"}) },
        steps: [Run(kind: Standard, expect: { "a": Reused })],
    )"#;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wrong.ron");
    fs::write(&path, text).unwrap();
    let wrong = failure_of(&path).unwrap();
    assert!(wrong.contains("step 1") && wrong.contains("a: expected Reused, got Executed([StandardRun])"), "{wrong}");
}
