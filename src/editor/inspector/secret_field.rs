//! Secrets by name: typed, or chosen among those that are known of, with where the value is found, never what it is.

use std::collections::{BTreeMap, BTreeSet};

use egui::{Align, Label, Layout, RichText, TextEdit, Ui};

use super::{
    drafts::Drafts,
    fields::{Field, text_ui},
};
use crate::{
    editor::{Command, theme},
    nodes::{ParameterType, secrets},
    value::Value,
};

/// Where the value of a secret is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SecretPlace {
    Environment,
    Keyring,
    Nowhere,
    /// It is no environment variable, and this is why the keyring was not asked.
    Unknown(String),
}

/// Where secrets were found when they were looked for.
#[derive(Debug, Default)]
pub(crate) struct Secrets {
    found: BTreeMap<String, SecretPlace>,
    waiting: BTreeSet<String>,
}

impl Secrets {
    /// Notes that a secret is looked for; returns whether it is to be: once at a time.
    pub(crate) fn begin(&mut self, name: &str) -> bool {
        self.found.remove(name);
        self.waiting.insert(name.to_owned())
    }

    /// Takes in where a secret is.
    pub(crate) fn end(&mut self, name: String, place: SecretPlace) {
        self.waiting.remove(&name);
        self.found.insert(name, place);
    }
}

/// Shows the name of a secret.
pub(super) fn secret_ui(ui: &mut Ui, field: Field<'_>, hint: &str, drafts: &mut Drafts, commands: &mut Vec<Command>) {
    let row = egui::vec2(ui.available_width(), ui.spacing().interact_size.y);
    ui.allocate_ui_with_layout(row, Layout::right_to_left(Align::Center), |ui| {
        let button = ui.menu_button("Choose", |ui| {
            let names = known_names(field);
            if names.is_empty() {
                ui.weak("No names are known: type one");
            }
            for name in names {
                if ui.button(&name).clicked() {
                    field.set(Value::from(name), commands);
                }
            }
        });
        let help = "Names of secrets that other nodes use, and of environment variables that look like secrets";
        button.response.on_hover_text(help).accessible_name(format!("Choose {}", field.schema.label));
        text_ui(ui, field, drafts, commands, |ui, text| {
            ui.add(TextEdit::singleline(text).hint_text(hint).desired_width(ui.available_width()))
        });
    });
    let name = field.value.as_text().unwrap_or_default();
    if let Some(aids) = field.aids.filter(|_| !name.is_empty() && !field.is_mixed) {
        place_ui(ui, name, aids.secrets, commands);
    }
}

/// Says where a secret is, or that it is missing and what to do.
fn place_ui(ui: &mut Ui, name: &str, secrets: &Secrets, commands: &mut Vec<Command>) {
    let Some(place) = secrets.found.get(name) else {
        if !secrets.waiting.contains(name) {
            commands.push(Command::LookForSecret(name.to_owned()));
        }
        return;
    };
    let tokens = theme::tokens(ui);
    let (said, color) = match place {
        SecretPlace::Environment => ("It is an environment variable.".to_owned(), tokens.text_muted),
        SecretPlace::Keyring => ("It is in the keyring.".to_owned(), tokens.text_muted),
        SecretPlace::Nowhere => {
            let todo = format!("It is missing: set the environment variable {name}, or run pinflow secret set {name}.");
            (todo, tokens.failed)
        }
        SecretPlace::Unknown(why) => {
            (format!("It is no environment variable, and the keyring does not answer: {why}"), tokens.stale)
        }
    };
    ui.add(Label::new(RichText::new(theme::readable(&said)).color(color)).wrap());
    let may_have_come = !matches!(place, SecretPlace::Environment | SecretPlace::Keyring);
    if may_have_come && ui.small_button("Look again").clicked() {
        commands.push(Command::LookForSecret(name.to_owned()));
    }
}

/// Returns the names that other nodes use, and those of environment variables that look like secrets.
fn known_names(field: Field<'_>) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = secrets::names_in_environment().collect();
    for (_, node) in field.view.workflow.nodes() {
        let Some(kind) = field.view.catalogue.get(&node.kind) else { continue };
        let of_secrets =
            kind.parameters.iter().filter(|schema| matches!(schema.parameter_type, ParameterType::Secret { .. }));
        let used = of_secrets.filter_map(|schema| node.parameters.get(&schema.id)?.as_text());
        names.extend(used.filter(|name| !name.is_empty()).map(str::to_owned));
    }
    names
}
