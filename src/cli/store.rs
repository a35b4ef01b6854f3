//! `pinflow store`: how what is kept is encrypted, and encrypting it anew.

use clap::{Args, Subcommand};

use super::{
    Outcome, complain,
    home::{Home, new_passphrase, open_store, passphrase},
    print,
};
use crate::{
    session::{Folders, rewrite_sessions},
    store::{KeyPlace, Passphrase, Store},
};

/// Arguments of `pinflow store`.
#[derive(Debug, Args)]
pub(super) struct StoreArguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Say where results are kept and how they are encrypted
    Status,
    /// Encrypt everything anew with a new key; a store from before encryption is encrypted for the first time
    Rekey {
        /// Where the new key is kept: keyring, passphrase, file, or off to encrypt no more; where it was by default
        #[arg(long, value_name = "PLACE", value_parser = parse_place)]
        key: Option<KeyPlace>,
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
    match arguments.action {
        Action::Status => {
            let store = open_store(&folders)?;
            let hint = match store.key_place() {
                KeyPlace::Off => "; encrypt it with `pinflow store rekey`",
                _ => "",
            };
            print(&format!(
                "profile {}: {}{hint}\n{}\n",
                folders.profile,
                store.key_place(),
                store.folder().display()
            ))?;
        }
        Action::Rekey { key } => rekey(&folders, key)?,
    }
    Ok(Outcome::Success)
}

fn rekey(folders: &Folders, key: Option<KeyPlace>) -> anyhow::Result<()> {
    let before = folders.key_place();
    let place = key.or(before.filter(|place| *place != KeyPlace::Off)).or(folders.key_place);
    let question = format!("Passphrase of the profile {}: ", folders.profile);
    let old = if before == Some(KeyPlace::Passphrase) { passphrase(&question) } else { None };
    let new = (place == Some(KeyPlace::Passphrase)).then(new_passphrase).transpose()?;
    if place == Some(KeyPlace::Off) {
        // The key is gone afterwards: what session files hold has to be text before.
        rewrite_sessions(folders, &open(folders, old.as_ref())?, false)?;
    }
    let (from, to) = (folders.key_options(None, old), folders.key_options(place, new.clone()));
    let rekeyed = Store::rekey(&folders.store()?, &from, &to)?;
    let mut n_sessions = 0;
    if rekeyed.now != KeyPlace::Off {
        n_sessions = rewrite_sessions(folders, &open(folders, new.as_ref())?, true)?;
    }
    if let Some(notice) = &rekeyed.notice {
        complain(&format!("note: {notice}"));
    }
    let damaged = match rekeyed.n_damaged {
        0 => String::new(),
        n => format!("; {n} entries were damaged or gone before, and will be made again when they are needed"),
    };
    print(&format!(
        "profile {}: was {}, is {}: {} values and {n_sessions} sessions written anew{damaged}\n",
        folders.profile, rekeyed.before, rekeyed.now, rekeyed.n_values
    ))
}

fn open(folders: &Folders, passphrase: Option<&Passphrase>) -> anyhow::Result<Store> {
    Ok(folders.open_store(passphrase.cloned())?)
}
