//! A component from a file, on nobody's word but the operator's.

use coldframe_format::{Cap, Caps, Digest, Interface, ManifestError};

use crate::error::Error;
use crate::skill::{Provenance, VerifiedSkill};
use crate::tree::Bytes;

/// Takes a component that no registry speaks for. `name` stands for it in messages.
///
/// There is no signed manifest, so the operator draws the ceiling: the capabilities that the
/// imports need; of those that are granted line by line, what is in `allow`.
pub fn unsigned(name: &str, bytes: Vec<u8>, allow: &Caps) -> Result<VerifiedSkill, Error> {
    let interface = Interface::read(&bytes)
        .map_err(|source| Error::Component { name: name.to_owned(), source })?;
    let needs = interface.required_caps().map_err(|unknown| Error::Manifest {
        name: name.to_owned(),
        source: Box::new(ManifestError::Import(unknown)),
    })?;
    // What has others called needs their rights too.
    let ceiling = match needs.has(Cap::Tools) {
        true => allow.with_flags(),
        false => allow.with_flags().keep(needs),
    };
    let digest = Digest::of(&bytes);
    Ok(VerifiedSkill::new(Bytes::from(bytes), digest, interface, ceiling, Provenance::Unsigned))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(import: &str) -> Vec<u8> {
        let text = format!("(component (import \"{import}\" (instance (export \"f\" (func)))))");
        wat::parse_str(text).unwrap()
    }

    #[test]
    fn the_ceiling_is_what_is_imported_and_allowed() {
        let allow = Caps { http: vec!["https://a.org".parse().unwrap()], ..Caps::default() };
        let http = component("wasi:http/outgoing-handler@0.2.6");
        let skill = unsigned("x.wasm", http.clone(), &allow).unwrap();
        assert_eq!(skill.ceiling(), &allow);
        assert_eq!(skill.component_digest(), Digest::of(&http));
        assert_eq!((skill.id(), skill.provenance()), (None, &Provenance::Unsigned));
        let clock = unsigned("x.wasm", component("wasi:clocks/wall-clock@0.2.6"), &allow).unwrap();
        assert_eq!(clock.ceiling(), &Caps { clock: true, ..Caps::default() });
        let agent = component("coldframe:host/tools@0.1.0");
        let allow = Caps { tools: vec!["a/b#c".parse().unwrap()], ..allow };
        assert_eq!(unsigned("x.wasm", agent, &allow).unwrap().ceiling(), &allow.with_flags());
    }

    #[test]
    fn refuses_with_the_kind_of_the_reason() {
        let none = Caps::default();
        let cases = [
            (component("wasi:sockets/tcp@0.2.6"), "denied.import"),
            (b"\x7fELF".to_vec(), "invalid.kind"),
            (component("wasi:io/poll@0.2.6")[..40].to_vec(), "invalid.component"),
        ];
        for (bytes, kind) in cases {
            assert_eq!(unsigned("x.wasm", bytes, &none).unwrap_err().kind(), kind);
        }
    }
}
