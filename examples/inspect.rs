//! Looks at the running program by the names of its widgets, and uses them: for development.
//!
//! ```sh
//! EGUI_INSPECTION=1 cargo run --features inspection &
//! cargo run --features inspection --example inspect -- wait:'Open Penguins' click:'Open Penguins' click:Run shot:run.png
//! ```
//!
//! One action an argument: `tree` prints the names, `wait:NAME` and `expect:NAME` look for one, `click:NAME` and
//! `right-click:NAME` press it, `type:TEXT` and `key:KEY` go to what has the focus, `shot:FILE` saves a picture.
#![expect(clippy::print_stdout, reason = "a tool of the terminal prints")]

use std::{
    env, fmt, fs,
    net::TcpStream,
    time::{Duration, Instant},
};

use anyhow::{Context as _, anyhow, bail};
use egui::{Event, Key, Modifiers, PointerButton, Pos2, accesskit::TreeUpdate, pos2};
use egui_inspection::{
    DEFAULT_INSPECTION_ADDR,
    protocol::{Request, Response, read_handshake, read_message, write_message},
};
use kittest::{AccessKitNode, NodeT, Queryable as _, State};

const PATIENCE: Duration = Duration::from_secs(20);

struct Program(TcpStream);

#[derive(Clone)]
struct Named<'tree>(AccessKitNode<'tree>);

impl fmt::Debug for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        kittest::debug_fmt_node(self, f)
    }
}

impl<'tree> NodeT<'tree> for Named<'tree> {
    fn accesskit_node(&self) -> AccessKitNode<'tree> {
        self.0
    }

    fn new_related(&self, node: AccessKitNode<'tree>) -> Self {
        Self(node)
    }
}

impl Program {
    fn find(address: &str) -> anyhow::Result<Self> {
        let clock = Instant::now();
        let stream = loop {
            match TcpStream::connect(address) {
                Ok(stream) => break stream,
                Err(error) if clock.elapsed() > PATIENCE => {
                    return Err(error)
                        .with_context(|| format!("nothing listens at {address}: is EGUI_INSPECTION=1 set?"));
                }
                Err(_) => std::thread::park_timeout(Duration::from_millis(50)),
            }
        };
        stream.set_read_timeout(Some(PATIENCE))?;
        read_handshake(&stream)?;
        Ok(Self(stream))
    }

    fn ask(&self, request: &Request) -> anyhow::Result<Response> {
        write_message(&self.0, request)?;
        Ok(read_message(&self.0)?)
    }

    fn tree(&self) -> anyhow::Result<TreeUpdate> {
        match self.ask(&Request::GetTree)? {
            Response::Tree { accesskit: Some(tree), .. } => Ok(tree),
            other => bail!("expected the tree of widgets, got {other:?}"),
        }
    }

    /// Returns the middle of the newest widget with this name.
    fn place_of(&self, name: &str) -> anyhow::Result<Option<Pos2>> {
        let state = State::new(self.tree()?);
        let found = Named(state.root()).query_all_by_label(name).last().and_then(|node| node.0.bounding_box());
        Ok(found
            .map(|bounds| pos2(f64::midpoint(bounds.x0, bounds.x1) as f32, f64::midpoint(bounds.y0, bounds.y1) as f32)))
    }

    /// Sends each event in a frame of its own, as a person's input comes, and waits until the window is at rest.
    fn send(&self, events: impl IntoIterator<Item = Event>) -> anyhow::Result<()> {
        for event in events {
            self.ask(&Request::ApplyEvents { events: vec![event] })?;
        }
        self.ask(&Request::Settle { max_steps: 60 }).map(drop)
    }

    fn click(&self, name: &str, button: PointerButton) -> anyhow::Result<()> {
        let pos = self.place_of(name)?.ok_or_else(|| anyhow!("there is no {name:?}"))?;
        let pressed = |pressed| Event::PointerButton { pos, button, pressed, modifiers: Modifiers::NONE };
        self.send([Event::PointerMoved(pos), pressed(true), pressed(false)])
    }

    fn wait_for(&self, name: &str) -> anyhow::Result<()> {
        let clock = Instant::now();
        while self.place_of(name)?.is_none() {
            if clock.elapsed() > PATIENCE {
                bail!("waited in vain for {name:?}");
            }
            std::thread::park_timeout(Duration::from_millis(50));
        }
        Ok(())
    }

    fn carry_out(&self, action: &str) -> anyhow::Result<()> {
        let (verb, object) = action.split_once(':').unwrap_or((action, ""));
        match verb {
            "tree" => {
                print_names(&Named(State::new(self.tree()?).root()), 0);
                Ok(())
            }
            "wait" => self.wait_for(object),
            "expect" => self.place_of(object)?.map(|_| ()).ok_or_else(|| anyhow!("there is no {object:?}")),
            "click" => self.click(object, PointerButton::Primary),
            "right-click" => self.click(object, PointerButton::Secondary),
            "type" => self.send([Event::Text(object.to_owned())]),
            "key" => {
                let key = Key::from_name(object).ok_or_else(|| anyhow!("there is no key {object:?}"))?;
                let pressed = |pressed| Event::Key {
                    key,
                    physical_key: None,
                    pressed,
                    repeat: false,
                    modifiers: Modifiers::NONE,
                };
                self.send([pressed(true), pressed(false)])
            }
            "shot" => match self.ask(&Request::GetScreenshot { pixels_per_point: None })? {
                Response::Screenshot(picture) => Ok(fs::write(object, &picture.bytes)?),
                other => bail!("expected a picture, got {other:?}"),
            },
            _ => bail!("there is no action {verb:?}"),
        }
    }
}

fn print_names(node: &Named<'_>, depth: usize) {
    if let Some(name) = node.0.label().or_else(|| node.0.value()).filter(|name| !name.is_empty()) {
        println!("{:depth$}{:?} {name:?}", "", node.0.role());
    }
    for child in node.0.children() {
        print_names(&Named(child), depth + 1);
    }
}

fn main() -> anyhow::Result<()> {
    let address = env::var("EGUI_INSPECTION_ADDR").unwrap_or_else(|_| DEFAULT_INSPECTION_ADDR.to_owned());
    let program = Program::find(&address)?;
    env::args().skip(1).try_for_each(|action| {
        program.carry_out(&action).with_context(|| action.clone())?;
        println!("{action}: done");
        Ok(())
    })
}
