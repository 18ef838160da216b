//! Of a patch: the new text says what the patched value says, or there is no new text.

use coldframe_lang::world::World;
use coldframe_lang::{Source, fmt, patch};

use crate::compiling::checked;
use crate::{files::Folder, skills::Table};

/// What stands between the patch and the text.
pub const SEPARATOR: &str = "\n===\n";

/// Applies a patch to a text, both in one input.
pub fn patch(input: &str) {
    let Some((patch, text)) = input.split_once(SEPARATOR) else { return };
    match patch::apply(text, patch) {
        Ok(out) => {
            let (skills, files) = (Table::new(), Folder::new());
            checked(&Source { name: "flow.yml", text: &out }, World::new(&skills, &files));
            // `test` alone changes nothing, and neither does nothing.
            assert_eq!(patch::apply(&out, "[]").as_ref(), Ok(&out));
            let _ = fmt::format(&out);
        }
        // It refuses what it cannot do right; where the formatter reads the text, it should be able.
        Err(error) => {
            let lost = error.to_string().contains("would not say what the patch says");
            assert!(!lost || fmt::format(text).is_err(), "{error}");
        }
    }
}
