//! The catalogue: what a node can be.
//!
//! A [`Kind`] is plain data (ports, parameter schema, traits) and one function, its executor. Each family of kinds has
//! a file; [`Catalogue::standard`] lists them all. An executor sees the world through its [`Context`] only.

mod access;
mod apart;
mod catalogue;
mod chat;
mod check;
mod command;
mod context;
mod csv;
mod deed;
mod export;
mod files;
mod flow;
mod http;
mod images;
mod input;
pub mod items;
mod iterate;
mod kind;
mod lacking;
mod loops;
mod memory;
mod names;
mod outputs;
mod parameters;
pub(crate) mod plot;
pub(crate) mod secrets;
mod sql;
mod system;
mod tables;
#[cfg(test)]
mod testing;
mod text;
mod traits;
mod written;

pub use self::{
    catalogue::Catalogue,
    check::{check, check_connection},
    context::{Context, Host, LogLevel, Source, SourceState},
    deed::{Deed, Deeds, What},
    export::{ExportError, export, formats},
    items::{Item, Items},
    kind::{Arity, Cacheability, Executor, Family, InputPort, Kind, Load, OutputPort, Role, Success},
    loops::{Loop, Loops},
    outputs::Outputs,
    parameters::{Choice, ParameterSchema, ParameterType, ResolvedParameters},
    secrets::HIDDEN,
    traits::Trait,
    written::{Wrong, of_json, wrong_in},
};
pub(crate) use self::{
    check::{NodeWithKind, check_loops, nodes_with_kinds, problems_of_node, problems_of_wires, wire_fits},
    command::{ShellPart, shell_parts},
    lacking::lacking,
    parameters::{color_as_text, color_of_text},
};

/// Why a node failed: what is wrong and what to do, for a person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NodeError {
    /// The node could not do its work.
    #[error("{0}")]
    Failed(String),
    /// The node stopped because the run was cancelled or its time limit was over.
    #[error("cancelled")]
    Cancelled,
}

impl NodeError {
    /// Returns a failure with this message.
    pub fn new(message: impl Into<String>) -> Self {
        Self::Failed(message.into())
    }
}

impl From<crate::value::ConvertError> for NodeError {
    fn from(error: crate::value::ConvertError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<crate::value::TableError> for NodeError {
    fn from(error: crate::value::TableError) -> Self {
        Self::new(error.to_string())
    }
}
