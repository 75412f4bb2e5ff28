//! The `aws-chunked` body: chunks with a hexadecimal size each, then trailers.

use crate::rehearsal::ServiceError;
use bytes::{Bytes, BytesMut};
use std::collections::BTreeMap;

/// The content and the trailers. Chunk signatures are not verified, as no signature is.
pub(super) fn decode(body: &[u8]) -> Result<(Bytes, BTreeMap<String, String>), ServiceError> {
    let mut content = BytesMut::new();
    let mut rest = body;
    loop {
        let (head, after) = line(rest)?;
        let size = head.split(';').next().unwrap_or_default();
        let size = usize::from_str_radix(size, 16).map_err(|_| malformed())?;
        if size == 0 {
            return Ok((content.freeze(), trailers(after)?));
        }
        let (chunk, after) = after.split_at_checked(size).ok_or_else(malformed)?;
        content.extend_from_slice(chunk);
        rest = after.strip_prefix(b"\r\n").ok_or_else(malformed)?;
    }
}

fn trailers(mut rest: &[u8]) -> Result<BTreeMap<String, String>, ServiceError> {
    let mut trailers = BTreeMap::new();
    while !rest.is_empty() {
        let (head, after) = line(rest)?;
        if let Some((name, value)) = head.split_once(':') {
            trailers.insert(name.trim().to_ascii_lowercase(), value.trim().to_owned());
        }
        rest = after;
    }
    Ok(trailers)
}

/// The text up to the line's end, and what follows it.
fn line(bytes: &[u8]) -> Result<(&str, &[u8]), ServiceError> {
    let end = bytes.windows(2).position(|two| two == b"\r\n").ok_or_else(malformed)?;
    let (head, after) = bytes.split_at(end);
    let head = std::str::from_utf8(head).map_err(|_| malformed())?;
    Ok((head, after.get(2..).unwrap_or_default()))
}

fn malformed() -> ServiceError {
    ServiceError::refused("IncompleteBody", "the aws-chunked body is malformed or cut short")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_joined_and_trailers_read() {
        let body =
            b"5;chunk-signature=ab\r\nhello\r\n1\r\n!\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n";
        let (content, trailers) = decode(body).unwrap();
        assert_eq!(content, "hello!");
        assert_eq!(trailers["x-amz-checksum-crc32"], "AAAA");
    }

    #[test]
    fn a_cut_body_is_refused() {
        for body in [&b""[..], b"5\r\nhel", b"zz\r\n", b"5\r\nhello"] {
            assert_eq!(decode(body).unwrap_err().code, "IncompleteBody");
        }
    }
}
