//! Results that are kept: in memory, in the store, or both.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use serde::{Deserialize, Serialize};

use super::{Provenance, Store, StoreError, database::Reader};
use crate::{
    nodes::{HIDDEN, Outputs},
    value::{Fingerprint, Value},
    workflow::PortId,
};

/// Results of a node, shared. Read from the store when first asked for, then kept in memory.
#[derive(Clone)]
pub struct Kept(Arc<KeptData>);

struct KeptData {
    provenance: Provenance,
    values: Values,
}

#[derive(Clone)]
enum Values {
    /// In memory; described when asked for.
    AtHand {
        outputs: Arc<Outputs>,
        ports: OnceLock<Vec<KeptPort>>,
        /// They are never written, and shown only when asked for.
        is_sensitive: bool,
    },
    /// In a store, and in memory once they were asked for.
    Stored {
        ports: Vec<KeptPort>,
        outputs: OnceLock<Arc<Outputs>>,
        /// Where they are read.
        reader: Option<Reader>,
    },
}

/// A port with a value, described.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptPort {
    /// The output port.
    pub port: PortId,
    /// The value's fingerprint.
    pub fingerprint: Fingerprint,
    /// The value in one line.
    pub preview: String,
    /// How many rows or items it has, if it has such a count.
    pub n_rows: Option<usize>,
}

impl Kept {
    /// Returns results at hand, and where they come from.
    pub fn in_memory(outputs: Arc<Outputs>, provenance: Provenance) -> Self {
        Self::at_hand(outputs, provenance, false)
    }

    /// Returns results at hand; sensitive ones are never written, and shown only when asked for.
    pub fn at_hand(outputs: Arc<Outputs>, provenance: Provenance, is_sensitive: bool) -> Self {
        let values = Values::AtHand { outputs, ports: OnceLock::new(), is_sensitive };
        Self(Arc::new(KeptData { provenance, values }))
    }

    /// Returns whether they stay in memory and are shown only when asked for.
    pub fn is_sensitive(&self) -> bool {
        matches!(self.0.values, Values::AtHand { is_sensitive: true, .. })
    }

    /// Returns results that lie in a store.
    #[expect(clippy::needless_pass_by_value, reason = "results hold on to their store")]
    pub fn stored(ports: Vec<KeptPort>, provenance: Provenance, store: Store) -> Self {
        Self::read_by(ports, provenance, store.reader().clone())
    }

    /// Returns results that are read by a reader, which does not keep the store's writer alive.
    pub(super) fn read_by(ports: Vec<KeptPort>, provenance: Provenance, reader: Reader) -> Self {
        Self::of(ports, provenance, Some(reader))
    }

    /// Returns results that were kept once, in a store that cannot be opened now: what they are is known, reading them fails.
    pub fn out_of_reach(ports: Vec<KeptPort>, provenance: Provenance) -> Self {
        Self::of(ports, provenance, None)
    }

    fn of(ports: Vec<KeptPort>, provenance: Provenance, reader: Option<Reader>) -> Self {
        Self(Arc::new(KeptData { provenance, values: Values::Stored { ports, outputs: OnceLock::new(), reader } }))
    }

    /// Returns where the results come from.
    pub fn provenance(&self) -> Provenance {
        self.0.provenance
    }

    /// Returns the same results, as they come from somewhere else.
    pub(crate) fn from(&self, provenance: Provenance) -> Self {
        if provenance == self.0.provenance {
            return self.clone();
        }
        Self(Arc::new(KeptData { provenance, values: self.0.values.clone() }))
    }

    /// Returns results without a value on any port.
    pub(crate) fn nothing(provenance: Provenance) -> Self {
        Self::in_memory(Arc::new(Outputs::none()), provenance)
    }

