//! The component's exports: WIT types in, calls of the plain functions, WIT types out.

use crate::{base64, sha256};

wit_bindgen::generate!({ world: "hash", path: "wit", generate_all });

struct Skill;

impl Guest for Skill {
    fn sha256(text: String) -> String {
        sha256::sha256_hex(text.as_bytes())
    }

    fn sha256_bytes(data: Vec<u8>) -> String {
        sha256::sha256_hex(&data)
    }

    fn base64_encode(text: String) -> String {
        base64::encode(&text)
    }

    fn base64_decode(text: String) -> Result<String, Error> {
        base64::decode(&text).map_err(Error::Permanent)
    }
}

export!(Skill);
