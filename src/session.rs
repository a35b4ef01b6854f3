//! One sitting at one workflow: its marks and pins, its baseline, and the file it is kept in.
//!
//! Marks and pins are never written into the workflow file.

mod baseline;
mod marks;

pub use self::{
    baseline::Baseline,
    marks::{Capture, Mark, MarkEdit, Marks, Pin, PinState},
};
pub use crate::store::{PinPolicy, SessionId};
