//! Tests with the shell that every Unix has.

use std::fs;

use super::*;
use crate::nodes::testing::Trial;

fn shell(script: &str) -> Trial {
    Trial::of("command").set("program", "sh").lines("arguments", &["-c", script]).in_folder(Path::new("/"))
}

#[test]
fn what_a_program_writes_and_its_code_come_out() {
    let trial = shell("echo out; echo err >&2; exit 3").set("accept_failure", true);
    let outputs = trial.outputs();
    assert_eq!(outputs.get(&"stdout".into()), Some(&Value::text("out\n")));
    assert_eq!(outputs.get(&"stderr".into()), Some(&Value::text("err\n")));
    assert_eq!(outputs.get(&"exit_code".into()), Some(&Value::Int(3)));
    assert_eq!(shell("kill -TERM $$").set("accept_failure", true).output("exit_code"), Value::Int(128 + 15));
}

#[test]
fn a_failure_is_an_error_with_the_last_line_it_complained_in() {
    assert_eq!(
        shell("echo a >&2; echo 'no such table' >&2; exit 2").error(),
        "sh ended with exit code 2: no such table"
    );
    assert_eq!(shell("exit 1").error(), "sh ended with exit code 1");
    assert_eq!(shell("kill -KILL $$").error(), "sh was ended by signal 9");
}

#[test]
fn arguments_are_handed_over_as_they_stand() {
    let arguments = ["%s|", "a b", "$HOME", "*", "\"q\"", ""];
    let trial = Trial::of("command").set("program", "printf").lines("arguments", &arguments).in_folder(Path::new("/"));
    assert_eq!(trial.output("stdout"), Value::text("a b|$HOME|*|\"q\"||"));
}

#[test]
fn what_was_run_is_noted_with_how_it_ended() {
    let trial = shell("cat; exit 3").input("stdin", Value::text("hé"));
    trial.error();
    assert_eq!(trial.host.deeds(), ["ran sh -c \"cat; exit 3\" (3 bytes, exit code 3)"]);
    let never = Trial::of("command").set("program", "no-such-program").in_folder(Path::new("/"));
    never.error();
    assert!(never.host.deeds().is_empty());
}

#[test]
fn what_arrives_is_written_to_the_program() {
    assert_eq!(shell("cat").input("stdin", Value::text("hé")).output("stdout"), Value::text("hé"));
    let record = Value::record([("a", Value::Int(1))]);
    assert_eq!(shell("cat").input("stdin", record).output("stdout"), Value::text("{\"a\":1}"));
    assert_eq!(shell("cat").output("stdout"), Value::text(""), "nothing connected is the end at once");
    let unread = "x".repeat(1 << 20);
    assert_eq!(shell("echo done").input("stdin", Value::text(unread)).output("stdout"), Value::text("done\n"));
}

#[test]
fn full_pipes_hold_up_nothing() {
    let much = "x".repeat(1 << 20);
    let trial = shell("head -c 1048576 /dev/zero >&2; cat").input("stdin", Value::text(much.clone()));
    let outputs = trial.outputs();
    assert_eq!(outputs.get(&"stdout".into()), Some(&Value::text(much)));
    assert_eq!(outputs.get(&"stderr".into()).map(Value::size_bytes), Some(1 << 20));
}

#[test]
fn variables_and_the_working_folder_are_the_programs() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("sub")).unwrap();
    let variables = Value::record([("PINFLOW_A", Value::text("x")), ("PINFLOW_B", Value::Int(2))]);
    let trial = shell("basename \"$PWD\"; echo $PINFLOW_A$PINFLOW_B").input("environment", variables);
    let trial = trial.in_folder(folder.path()).set("folder", "sub");
    assert_eq!(trial.output("stdout"), Value::text("sub\nx2\n"));
    let wrong = Value::record([("A=B", Value::Null)]);
    assert!(shell("true").input("environment", wrong).error().contains("cannot be the name"));
    assert!(shell("true").set("folder", "none").error().starts_with("the working folder does not exist"));
}

#[test]
fn a_path_to_a_program_starts_from_the_workflows_folder() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tool.sh");
    // Written by another process: a file that this one holds open for writing cannot be started.
    shell("printf '#!/bin/sh\\necho here\\n' > tool.sh").in_folder(folder.path()).outputs();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let trial = Trial::of("command").set("program", "./tool.sh").in_folder(folder.path());
    assert_eq!(trial.output("stdout"), Value::text("here\n"));
}

#[test]
fn too_much_output_is_refused_and_ends_the_program() {
    let error = shell("cat /dev/zero").set("max_mib", 1).error();
    assert_eq!(error, "sh writes more than 1 MiB to stdout: raise the limit if you want it");
}

#[test]
fn a_program_that_does_not_exist_is_an_error_that_says_so() {
    let missing = Trial::of("command").set("program", "pinflow-surely-none").in_folder(Path::new("/"));
    assert!(missing.error().starts_with("there is no program pinflow-surely-none"), "{}", missing.error());
    assert!(Trial::of("command").error().starts_with("no program is named"));
}

#[test]
fn a_cancel_ends_the_program_and_its_children() {
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    // The child holds the pipe, and would outlive the shell: only a signal to the whole group reaches it.
    let trial = shell("(echo started; exec sleep 1000) > fifo & exec sleep 1000").in_folder(folder.path());
    thread::scope(|scope| {
        let running = thread::Builder::new().spawn_scoped(scope, || trial.run()).unwrap();
        let mut pipe = fs::File::open(&fifo).unwrap();
        let mut started = [0; 8];
        pipe.read_exact(&mut started).unwrap();
        assert_eq!(&started, b"started\n");
        trial.host.cancel();
        // This ends when nobody holds the pipe any more.
        assert_eq!(pipe.read_to_end(&mut Vec::new()).unwrap(), 0);
        assert_eq!(running.join().unwrap().unwrap_err(), NodeError::Cancelled);
    });
}

#[test]
fn a_deadline_ends_the_program() {
    let trial = shell("exec sleep 1000").within(Duration::from_millis(50));
    assert_eq!(trial.run().unwrap_err(), NodeError::Cancelled);
}

#[test]
fn results_are_kept_only_if_asked_and_a_command_is_an_effect() {
    assert_eq!(shell("true").cacheability(), Cacheability::Never);
    assert_eq!(shell("true").set("keep_results", true).cacheability(), Cacheability::Always);
    assert!(shell("true").has_side_effect());
}

fn script(text: &str) -> Trial {
    Trial::of("script").set("script", text).in_folder(Path::new("/"))
}

#[test]
fn a_script_of_several_lines_runs_with_its_arguments() {
    let text = "for word in \"$@\"; do\n  echo \"<$word>\"\ndone\ncat";
    let trial = script(text).lines("arguments", &["a b", "$HOME"]).input("stdin", Value::text("end"));
    assert_eq!(trial.output("stdout"), Value::text("<a b>\n<$HOME>\nend"));
    assert_eq!(trial.host.deeds(), ["ran sh -c \"for word in \\\"$@\\\"; do\" \"a b\" $HOME (3 bytes, exit code 0)"]);
    assert_eq!(script("\n  \n").error(), "there is no script: write one under Script");
    assert_eq!(script("exit 4").error(), "sh ended with exit code 4");
    let other = script("echo $0").set("shell", "no-such-shell");
    assert!(other.error().starts_with("there is no program no-such-shell"), "{}", other.error());
}
