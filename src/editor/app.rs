//! The program's window.
//!
//! The order of a frame:
//!
//! 1. `logic`, also while the window is hidden: take in what other threads report (events of the run, files that were
//!    read or written, kept results), plan anew if anything the plan is made from has changed, hand what changed to the
//!    thread that saves sessions, answer a request to close.
//! 2. `ui`: shortcuts, toolbar, notices, panels, canvas, dialogs. Each draws from a [`View`](super::View) and its own
//!    state and pushes [`Command`]s; none changes the document.
//! 3. What was being typed and is out of sight, or is followed by a command, becomes an edit before all others.
//! 4. `handle` carries the commands out, in order.

mod arranging;
mod carrying;
mod dropped;
mod editing;
mod files;
mod frame;
mod handle;
mod history;
mod keys;
mod lacking;
mod looking;
mod messages;
mod pauses;
mod pinned_data;
mod pins;
mod profiles;
mod runs;
mod sessions;
mod sweeping;
mod tabbing;
mod tabs;
mod take_over;
#[cfg(test)]
mod tests;
mod touring;
mod windows;
mod wiring;

use std::{collections::BTreeSet, path::PathBuf, sync::Arc, time::Instant};

use self::{carrying::Carried, messages::Message, pins::Aside, tabs::Tabs};
use super::{
    Command, Panel,
    background::Background,
    command_table::Keymap,
    dialogs::{self, Dialog},
    guide::Guide,
    inspector::InspectorState,
    keeper::Keeper,
    layout::Layout,
    panels::{LibraryState, Notices, Place, TabStrip, Tone},
    settings::{OpenFile, Settings, ThemeChoice},
    sitting::Sitting,
    theme,
    tour::Tour,
    viewers::Viewers,
    watch::Watch,
    windows::{WindowId, Windows},
};
use crate::{
    engine::Engine,
    nodes::Catalogue,
    session::{Folders, ProfileName, SessionId},
    store::Store,
    workflow::Workflow,
};

/// What a window begins with.
#[derive(Clone, Debug)]
pub struct AppOptions {
    /// Where settings, sessions and results lie.
    pub folders: Folders,
    /// The workflow to open, if any.
    pub open: Option<PathBuf>,
}

/// The program's window.
pub struct App {
    catalogue: Arc<Catalogue>,
    folders: Folders,
    /// All profiles there were when the window opened.
    profiles: Vec<ProfileName>,
    /// What is to be opened once the store is.
    waiting: Option<First>,
    /// `None` if it could not be opened: then results live in memory only.
    store: Option<Store>,
    engine: Engine,
    tabs: Tabs,
    /// The files of tabs that were closed, the last one at the end.
    closed: Vec<OpenFile>,
    /// What was open last time has been opened, or is not to be.
    tabs_are_back: bool,
    /// The tour, while a person takes it.
    tour: Option<Tour>,
    /// Nodes on their way to another tab.
    carried: Option<Carried>,
    /// The tab that nodes are held over, and since when, in seconds.
    held_over: Option<(SessionId, f64)>,
    panels: PanelStates,
    notices: Notices,
    dialog: Option<Dialog>,
    guide: Guide,
    /// Values in windows of their own, and what these asked for in this frame.
    windows: Windows,
    asked: Vec<(WindowId, SessionId, Command)>,
    /// A run of which nothing is kept, for the dialog that compares a pin.
    aside: Option<Aside>,
    settings: Settings,
    background: Background<Message>,
    keeper: Keeper,
    /// When a paste that keeps what fed the nodes was asked for.
    paste_keeps_feeds: Option<Instant>,
    /// After a slow sweep, that long none is made unasked.
    no_sweep_until: Option<Instant>,
    probing: Probing,
    /// The desktop has a file dialog, and there is a window for it to belong to.
    has_native_dialogs: bool,
    /// The desktop's file dialog is open.
    is_picking: bool,
    /// In which tab a file was asked for.
    picking_for: Option<SessionId>,
    closing: Closing,
    /// What the window's title says.
    title: String,
}

/// What a window begins with: a file, or the welcome screen.
struct First(Option<PathBuf>);

/// The state of all panels.
struct PanelStates {
    layout: Layout,
    hidden: BTreeSet<Panel>,
    library: LibraryState,
    inspector: InspectorState,
    strip: TabStrip,
    viewers: Viewers,
    show_plan: bool,
}

/// How looking at the world stands.
struct Probing {
    at_work: bool,
    last: Option<Instant>,
    had_focus: bool,
    /// Looks again and again while the window has the focus and no run goes on.
    watch: Option<Watch>,
    lacking: lacking::Looking,
}

/// Whether the window may close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Closing {
    /// Nobody asked.
    No,
    /// It may, and its session ended as it should.
    Agreed,
}

