//! What would fail in a run and takes longer to see than a frame: files, folders and programs that are not there, not named or
//! not to be used, secrets that are not there, texts in a language that cannot be read.

use std::path::Path;

use super::{
    Catalogue, ParameterType, ResolvedParameters,
    access::{self, Obstacle},
    wrong_in,
};
use crate::workflow::{Location, NodeId, Problem, ProblemKind, Workflow};

/// Returns a warning for each file, folder, program and secret that is not there or not to be used, each file and program that is
/// not named, and each text that cannot be read, sorted. Relative paths start from the folder. Looks at the disk, and asks about secrets: not for the interface thread.
pub(crate) fn lacking(
    workflow: &Workflow,
    catalogue: &Catalogue,
    folder: &Path,
    has_secret: &dyn Fn(&str) -> bool,
) -> Vec<Problem> {
    let nodes = workflow.nodes().filter_map(|(id, node)| Some((id, node, catalogue.get(&node.kind)?)));
    let mut problems = Vec::new();
    for (id, node, kind) in nodes {
        let parameters = ResolvedParameters::new(&kind.parameters, node);
        for schema in &kind.parameters {
            let text = || parameters.text(schema.id.as_str());
            let is_fed_at = |port: &str| is_fed(workflow, id, port);
            let is_fed = || is_fed_at(schema.id.as_str());
            let found = match schema.parameter_type {
                ParameterType::FileToRead { .. } if !is_fed() => {
                    named(text(), "file", |path| access::to_read(path, &folder.join(path)))
                }
                ParameterType::FileToWrite { .. } if !is_fed() => {
                    let makes_folders = parameters.bool("create_folder");
                    named(text(), "file", |path| access::to_write(path, &folder.join(path), makes_folders))
                }
                ParameterType::Folder { .. } if !is_fed() && !text().trim().is_empty() => {
                    named(text().trim(), "folder", |path| access::to_enter(path, &folder.join(path)))
                }
                // What arrives may bring another `PATH`.
                ParameterType::Program { .. } if !is_fed() && !is_fed_at("environment") => {
                    let path_variable = std::env::var_os("PATH");
                    let program = Some(text().trim()).filter(|name| !name.is_empty()).or(schema.default.as_text());
                    named(program.unwrap_or_default(), "program", |name| {
                        access::to_run(name, folder, path_variable.as_deref())
                    })
                }
                ParameterType::Secret { .. } => no_secret(text().trim(), has_secret),
                ParameterType::Text { language } if !is_fed() => {
                    wrong_in(language, text()).map(|wrong| (ProblemKind::BadParameter, wrong.message))
                }
                _ => None,
            };
            let place = || Location::Parameter(id.clone(), schema.id.clone());
            problems.extend(found.map(|(kind, said)| Problem::warning(kind, place(), said)));
        }
    }
    problems.sort();
    problems
}

/// Returns what is wrong with what has a name: none is given, or something keeps it from being used.
fn named(name: &str, what: &str, look: impl FnOnce(&str) -> Option<Obstacle>) -> Option<(ProblemKind, String)> {
    if name.trim().is_empty() {
        return Some((ProblemKind::BadParameter, format!("no {what} is named: choose one")));
    }
    Some(match (look(name)?, what) {
        (Obstacle::Missing(said), "file") => (ProblemKind::MissingFile, said),
        (Obstacle::Missing(said), _) => (ProblemKind::MissingPlace, said),
        (Obstacle::Forbidden(said), _) => (ProblemKind::NoPermission, said),
    })
}

fn no_secret(name: &str, has_secret: &dyn Fn(&str) -> bool) -> Option<(ProblemKind, String)> {
    let is_missing = !name.is_empty() && !has_secret(name);
    is_missing.then(|| {
        let how = format!("set the environment variable, or keep it with `pinflow secret set {name}`");
        (ProblemKind::MissingSecret, format!("there is no secret {name}: {how}"))
    })
}

/// Returns whether a wire brings what a parameter would say.
fn is_fed(workflow: &Workflow, id: &NodeId, parameter: &str) -> bool {
    workflow.feeds_of(id).any(|(port, _)| port.as_str() == parameter)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::workflow::{Connection, Edit, Node, PortRef, Position};

    #[test]
    fn files_and_secrets_that_are_not_there_are_named_with_their_place() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("here.txt"), "x").unwrap();
        let mut workflow = Workflow::new("lacking");
        let mut add = |id: &'static str, node: Node| workflow.apply(Edit::AddNode(id.into(), Arc::new(node))).unwrap();
        let at = Position(0.0, 0.0);
        add("here", Node::new("read_text", at).with("path", "here.txt"));
        add("gone", Node::new("read_text", at).with("path", "gone.txt"));
        add("unset", Node::new("read_text", at));
        add("fed", Node::new("read_text", at).with("path", "gone.txt"));
        add("name", Node::new("text", at).with("text", "here.txt"));
        add("write", Node::new("write_text", at).with("path", "new.txt"));
        add("ask", Node::new("http_request", at).with("secret", "KEY"));
        add("question", Node::new("sql", at).with("query", "SELECT 1 ORDR BY 1"));
        add("fine", Node::new("sql", at).with("query", "SELECT 1"));
        add("blocked", Node::new("write_text", at).with("path", "here.txt/new.txt"));
        add("run", Node::new("command", at).with("program", "no-such-program"));
        add("nothing", Node::new("command", at));
        add("shell", Node::new("script", at).with("script", "date"));
        add("nowhere", Node::new("script", at).with("script", "date 'x").with("folder", "gone"));
        add("own", Node::new("http_request", at).with("secret", "MINE"));
        let wire = Connection { from: PortRef::new("name", "text"), to: PortRef::new("fed", "path") };
        workflow.apply(Edit::Connect(wire)).unwrap();
        let found = lacking(&workflow, &Catalogue::standard(), folder.path(), &|name| name == "MINE");
        let said: Vec<String> = found.iter().map(ToString::to_string).collect();
        let file = folder.path().join("here.txt");
        let why = format!("{} is a file, not a folder; choose another place", file.display());
        let blocked = format!("blocked: here.txt/new.txt cannot be made: {why}");
        assert_eq!(
            said,
            [
                "nothing: no program is named: choose one",
                "nowhere: line 1, column 6: ' is opened here and not closed",
                "question: line 1, column 15: the SQL cannot be read: Expected: end of statement, found: BY",
                "unset: no file is named: choose one",
                &blocked,
                "gone: there is no file gone.txt: choose one, or make it before the run",
                "nowhere: there is no folder gone: choose one, or make it before the run",
                "run: there is no program no-such-program on the PATH: install it, or check the name",
                "ask: there is no secret KEY: set the environment variable, or keep it with `pinflow secret set KEY`",
            ]
        );
    }
}
