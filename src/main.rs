//! The program: opens the window.

use std::{env, path::PathBuf, process::ExitCode};

use pinflow::{
    editor::{AppOptions, open_window},
    session::Folders,
};

fn main() -> ExitCode {
    tracing_subscriber::fmt().with_env_filter(tracing_subscriber::EnvFilter::from_default_env()).init();
    match window(env::args_os().nth(1).map(PathBuf::from)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "a program without a window says on the terminal why")]
            {
                eprintln!("pinflow: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}

fn window(open: Option<PathBuf>) -> anyhow::Result<()> {
    let folders = Folders::find()?;
    open_window(AppOptions { folders, open })?;
    Ok(())
}
