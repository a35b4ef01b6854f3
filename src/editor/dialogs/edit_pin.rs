//! The values of a pin, typed in port by port.

use std::sync::Arc;

use egui::{
    Button, Checkbox, Color32, ComboBox, FontId, Id, Label, Modal, RichText, ScrollArea, Stroke, TextBuffer, TextEdit,
    TextFormat, TextStyle, Ui, text::LayoutJob,
};

use super::frame;
use crate::{
    editor::{
        Answer, Command,
        pin_values::{Form, PinValue, Wrong},
        theme,
    },
    value::Value,
    workflow::{NodeId, PortId},
};

/// The pin that is being edited.
pub(crate) struct EditPinDialog {
    pub(crate) node: NodeId,
    /// What people call the node.
    pub(crate) title: String,
    /// Executing the node changes something outside.
    pub(crate) has_effect: bool,
    /// Its values; nothing before they were read.
    values: Option<Result<Vec<PinValue>, String>>,
}

impl EditPinDialog {
    /// Returns the dialog before the values of the pin are known.
    pub(crate) const fn new(node: NodeId, title: String, has_effect: bool) -> Self {
        Self { node, title, has_effect, values: None }
    }

    /// Takes in the values, or why they cannot be read.
    pub(crate) fn take(&mut self, values: Result<Vec<PinValue>, String>) {
        self.values = Some(values);
    }

    /// Returns the values of all ports that have one, or why they are not all typed in.
    fn typed(&self) -> Result<Vec<(PortId, Value)>, String> {
        let Some(Ok(values)) = &self.values else { return Err("The values are not read yet".to_owned()) };
        let port = |value: &PinValue| match value.value() {
            Ok(known) => Ok(known.map(|known| (value.port.clone(), known.clone()))),
            Err(wrong) => Err(format!("{}: {}", value.port, wrong.why)),
        };
        values.iter().filter_map(|value| port(value).transpose()).collect()
    }
}

/// Shows the dialog.
pub(super) fn edit_pin_ui(ui: &Ui, dialog: &mut EditPinDialog, commands: &mut Vec<Command>) {
    let modal = Modal::new(Id::unique("edit pin")).frame(frame(ui)).show(ui, |ui| {
        let room = ui.content_rect().size();
        ui.set_width(560.0_f32.min(room.x - 60.0));
        let title = format!("Pinned value of {}", dialog.title);
        ui.add(Label::new(RichText::new(theme::readable(&title)).size(17.0).strong()).truncate());
        let said = "What is below takes these values from the next run on, until the node is unpinned.";
        ui.add(Label::new(RichText::new(said).color(theme::tokens(ui).text_muted)).wrap());
        if dialog.has_effect {
            let said = "The node's effect on the outside does not take place while it is pinned.";
            ui.add(Label::new(RichText::new(said).color(theme::tokens(ui).stale)).wrap());
        }
        ui.add_space(6.0);
        match &mut dialog.values {
            None => {
                ui.horizontal(|ui| {
                    ui.spinner();
                    ui.weak("Reading the values…");
                });
            }
            Some(Err(error)) => {
                ui.add(Label::new(RichText::new(theme::readable(error)).color(theme::tokens(ui).failed)).wrap());
            }
            Some(Ok(values)) => {
                ScrollArea::vertical().max_height((room.y - 230.0).max(120.0)).show(ui, |ui| {
                    for value in values {
                        let id = value.port.clone();
                        ui.push_id(id, |ui| port_ui(ui, value));
                        ui.add_space(8.0);
                    }
                });
            }
        }
        ui.add_space(6.0);
        ui.horizontal(|ui| {
            let typed = dialog.typed();
            let button = ui.add_enabled(typed.is_ok(), Button::new("Pin these values"));
            match typed {
                Ok(values) if button.clicked() => commands.push(Command::Answer(Answer::PinValues(values))),
                Ok(_) => {}
                Err(why) => drop(button.on_disabled_hover_text(why)),
            }
            if ui.button("Cancel").clicked() {
                commands.push(Command::Answer(Answer::Cancel));
            }
        });
    });
    if modal.should_close() {
        commands.push(Command::Answer(Answer::Cancel));
    }
}

fn port_ui(ui: &mut Ui, value: &mut PinValue) {
    ui.horizontal_wrapped(|ui| {
        ui.strong(value.port.as_str());
        let forms = value.forms();
        if value.cannot.is_none() && value.has_value && forms.len() > 1 {
            form_ui(ui, value);
        } else {
            ui.weak(value.port_type.name());
        }
        let can_change = value.cannot.is_none() || value.has_value;
        let checkbox = ui.add_enabled(can_change, Checkbox::new(&mut value.has_value, "Has a value"));
        checkbox.on_hover_text("Without a value, what requires one does not run").widget_info(|| {
            egui::WidgetInfo::selected(
                egui::Role::CheckBox,
                true,
                value.has_value,
                format!("{} has a value", value.port),
            )
        });
    });
    if let Some(why) = &value.cannot {
        ui.add(Label::new(RichText::new(theme::readable(why)).color(theme::tokens(ui).text_muted)).wrap());
    } else if value.has_value {
        value_ui(ui, value);
    } else {
        ui.weak("No value on this port.");
    }
}

