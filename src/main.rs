//! Reads the command line and hands over.

use std::process::ExitCode;

fn main() -> ExitCode {
    pinflow::cli::main(|_file| Err(anyhow::anyhow!("the window is being built")))
}
