//! `pinflow secret`: secrets in the system's keyring, which nodes name and workflows never hold.

use std::io::{self, IsTerminal as _, Read as _};

use anyhow::{Context as _, anyhow, bail};
use clap::{Args, Subcommand};

use super::{Outcome, home::Home, print};
use crate::store::Store;

/// Arguments of `pinflow secret`.
#[derive(Debug, Args)]
pub(super) struct SecretArguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Keep a secret in the keyring, under a name that nodes use; it is read from the terminal or standard input
    Set {
        /// The name
        name: String,
    },
    /// Say where a secret is found, never what it is
    Check {
        /// The name
        name: String,
    },
    /// Remove a secret from the keyring
    Remove {
        /// The name
        name: String,
    },
}

/// Carries out `pinflow secret`.
pub(super) fn secret(arguments: &SecretArguments, home: &Home) -> anyhow::Result<Outcome> {
    let profile = home.folders()?.profile.to_string();
    let refused = |name: &str| {
        let hint = format!("the keyring does not answer; without one set the environment variable {name}");
        move |why: String| anyhow!(why).context(hint)
    };
    match &arguments.action {
        Action::Set { name } => {
            let secret = read()?;
            Store::set_secret(&profile, name, &secret).map_err(refused(name))?;
            print(&format!("the secret {name} is in the keyring\n"))?;
        }
        Action::Check { name } => {
            if std::env::var_os(name).is_some_and(|value| !value.is_empty()) {
                print(&format!("the secret {name} is an environment variable\n"))?;
            } else if home.store()?.secret(name).map_err(refused(name))?.is_some() {
                print(&format!("the secret {name} is in the keyring\n"))?;
            } else {
                bail!("the secret {name} is neither an environment variable nor in the keyring");
            }
        }
        Action::Remove { name } => {
            Store::remove_secret(&profile, name).map_err(refused(name))?;
            print(&format!("the secret {name} is no longer in the keyring\n"))?;
        }
    }
    Ok(Outcome::Success)
}

fn read() -> anyhow::Result<String> {
    let mut text = String::new();
    if io::stdin().is_terminal() {
        let terminal = console::Term::stderr();
        terminal.write_str("Secret: ")?;
        text = terminal.read_secure_line()?;
    } else {
        io::stdin().read_to_string(&mut text).context("cannot read the secret from standard input")?;
    }
    let secret = text.trim().to_owned();
    anyhow::ensure!(!secret.is_empty(), "no secret was given");
    Ok(secret)
}
