//! What a person set once for all workflows: the theme, recent files. Kept as RON in the config folder.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{Panel, RunOption, command_table::KeySettings, inspector::InspectorMemory, layout::Area};
use crate::{
    engine::PlanOptions,
    session::SessionId,
    store::{Part, RunKind},
    workflow::{Retention, write_atomically},
};

/// The most recent files that are remembered.
const MAX_RECENT: usize = 10;

/// Light, dark, or as the desktop has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ThemeChoice {
    /// As the desktop has it.
    #[default]
    System,
    Light,
    Dark,
}

/// The settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    pub(crate) theme: ThemeChoice,
    /// Newest first.
    pub(crate) recent: Vec<PathBuf>,
    /// What is open, to be opened again on the next start.
    pub(crate) tabs: OpenTabs,
    pub(crate) run: RunOptions,
    /// Which runs stay in the history, of workflows without a rule of their own.
    pub(crate) history: Retention,
    /// The map of the whole graph is not shown.
    pub(crate) hide_minimap: bool,
    /// Which keys commands have.
    pub(crate) keys: KeySettings,
    /// What the inspector remembers.
    pub(crate) inspector: InspectorMemory,
    /// The commands that were chosen in the palette, the newest first.
    pub(crate) recent_commands: Vec<String>,
    /// Where the panels stand.
    pub(crate) panels: Area,
    /// Those that are not shown.
    pub(crate) hidden_panels: BTreeSet<Panel>,
    /// How large everything is.
    pub(crate) scale: Scale,
}

/// How large everything in the window is, in per cent of what the desktop asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Scale(u16);

impl Default for Scale {
    fn default() -> Self {
        Self(100)
    }
}

impl Scale {
    /// The sizes that can be chosen.
    const STEPS: [u16; 12] = [50, 67, 75, 80, 90, 100, 110, 125, 150, 175, 200, 300];

    /// Returns the next larger size.
    pub(crate) fn larger(self) -> Self {
        Self(Self::STEPS.into_iter().find(|step| *step > self.0).unwrap_or(300))
    }

    /// Returns the next smaller size.
    pub(crate) fn smaller(self) -> Self {
        Self(Self::STEPS.into_iter().rev().find(|step| *step < self.0).unwrap_or(50))
    }

    /// Returns by how much everything is larger than the desktop asks for.
    pub(crate) fn factor(self) -> f32 {
        f32::from(self.0.clamp(50, 300)) / 100.0
    }
}

/// The tabs with files, as they were last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct OpenTabs {
    /// From left to right.
    pub(crate) open: Vec<OpenFile>,
    /// The file of the tab in front.
    pub(crate) front: Option<PathBuf>,
    /// They are not opened again on start.
    pub(crate) stay_closed: bool,
}

/// An open file with its session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OpenFile {
    pub(crate) path: PathBuf,
    pub(crate) session: SessionId,
}

/// What runs may leave out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct RunOptions {
    pub(crate) stop_at_equal_data: bool,
    pub(crate) skip_what_only_feeds_pins: bool,
}

impl RunOptions {
    /// Switches an option on or off.
    pub(crate) const fn toggle(&mut self, option: RunOption) {
        match option {
            RunOption::StopAtEqualData => self.stop_at_equal_data = !self.stop_at_equal_data,
            RunOption::SkipWhatOnlyFeedsPins => self.skip_what_only_feeds_pins = !self.skip_what_only_feeds_pins,
        }
    }

    /// Returns the options of a run.
    pub(crate) fn plan(self, kind: RunKind, part: Part) -> PlanOptions {
        PlanOptions {
            kind,
            part,
            stop_at_equal_data: self.stop_at_equal_data && kind == RunKind::Resumed,
            skip_what_only_feeds_pins: self.skip_what_only_feeds_pins && kind == RunKind::Standard,
            dry_run: false,
        }
    }
}

