//! The forms in which a secret is printed.

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE, Engine as _};
use std::fmt::Write as _;

/// A secret as it is, in JSON (also within JSON), in URLs, in base64 at any offset, in hexadecimal.
pub(super) fn forms(secret: &str) -> Vec<String> {
    let mut forms = vec![secret.to_owned()];
    for escaped in json_forms(secret) {
        forms.extend(json_forms(&escaped));
        forms.push(escaped);
    }
    url_forms(secret, &mut forms);
    base64_forms(secret.as_bytes(), &mut forms);
    forms.extend([hex::encode(secret), hex::encode_upper(secret)]);
    forms
}

/// As JSON is written: only what must be escaped is; the slash too; everything but ASCII too; or both.
fn json_forms(text: &str) -> Vec<String> {
    let Ok(quoted) = serde_json::to_string(text) else { return Vec::new() };
    let plain = quoted[1..quoted.len() - 1].to_owned();
    let slashed = plain.replace('/', "\\/");
    let ascii = plain.chars().fold(String::new(), |mut ascii, c| {
        if c.is_ascii() {
            ascii.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string does not fail.
                let _ = write!(ascii, "\\u{unit:04x}");
            }
        }
        ascii
    });
    let both = ascii.replace('/', "\\/");
    vec![plain, slashed, ascii, both]
}

/// What stands as it is in a URL: by RFC 3986, by Python (`quote`), by JavaScript (`encodeURIComponent`), and in
/// forms, where a space is a plus.
const UNESCAPED: [&[u8]; 4] = [b"-_.~", b"-_.~/", b"-_.!~*'()", b"-_.*"];

fn url_forms(text: &str, forms: &mut Vec<String>) {
    for unescaped in UNESCAPED {
        let upper = percent_encoded(text, unescaped);
        let lower = upper.split_inclusive('%').fold(String::new(), |mut lower, part| {
            // Each part but the first begins with the two digits of an escape.
            let digits = if lower.is_empty() { 0 } else { 2.min(part.len()) };
            lower.push_str(&part[..digits].to_ascii_lowercase());
            lower.push_str(&part[digits..]);
            lower
        });
        forms.extend([upper.replace("%20", "+"), lower.replace("%20", "+"), upper, lower]);
    }
}

fn percent_encoded(text: &str, unescaped: &[u8]) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || unescaped.contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

/// The secret alone, with and without padding, and those characters all of whose bits come from it when it stands
/// behind something else, at each of the three offsets.
fn base64_forms(secret: &[u8], forms: &mut Vec<String>) {
    for engine in [&BASE64_STANDARD, &BASE64_URL_SAFE] {
        let alone = engine.encode(secret);
        forms.push(alone.trim_end_matches('=').to_owned());
        forms.push(alone);
        for offset in 0..3 {
            let mut bytes = vec![0; offset];
            bytes.extend_from_slice(secret);
            let (first, end) = ((offset * 8).div_ceil(6), bytes.len() * 8 / 6);
            forms.extend(engine.encode(&bytes).get(first..end).map(str::to_owned));
        }
    }
}
