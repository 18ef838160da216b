//! Blueprints of flujo: one document of steps that run in order over one shared context.

mod agent;
mod block;
mod branches;
mod common;
mod dictionary;
mod imports;
mod kinds;
mod looped;
mod people;
mod planners;
mod scope;
mod states;
mod top;

pub(crate) use agent::split_path;
pub(crate) use top::translate;
