//! What hands do.

mod add;
mod finger;
mod movement;
mod select;
mod view;
mod wire;