fn form_ui(ui: &mut Ui, value: &mut PinValue) {
    let before = value.form;
    let shown = ComboBox::from_id_salt("form").selected_text(value.form.name()).show_ui(ui, |ui| {
        for form in value.forms() {
            ui.selectable_value(&mut value.form, *form, form.name());
        }
    });
    let name = format!("Kind of value of {}", value.port);
    shown.response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ComboBox, true, &name));
    if value.form != before {
        value.check();
    }
}

fn value_ui(ui: &mut Ui, value: &mut PinValue) {
    let name = format!("Value of {}", value.port);
    let wrong = value.value().err().cloned();
    let changed = match value.form {
        Form::Bool => {
            ui.horizontal(|ui| {
                let choice =
                    |ui: &mut Ui, text: &mut String, name: &str| ui.radio_value(text, name.to_owned(), name).changed();
                let to_true = choice(ui, &mut value.text, "true");
                choice(ui, &mut value.text, "false") || to_true
            })
            .inner
        }
        Form::Whole | Form::Number => {
            let color = wrong.as_ref().map(|_| theme::tokens(ui).failed);
            let field = TextEdit::singleline(&mut value.text).desired_width(220.0).text_color_opt(color);
            ui.add(field).accessible_name(name).changed()
        }
        Form::Text => {
            let field = TextEdit::multiline(&mut value.text).desired_rows(3).desired_width(f32::INFINITY);
            ui.add(field).accessible_name(name).changed()
        }
        Form::Json | Form::Table => {
            let mut marked = |ui: &Ui, text: &dyn TextBuffer, width: f32| {
                let at = wrong.as_ref().and_then(|wrong| wrong.at);
                let font = TextStyle::Monospace.resolve(ui.style());
                let tokens = theme::tokens(ui);
                let job = marked_text(text.as_str(), at, (font, tokens.text, tokens.failed), width);
                ui.fonts_mut(|fonts| fonts.layout_job(job))
            };
            let field = TextEdit::multiline(&mut value.text).desired_rows(4).desired_width(f32::INFINITY);
            ui.add(field.code_editor().layouter(&mut marked)).accessible_name(name).changed()
        }
    };
    if changed {
        value.check();
    }
    if let Err(Wrong { why, .. }) = value.value() {
        ui.add(Label::new(RichText::new(theme::readable(why)).color(theme::tokens(ui).failed)).wrap());
    }
}

/// Returns a text in which the character at a byte is underlined, or the end of the text if it lies there.
fn marked_text(text: &str, at: Option<usize>, look: (FontId, Color32, Color32), width: f32) -> LayoutJob {
    let (font, color, failed) = look;
    let plain = TextFormat::simple(font.clone(), color);
    // At the end of a line or of the text there is nothing to underline but what stands before.
    let shown = |at: usize| text[at..].chars().next().filter(|char| *char != '\n').map(|char| at..at + char.len_utf8());
    let before = |at: usize| {
        let mut chars = text[..at].trim_end().char_indices();
        chars.next_back().map(|(at, char)| at..at + char.len_utf8())
    };
    let place = at.filter(|at| text.is_char_boundary(*at)).and_then(|at| shown(at).or_else(|| before(at)));
    let Some(place) = place else { return LayoutJob::simple(text.to_owned(), font, color, width) };
    let mark = TextFormat {
        underline: Stroke::new(2.0, failed),
        background: failed.gamma_multiply(0.25),
        ..TextFormat::simple(font, failed)
    };
    let mut job = LayoutJob { wrap: egui::text::TextWrapping::wrap_at_width(width), ..LayoutJob::default() };
    job.append(&text[..place.start], 0.0, plain.clone());
    job.append(&text[place.clone()], 0.0, mark);
    job.append(&text[place.end..], 0.0, plain);
    job
}

/// Returns the fields for the values that ports have so far.
pub(crate) fn fields_of<'a>(
    ports: impl Iterator<Item = (&'a PortId, crate::value::ValueType)>,
    given: Option<&Arc<crate::nodes::Outputs>>,
) -> Vec<PinValue> {
    ports
        .map(|(port, port_type)| PinValue::new(port.clone(), port_type, given.and_then(|given| given.get(port))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(text: &str, at: usize) -> Vec<&str> {
        let look = (FontId::monospace(12.0), Color32::WHITE, Color32::RED);
        let job = marked_text(text, Some(at), look, 100.0);
        let sections = job.sections.iter().filter(|section| section.format.color == Color32::RED);
        sections.map(|section| &text[section.byte_range.start.0..section.byte_range.end.0]).collect()
    }

    #[test]
    fn the_character_at_fault_is_marked() {
        assert_eq!(marks("[1, é]", 4), ["é"]);
        assert_eq!(marks("[1,\n]", 3), [","], "at the end of a line what stands before");
        assert_eq!(marks("[1, ", 4), [","]);
        assert!(marks("", 0).is_empty());
    }
}
