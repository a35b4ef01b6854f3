//! What a sweep of the store has to leave alone because sessions need it, and the rules it goes by.

use std::{collections::BTreeMap, fs, io};

use serde::Deserialize;
use ulid::Ulid;

use super::{Folders, Marks, SessionError, SessionId, document::Document, file::SessionFolder};
use crate::{
    store::{InputRecord, Store, SweepRequest},
    value::Fingerprint,
    workflow::{self, Retention, WorkflowId},
};

/// The file of the program's settings, in the folder of settings.
pub const SETTINGS_FILE: &str = "settings.ron";

/// Returns the session of headless runs without a name: it keeps results for Resume, and never marks. It has no file.
pub fn headless_session(workflow: WorkflowId) -> SessionId {
    const HEADLESS: u128 = 0x6865_6164_6c65_7373;
    Ulid(workflow.0.0 ^ HEADLESS).into()
}

/// Returns the program's rule for the history, from its settings; all runs stay if they say nothing.
pub fn program_rule(folders: &Folders) -> Result<Retention, String> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Settings {
        history: Retention,
    }
    let path = folders.config.join(SETTINGS_FILE);
    match fs::read_to_string(&path) {
        Ok(text) => ron::from_str::<Settings>(&text)
            .map(|settings| settings.history)
            .map_err(|error| format!("the settings cannot be read: {error}: {}", path.display())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Retention::default()),
        Err(error) => Err(format!("the settings cannot be read: {error}: {}", path.display())),
    }
}

/// Returns what a sweep is to go by: the program's rule, those of workflows, and what all sessions need.
///
/// A session that cannot be read is an error, for nobody knows what it needs. Slow: not for the interface thread.
pub fn sweep_request(folders: &Folders, store: &Store, rule: Retention) -> Result<SweepRequest, SessionError> {
    let known = Some(store.known_sessions()?);
    let mut request = SweepRequest { rule, rules: rules(store)?, known, ..SweepRequest::default() };
    let folder = SessionFolder::of(folders, Some(store))?;
    for id in folder.ids()? {
        let mut document = match Document::load(&folder, id) {
            Ok(document) => document,
            // It was closed and held nothing.
            Err(SessionError::Missing { .. }) => continue,
            Err(error) => return Err(error),
        };
        request.sessions.insert(id);
        request.values.extend(values_of(&document.take_marks(None)));
    }
    request.sessions.extend(store.known_workflows()?.into_iter().map(headless_session));
    Ok(request)
}

/// Returns the values that pins need.
pub fn values_of(marks: &Marks) -> Vec<Fingerprint> {
    let captures = marks.iter().filter_map(|(_, mark)| mark.capture());
    captures
        .flat_map(|capture| {
            let results = capture.results.ports().iter().map(|port| port.fingerprint);
            results.chain(capture.inputs.iter().filter_map(InputRecord::fingerprint))
        })
        .collect()
}

