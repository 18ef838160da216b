//! Of a file of another system: a translation that our own reader takes, or a note that says why not.

use coldframe_import::Dialect;

use crate::support;

/// Translates a text, and checks the translation as the importer's own tests do.
pub fn import(dialect: Dialect, text: &str) {
    let found = coldframe_import::import(dialect, "any.yml", text);
    if let Err(why) = support::check(text, &found) {
        panic!("{why}");
    }
}