    /// Returns whether both are the same results, without looking into them.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Returns the ports that have a value.
    pub fn ports(&self) -> &[KeptPort] {
        match &self.0.values {
            Values::AtHand { outputs, ports, is_sensitive } => ports.get_or_init(|| describe(outputs, *is_sensitive)),
            Values::Stored { ports, .. } => ports,
        }
    }

    /// Returns whether a port has a value, without computing anything.
    pub fn has_value(&self, port: &PortId) -> bool {
        match self.loaded() {
            Some(outputs) => outputs.get(port).is_some(),
            None => self.ports().iter().any(|known| known.port == *port),
        }
    }

    /// Returns the fingerprint of the value on a port.
    pub fn fingerprint(&self, port: &PortId) -> Option<Fingerprint> {
        match self.loaded() {
            Some(outputs) => outputs.fingerprint(port),
            None => self.ports().iter().find(|known| known.port == *port).map(|known| known.fingerprint),
        }
    }

    /// Returns the fingerprint of the value on a port, if that is known without computing anything.
    pub fn known_fingerprint(&self, port: &PortId) -> Option<Fingerprint> {
        match &self.0.values {
            Values::AtHand { outputs, .. } => outputs.known_fingerprint(port),
            Values::Stored { ports, .. } => {
                ports.iter().find(|known| known.port == *port).map(|known| known.fingerprint)
            }
        }
    }

    /// Returns the value on a port, reading it from the store if need be; what was read is not kept in memory. Slow: not
    /// for the interface thread.
    pub fn load_port(&self, port: &PortId) -> Result<Option<Value>, StoreError> {
        if let Some(outputs) = self.loaded() {
            return Ok(outputs.get(port).cloned());
        }
        let Values::Stored { reader, .. } = &self.0.values else { return Ok(None) };
        let Some(fingerprint) = self.known_fingerprint(port) else { return Ok(None) };
        match reader {
            Some(reader) => reader.load_value(&fingerprint).map(Some),
            None => Err(StoreError::Lost(fingerprint)),
        }
    }

    /// Returns the results if they are in memory and not to be hidden.
    pub fn shown(&self) -> Option<&Arc<Outputs>> {
        self.loaded().filter(|_| !self.is_sensitive())
    }

    /// Returns the results if they are in memory.
    pub fn loaded(&self) -> Option<&Arc<Outputs>> {
        match &self.0.values {
            Values::AtHand { outputs, .. } => Some(outputs),
            Values::Stored { outputs, .. } => outputs.get(),
        }
    }

    /// Returns the results, reading them from the store if need be. Slow: not for the interface thread.
    pub fn load(&self) -> Result<Arc<Outputs>, StoreError> {
        let (ports, outputs, reader) = match &self.0.values {
            Values::AtHand { outputs, .. } => return Ok(Arc::clone(outputs)),
            Values::Stored { ports, outputs, reader } => (ports, outputs, reader),
        };
        if let Some(outputs) = outputs.get() {
            return Ok(Arc::clone(outputs));
        }
        let load = |fingerprint: &Fingerprint| match reader {
            Some(reader) => reader.load_value(fingerprint),
            None => Err(StoreError::Lost(*fingerprint)),
        };
        let read = ports
            .iter()
            .map(|port| Ok((port.port.clone(), load(&port.fingerprint)?)))
            .collect::<Result<Outputs, StoreError>>()?;
        Ok(Arc::clone(outputs.get_or_init(|| Arc::new(read))))
    }
}

fn describe(outputs: &Arc<Outputs>, is_sensitive: bool) -> Vec<KeptPort> {
    outputs
        .iter()
        .zip(outputs.fingerprints())
        .map(|((port, value), fingerprint)| KeptPort {
            port: port.clone(),
            fingerprint: *fingerprint,
            preview: if is_sensitive { HIDDEN.to_owned() } else { value.preview() },
            n_rows: value.n_rows().filter(|_| !is_sensitive),
        })
        .collect()
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.ports().iter().map(|port| (&port.port, &port.preview))).finish()
    }
}
