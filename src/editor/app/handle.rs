//! Commands carried out: each arm is one call.

use egui::ViewportCommand;

use super::{App, apply_theme, files, messages::Message, windows::Whose};
use crate::{
    editor::{
        Answer, Command,
        canvas::{CanvasState, Thumbnail, make_thumbnail},
        command_table::ask_for_paste,
        dialogs::FilePurpose,
        inspector::SecretPlace,
        settings::ThemeChoice,
    },
    nodes::secrets::from_environment,
    session::PinPolicy,
    store::{Kept, Part},
    workflow::{NodeId, PortId},
};

impl App {
    /// Carries a command out.
    pub(super) fn handle(&mut self, ctx: &egui::Context, command: Command) {
        if self.in_past(&command) {
            return;
        }
        match command {
            Command::Edit(label, edit) => self.edit(label, edit),
            Command::AddNode { kind, position, connect } => self.add_node(&kind, position, connect.as_ref()),
            Command::Select(nodes) => self.select(nodes),
            Command::SelectAlso(nodes) => self.select_also(nodes),
            Command::ToggleSelected(nodes) => self.toggle_selected(nodes),
            Command::SelectAll => self.select_all(),
            Command::Mark(nodes, request) => self.mark(&nodes, request),
            Command::Pinned(nodes, request) => self.pinned(&nodes, request),
            Command::TakeOverPins => self.offer_to_take_over(),
            Command::LoadPinSizes => self.load_pin_sizes(),
            Command::DeleteSelected => self.delete_selected("Delete"),
            Command::DeleteAndHeal => self.delete_and_heal(),
            Command::Copy => self.copy(ctx),
            Command::Cut => self.cut(ctx),
            Command::Paste(text, position) => self.paste(&text, position),
            Command::AskForConnectedPaste => self.ask_for_connected_paste(ctx),
            Command::AskForPaste => ask_for_paste(ctx),
            Command::Duplicate => self.duplicate(),
            Command::Undo => self.undo(),
            Command::Redo => self.redo(),
            Command::GoToStep(position) => self.go_to_step(position),
            Command::Run(kind) => self.start_run(kind, Part::All),
            Command::DryRun(kind) => self.start_dry_run(kind),
            Command::RunTo(kind, nodes) => self.start_run(kind, Part::To(nodes)),
            Command::RunOnly(kind, nodes) => self.start_run(kind, Part::Only(nodes)),
            Command::RunFrom(kind, nodes) => self.start_run(kind, Part::From(nodes)),
            Command::Stop => self.stop_run(),
            Command::Pause => self.pause_run(),
            Command::GoOn => self.go_on(),
            Command::Step => self.step(),
            Command::ToggleBreakpoint(nodes) => self.toggle_breakpoint(nodes),
            Command::ChangeValue(at, value) => self.change_value(at, value),
            Command::ToggleRunOption(option) => self.toggle_run_option(option),
            Command::New => self.new_workflow(),
            Command::OpenDialog => self.choose_file(FilePurpose::Open),
            Command::Open(path) => self.open(path),
            Command::OpenExample(id) => self.open_example(id),
            Command::Save => self.save(None),
            Command::SaveAs => self.save_as(None),
            Command::Welcome => self.show_tab_of(None),
            Command::Tabs(request) => self.change_tabs(ctx, request),
            Command::Arrange(request) => self.arrange(&request),
            Command::Wire(request) => self.change_wire(request),
            Command::Frame(frame, request) => self.change_frame(frame, request),
            Command::Look(request) => self.look(request),
            Command::Keys(request) => self.find_command(&request),
            Command::TogglePanel(panel) => self.toggle_panel(panel),
            Command::ShowTab(tab) => self.show_tab(tab),
            Command::Layout(request) => self.arrange_panels(ctx, request),
            Command::Browse(nodes, parameter) => self.browse(nodes, parameter),
            Command::UsePath(nodes, parameter, path) => self.set_path(&nodes, &parameter, &path),
            Command::LookForSecret(name) => self.look_for_secret(name),
            Command::LoadResults(node) => self.load_results(&node),
            Command::LoadValue(fingerprint) => self.load_value(Whose::Panels, fingerprint),
            Command::LoadIteration(of, run, index) => self.load_iteration_in_front(of, run, index),
            Command::WorkOnIterations(work) => self.work_on_iterations(work),
            Command::ReadSpans(work) => self.read_spans(work),
            Command::LoadPinnedData(node) => self.load_pinned_data(node),
            Command::LoadTimes(node) => self.load_times(node),
            Command::ClearPinnedData(node) => self.clear_pinned_data(node),
            Command::CopyPinnedData(from, to) => self.copy_pinned_data(from, to),
            Command::WorkOnTable(_)
            | Command::WorkOnText(_)
            | Command::WorkOnBytes(_)
            | Command::WorkOnTree(_)
            | Command::PreparePicture(_) => drop(self.work(ctx, Whose::Panels, command)),
            Command::OpenWindow(of) => self.open_window(of),
            Command::SaveValue(value, name) => self.choose_file(FilePurpose::Value { value, name }),
            Command::PrepareThumbnail(kept, port) => self.prepare_thumbnail(kept, port),
            Command::ListFolder(folder) => self.list_folder(folder),
            Command::LoadHistory => self.load_history(),
            Command::OpenRun(run) => self.open_run(run),
            Command::CompareRuns(one, other) => self.compare_runs([one, other]),
            Command::CloseRun => self.close_run(),
            Command::PinFromRun(run, nodes) => self.pin_from(run, &nodes, PinPolicy::Hold),
            Command::ResumeFromRun(run) => self.resume_from(run),
            Command::HistoryRules => self.show_rules(),
            Command::PreviewSweep(rules) => self.preview_sweep(rules),
            Command::LoadDifference(node, port) => self.load_difference(node, port),
            Command::KeepReleased(node) => self.keep_released(&node),
            Command::ContinueSession(session) => self.leave_for(ctx, &Command::ContinueSession(session)),
            Command::StartFresh => self.start_fresh(),
            Command::DismissNotice(id) => self.notices.dismiss(id),
            Command::Answer(answer) => self.answer(ctx, answer),
            Command::TogglePlan => self.panels.show_plan = !self.panels.show_plan,
            Command::ToggleTheme => self.toggle_theme(ctx),
            Command::SearchNodes => self.on_canvas(CanvasState::open_search),
            Command::Tour(request) => self.change_tour(request),
            Command::OpenGuide(target) => self.guide.open(&target),
            Command::OpenProfile(name) => self.open_profile(&name),
            Command::Quit => ctx.send_viewport_cmd(ViewportCommand::Close),
        }
    }

