//! Processes that are killed: a test starts itself once more in a process of its own, and kills that at a moment by chance.
//!
//! `PINFLOW_KILLS=N` asks for N kills of every kind.

use std::{
    env,
    fs::{self, File},
    io::{self, BufRead as _, BufReader, Lines, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, SystemTime},
};

/// The variable that names the folder to a process that is to be killed.
const FOLDER: &str = "PINFLOW_KILLED_IN";

/// What lines begin with that such a process says to the one that kills it.
const SAID: &str = "victim: ";

/// Returns the folder to work in, in a process that is to be killed.
pub(crate) fn folder_of_victim() -> Option<PathBuf> {
    env::var_os(FOLDER).map(PathBuf::from)
}

/// Says something to the process that kills this one.
pub(crate) fn say(what: &str) {
    // What runs tests may have begun a line.
    io::stdout().write_all(format!("\n{SAID}{what}\n").as_bytes()).unwrap();
}

/// Returns how often to kill: as often as was asked for, else so often.
pub(crate) fn n_kills(ordinarily: usize) -> usize {
    env::var("PINFLOW_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(ordinarily)
}

/// Notes that a victim begins to bring about a state: the system keeps that whatever becomes of the process.
pub(crate) fn note_begun(folder: &Path, state: u64) {
    note(folder, &format!("begun {state}\n"));
}

/// Notes that the state is brought about.
pub(crate) fn note_done(folder: &Path, state: u64) {
    note(folder, &format!("done {state}\n"));
}

fn note(folder: &Path, line: &str) {
    let mut file = File::options().create(true).append(true).open(folder.join("notes")).unwrap();
    file.write_all(line.as_bytes()).unwrap();
}

/// Returns the states that there may be after one that is known: the newest that is done, and the newest that was begun.
pub(crate) fn possible_states(folder: &Path, known: u64) -> [u64; 2] {
    let text = fs::read_to_string(folder.join("notes")).unwrap_or_default();
    ["done ", "begun "].map(|word| {
        let newest = text.lines().filter_map(|line| line.strip_prefix(word)).next_back();
        newest.map_or(known, |state| known.max(state.parse().unwrap()))
    })
}

/// Numbers by chance, from the time: each run of a test kills elsewhere.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new() -> Self {
        Self(SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64)
    }

    pub(crate) const fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    /// Waits for a time below this one.
    pub(crate) fn wait_below(&mut self, time: Duration) {
        thread::sleep(Duration::from_micros(self.below(time.as_micros().max(1) as u64)));
    }
}

/// A process that runs one test until it is killed.
pub(crate) struct Victim {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Victim {
    /// Starts the test of a name, to work in a folder.
    pub(crate) fn start(test: &str, folder: &Path) -> Self {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--exact", "--nocapture", test]).env(FOLDER, folder);
        Self::of(command)
    }

    /// Starts a program.
    pub(crate) fn of(mut command: Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, lines }
    }

    /// Waits until it says something; returns what.
    pub(crate) fn hear(&mut self) -> String {
        let mut lines = self.lines.by_ref().map(|line| line.unwrap());
        lines.find_map(|line| line.strip_prefix(SAID).map(str::to_owned)).expect("it says something")
    }

    /// Returns whether it ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.process.try_wait().unwrap().is_some()
    }

    /// Kills it; returns whether it was killed, and had not ended by itself, as it should, before.
    pub(crate) fn kill(mut self) -> bool {
        let has_ended = self.has_ended();
        self.process.kill().unwrap();
        let output = self.process.wait_with_output().unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(!has_ended || output.status.success(), "it ended by itself: {complaint}");
        !output.status.success()
    }
}
