//! What people can read of an HTML page, its links and its title.
//!
//! A page is read as a row of tags and texts, never as a tree: markup that is nested deeply, or
//! not closed, costs no more than other markup of its length.

mod elements;
#[cfg(target_arch = "wasm32")]
mod guest;
mod layout;
pub mod links;
mod pieces;
pub mod text;
pub mod title;
