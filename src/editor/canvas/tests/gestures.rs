//! What hands do.

mod add;
mod movement;
mod select;
mod view;
mod wire;
