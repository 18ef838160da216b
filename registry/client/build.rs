//! Rebuilds the crate when the embedded tree of built-in skills changes.
//!
//! The embedding macro can tell the compiler what it read only on nightly.

fn main() {
    // Cargo walks the folder and looks at the time of every file in it.
    println!("cargo::rerun-if-changed=../builtin");
}
