//! What a node gave: a value, or none, for each of its output ports.

use std::sync::OnceLock;

use smallvec::SmallVec;

use crate::{
    value::{Fingerprint, Value},
    workflow::PortId,
};

/// Values by output port; a port that is not there has no value.
#[derive(Clone, Debug, Default)]
pub struct Outputs {
    /// Nearly always one.
    ports: SmallVec<[(PortId, Value); 1]>,
    /// Of each port's value, in the same order; computed once, when asked for.
    fingerprints: OnceLock<SmallVec<[Fingerprint; 1]>>,
}

impl Outputs {
    /// Returns outputs without any value.
    pub fn none() -> Self {
        Self::default()
    }

    /// Returns outputs with one value.
    pub fn one(port: impl Into<PortId>, value: impl Into<Value>) -> Self {
        Self::none().with(port, value)
    }

    /// Returns the outputs with a value on one more port.
    #[must_use]
    pub fn with(mut self, port: impl Into<PortId>, value: impl Into<Value>) -> Self {
        let port = port.into();
        if !self.ports.is_empty() {
            self.fingerprints = OnceLock::new();
            self.ports.retain(|(known, _)| *known != port);
        }
        self.ports.push((port, value.into()));
        self
    }

    /// Returns the value on a port.
    pub fn get(&self, port: &PortId) -> Option<&Value> {
        self.ports.iter().find(|(known, _)| known == port).map(|(_, value)| value)
    }

    /// Returns the data fingerprint of the value on a port.
    pub fn fingerprint(&self, port: &PortId) -> Option<Fingerprint> {
        let index = self.ports.iter().position(|(known, _)| known == port)?;
        Some(self.fingerprints()[index])
    }

    /// Returns the ports that have a value.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&PortId, &Value)> {
        self.ports.iter().map(|(port, value)| (port, value))
    }

    /// Returns the data fingerprint of the value on a port, if that was computed already.
    pub fn known_fingerprint(&self, port: &PortId) -> Option<Fingerprint> {
        let index = self.ports.iter().position(|(known, _)| known == port)?;
        self.fingerprints.get()?.get(index).copied()
    }

    /// Returns the data fingerprints of all values, in the order of [`Outputs::iter`].
    pub fn fingerprints(&self) -> &[Fingerprint] {
        self.fingerprints.get_or_init(|| self.ports.iter().map(|(_, value)| value.fingerprint()).collect())
    }
}

impl FromIterator<(PortId, Value)> for Outputs {
    fn from_iter<T: IntoIterator<Item = (PortId, Value)>>(iter: T) -> Self {
        iter.into_iter().fold(Self::none(), |outputs, (port, value)| outputs.with(port, value))
    }
}
