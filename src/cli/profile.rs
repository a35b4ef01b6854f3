//! `pinflow profile`: people, or projects, that know nothing of each other.

use std::fmt::Write as _;

use clap::{Args, Subcommand};

use super::{
    Outcome,
    home::{Home, new_passphrase},
    print,
    store::parse_place,
};
use crate::{
    session::{Folders, ProfileName},
    store::KeyPlace,
};

/// Arguments of `pinflow profile`.
#[derive(Debug, Args)]
pub(super) struct ProfileArguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the profiles, and how their results are encrypted
    List,
    /// Make a profile, with folders, a database and a key of its own
    New {
        /// Letters from a to z, digits, - and _
        name: ProfileName,
        /// Where its key is kept: keyring, passphrase, file, or off to encrypt nothing
        #[arg(long, value_name = "PLACE", value_parser = parse_place)]
        key: Option<KeyPlace>,
    },
    /// Remove a profile with all results, sessions and settings it has; workflow files stay
    Remove {
        /// The profile
        name: ProfileName,
        /// Do it; without this it is only said what would be removed
        #[arg(long)]
        yes: bool,
    },
}

/// Carries out `pinflow profile`.
pub(super) fn profile(arguments: &ProfileArguments, home: &Home) -> anyhow::Result<Outcome> {
    match &arguments.action {
        Action::List => list(home),
        Action::New { name, key } => {
            let folders = Folders::find()?;
            let place = key.or(folders.key_place);
            let passphrase = (place == Some(KeyPlace::Passphrase)).then(new_passphrase).transpose()?;
            let (made, store) = folders.make_profile(name, folders.key_options(place, passphrase))?;
            let notice = store.key_notice().map(|notice| format!("note: {notice}\n")).unwrap_or_default();
            print(&format!("made the profile {name}, {}: {}\n{notice}", store.key_place(), made.data.display()))?;
            Ok(Outcome::Success)
        }
        Action::Remove { name, yes } => remove(name, *yes),
    }
}

fn list(home: &Home) -> anyhow::Result<Outcome> {
    let current = home.folders()?;
    let mut text = String::new();
    for name in current.profiles()? {
        let mark = if name == current.profile { "*" } else { " " };
        let folders = current.of_profile(&name)?;
        let key = folders.key_place().map_or_else(|| "nothing kept yet".to_owned(), |place| place.to_string());
        // Writing to a string cannot fail.
        writeln!(text, "{mark} {:<20} {key}, {}", name.as_str(), folders.data.display()).unwrap_or_default();
    }
    print(&text)?;
    Ok(Outcome::Success)
}

fn remove(name: &ProfileName, yes: bool) -> anyhow::Result<Outcome> {
    let folders = Folders::find()?;
    let of_profile = folders.of_profile(name)?;
    if yes {
        folders.remove_profile(name)?;
        print(&format!("removed the profile {name}\n"))?;
        return Ok(Outcome::Success);
    }
    anyhow::ensure!(!name.is_default(), "the profile default cannot be removed");
    let paths = [&of_profile.data, &of_profile.state, &of_profile.config];
    let lines: String = paths.map(|path| format!("  {}\n", path.display())).concat();
    print(&format!(
        "this would remove all results, sessions and settings of the profile {name}, and its key:\n{lines}"
    ))?;
    anyhow::bail!("nothing was removed: say --yes to do it");
}
