//! What is said of a release that was signed into a registry.

use coldframe_client::author::Published;
use coldframe_format::{Caps, Digest, SkillId};
use semver::Version;
use serde_json::json;

use crate::args::Global;
use crate::output::{self, Format, GREEN, YELLOW};

/// What every release has: its name, what it can do, and the file it is, with what that is called.
pub(super) struct Facts<'r> {
    pub(super) id: &'r SkillId,
    pub(super) version: &'r Version,
    pub(super) caps: &'r Caps,
    pub(super) file: (&'static str, Digest),
}

pub(super) fn say<R>(global: &Global, published: &Published<R>, facts: fn(&R) -> Facts<'_>) {
    let Facts { id, version, caps, file: (what, digest) } = facts(&published.row);
    if global.format() == Format::Json {
        return output::json(&json!({
            "id": id,
            "version": version,
            what: digest,
            "snapshot": published.snapshot,
            "already": published.already,
        }));
    }
    let previous = published.previous.as_ref().map(facts);
    if let Some(previous) = previous
        && let Err(wider) = caps.is_within(previous.caps)
    {
        let (version, wider) = (previous.version, wider.0.join(", "));
        output::note(&format!("{YELLOW}wider{YELLOW:#} than {version}: {wider}"));
    }
    if published.new_namespace {
        global.tell(&format!("made the namespace `{}` and its key", id.namespace()));
    }
    let done = if published.already { "was published before" } else { "published" };
    let snapshot = published.snapshot;
    global.tell(&format!("{GREEN}{done}{GREEN:#}: {id}@{version} in snapshot {snapshot}"));
    output::result(&digest.to_string());
}
