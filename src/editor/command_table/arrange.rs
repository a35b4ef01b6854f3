//! Where nodes stand.

use egui::Key;

use super::{CommandEntry, CommandId as Id, Need, Situation, alt, ctrl, ctrl_shift, key};
use crate::{
    editor::{Align, ArrangeRequest, Axis, Command, Direction, FrameRequest, LookRequest, icons::Icon},
    workflow::FrameColor,
};

/// What moving the selected nodes needs.
const TO_MOVE: &[Need] = &[Need::Movable, Need::Now];

/// What changing the selected nodes needs.
const TO_CHANGE: &[Need] = &[Need::Selection, Need::Now];

/// What lining nodes up needs.
const TO_ALIGN: &[Need] = &[Need::SeveralSelected, Need::Now];

/// What changing a frame needs.
const TO_COLOR: &[Need] = &[Need::Frame, Need::Now];

/// The commands that give a frame its colour, in the order of [`FrameColor::ALL`].
pub(crate) const FRAME_COLORS: [Id; 6] =
    [Id::FrameGrey, Id::FrameBlue, Id::FrameGreen, Id::FrameAmber, Id::FrameRed, Id::FrameViolet];

fn group_name(situation: &Situation<'_>) -> &'static str {
    if situation.groups().is_empty() { "Group" } else { "Ungroup" }
}

fn about_frame(situation: &Situation<'_>, request: FrameRequest) -> Command {
    situation.frame.map_or(Command::SelectAll, |frame| Command::Frame(frame.clone(), request))
}

pub(super) const COMMANDS: &[CommandEntry] = &[
    CommandEntry::new(
        Id::NudgeLeft,
        ("Nudge left", "Move the selected nodes or bends left by a step of the grid"),
        TO_MOVE,
        |_| Command::Arrange(ArrangeRequest::Nudge(Direction::Left)),
    )
    .keys(&[ctrl(Key::ArrowLeft)])
    .repeating(),
    CommandEntry::new(
        Id::NudgeRight,
        ("Nudge right", "Move the selected nodes or bends right by a step of the grid"),
        TO_MOVE,
        |_| Command::Arrange(ArrangeRequest::Nudge(Direction::Right)),
    )
    .keys(&[ctrl(Key::ArrowRight)])
    .repeating(),
    CommandEntry::new(
        Id::NudgeUp,
        ("Nudge up", "Move the selected nodes or bends up by a step of the grid"),
        TO_MOVE,
        |_| Command::Arrange(ArrangeRequest::Nudge(Direction::Up)),
    )
    .keys(&[ctrl(Key::ArrowUp)])
    .repeating(),
    CommandEntry::new(
        Id::NudgeDown,
        ("Nudge down", "Move the selected nodes or bends down by a step of the grid"),
        TO_MOVE,
        |_| Command::Arrange(ArrangeRequest::Nudge(Direction::Down)),
    )
    .keys(&[ctrl(Key::ArrowDown)])
    .repeating(),
    CommandEntry::new(
        Id::Tidy,
        ("Tidy", "Lay out the selected nodes, or all, from left to right"),
        &[Need::Nodes, Need::Now],
        |_| Command::Arrange(ArrangeRequest::Tidy),
    )
    .icon(Icon::Tidy)
    .keys(&[key(Key::L)]),
    CommandEntry::new(Id::OfferAlign, ("Align…", "Line the selected nodes up, or spread them"), TO_ALIGN, |_| {
        Command::Arrange(ArrangeRequest::OfferAlign)
    })
    .keys(&[alt(Key::A)]),
    CommandEntry::new(Id::AlignLeft, ("Align left", "Bring the left edges onto one line"), TO_ALIGN, |_| {
        Command::Arrange(ArrangeRequest::Align(Align::Left))
    }),
    CommandEntry::new(Id::AlignRight, ("Align right", "Bring the right edges onto one line"), TO_ALIGN, |_| {
        Command::Arrange(ArrangeRequest::Align(Align::Right))
    }),
    CommandEntry::new(Id::AlignTop, ("Align top", "Bring the top edges onto one line"), TO_ALIGN, |_| {
        Command::Arrange(ArrangeRequest::Align(Align::Top))
    }),
    CommandEntry::new(Id::AlignBottom, ("Align bottom", "Bring the bottom edges onto one line"), TO_ALIGN, |_| {
        Command::Arrange(ArrangeRequest::Align(Align::Bottom))
    }),
    CommandEntry::new(Id::AlignRow, ("Align in a row", "Bring the middles to the same height"), TO_ALIGN, |_| {
        Command::Arrange(ArrangeRequest::Align(Align::Row))
    }),
    CommandEntry::new(Id::AlignColumn, ("Align in a column", "Bring the middles below each other"), TO_ALIGN, |_| {
        Command::Arrange(ArrangeRequest::Align(Align::Column))
    }),
    CommandEntry::new(
        Id::SpreadHorizontally,
        ("Spread horizontally", "Make the gaps from left to right equal"),
        TO_ALIGN,
        |_| Command::Arrange(ArrangeRequest::Spread(Axis::Horizontal)),
    ),
    CommandEntry::new(
        Id::SpreadVertically,
        ("Spread vertically", "Make the gaps from top to bottom equal"),
        TO_ALIGN,
        |_| Command::Arrange(ArrangeRequest::Spread(Axis::Vertical)),
    ),
    CommandEntry::new(Id::FrameNodes, ("Frame", "Put a frame round the selected nodes"), TO_CHANGE, |_| {
        Command::Arrange(ArrangeRequest::Frame)
    })
    .icon(Icon::Frame)
    .keys(&[ctrl(Key::G)]),
    CommandEntry::new(
        Id::Group,
        ("Group / Ungroup", "Fold the selected nodes, or the chosen frame, into one block, or show them again"),
        &[Need::Groupable, Need::Now],
        |_| Command::Arrange(ArrangeRequest::Group),
    )
    .icon(Icon::Frame)
    .named_in(group_name)
    .keys(&[ctrl_shift(Key::G)]),
    CommandEntry::new(
        Id::SelectInFrame,
        ("Select nodes in frame", "Select all nodes that stand in the chosen frame"),
        TO_COLOR,
        |situation| about_frame(situation, FrameRequest::SelectNodes),
    ),
    CommandEntry::new(Id::FrameGrey, ("Grey frame", "Draw the chosen frame in grey"), TO_COLOR, |situation| {
        about_frame(situation, FrameRequest::Color(FrameColor::Grey))
    }),
    CommandEntry::new(Id::FrameBlue, ("Blue frame", "Draw the chosen frame in blue"), TO_COLOR, |situation| {
        about_frame(situation, FrameRequest::Color(FrameColor::Blue))
    }),
    CommandEntry::new(Id::FrameGreen, ("Green frame", "Draw the chosen frame in green"), TO_COLOR, |situation| {
        about_frame(situation, FrameRequest::Color(FrameColor::Green))
    }),
    CommandEntry::new(Id::FrameAmber, ("Amber frame", "Draw the chosen frame in amber"), TO_COLOR, |situation| {
        about_frame(situation, FrameRequest::Color(FrameColor::Amber))
    }),
    CommandEntry::new(Id::FrameRed, ("Red frame", "Draw the chosen frame in red"), TO_COLOR, |situation| {
        about_frame(situation, FrameRequest::Color(FrameColor::Red))
    }),
    CommandEntry::new(Id::FrameViolet, ("Violet frame", "Draw the chosen frame in violet"), TO_COLOR, |situation| {
        about_frame(situation, FrameRequest::Color(FrameColor::Violet))
    }),
    CommandEntry::new(
        Id::Comment,
        ("Note", "Type a note on the selected node"),
        &[Need::OneSelected, Need::Now],
        |_| Command::Arrange(ArrangeRequest::Comment),
    )
    .icon(Icon::Note)
    .keys(&[key(Key::C)]),
    CommandEntry::new(
        Id::Collapse,
        ("Collapse / Expand", "Show the titles and ports of the selected nodes only, or all of them again"),
        TO_CHANGE,
        |_| Command::Arrange(ArrangeRequest::Collapse),
    )
    .keys(&[alt(Key::C)]),
    CommandEntry::new(
        Id::SelectUpstream,
        ("Select upstream", "Add to the selection all that feeds it"),
        &[Need::Selection],
        |_| Command::Look(LookRequest::SelectUpstream),
    )
    .keys(&[alt(Key::U)]),
    CommandEntry::new(
        Id::SelectDownstream,
        ("Select downstream", "Add to the selection all that it feeds"),
        &[Need::Selection],
        |_| Command::Look(LookRequest::SelectDownstream),
    )
    .keys(&[alt(Key::D)]),
    CommandEntry::new(
        Id::Find,
        ("Find…", "Find nodes by title, kind, parameters or results"),
        &[Need::Nodes],
        |_| Command::Look(LookRequest::Find),
    )
    .icon(Icon::Search)
    .keys(&[ctrl(Key::F)])
    .everywhere(),
    CommandEntry::new(
        Id::Minimap,
        ("Minimap", "Show the whole workflow in a corner of the canvas, or no longer"),
        &[Need::Workflow],
        |_| Command::Look(LookRequest::ToggleMinimap),
    ),
];