impl App {
    /// Returns the window's program, with its store open and its first workflow on the way.
    pub fn new(cc: &eframe::CreationContext<'_>, options: AppOptions) -> Self {
        Self::with_catalogue(cc, options, Catalogue::standard())
    }

    /// Returns the same with other kinds of nodes.
    pub fn with_catalogue(cc: &eframe::CreationContext<'_>, options: AppOptions, catalogue: Catalogue) -> Self {
        let AppOptions { folders, open } = options;
        let ctx = &cc.egui_ctx;
        theme::install(ctx);
        let catalogue = Arc::new(catalogue);
        let mut notices = Notices::default();
        let settings = Settings::load(&folders.config.join(files::SETTINGS)).unwrap_or_else(|error| {
            notices.error(error);
            Settings::default()
        });
        apply_theme(ctx, settings.theme);
        ctx.options_mut(|options| options.zoom_with_keyboard = false);
        ctx.set_zoom_factor(settings.scale.factor());
        Keymap::new(&settings.keys).install(ctx);
        let opened = folders.opens_at_once().then(|| folders.open_store(None));
        let is_locked = opened.is_none();
        let store = opened.and_then(|opened| {
            opened
                .inspect_err(|error| {
                    let said = format!("Results are kept in memory only: {error}");
                    notices.show_at(Place::Everywhere, Tone::Warning, said, Vec::new());
                })
                .ok()
        });
        let mut app = Self {
            engine: Engine::new(Arc::clone(&catalogue), store.clone()),
            catalogue,
            profiles: folders.profiles().unwrap_or_default(),
            waiting: None,
            folders,
            store,
            tabs: Tabs::default(),
            closed: Vec::new(),
            tabs_are_back: false,
            tour: None,
            carried: None,
            held_over: None,
            panels: PanelStates::of(&settings),
            notices,
            dialog: None,
            guide: Guide::default(),
            windows: Windows::default(),
            asked: Vec::new(),
            aside: None,
            settings,
            background: Background::new(ctx.clone()),
            keeper: Keeper::new(),
            paste_keeps_feeds: None,
            no_sweep_until: None,
            probing: Probing {
                at_work: false,
                last: None,
                had_focus: false,
                watch: None,
                lacking: lacking::Looking::default(),
            },
            has_native_dialogs: cc.winit_window().is_some() && dialogs::are_available(),
            is_picking: false,
            picking_for: None,
            closing: Closing::No,
            title: String::new(),
        };
        app.panels.inspector.memory = app.settings.inspector.clone();
        if is_locked {
            app.unlock_then_open(open);
        } else {
            app.begin_with(open);
        }
        app
    }

    /// Returns the workflow in front, if any.
    pub fn workflow(&self) -> Option<&Arc<Workflow>> {
        self.tabs.sitting().map(Sitting::workflow)
    }

    /// Returns whether a run or other work in the background goes on.
    pub fn is_busy(&self) -> bool {
        let runs = self.aside.is_some() || self.tabs.iter().any(|tab| tab.run.is_some());
        runs || self.background.at_work() || self.keeper.at_work()
    }

    /// Carries a command out, as if a person had asked for it.
    pub fn command(&mut self, ctx: &egui::Context, command: Command) {
        self.handle(ctx, command);
    }
}

impl PanelStates {
    fn of(settings: &Settings) -> Self {
        Self {
            layout: Layout::of(&settings.panels),
            hidden: settings.hidden_panels.clone(),
            library: LibraryState::default(),
            inspector: InspectorState::default(),
            strip: TabStrip::default(),
            viewers: Viewers::default(),
            show_plan: true,
        }
    }
}

/// Shows the theme a person chose.
fn apply_theme(ctx: &egui::Context, choice: ThemeChoice) {
    ctx.set_theme(match choice {
        ThemeChoice::System => egui::ThemePreference::System,
        ThemeChoice::Light => egui::ThemePreference::Light,
        ThemeChoice::Dark => egui::ThemePreference::Dark,
    });
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut eframe::Frame) {
        self.take_messages(ctx);
        self.tell_breakpoints();
        self.replan();
        self.follow_tour();
        self.forecast(ctx);
        self.probe_when_due(ctx);
        self.look_for_what_is_lacking(ctx);
        self.save_sessions_when_due();
        self.note_tabs();
        self.answer_close_request(ctx);
        self.show_title(ctx);
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        let mut commands = Vec::new();
        self.frame_ui(ui, &mut commands);
        self.note_inspector();
        self.commit_drafts(&mut commands);
        for command in commands {
            self.handle(ui.ctx(), command);
            // A command that follows in the same frame may let the run go on.
            self.tell_breakpoints();
        }
        self.handle_of_windows(ui.ctx());
        self.replan();
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        self.end();
    }
}
