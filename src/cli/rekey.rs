//! `pinflow store rekey`: encrypting everything anew, sessions included.

use super::{
    complain,
    home::{new_passphrase, passphrase},
    print,
};
use crate::{
    session::{Folders, rewrite_sessions},
    store::{KeyPlace, Passphrase, Store},
};

/// Encrypts everything of a profile anew, with a new key in a place; in the place of the old one if none is given.
pub(super) fn rekey(folders: &Folders, key: Option<KeyPlace>) -> anyhow::Result<()> {
    let before = folders.key_place();
    let place = key.or_else(|| before.filter(|place| *place != KeyPlace::Off)).or(folders.key_place);
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