/// Returns the rules of workflows that have one of their own: as their files say, else as they were in their newest runs.
fn rules(store: &Store) -> Result<BTreeMap<WorkflowId, Retention>, SessionError> {
    let mut rules = BTreeMap::new();
    for id in store.known_workflows()? {
        let Some(newest) = store.runs(id, 1)?.pop() else { continue };
        let path = newest.path.filter(|path| path.is_absolute() && path.exists());
        let in_file = path.and_then(|path| workflow::load(&path).ok()).filter(|workflow| workflow.id() == id);
        let rule = match &in_file {
            Some(workflow) => workflow.settings().history,
            None => newest.workflow.settings().history,
        };
        rules.extend(rule.map(|rule| (id, rule)));
    }
    Ok(rules)
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use super::*;
    use crate::{
        session::{Mark, PinPolicy, Session},
        store::{
            HistoryFilter, RunHeader, RunStatus,
            fixtures::{chain, executed, header},
        },
        value::Value,
        workflow::Edit,
    };

    fn place() -> (tempfile::TempDir, Folders, Store) {
        let home = tempfile::tempdir().unwrap();
        let folders = Folders::under(home.path());
        let store = Store::open(&folders.store().unwrap()).unwrap();
        (home, folders, store)
    }

    fn run(store: &Store, header: &RunHeader, value: &str) {
        store.begin_run(header, vec!["a".into()], Vec::new);
        store.settle(header.session, Arc::new(executed(header.id, "a", value)));
        store.finish_run(header.id, RunStatus::Succeeded, Duration::from_millis(1));
    }

    #[test]
    fn what_pins_and_baselines_of_sessions_need_stays_and_the_rest_goes() {
        let (_home, folders, store) = place();
        let mut workflow = chain(&["a"]);
        let rule = Retention { save_runs: false, ..Retention::default() };
        let settings = workflow::WorkflowSettings { history: Some(rule), ..workflow.settings().clone() };
        workflow.apply(Edit::SetWorkflowSettings(settings)).unwrap();
        let mut session = Session::create(&folders, Some(&store), workflow.id(), None).unwrap();
        let headers: Vec<RunHeader> = (0..3).map(|_| header(session.id, &workflow)).collect();
        for (header, value) in headers.iter().zip(["pinned", "forgotten", "newest"]) {
            run(&store, header, value);
        }
        let record = store.run(headers[0].id).unwrap().unwrap().node(&"a".into()).unwrap();
        session.marks.set("a".into(), Mark::pin(PinPolicy::Hold, Some(&record)));
        session.save().unwrap();
        let headless = header(headless_session(workflow.id()), &workflow);
        run(&store, &headless, "headless");

        let request = sweep_request(&folders, &store, Retention::default()).unwrap();
        assert_eq!(store.plan_sweep(&request).unwrap().runs.len(), 4, "the workflow's own rule counts");
        store.sweep(&request).unwrap();
        assert!(store.history(&HistoryFilter::default()).unwrap().is_empty());
        let is_there = |text: &str| store.load_value(&Value::text(text).fingerprint()).is_ok();
        assert_eq!(["pinned", "forgotten", "newest", "headless"].map(is_there), [true, false, true, true]);
        assert_eq!(store.baseline(session.id).unwrap().len(), 1);
        assert_eq!(store.baseline(headless.session).unwrap().len(), 1);
    }

    #[test]
    fn what_a_session_starts_from_stays_that_was_begun_after_it_was_asked_what_sessions_need() {
        let (_home, folders, store) = place();
        let workflow = chain(&["a"]);
        let rule = Retention { save_runs: false, ..Retention::default() };
        let known = header(SessionId::generate(), &workflow);
        run(&store, &known, "nobody's");
        let request = sweep_request(&folders, &store, rule).unwrap();
        let session = Session::create(&folders, Some(&store), workflow.id(), None).unwrap();
        run(&store, &header(session.id, &workflow), "new");
        store.sweep(&request).unwrap();
        assert_eq!(store.baseline(session.id).unwrap().len(), 1);
        assert!(store.load_value(&Value::text("new").fingerprint()).is_ok());
        assert!(store.baseline(known.session).unwrap().is_empty());
    }

    #[test]
    fn a_pin_that_comes_back_after_sweeps_took_its_results_is_kept_again() {
        let (_home, folders, store) = place();
        let workflow = chain(&["a"]);
        let mut session = Session::create(&folders, Some(&store), workflow.id(), None).unwrap();
        let pin = Mark::pin(PinPolicy::Hold, Some(&executed(header(session.id, &workflow).id, "a", "pinned")));
        session.marks.set("a".into(), pin.clone());
        session.save().unwrap();
        session.marks.set("a".into(), Mark::Default);
        session.save().unwrap();
        for _ in 0..2 {
            store.sweep(&sweep_request(&folders, &store, Retention::default()).unwrap()).unwrap();
        }
        let pinned = Value::text("pinned");
        assert!(store.load_value(&pinned.fingerprint()).is_err(), "nobody needed it");
        session.marks.set("a".into(), pin);
        session.save().unwrap();
        assert_eq!(store.load_value(&pinned.fingerprint()).unwrap(), pinned);
    }

    #[test]
    fn a_session_that_cannot_be_read_stops_the_sweep() {
        let (_home, folders, store) = place();
        let session = Session::create(&folders, Some(&store), WorkflowId::generate(), None).unwrap();
        fs::write(session.path(), "Session(format: 99)").unwrap();
        let error = sweep_request(&folders, &store, Retention::default()).unwrap_err().to_string();
        assert!(error.contains("newer version"), "{error}");
    }

    #[test]
    fn the_programs_rule_stands_in_its_settings() {
        let (_home, folders, _store) = place();
        assert_eq!(program_rule(&folders), Ok(Retention::default()));
        let path = folders.settings().unwrap().join(SETTINGS_FILE);
        fs::write(&path, "(theme: Dark, recent: [\"/a\"], history: (newest: Some(7)))").unwrap();
        assert_eq!(program_rule(&folders), Ok(Retention { newest: Some(7), ..Retention::default() }));
        fs::write(&path, "(history: 7)").unwrap();
        assert!(program_rule(&folders).unwrap_err().contains(SETTINGS_FILE));
    }
}
