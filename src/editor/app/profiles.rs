//! Whose window this is: the store of the profile, opened off the interface thread if that takes a while, and other profiles.

use std::{env, path::PathBuf, process::Command as Process, sync::Arc};

use super::{App, First, messages::Message};
use crate::{
    editor::{
        dialogs::{Dialog, UnlockDialog},
        panels::{Place, Tone},
    },
    engine::Engine,
    session::{ProfileError, ProfileName},
    store::{KeyPlace, Passphrase, Store, StoreError},
};

impl App {
    /// Opens the store, asking a person or a keyring for its key, and then what was to be opened.
    pub(super) fn unlock_then_open(&mut self, open: Option<PathBuf>) {
        self.waiting = Some(First(open));
        if self.folders.key_place() == Some(KeyPlace::Passphrase) {
            self.dialog = Some(Dialog::Unlock(self.unlock_dialog(None)));
        } else {
            self.unlock(None);
        }
    }

    fn unlock_dialog(&self, said: Option<String>) -> UnlockDialog {
        let asks = self.folders.key_place() == Some(KeyPlace::Passphrase);
        UnlockDialog { profile: self.folders.profile.to_string(), asks, said, ..UnlockDialog::default() }
    }

    /// Opens the store with a passphrase, or with the key that the keyring has.
    pub(super) fn unlock(&mut self, passphrase: Option<Passphrase>) {
        self.dialog = Some(Dialog::Unlock(UnlockDialog { at_work: true, ..self.unlock_dialog(None) }));
        let folders = self.folders.clone();
        self.background.start("pinflow-unlock", move || Message::StoreOpened(folders.open_store(passphrase)));
    }

    /// Takes in what came of opening the store.
    pub(super) fn store_opened(&mut self, opened: Result<Store, ProfileError>) {
        if self.waiting.is_none() {
            // The person went on without it.
            return;
        }
        match opened {
            Ok(store) => {
                self.tell_of_key(&store);
                self.engine = Engine::new(Arc::clone(&self.catalogue), Some(store.clone()));
                self.store = Some(store);
                self.sweep_when_due();
                self.begin_waiting();
            }
            Err(ProfileError::Store(StoreError::WrongPassphrase { .. })) => {
                let said = "That is not the passphrase: try again.".to_owned();
                self.dialog = Some(Dialog::Unlock(self.unlock_dialog(Some(said))));
            }
            Err(error) => self.go_without_store(&error.to_string()),
        }
    }

    /// Goes on with results in memory only.
    pub(super) fn go_without_store(&mut self, why: &str) {
        let said = format!("Results are kept in memory only: {why}");
        self.notices.show_at(Place::Everywhere, Tone::Warning, said, Vec::new());
        self.begin_waiting();
    }

    fn begin_waiting(&mut self) {
        if matches!(self.dialog, Some(Dialog::Unlock(_))) {
            self.dialog = None;
        }
        if let Some(First(open)) = self.waiting.take() {
            self.begin_with(open);
        }
    }

    /// Says where a new key lies, if a person should know.
    pub(super) fn tell_of_key(&mut self, store: &Store) {
        if let Some(notice) = store.key_notice() {
            self.notices.show_at(Place::Everywhere, Tone::Info, notice, Vec::new());
        }
    }

    /// Opens another profile in a window of its own, which shares nothing with this one.
    pub(super) fn open_profile(&mut self, name: &ProfileName) {
        let started =
            env::current_exe().and_then(|program| Process::new(program).args(["--profile", name.as_str()]).spawn());
        if let Err(error) = started {
            self.notices.error(format!("Cannot open a window for the profile {name}: {error}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use egui_kittest::{Harness, kittest::Queryable as _};

    use super::*;
    use crate::{editor::AppOptions, session::Folders};

    /// Returns a window that is about to open the profile `work`, sealed with a passphrase.
    fn window(home: &std::path::Path) -> Harness<'static, App> {
        let folders = Folders::under(home);
        let name: ProfileName = "work".parse().unwrap();
        let key = folders.key_options(Some(KeyPlace::Passphrase), Some(Passphrase::new("correct horse")));
        let (folders, store) = folders.make_profile(&name, key).unwrap();
        drop(store);
        let options = AppOptions { folders, open: None };
        Harness::builder()
            .with_size(egui::vec2(1000.0, 700.0))
            .with_max_steps(20)
            .build_eframe(move |cc| App::new(cc, options))
    }

    fn settle(harness: &mut Harness<'static, App>) {
        harness.step();
        while harness.state().is_busy() {
            std::thread::yield_now();
            harness.step();
        }
        harness.step();
        harness.step();
    }

    fn give(harness: &mut Harness<'static, App>, passphrase: &str) {
        harness.get_by_label("Passphrase").type_text(passphrase);
        harness.step();
        harness.get_by_label("Unlock").click();
        settle(harness);
    }

    #[test]
    fn a_passphrase_is_asked_for_until_it_is_right_and_the_profile_is_shown() {
        let home = tempfile::tempdir().unwrap();
        let mut harness = window(home.path());
        settle(&mut harness);
        assert!(harness.state().store.is_none());
        harness.get_by_label("Opening the profile work");
        give(&mut harness, "wrong");
        harness.get_by_label("That is not the passphrase: try again.");
        give(&mut harness, "correct horse");
        assert!(harness.query_by_label("Opening the profile work").is_none());
        let store = harness.state().store.clone().unwrap();
        assert_eq!((store.tenant(), store.key_place()), ("work", KeyPlace::Passphrase));
        harness.get_by_label("Profile work");
        harness.get_by_label("default");
        assert!(harness.state().title.ends_with("(work)"), "{}", harness.state().title);
    }

    #[test]
    fn a_window_can_go_on_without_its_store() {
        let home = tempfile::tempdir().unwrap();
        let mut harness = window(home.path());
        settle(&mut harness);
        harness.get_by_label("Go on without").click();
        settle(&mut harness);
        assert!(harness.state().store.is_none() && harness.state().dialog.is_none());
        assert!(harness.state().notices.list().next().unwrap().text.contains("in memory only"));
    }
}
