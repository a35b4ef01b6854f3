//! Pinflow: dataflows whose steps are slow, costly or touch the outside world.
//!
//! You never wait for, pay for, or trigger a step again unless you want to, and you always see why something ran or did not.
//!
//! # The rooms
//!
//! In reading order; each uses only those above it, and a test holds that line.
//!
//! | room | what it is | what it must not know |
//! | --- | --- | --- |
//! | [`value`] | what flows: values, tables, images; conversions, fingerprints, previews | workflows, files |
//! | [`workflow`] | the saved document, its edits and their inverses, its file | what a kind does, marks, results |
//! | [`nodes`] | the catalogue: what a node can be, one file for each family | runs; it sees them through [`nodes::Host`] |
//! | [`store`] | what lasts: run records, results, pinned data, in `SQLite` and files; the only room that names it | who asks |
//! | [`session`] | one sitting: marks and pins, the baseline, undo, the session file | how runs are made |
//! | [`engine`] | planning, a pure function, and running, on two rayon pools | windows |
//! | [`cli`] | the command line, one file for each subcommand | windows |
//! | [`editor`] | the window; the only room that names egui | |
//!
//! # A workflow from a program
//!
//! ```
//! use std::sync::Arc;
//!
//! use pinflow::{
//!     engine::{Engine, PlanOptions, RunRequest},
//!     nodes::Catalogue,
//!     store::{RunKind, RunStatus},
//!     workflow,
//! };
//!
//! let text = r#"(
//!     format: 1,
//!     id: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
//!     nodes: {
//!         "name": (kind: "text", parameters: {"text": "Ada"}),
//!         "greeting": (kind: "template", parameters: {"template": "Hello {{ in1 }}!"}),
//!     },
//!     connections: ["name.text -> greeting.in1"],
//! )"#;
//! let engine = Engine::new(Arc::new(Catalogue::standard()), None);
//! let record = engine.run(
//!     RunRequest::new(workflow::parse(text)?, PlanOptions::of(RunKind::Standard)),
//!     |_event| (),
//! );
//! assert_eq!(record.header.status, RunStatus::Succeeded);
//! let greeting = record.node(&"greeting".into()).and_then(|node| node.results.clone()).unwrap();
//! assert_eq!(greeting.ports()[0].preview, "Text \"Hello Ada!\"");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod value;
pub mod workflow;

pub mod nodes;

pub mod store;

pub mod session;

pub mod engine;

pub mod cli;

pub mod editor;

#[cfg(test)]
#[path = "../tests/support/killing.rs"]
mod killing;
