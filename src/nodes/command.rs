//! Running programs of this machine, and scripts of the shell.

mod shell;

use std::{
    io::{self, Read, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread,
    time::Duration,
};

pub(super) use self::shell::wrong_in_script;
pub(crate) use self::shell::{ShellPart, shell_parts};
use super::{
    Arity, Cacheability, Context, Deed, Family, Kind, Load, NodeError, Outputs, ParameterSchema, ParameterType,
    Success, What, apart::POLL, files::refuse_what_json_cannot_hold,
};
use crate::value::{Value, ValueType, to_json};

pub(super) fn kinds() -> Vec<Kind> {
    vec![command(), script()]
}

fn command() -> Kind {
    let kind = Kind::new("command", "Command", Family::System, run_command).about(
        "Runs a program and gives what it writes.",
        "shell process execute exec run script program bash python subprocess terminal",
    );
    let kind = kind
        .parameter(
            ParameterSchema::new(
                "program",
                "Program",
                ParameterType::Program { hint: "python3" },
                "",
                "The program's name or path. It is started directly, without a shell.",
            )
            .on_node(),
        )
        .parameter(
            ParameterSchema::new(
                "arguments",
                "Arguments",
                ParameterType::Lines,
                Value::list([]),
                "One a line, handed over as they stand: no quotes, no patterns, no variables.",
            )
            .on_node(),
        );
    of_programs(kind)
}

fn script() -> Kind {
    let kind = Kind::new("script", "Shell Script", Family::System, run_script).about(
        "Runs a script of the shell and gives what it writes.",
        "shell script bash sh zsh command process execute exec run program terminal pipe",
    );
    let kind = kind
        .parameter(
            ParameterSchema::new(
                "script",
                "Script",
                ParameterType::Text { language: "shell" },
                "",
                "What the shell is to do. What arrives on stdin it reads as its input; $1, $2 and so on are the arguments.",
            )
            .on_node(),
        )
        .parameter(ParameterSchema::new(
            "shell",
            "Shell",
            ParameterType::Program { hint: "sh" },
            "sh",
            "The shell's name or path, such as bash: one that takes a script behind -c.",
        ))
        .parameter(ParameterSchema::new(
            "arguments",
            "Arguments",
            ParameterType::Lines,
            Value::list([]),
            "One a line: the first is $1 in the script, the second $2.",
        ));
    of_programs(kind)
}

/// Adds the ports and parameters of all that runs programs.
fn of_programs(kind: Kind) -> Kind {
    let kind = kind
        .input("stdin", ValueType::Any, Arity::Optional)
        .input("environment", ValueType::Record, Arity::Optional)
        .output("stdout", ValueType::Text)
        .output("stderr", ValueType::Text)
        .output("exit_code", ValueType::Int)
        .load(Load::Waits)
        .side_effect(|_| true)
        .cacheable(
            |parameters| {
                if parameters.bool("keep_results") { Cacheability::Always } else { Cacheability::Never }
            },
        );
    kind.parameter(ParameterSchema::new(
        "folder",
        "Working folder",
        ParameterType::Folder { hint: "the workflow's folder" },
        "",
        "Where the program starts; relative to the workflow's folder.",
    ))
    .parameter(ParameterSchema::new(
        "accept_failure",
        "Accept failure",
        ParameterType::Bool,
        false,
        "An exit code other than 0 comes out like any other; else it is an error.",
    ))
    .parameter(ParameterSchema::new(
        "keep_results",
        "Keep results",
        ParameterType::Bool,
        false,
        "Resume uses the results again while nothing has changed: for programs that give the same for the same.",
    ))
    .parameter(ParameterSchema::new(
        "max_mib",
        "Most output",
        ParameterType::Int { min: 1, max: 1024, unit: "MiB" },
        16,
        "A program that writes more to stdout or stderr is ended, and that is an error.",
    ))
}

fn run_command(ctx: &Context<'_>) -> Result<Success, NodeError> {
    let parameters = ctx.parameters();
    let program = parameters.text("program").trim();
    if program.is_empty() {
        return Err(NodeError::new("no program is named: set one such as python3"));
    }
    let arguments = parameters.lines("arguments");
    run(ctx, program, &arguments, deed(program, &arguments))
}

fn run_script(ctx: &Context<'_>) -> Result<Success, NodeError> {
    let parameters = ctx.parameters();
    let script = parameters.text("script");
    let Some(first) = script.lines().map(str::trim).find(|line| !line.is_empty()) else {
        return Err(NodeError::new("there is no script: write one under Script"));
    };
    let shell = match parameters.text("shell").trim() {
        "" => "sh",
        shell => shell,
    };
    let arguments = parameters.lines("arguments");
    let told: Vec<&str> = ["-c", first].into_iter().chain(arguments.iter().copied()).collect();
    // Behind the script stands what it is called by.
    let all: Vec<&str> = ["-c", script, shell].into_iter().chain(arguments).collect();
    run(ctx, shell, &all, deed(shell, &told))
}

/// Runs a program and gives what it writes.
fn run(ctx: &Context<'_>, program: &str, arguments: &[&str], deed: Deed) -> Result<Success, NodeError> {
    let parameters = ctx.parameters();
    let max_bytes = usize::try_from(parameters.int("max_mib")).unwrap_or(0) << 20;
    let input = match ctx.input("stdin") {
        Some(value) => bytes_of(value)?,
        None => None,
    };
    let command = command_of(ctx, program, arguments)?;
    ctx.check_cancelled()?;
    let deed = Deed { bytes: input.as_ref().map(|input| input.len() as u64), ..deed };
    let finished = Running::start(command, program, input, max_bytes)?.finish(ctx);
    ctx.did(deed.outcome(match &finished {
        Ok(finished) => format!("exit code {}", exit_code(finished.status)),
        Err(_) => "ended before it was done".to_owned(),
    }));
    let finished = finished?;
    let exit_code = exit_code(finished.status);
    let text = |name: &str, bytes: Vec<u8>| {
        String::from_utf8(bytes).unwrap_or_else(|error| {
            ctx.warn(format!("{name} is not UTF-8 text: what cannot be read is replaced"));
            String::from_utf8_lossy(error.as_bytes()).into_owned()
        })
    };
    let (stdout, stderr) = (text("stdout", finished.stdout), text("stderr", finished.stderr));
    if !finished.status.success() && !parameters.bool("accept_failure") {
        return Err(NodeError::new(failure(program, finished.status, &stderr)));
    }
    Ok(Success::new(Outputs::one("stdout", stdout).with("stderr", stderr).with("exit_code", exit_code)))
}

fn command_of(ctx: &Context<'_>, program: &str, arguments: &[&str]) -> Result<Command, NodeError> {
    let parameters = ctx.parameters();
    let folder = match parameters.text("folder").trim() {
        "" => ctx.path(".")?,
        folder => ctx.path(folder)?,
    };
    if !folder.is_dir() {
        return Err(NodeError::new(format!("the working folder does not exist: {}", folder.display())));
    }
    let mut command = Command::new(found(ctx, program)?);
    command.args(arguments).current_dir(folder);
    for (name, value) in ctx.record("environment").into_iter().flat_map(|record| record.iter()) {
        if name.is_empty() || name.contains(['=', '\0']) {
            return Err(NodeError::new(format!("{name:?} cannot be the name of an environment variable")));
        }
        command.env(name.as_ref(), value.display_text());
    }
    Ok(command)
}

/// Returns what to start: a path is relative to the workflow's folder, a bare name is looked for by the system.
fn found(ctx: &Context<'_>, program: &str) -> Result<PathBuf, NodeError> {
    if Path::new(program).components().count() > 1 { ctx.path(program) } else { Ok(program.into()) }
}

/// Returns the bytes to write to the program.
fn bytes_of(value: &Value) -> Result<Option<Vec<u8>>, NodeError> {
    Ok(match value {
        Value::Null => None,
        Value::Text(text) => Some(text.as_bytes().to_vec()),
        Value::Bytes(bytes) => Some(bytes.to_vec()),
        other => {
            refuse_what_json_cannot_hold(other)?;
            Some(to_json(other).to_string().into_bytes())
        }
    })
}

/// Returns what running a program does to the world outside: its command line, with quotes where a shell would need them.
fn deed(program: &str, arguments: &[&str]) -> Deed {
    let needs_quotes = |word: &str| word.is_empty() || word.contains(|char: char| char.is_whitespace() || char == '"');
    let quoted = |word: &str| if needs_quotes(word) { format!("{word:?}") } else { word.to_owned() };
    let words: Vec<String> = std::iter::once(program).chain(arguments.iter().copied()).map(quoted).collect();
    Deed::new(What::Command, words.join(" "))
}

/// Returns the code, or for a program ended by a signal 128 and its number, as shells do.
fn exit_code(status: ExitStatus) -> i64 {
    status.code().or_else(|| Some(128 + signal(status)?)).map_or(-1, i64::from)
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
const fn signal(_status: ExitStatus) -> Option<i32> {
    None
}

/// Returns how a program failed, with the last line it complained in: that is where most say why.
fn failure(program: &str, status: ExitStatus, stderr: &str) -> String {
    let how = match (status.code(), signal(status)) {
        (Some(code), _) => format!("ended with exit code {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => "did not end by itself".to_owned(),
    };
    match stderr.lines().rev().find(|line| !line.trim().is_empty()) {
        Some(line) => format!("{program} {how}: {}", line.trim()),
        None => format!("{program} {how}"),
    }
}

/// What the threads beside a program tell.
enum Told {
    Stdout(Result<Vec<u8>, PipeError>),
    Stderr(Result<Vec<u8>, PipeError>),
}

enum PipeError {
    TooMuch,
    Io(io::Error),
}

/// A program that runs, with a thread at each of its pipes, so that none of them ever fills up.
struct Running {
    child: Child,
    program: String,
    max_bytes: usize,
    told: Receiver<Told>,
    /// Keeps the channel open once all threads are done.
    _sender: Sender<Told>,
}

struct Finished {
    status: ExitStatus,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl Running {
    fn start(mut command: Command, program: &str, input: Option<Vec<u8>>, max_bytes: usize) -> Result<Self, NodeError> {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
        lead_group(&mut command);
        let child = command.spawn().map_err(|error| {
            NodeError::new(match error.kind() {
                io::ErrorKind::NotFound => format!("there is no program {program}: check the name and the PATH"),
                _ => format!("cannot start {program}: {error}"),
            })
        })?;
        let (sender, told) = mpsc::channel();
        let mut running = Self { child, program: program.to_owned(), max_bytes, told, _sender: sender.clone() };
        // From here on dropping it ends the program.
        running.attend(input, &sender)?;
        Ok(running)
    }

    fn attend(&mut self, input: Option<Vec<u8>>, sender: &Sender<Told>) -> Result<(), NodeError> {
        if let (Some(mut pipe), Some(bytes)) = (self.child.stdin.take(), input) {
            // A program may end without reading all: then nobody wants the rest.
            spawn("command-stdin", move || pipe.write_all(&bytes).unwrap_or_default())?;
        }
        let max_bytes = self.max_bytes;
        if let Some(pipe) = self.child.stdout.take() {
            let sender = sender.clone();
            // Nobody listens any more once the program was cancelled; here and below.
            spawn("command-stdout", move || sender.send(Told::Stdout(read(pipe, max_bytes))).unwrap_or_default())?;
        }
        if let Some(pipe) = self.child.stderr.take() {
            let sender = sender.clone();
            spawn("command-stderr", move || sender.send(Told::Stderr(read(pipe, max_bytes))).unwrap_or_default())?;
        }
        Ok(())
    }

    /// Waits until the program has ended and its pipes are closed.
    fn finish(mut self, ctx: &Context<'_>) -> Result<Finished, NodeError> {
        let (mut stdout, mut stderr) = (None, None);
        let mut pause = Duration::from_millis(1);
        loop {
            if stdout.is_some() && stderr.is_some() {
                let status = self.child.try_wait().map_err(|error| self.lost(&error))?;
                if let Some(status) = status {
                    let (stdout, stderr) = (stdout.unwrap_or_default(), stderr.unwrap_or_default());
                    return Ok(Finished { status, stdout, stderr });
                }
                pause = (pause * 2).min(POLL);
            } else {
                pause = pause.max(POLL);
            }
            match self.told.recv_timeout(pause) {
                Ok(Told::Stdout(read)) => {
                    stdout = Some(self.whole("stdout", read)?);
                    pause = Duration::from_millis(1);
                }
                Ok(Told::Stderr(read)) => {
                    stderr = Some(self.whole("stderr", read)?);
                    pause = Duration::from_millis(1);
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => ctx.check_cancelled()?,
            }
        }
    }

    fn whole(&self, name: &str, read: Result<Vec<u8>, PipeError>) -> Result<Vec<u8>, NodeError> {
        let Self { program, max_bytes, .. } = self;
        read.map_err(|error| {
            NodeError::new(match error {
                PipeError::TooMuch => {
                    format!(
                        "{program} writes more than {} MiB to {name}: raise the limit if you want it",
                        max_bytes >> 20
                    )
                }
                PipeError::Io(error) => format!("cannot read {name} of {program}: {error}"),
            })
        })
    }

    fn lost(&self, error: &io::Error) -> NodeError {
        NodeError::new(format!("cannot tell how {} ended: {error}", self.program))
    }
}

impl Drop for Running {
    /// Ends the program, and what it has started, if it still runs.
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        end_group(&self.child);
        let ended = self.child.kill().and_then(|()| self.child.wait());
        if let Err(error) = ended {
            tracing::warn!("{} may run on: {error}", self.program);
        }
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), NodeError> {
    let spawned = thread::Builder::new().name(name.to_owned()).spawn(work);
    spawned.map(drop).map_err(|error| NodeError::new(format!("cannot start a thread for the command: {error}")))
}

/// Reads all that comes, up to a limit.
fn read(pipe: impl Read, max_bytes: usize) -> Result<Vec<u8>, PipeError> {
    let mut bytes = Vec::new();
    pipe.take(max_bytes as u64 + 1).read_to_end(&mut bytes).map_err(PipeError::Io)?;
    if bytes.len() > max_bytes { Err(PipeError::TooMuch) } else { Ok(bytes) }
}

/// Makes the program the first of a process group, so that it can be ended with all that it starts.
#[cfg(unix)]
fn lead_group(command: &mut Command) {
    use std::os::unix::process::CommandExt as _;
    command.process_group(0);
}

#[cfg(not(unix))]
const fn lead_group(_command: &mut Command) {}

/// Ends all programs of the group. The standard library can signal a single process only, so `kill` does it.
#[cfg(unix)]
fn end_group(leader: &Child) {
    let group = format!("-{}", leader.id());
    let quiet = |command: &mut Command| {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success())
    };
    let ended = quiet(Command::new("kill").args(["-KILL", "--", &group]))
        || quiet(Command::new("/bin/sh").args(["-c", "kill -KILL -- \"$1\"", "sh", &group]));
    if !ended {
        tracing::warn!("what the command {} has started may run on", leader.id());
    }
}

#[cfg(not(unix))]
const fn end_group(_leader: &Child) {}

#[cfg(test)]
#[cfg(unix)]
mod tests;
