//! Ed25519 and SHA-256 for the TUF verifier: ours, small, without C.

use std::sync::OnceLock;

use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest as _, Sha256};
use sigstore_crypto::{CryptoProvider, Error, HashContext, Result, SigningScheme};
use sigstore_types::HashAlgorithm;

/// Ed25519 by `verify_strict`, SHA-256, nothing else.
#[derive(Debug)]
struct Ed25519Only;

/// Makes [`Ed25519Only`] what the verifier uses, once per process.
///
/// It never replaces anything: the verifier is built without a provider of its own, and no other
/// crate here installs one.
pub(crate) fn install() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        let _ = sigstore_crypto::install_default_provider(&Ed25519Only);
    });
}

impl CryptoProvider for Ed25519Only {
    fn hash(&self, algorithm: HashAlgorithm) -> Result<Box<dyn HashContext>> {
        match algorithm {
            HashAlgorithm::Sha2256 => Ok(Box::new(Hasher(Sha256::new()))),
            other => Err(Error::UnsupportedAlgorithm(format!("{other:?}"))),
        }
    }

    fn sha256(&self, data: &[u8]) -> [u8; 32] {
        Sha256::digest(data).into()
    }

    fn verify_raw(
        &self,
        scheme: SigningScheme,
        public_key: &[u8],
        data: &[u8],
        signature: &[u8],
    ) -> Result<()> {
        if scheme != SigningScheme::Ed25519 {
            return Err(Error::UnsupportedAlgorithm(format!("{scheme:?}")));
        }
        let wrong = |what: &str| Error::Verification(format!("not an Ed25519 {what}"));
        let key: &[u8; 32] = public_key.try_into().map_err(|_| wrong("key"))?;
        let key = VerifyingKey::from_bytes(key).map_err(|_| wrong("key"))?;
        let signature = Signature::from_slice(signature).map_err(|_| wrong("signature"))?;
        // Strict: no keys of small order, no second spelling of a signature.
        key.verify_strict(data, &signature)
            .map_err(|_| Error::Verification("the signature does not fit".to_owned()))
    }

    fn verify_prehashed(&self, scheme: SigningScheme, _: &[u8], _: &[u8], _: &[u8]) -> Result<()> {
        Err(Error::UnsupportedAlgorithm(format!("{scheme:?}, prehashed")))
    }
}

struct Hasher(Sha256);

impl HashContext for Hasher {
    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn finalize(self: Box<Self>) -> Vec<u8> {
        self.0.finalize().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(key: &str, message: &[u8], signature: &str) -> bool {
        let (key, signature) = (hex::decode(key).unwrap(), hex::decode(signature).unwrap());
        Ed25519Only.verify_raw(SigningScheme::Ed25519, &key, message, &signature).is_ok()
    }

    #[test]
    fn accepts_a_vector_of_rfc_8032_and_no_neighbour() {
        let key = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
        let signature = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
                         085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
        assert!(check(key, &[0x72], signature));
        assert!(!check(key, &[0x73], signature));
        assert!(!check(key, &[0x72], &signature.replace("92a0", "92a1")));
        assert!(!check(key, &[0x72], &signature[..126]));
        assert!(!check(&key[..62], &[0x72], signature));
    }

    #[test]
    fn refuses_a_key_of_small_order() {
        // The neutral element: with R the same and S zero, the equation holds for every message.
        let neutral = format!("01{}", "00".repeat(31));
        let signature = format!("{neutral}{}", "00".repeat(32));
        assert!(!check(&neutral, b"anything", &signature));
    }

    #[test]
    fn knows_no_other_scheme_or_hash() {
        let other = Ed25519Only.verify_raw(SigningScheme::EcdsaP256Sha256, &[], &[], &[]);
        assert!(matches!(other, Err(Error::UnsupportedAlgorithm(_))));
        assert!(Ed25519Only.hash(HashAlgorithm::Sha2512).is_err());
        let mut hasher = Ed25519Only.hash(HashAlgorithm::Sha2256).unwrap();
        hasher.update(b"abc");
        assert_eq!(hasher.finalize(), Ed25519Only.sha256(b"abc"));
    }
}
