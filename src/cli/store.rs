//! `pinflow store`: whether it is whole, taking damage out of it, backups, and how it is encrypted.

use std::{fmt::Write as _, path::PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde_json::json;

use super::{
    Outcome, complain,
    home::{Home, open_store, store_options},
    print,
    rekey::rekey,
    sweep::{Sweeping, sweep},
};
use crate::store::{Checked, Finding, KeyPlace, Store, counted, with_commas};

/// Arguments of `pinflow store`.
#[derive(Debug, Args)]
pub(super) struct StoreArguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Compare everything that is kept with what was written; exit status 1 if anything is damaged
    Check {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Take out what is damaged, so that the rest can be used; all windows must be closed
    Repair,
    /// Take runs out of the history by the rules, and remove the results nobody needs any more
    Sweep(Sweeping),
    /// Write the whole store to one file, also while it is in use
    Backup {
        /// The tar archive to write
        file: PathBuf,
    },
    /// Say where results are kept and how they are encrypted
    Status,
    /// Encrypt everything anew with a new key; a store from before encryption is encrypted for the first time
    Rekey {
        /// Where the new key is kept: keyring, passphrase, file, or off to encrypt no more; where it was by default
        #[arg(long, value_name = "PLACE", value_parser = parse_place)]
        key: Option<KeyPlace>,
    },
    /// Make the store of a backup; there must be none yet
    Restore {
        /// The archive that `backup` wrote
        file: PathBuf,
    },
}

/// Returns the place of a name, or what names there are.
pub(super) fn parse_place(text: &str) -> Result<KeyPlace, String> {
    let names = KeyPlace::ALL.map(KeyPlace::name).join(", ");
    KeyPlace::from_name(text).ok_or_else(|| format!("it is one of {names}"))
}

/// Carries out `pinflow store`.
pub(super) fn store(arguments: &StoreArguments, home: &Home) -> anyhow::Result<Outcome> {
    let folders = home.folders()?;
    let folder = folders.store().context("cannot find the store's folder")?;
    match &arguments.action {
        Action::Status => {
            let store = open_store(&folders)?;
            let hint = match store.key_place() {
                KeyPlace::Off => "; encrypt it with `pinflow store rekey`",
                _ => "",
            };
            let (profile, place) = (&folders.profile, store.key_place());
            print(&format!("profile {profile}: {place}{hint}\n{}\n", folder.display()))?;
            Ok(Outcome::Success)
        }
        Action::Rekey { key } => {
            rekey(&folders, *key)?;
            Ok(Outcome::Success)
        }
        Action::Check { json } => {
            let checked = open_store(&folders)?.check()?;
            print(&if *json { checked_as_json(&checked) } else { checked_as_text(&checked) })?;
            let is_whole = !checked.findings.iter().any(Finding::is_damage);
            Ok(if is_whole { Outcome::Success } else { Outcome::NodeFailed })
        }
        Action::Repair => {
            let repaired = Store::repair(&folder, &store_options(&folders))?;
            let mut text = lines(&repaired.findings);
            if let Some(kept) = &repaired.replaced {
                writeln!(
                    text,
                    "the database was replaced by what could be read of it; the old one is {}",
                    kept.display()
                )?;
            }
            let (rows, files) = (counted(repaired.n_rows, "row"), counted(repaired.n_files, "file"));
            writeln!(text, "removed {rows} that could not be read and {files} that nothing referred to")?;
            print(&text)?;
            Ok(Outcome::Success)
        }
        Action::Sweep(sweeping) => {
            sweep(sweeping, &folders)?;
            Ok(Outcome::Success)
        }
        Action::Backup { file } => {
            let store = open_store(&folders)?;
            let backed_up = store.back_up(file)?;
            let (files, n_bytes) = (counted(backed_up.n_files, "file"), with_commas(backed_up.n_bytes));
            print(&format!("wrote {}: the database and {files}, {n_bytes} bytes\n", file.display()))?;
            if backed_up.n_missing > 0 {
                complain(&format!("warning: {} could not be found", counted(backed_up.n_missing, "value")));
            }
            if store.is_sealed() {
                complain("the backup is encrypted like the store, and its key is not in it: keep that too");
            }
            Ok(Outcome::Success)
        }
        Action::Restore { file } => {
            Store::restore(file, &folder)?;
            print(&format!("restored {} to {}\n", file.display(), folder.display()))?;
            Ok(Outcome::Success)
        }
    }
}

fn lines(findings: &[Finding]) -> String {
    findings.iter().fold(String::new(), |text, finding| text + &format!("{finding}\n"))
}

fn checked_as_text(checked: &Checked) -> String {
    let Checked { n_runs, n_values, n_bytes, n_rows, findings } = checked;
    let n_damaged = findings.iter().filter(|finding| finding.is_damage()).count();
    let verdict = match n_damaged {
        0 => "whole".to_owned(),
        number => format!("{} damaged: `pinflow store repair` takes that out", with_commas(number as u64)),
    };
    let (runs, values, rows) = (counted(*n_runs, "run"), counted(*n_values, "value"), counted(*n_rows, "other row"));
    lines(findings) + &format!("{runs}, {values} of {} bytes, {rows}: {verdict}\n", with_commas(*n_bytes))
}

fn checked_as_json(checked: &Checked) -> String {
    let findings: Vec<_> = checked
        .findings
        .iter()
        .map(|finding| json!({ "what": finding.to_string(), "is_damage": finding.is_damage() }))
        .collect();
    let json = json!({
        "runs": checked.n_runs,
        "values": checked.n_values,
        "bytes": checked.n_bytes,
        "rows": checked.n_rows,
        "findings": findings,
    });
    format!("{json:#}\n")
}
