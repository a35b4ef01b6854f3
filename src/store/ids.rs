//! Ids that were met before: ports, kinds and parameters have few different ones, which are shared when rows are read.

use crate::workflow::{IdError, KindId, ParameterId, PortId};

/// How many different ids of a sort are remembered: looking through more would cost more than a new one.
const MAX_KNOWN: usize = 24;

/// Ids that were met, the newest last.
#[derive(Debug, Default)]
pub(super) struct Ids {
    ports: Vec<PortId>,
    kinds: Vec<KindId>,
    parameters: Vec<ParameterId>,
}

impl Ids {
    /// Returns the port of this name.
    pub(super) fn port(&mut self, name: &str) -> Result<PortId, String> {
        known_or_new(&mut self.ports, name, PortId::as_str)
    }

    /// Returns the kind of this name.
    pub(super) fn kind(&mut self, name: &str) -> Result<KindId, String> {
        known_or_new(&mut self.kinds, name, KindId::as_str)
    }

    /// Returns the parameter of this name.
    pub(super) fn parameter(&mut self, name: &str) -> Result<ParameterId, String> {
        known_or_new(&mut self.parameters, name, ParameterId::as_str)
    }
}

fn known_or_new<T: Clone + std::str::FromStr<Err = IdError>>(
    known: &mut Vec<T>,
    name: &str,
    as_str: impl Fn(&T) -> &str,
) -> Result<T, String> {
    if let Some(id) = known.iter().find(|id| as_str(id) == name) {
        return Ok(id.clone());
    }
    let id: T = name.parse().map_err(|error: IdError| error.to_string())?;
    if known.len() < MAX_KNOWN {
        known.push(id.clone());
    }
    Ok(id)
}
