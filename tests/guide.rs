//! The pages of the guide that are made from the program: kinds, command line, shortcuts. They fail when they drift;
//! `UPDATE_GUIDE=1 cargo test --test guide` writes them anew.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{env, fmt::Write as _, fs, path::Path};

use clap::CommandFactory as _;
use pinflow::{
    cli::Cli,
    editor::commands_with_keys,
    nodes::{Catalogue, Family, Kind, ParameterSchema, ParameterType},
    value::to_json,
};

/// Compares a page with what it should be, or writes it.
#[track_caller]
fn check(name: &str, page: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/guide").join(name);
    if env::var_os("UPDATE_GUIDE").is_some() {
        fs::write(&path, page).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    let first_other = found.lines().zip(page.lines()).find(|(found, made)| found != made);
    assert!(found == page, "{name} has drifted: UPDATE_GUIDE=1 cargo test --test guide\n{first_other:#?}");
}

fn page_of(family: Family) -> String {
    format!("kinds-{}.md", family.name().to_lowercase())
}

fn slug(title: &str) -> String {
    title.to_lowercase().replace(' ', "-")
}

#[test]
fn the_list_of_kinds_is_that_of_the_catalogue() {
    let catalogue = Catalogue::standard();
    let mut page =
        "# Kinds of nodes\n\nMade from the program's catalogue. `pinflow kinds` lists the same.\n".to_owned();
    for family in Family::ALL {
        writeln!(page, "\n## {0}\n\n[All about {0}]({1})\n", family.name(), page_of(family)).unwrap();
        for kind in catalogue.iter().filter(|kind| kind.family == family) {
            let (title, page_of, slug) = (&kind.title, page_of(family), slug(&kind.title));
            writeln!(page, "- [{title}]({page_of}#{slug}): {}", kind.summary).unwrap();
        }
    }
    check("kinds.md", &page);
}

#[test]
fn every_kind_is_told_as_the_catalogue_has_it() {
    let catalogue = Catalogue::standard();
    for family in Family::ALL {
        let mut page = format!("# {}\n\nBack to [all kinds of nodes](kinds.md).\n", family.name());
        for kind in catalogue.iter().filter(|kind| kind.family == family) {
            tell(&mut page, kind);
        }
        check(&page_of(family), &page);
    }
}

fn tell(page: &mut String, kind: &Kind) {
    writeln!(page, "\n## {}\n\n{}\n\nIn files and on the command line: `{}`.", kind.title, kind.summary, kind.id)
        .unwrap();
    let traits = kind.traits();
    if !traits.is_empty() {
        page.push('\n');
    }
    for one in traits {
        writeln!(page, "- **{}.** {}", one.name(), one.in_words()).unwrap();
    }
    if !kind.inputs.is_empty() {
        page.push_str("\n| input | type | |\n| --- | --- | --- |\n");
    }
    for input in &kind.inputs {
        writeln!(page, "| `{}` | {} | {} |", input.id, input.value_type, input.arity.in_words()).unwrap();
    }
    if !kind.outputs.is_empty() {
        page.push_str("\n| output | type |\n| --- | --- |\n");
    }
    for output in &kind.outputs {
        writeln!(page, "| `{}` | {} |", output.id, output.value_type).unwrap();
    }
    if !kind.parameters.is_empty() {
        page.push_str("\nParameters:\n\n");
    }
    for schema in &kind.parameters {
        let (label, id, about) = (&schema.label, &schema.id, about(schema).replace('<', "&lt;"));
        writeln!(page, "- **{label}** (`{id}`, {}): {about}", default(schema)).unwrap();
    }
}

fn default(schema: &ParameterSchema) -> String {
    match to_json(&schema.default).to_string() {
        json if json == "null" => "left open".to_owned(),
        json if json == "\"\"" => "empty".to_owned(),
        json => format!("default `{json}`"),
    }
}

/// Returns the help of a parameter with its choices or its range.
fn about(schema: &ParameterSchema) -> String {
    let range = |min: &dyn std::fmt::Display, max: &dyn std::fmt::Display, unit: &str| {
        format!(" From {min} to {max}{}{unit}.", if unit.is_empty() { "" } else { " " })
    };
    let more = match &schema.parameter_type {
        ParameterType::Choice(choices) => {
            let choices: Vec<String> =
                choices.iter().map(|choice| format!("`{}` ({})", choice.id, choice.label)).collect();
            format!(" One of {}.", choices.join(", "))
        }
        ParameterType::Int { min, max, unit } if *min > i64::MIN && *max < i64::MAX => range(min, max, unit),
        ParameterType::Float { min, max, unit } if *min > f64::MIN && *max < f64::MAX => range(min, max, unit),
        _ => String::new(),
    };
    format!("{}{more}", schema.help)
}

#[test]
fn the_command_line_is_told_as_it_is() {
    let mut page =
        "# Command line\n\nMade from the program: `pinflow --help` and `pinflow COMMAND --help` say the same.\n"
            .to_owned();
    let mut command = Cli::command();
    command.build();
    tell_command(&mut page, &mut command, 2);
    check("command-line.md", &page);
}

fn tell_command(page: &mut String, command: &mut clap::Command, depth: usize) {
    let name = command.get_bin_name().unwrap_or("pinflow").to_owned();
    let help = command.render_help().to_string();
    writeln!(page, "\n{} {name}\n\n```text\n{}\n```", "#".repeat(depth), help.trim_end()).unwrap();
    for subcommand in command.get_subcommands_mut().filter(|command| command.get_name() != "help") {
        tell_command(page, subcommand, 3.min(depth + 1));
    }
}

#[test]
fn the_shortcuts_are_those_of_the_table_of_commands() {
    let mut page =
        "# Keyboard shortcuts\n\nMade from the program's table of commands, with the keys that they have unless you \
                    change them (*Help*, *Keyboard shortcuts…*). F1 lists the keys in force.\n"
            .to_owned();
    for (group, commands) in commands_with_keys() {
        writeln!(page, "\n## {group}\n").unwrap();
        for (name, keys, help) in commands {
            let told = [keys.as_str(), help].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(". ");
            writeln!(page, "- **{name}**: {told}").unwrap();
        }
    }
    check("shortcuts.md", &page);
}
