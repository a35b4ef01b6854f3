//! Opening the window.

use super::{App, AppOptions};

/// Why there is no window.
#[derive(Debug, thiserror::Error)]
pub enum WindowError {
    /// Nothing to show it on.
    #[error("there is no display: neither DISPLAY nor WAYLAND_DISPLAY is set{HINT}")]
    NoDisplay,
    /// The system refused it.
    #[error("the window cannot be opened: {0}{HINT}")]
    Refused(String),
}

/// What can be done without a window.
const HINT: &str = "; to work without a window use `pinflow run FILE`, and see `pinflow --help`";

/// Opens the window and returns when it is closed.
pub fn open_window(options: AppOptions) -> Result<(), WindowError> {
    if !has_display() {
        return Err(WindowError::NoDisplay);
    }
    let native = eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_title("Pinflow")
            .with_app_id("pinflow")
            .with_inner_size([1280.0, 800.0])
            .with_min_inner_size([640.0, 400.0]),
        renderer: eframe::Renderer::Glow,
        persist_window: false,
        ..Default::default()
    };
    let run = eframe::run_native("pinflow", native, Box::new(|cc| Ok(Box::new(App::new(cc, options)))));
    run.map_err(|error| WindowError::Refused(error.to_string()))
}

/// Returns whether the system has something to show a window on. Only X11 and Wayland say so beforehand.
fn has_display() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(any(target_os = "macos", target_os = "windows")) || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")
}
