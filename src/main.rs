//! The program: reads the command line and hands over.

use std::{io, path::PathBuf, process::ExitCode};

use pinflow::{
    cli,
    editor::{AppOptions, open_window},
    session::Folders,
};
use tracing_subscriber::{EnvFilter, fmt};

// A window that is drawn anew each frame and runs of many small nodes make very many small allocations, which the C
// library's allocator is slow at; it also gives the memory back between runs, only to fetch it again page by page.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    fmt().with_env_filter(EnvFilter::from_default_env()).with_writer(io::stderr).init();
    cli::main(window)
}

fn window(folders: Folders, open: Option<PathBuf>) -> anyhow::Result<()> {
    open_window(AppOptions { folders, open })?;
    Ok(())
}