    fn answer(&mut self, ctx: &egui::Context, answer: Answer) {
        let Some(dialog) = self.dialog.take() else { return };
        match (dialog, answer) {
            (super::Dialog::Leave(leaving), Answer::Save) => self.save_then(ctx, leaving.then),
            (super::Dialog::Leave(leaving), Answer::Discard) => self.leave_at_once(ctx, &leaving.then),
            (super::Dialog::File(dialog), Answer::File(path)) => self.picked(ctx, dialog.purpose, Some(path)),
            (super::Dialog::Palette(_), Answer::Command(name)) => self.note_command(name),
            (super::Dialog::Keep(_), Answer::Rules(rules)) => self.apply_rules(rules),
            (super::Dialog::EditPin(dialog), Answer::PinValues(values)) => self.pin_typed(&dialog.node, values),
            (super::Dialog::TakeOver(_), Answer::Session(session)) => self.read_pins_of(session),
            (super::Dialog::Fresh(_), _) => self.stop_aside(),
            (super::Dialog::Unlock(_), Answer::Passphrase(passphrase)) => self.unlock(Some(passphrase)),
            (super::Dialog::Unlock(_), _) => self.go_without_store("the store was not opened"),
            _ => {}
        }
    }

    fn toggle_theme(&mut self, ctx: &egui::Context) {
        let dark = ctx.theme() == egui::Theme::Dark;
        self.settings.theme = if dark { ThemeChoice::Light } else { ThemeChoice::Dark };
        apply_theme(ctx, self.settings.theme);
        self.save_settings();
    }

    /// Writes what the inspector remembers, if it has changed.
    pub(super) fn note_inspector(&mut self) {
        if self.settings.inspector != self.panels.inspector.memory {
            self.settings.inspector = self.panels.inspector.memory.clone();
            self.save_settings();
        }
    }

    /// Writes the settings, behind the person's back.
    pub(super) fn save_settings(&self) {
        let (settings, path) = (self.settings.clone(), self.folders.config.join(files::SETTINGS));
        let reporter = self.background.reporter();
        self.keeper.write("settings", move || {
            if let Err(error) = settings.save(&path) {
                reporter.report(Message::Trouble(error));
            }
        });
    }

    fn load_results(&mut self, node: &NodeId) {
        let Some(record) = self.tabs.sitting().and_then(|sitting| sitting.shown_baseline().get(node)) else { return };
        let Some(kept) = record.results.clone() else { return };
        let (node, run) = (node.clone(), record.run);
        if self.panels.viewers.loads.begin_results(&node, run) {
            self.background.start("pinflow-results", move || {
                Message::Results(node, run, kept.load().err().map(|error| error.to_string()))
            });
        }
    }

    fn look_for_secret(&mut self, name: String) {
        if !self.panels.inspector.secrets.begin(&name) {
            return;
        }
        let store = self.store.clone();
        self.background.start("pinflow-secret", move || {
            let place = match from_environment(&name) {
                Err(_) => SecretPlace::Nowhere,
                Ok(Some(_)) => SecretPlace::Environment,
                Ok(None) => match store.map(|store| store.secret(&name)) {
                    None => SecretPlace::Unknown("the store is not open".to_owned()),
                    Some(Err(why)) => SecretPlace::Unknown(why),
                    Some(Ok(secret)) => secret.map_or(SecretPlace::Nowhere, |_| SecretPlace::Keyring),
                },
            };
            Message::SecretLookedFor(name, place)
        });
    }

    fn prepare_thumbnail(&self, kept: Kept, port: PortId) {
        self.background.start("pinflow-thumbnail", move || {
            let made = make_thumbnail(&kept, &port);
            Message::Thumbnail(kept, port, made)
        });
    }

    /// Hands a thumbnail to the canvas that asked for it.
    pub(super) fn made_thumbnail(&mut self, ctx: &egui::Context, kept: &Kept, port: &PortId, made: Option<&Thumbnail>) {
        for tab in self.tabs.iter_mut() {
            for canvas in std::iter::once(&mut tab.canvas).chain(&mut tab.canvas_of_now) {
                canvas.take_thumbnail(ctx, (kept, port), made);
            }
        }
    }
}
