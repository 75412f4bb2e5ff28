//! Is it GitHub that sends? The HMAC-SHA256 of the raw body under a secret that both know (`X-Hub-Signature-256`).
//!
//! The older header with SHA-1 is not looked at. Several secrets can be active, so that one can be exchanged for another
//! without losing a delivery. Comparing takes the same time whatever differs.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::fmt;

/// The header that carries the signature.
pub const SIGNATURE_HEADER: &str = "x-hub-signature-256";
/// Characters of a secret: shorter ones can be guessed offline from one delivery. `openssl rand -hex 20` gives 40.
pub const SHORTEST_SECRET: usize = 20;
/// What every signature begins with.
const PREFIX: &str = "sha256=";
/// Bytes of a signature.
const LENGTH: usize = 32;

/// A secret is too short to keep anybody out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a webhook secret needs {SHORTEST_SECRET} characters or more: openssl rand -hex 20")]
pub struct TooShort;

/// The secrets that GitHub may sign with.
#[derive(Clone, Default)]
pub struct Secrets(Vec<Hmac<Sha256>>);

/// A signature as the header carries it, not yet compared with anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature([u8; LENGTH]);

impl Secrets {
    /// Takes the secrets that are active.
    ///
    /// # Errors
    /// [`TooShort`], if one of them is.
    pub fn of<S: AsRef<str>>(secrets: impl IntoIterator<Item = S>) -> Result<Self, TooShort> {
        let keyed = |secret: S| {
            let secret = secret.as_ref().as_bytes();
            if secret.len() < SHORTEST_SECRET {
                return Err(TooShort);
            }
            // A key of any length is legal.
            Hmac::new_from_slice(secret).map_err(|_| TooShort)
        };
        secrets.into_iter().map(keyed).collect::<Result<_, _>>().map(Self)
    }

    /// Is there none, so that nothing can be signed?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Did somebody who knows one of the secrets sign this body? Every secret is tried, whichever it is.
    #[must_use]
    pub fn signed(&self, body: &[u8], signature: &Signature) -> bool {
        self.0.iter().fold(false, |found, keyed| {
            let computed = keyed.clone().chain_update(body);
            computed.verify_slice(&signature.0).is_ok() | found
        })
    }
}

impl FromIterator<Secrets> for Secrets {
    fn from_iter<I: IntoIterator<Item = Self>>(several: I) -> Self {
        Self(several.into_iter().flat_map(|secrets| secrets.0).collect())
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}

impl Signature {
    /// Reads the header's value: `sha256=` and 64 hexadecimal digits; nothing for anything else.
    #[must_use]
    pub fn read(header: &str) -> Option<Self> {
        let mut bytes = [0; LENGTH];
        hex::decode_to_slice(header.strip_prefix(PREFIX)?, &mut bytes).ok()?;
        Some(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector that GitHub publishes with its description of the header.
    const SECRET: &str = "It's a Secret to Everybody";
    const BODY: &[u8] = b"Hello, World!";
    const SIGNED: &str = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    #[test]
    fn githubs_own_vector_is_verified() {
        let secrets = Secrets::of([SECRET]).unwrap();
        let signature = Signature::read(SIGNED).unwrap();
        assert!(secrets.signed(BODY, &signature));
        assert!(!secrets.signed(b"Hello, World", &signature));
        assert!(!Secrets::default().signed(BODY, &signature), "nothing is signed with no secret");
    }

    #[test]
    fn during_a_rotation_both_secrets_are_taken() {
        let other = "another secret of some length";
        for secrets in [[SECRET, other], [other, SECRET]] {
            let signature = Signature::read(SIGNED).unwrap();
            assert!(Secrets::of(secrets).unwrap().signed(BODY, &signature));
        }
        assert!(!Secrets::of([other]).unwrap().signed(BODY, &Signature::read(SIGNED).unwrap()));
    }

    #[test]
    fn every_bit_of_a_signature_counts() {
        let (secrets, Signature(right)) =
            (Secrets::of([SECRET]).unwrap(), Signature::read(SIGNED).unwrap());
        for bit in 0..LENGTH * 8 {
            let mut wrong = right;
            wrong[bit / 8] ^= 1 << (bit % 8);
            assert!(!secrets.signed(BODY, &Signature(wrong)), "bit {bit}");
        }
    }

    #[test]
    fn a_header_is_a_signature_or_none() {
        for header in [
            "",
            "sha256=",
            "sha1=757107ea0eb2509fc211221cce984b8a37570b6d",
            &SIGNED[7..],
            &SIGNED[..70],
        ] {
            assert_eq!(Signature::read(header), None, "{header}");
        }
        assert!(Signature::read(&format!("{SIGNED}0")).is_none());
        assert!(Signature::read(&SIGNED.replace("757", "zzz")).is_none());
    }

    #[test]
    fn short_secrets_are_refused_and_none_is_shown() {
        assert_eq!(Secrets::of(["short"]).unwrap_err(), TooShort);
        assert_eq!(format!("{:?}", Secrets::of([SECRET]).unwrap()), "Secrets(1)");
    }
}
