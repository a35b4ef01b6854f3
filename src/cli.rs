//! The command line: one file for each subcommand. Results go to standard output, everything else to standard error.

mod check;
mod data;
mod effects;
mod forecast;
mod history;
mod home;
mod kinds;
mod marking;
mod part;
mod pause;
mod plan;
mod profile;
mod rekey;
mod repeat;
mod report;
mod run;
mod secret;
mod store;
mod sweep;
mod why;

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::Context as _;
use clap::{Parser, Subcommand};

use self::home::Home;
use crate::{
    nodes::Catalogue,
    session::{Folders, ProfileName},
    workflow::{self, Workflow},
};

/// What the exit status says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All went well.
    Success,
    /// A node failed, or the workflow has errors.
    NodeFailed,
    /// The command could not be carried out: a wrong argument, a file that cannot be read.
    BadUsage,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Success => Self::SUCCESS,
            Outcome::NodeFailed => Self::from(1),
            Outcome::BadUsage => Self::from(2),
        }
    }
}

/// The command line.
#[derive(Debug, Parser)]
#[command(
    name = "pinflow",
    version,
    about = "A visual node editor for dataflows whose steps are slow, costly or touch the outside world"
)]
#[command(subcommand_precedence_over_arg = true)]
#[command(
    after_help = "Without a subcommand the window opens.\n\nExit status: 0 success, 1 a node failed or the workflow has errors, 2 bad usage."
)]
pub struct Cli {
    /// The subcommand; none opens the window.
    #[command(subcommand)]
    command: Option<Command>,
    /// Whose results and sessions are used; see `pinflow profile`
    #[arg(long, global = true, value_name = "NAME")]
    profile: Option<ProfileName>,
    /// A workflow to open in the window.
    file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a workflow without a window
    Run(run::RunArguments),
    /// Show what a run would do, and why, without running anything
    Plan(plan::PlanArguments),
    /// Check a workflow for problems
    Check(check::CheckArguments),
    /// List, show, clear or export pinned data: what nodes remember from run to run
    Data(data::DataArguments),
    /// List, show and compare earlier runs
    History(history::HistoryArguments),
    /// List, make or remove profiles, which know nothing of each other
    Profile(profile::ProfileArguments),
    /// Check, repair, back up, restore or sweep what is kept of runs; say how it is encrypted, or encrypt it anew
    Store(store::StoreArguments),
    /// Keep secrets in the keyring, which nodes name and workflows never hold
    Secret(secret::SecretArguments),
    /// List what nodes can be
    Kinds(kinds::KindsArguments),
}

/// Carries out the command line of this process. `open_window` is called when there is no subcommand.
pub fn main(open_window: impl FnOnce(Folders, Option<PathBuf>) -> anyhow::Result<()>) -> ExitCode {
    let cli = Cli::parse();
    let home = Home::new(cli.profile);
    let result = match cli.command {
        None => home.folders().and_then(|folders| open_window(folders, cli.file)).map(|()| Outcome::Success),
        Some(Command::Run(arguments)) => run::run(&arguments, &home),
        Some(Command::Plan(arguments)) => plan::plan(&arguments, &home),
        Some(Command::Check(arguments)) => check::check(&arguments, &home),
        Some(Command::Data(arguments)) => data::data(&arguments, &home),
        Some(Command::History(arguments)) => history::history(&arguments, &home),
        Some(Command::Profile(arguments)) => profile::profile(&arguments, &home),
        Some(Command::Secret(arguments)) => secret::secret(&arguments, &home),
        Some(Command::Store(arguments)) => store::store(&arguments, &home),
        Some(Command::Kinds(arguments)) => kinds::kinds(&arguments),
    };
    result
        .unwrap_or_else(|error| {
            complain(&format!("error: {error:#}"));
            Outcome::BadUsage
        })
        .into()
}

/// Writes a line to standard error.
fn complain(line: &str) {
    // Nobody is left to tell when standard error is gone.
    writeln!(io::stderr().lock(), "{line}").unwrap_or_default();
}

/// Writes text to standard output; a reader that has gone away, such as `head`, is no error.
fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context("cannot write to standard output")
        }
        _ => Ok(()),
    }
}

fn load(path: &Path) -> anyhow::Result<Workflow> {
    workflow::load(path).with_context(|| format!("cannot open {}", path.display()))
}

fn catalogue() -> Arc<Catalogue> {
    Arc::new(Catalogue::standard())
}

/// Returns the folder that a workflow's relative paths start from.
fn folder_of(path: &Path) -> anyhow::Result<PathBuf> {
    let absolute =
        std::path::absolute(path).with_context(|| format!("cannot find the folder of {}", path.display()))?;
    Ok(absolute.parent().map_or_else(|| PathBuf::from("/"), Path::to_owned))
}
