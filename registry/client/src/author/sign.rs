//! A key with its TUF id, and the envelope of signatures around a document.

use coldframe_format::Digest;
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};
use sigstore_tuf::canonical_json;

use crate::error::Error;

/// A private key and what metadata says of its public half.
pub(super) struct Signer {
    key: SigningKey,
    id: String,
}

// No `Debug` that could print the private half.
impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signer({})", self.id)
    }
}

impl Signer {
    pub(super) fn new(key: SigningKey) -> Self {
        let mut signer = Self { key, id: String::new() };
        // The id that every TUF tool computes: the digest of the canonical key object. Its keys
        // stand in canonical order here, so it is its own canonical form.
        let canonical = format!(
            r#"{{"keytype":"ed25519","keyval":{{"public":"{}"}},"scheme":"ed25519"}}"#,
            signer.public()
        );
        signer.id = Digest::of(canonical.as_bytes()).hex();
        signer
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn key(&self) -> &SigningKey {
        &self.key
    }

    /// The key object of metadata.
    pub(super) fn public_value(&self) -> Value {
        json!({
            "keytype": "ed25519",
            "scheme": "ed25519",
            "keyval": { "public": self.public() },
        })
    }

    fn public(&self) -> String {
        hex::encode(self.key.verifying_key().as_bytes())
    }
}

/// The file of a document: its signature and itself, readable by people.
pub(super) fn envelope(signed: &Value, signer: &Signer) -> Result<Vec<u8>, Error> {
    let canonical = canonical_json::to_canonical_bytes(signed)
        .map_err(|e| Error::author(format!("the metadata cannot be signed: {e}"), None))?;
    let signature = hex::encode(signer.key.sign(&canonical).to_bytes());
    let file = json!({
        "signatures": [{ "keyid": signer.id, "sig": signature }],
        "signed": signed,
    });
    // A JSON value always has a text.
    let mut bytes = serde_json::to_vec_pretty(&file).unwrap_or_default();
    bytes.push(b'\n');
    Ok(bytes)
}
