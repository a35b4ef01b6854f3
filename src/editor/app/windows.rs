//! Windows of their own for values: opened, shown, and what their viewers ask for.

use std::sync::Arc;

use egui::Context;

use super::{App, Message};
use crate::{
    editor::{
        Command, WindowOf,
        iterations::{IterationsState, IterationsWork, read_iteration},
        panels::SpansWork,
        viewers::{ViewerDone, Viewers},
        windows::WindowId,
    },
    session::SessionId,
    store::{LoopRecord, RunId},
    value::Fingerprint,
};

/// Whose viewers asked for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// Those of the panels.
    Panels,
    /// Those of a window.
    Window(WindowId),
}

impl App {
    /// Shows what a node gave in a window of its own.
    pub(super) fn open_window(&mut self, of: WindowOf) {
        let Some(sitting) = self.tabs.sitting() else { return };
        let past = sitting.past().map(|past| past.name());
        let record = match past {
            Some(_) => sitting.shown_baseline().get(&of.node).cloned(),
            None => sitting.view_of_now(&self.catalogue, false).record(&of.node),
        };
        let session = sitting.session();
        self.windows.open(session, of, record, past);
    }

    /// Shows the windows; those of a workflow that is no longer open are closed.
    pub(super) fn windows_ui(&mut self, ctx: &Context) {
        let open: Vec<(WindowId, SessionId)> = self.windows.sessions().collect();
        for (id, session) in open {
            let mut asked = Vec::new();
            let stays = self.tabs.of(session).is_some_and(|tab| {
                let view = tab.sitting.view_of_now(&self.catalogue, false);
                self.windows.window_ui(ctx, id, view, &mut asked)
            });
            if !stays {
                self.windows.close(id);
                ctx.request_repaint();
            }
            self.asked.extend(asked.into_iter().map(|command| (id, session, command)));
        }
    }

    /// Carries out what windows asked for.
    pub(super) fn handle_of_windows(&mut self, ctx: &Context) {
        for (id, session, command) in std::mem::take(&mut self.asked) {
            match command {
                Command::LoadValue(fingerprint) => self.load_value(Whose::Window(id), fingerprint),
                Command::LoadIteration(of, run, index) => {
                    self.load_iteration(Whose::Window(id), session, of, run, index);
                }
                Command::SaveValue(..) => self.handle(ctx, command),
                command => self.work_or_handle(ctx, Whose::Window(id), session, command),
            }
        }
    }

    fn work_or_handle(&mut self, ctx: &Context, whose: Whose, session: SessionId, command: Command) {
        if let Err(command) = self.work(ctx, whose, command) {
            // What is asked of a node is asked of its own workflow.
            self.show_tab_of(Some(session));
            self.handle(ctx, *command);
        }
    }

    /// Starts the work that viewers ask for by a command; gives back one that asks for something else.
    pub(super) fn work(&mut self, ctx: &Context, whose: Whose, command: Command) -> Result<(), Box<Command>> {
        let Some((viewers, _)) = self.asking(whose) else { return Ok(()) };
        if let Some(work) = viewers.work_of(ctx, command)? {
            self.background.start(work.name(), move || Message::Viewer(whose, work.done()));
        }
        Ok(())
    }

    /// Returns the viewers of whoever asked, and the iterations read for them, if they are still there.
    pub(super) fn asking(&mut self, whose: Whose) -> Option<(&mut Viewers, &mut IterationsState)> {
        match whose {
            Whose::Panels => Some((&mut self.panels.viewers, &mut self.panels.inspector.iterations)),
            Whose::Window(id) => self.windows.parts(id),
        }
    }

    /// Takes what came of work.
    pub(super) fn viewer_done(&mut self, ctx: &Context, whose: Whose, done: ViewerDone) {
        let Some((viewers, _)) = self.asking(whose) else { return };
        match viewers.take(ctx, done) {
            Some(Ok(text)) => ctx.copy_text(text),
            Some(Err(why)) => self.notices.trouble(why),
            None => {}
        }
    }

    /// Reads a value from the store.
    pub(super) fn load_value(&mut self, whose: Whose, fingerprint: Fingerprint) {
        if !self.asking(whose).is_some_and(|(viewers, _)| viewers.loads.begin_value(fingerprint)) {
            return;
        }
        let store = self.store.clone();
        self.background.start("pinflow-value", move || {
            let value = store.map_or_else(
                || Err("the value is not in memory, and there is no store".to_owned()),
                |store| store.load_value(&fingerprint).map_err(|error| error.to_string()),
            );
            Message::Value(whose, fingerprint, value)
        });
    }

    /// Reads an iteration of a loop for the panels.
    pub(super) fn load_iteration_in_front(&mut self, of: Arc<LoopRecord>, run: RunId, index: u64) {
        if let Some(session) = self.tabs.session() {
            self.load_iteration(Whose::Panels, session, of, run, index);
        }
    }

    /// Reads what a table of iterations shows.
    pub(super) fn work_on_iterations(&self, work: IterationsWork) {
        let store = self.store.clone();
        self.background.start("pinflow-iterations", move || Message::Iterations(work.done(store.as_ref())));
    }

    /// Reads when the iterations of a loop were made.
    pub(super) fn read_spans(&self, work: SpansWork) {
        let Some(session) = self.tabs.session() else { return };
        self.background.start("pinflow-spans", move || Message::Spans(session, work.done()));
    }

    /// Reads an iteration of a loop.
    pub(super) fn load_iteration(
        &mut self,
        whose: Whose,
        session: SessionId,
        of: Arc<LoopRecord>,
        run: RunId,
        index: u64,
    ) {
        let Some(tab) = self.tabs.of(session) else { return };
        let head = tab.sitting.shown_baseline().get(&of.about.head).cloned();
        let key = (of.about.id, run, index);
        if self.asking(whose).is_some_and(|(_, iterations)| iterations.begin(key)) {
            let store = self.store.clone();
            self.background.start("pinflow-iteration", move || {
                Message::Iteration(whose, key, read_iteration(&of, head.as_deref(), store.as_ref(), index))
            });
        }
    }
}