impl Settings {
    /// Reads the settings; without a file they are the defaults.
    pub(crate) fn load(path: &Path) -> Result<Self, String> {
        match fs::read_to_string(path) {
            Ok(text) => ron::from_str(&text).map_err(|error| {
                // The next change writes new ones: what cannot be read is not lost.
                let aside = path.with_extension("unreadable.ron");
                let kept = match fs::copy(path, &aside) {
                    Ok(_) => format!("; a copy is kept in {}", aside.display()),
                    Err(_) => String::new(),
                };
                format!("the settings cannot be read and are left out: {error}: {}{kept}", path.display())
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(format!("the settings cannot be read: {error}: {}", path.display())),
        }
    }

    /// Writes the settings.
    pub(crate) fn save(&self, path: &Path) -> Result<(), String> {
        let failed = |error: &dyn std::fmt::Display| format!("cannot save the settings: {error}: {}", path.display());
        let text = ron::ser::to_string_pretty(self, ron::ser::PrettyConfig::default()).map_err(|e| failed(&e))?;
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|error| failed(&error))?;
        }
        write_atomically(path, text.as_bytes()).map_err(|error| failed(&error))
    }

    /// Notes that a file was opened or saved.
    pub(crate) fn remember(&mut self, path: &Path) {
        self.recent.retain(|known| known != path);
        self.recent.insert(0, path.to_owned());
        self.recent.truncate(MAX_RECENT);
    }

    /// Forgets a file, because it cannot be opened.
    pub(crate) fn forget(&mut self, path: &Path) {
        self.recent.retain(|known| known != path);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::killing::{Chance, Victim, folder_of_victim, n_kills, note_begun, note_done, possible_states, say};

    #[test]
    fn settings_survive_the_round_trip() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/settings.ron");
        assert_eq!(Settings::load(&path), Ok(Settings::default()));
        let mut settings = Settings { theme: ThemeChoice::Dark, ..Settings::default() };
        settings.remember(Path::new("/a"));
        settings.run.toggle(RunOption::StopAtEqualData);
        settings.save(&path).unwrap();
        assert_eq!(Settings::load(&path), Ok(settings));
    }

    #[test]
    fn recent_files_are_newest_first_each_once_and_few() {
        let mut settings = Settings::default();
        for number in 0..20 {
            settings.remember(Path::new(&format!("/{number}")));
        }
        settings.remember(Path::new("/15"));
        assert_eq!(settings.recent.len(), MAX_RECENT);
        assert_eq!(settings.recent[0], Path::new("/15"));
        assert_eq!(settings.recent[1], Path::new("/19"));
        settings.forget(Path::new("/15"));
        assert_eq!(settings.recent[0], Path::new("/19"));
    }

    #[test]
    fn settings_read_as_before_or_as_they_were_to_be_after_a_kill() {
        let of_state = |state: u64| {
            let mut settings = Settings::default();
            (state..state + 10).for_each(|number| settings.remember(Path::new(&format!("/{number}").repeat(500))));
            settings
        };
        if let Some(folder) = folder_of_victim() {
            let [_, begun] = possible_states(&folder, 0);
            say("begun");
            for state in begun + 1.. {
                note_begun(&folder, state);
                of_state(state).save(&folder.join(crate::session::SETTINGS_FILE)).unwrap();
                note_done(&folder, state);
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(crate::session::SETTINGS_FILE);
        of_state(0).save(&path).unwrap();
        let mut chance = Chance::new();
        let (n_kills, mut state) = (n_kills(6), 0);
        for _ in 0..n_kills {
            let mut victim = Victim::start(
                "editor::settings::tests::settings_read_as_before_or_as_they_were_to_be_after_a_kill",
                folder.path(),
            );
            victim.hear();
            chance.wait_below(Duration::from_millis(20));
            assert!(victim.kill());
            let settings = Settings::load(&path).unwrap();
            let possible = possible_states(folder.path(), state);
            state = possible.into_iter().find(|state| of_state(*state) == settings).expect("the old ones or the new");
        }
        println!("{n_kills} kills while saving settings");
    }

    #[test]
    fn broken_settings_are_said_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.ron");
        fs::write(&path, "(theme: Purple)").unwrap();
        assert!(Settings::load(&path).unwrap_err().contains("settings.ron"));
    }
}
