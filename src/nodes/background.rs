//! Work that goes on in another thread while the node listens for cancellation.

use std::{
    sync::mpsc::{Receiver, RecvTimeoutError},
    time::Duration,
};

use super::{Context, NodeError};

/// How long a cancelled node may go on before it notices.
const PATIENCE: Duration = Duration::from_millis(25);

/// Returns what another thread sends, or [`NodeError::Cancelled`] soon after the run is cancelled; `None` if that thread
/// ended without sending anything.
pub(super) fn wait_for<T>(ctx: &Context<'_>, receiver: &Receiver<T>) -> Result<Option<T>, NodeError> {
    loop {
        ctx.check_cancelled()?;
        match receiver.recv_timeout(PATIENCE) {
            Ok(value) => return Ok(Some(value)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(None),
        }
    }
}
