//! `model.tar.gz`: one member, and the same bytes for the same member.

use flate2::{Compression, GzBuilder, read::GzDecoder};
use std::io::{Read, Write};

/// The member that SageMaker's XGBoost image writes and reads.
pub(super) const MODEL: &str = "xgboost-model";

/// Largest model that is unpacked, in bytes. Ours are kilobytes; this bounds what a foreign archive may cost.
const MAX_MODEL: u64 = 64 * 1024 * 1024;

/// Packs `model` as the only member of an archive.
///
/// # Errors
/// None that can happen in memory.
pub fn pack(model: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut header = tar::Header::new_ustar();
    header.set_size(model.len() as u64);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_cksum();
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_data(&mut header, MODEL, model)?;
    let mut packed = GzBuilder::new().mtime(0).write(Vec::new(), Compression::default());
    packed.write_all(&archive.into_inner()?)?;
    packed.finish()
}

/// The model in an archive; nothing is written to any disk.
///
/// # Errors
/// It is no such archive, or holds no model.
pub fn unpack(archive: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Archive::new(GzDecoder::new(archive).take(MAX_MODEL));
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?;
        if path.strip_prefix("./").unwrap_or(&path).as_os_str() == MODEL {
            let mut model = Vec::new();
            entry.read_to_end(&mut model)?;
            return Ok(model);
        }
    }
    Err(std::io::Error::new(
        std::io::ErrorKind::NotFound,
        format!("the archive has no member '{MODEL}'"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_out_and_the_bytes_are_the_same_each_time() {
        let packed = pack(b"a model").unwrap();
        assert_eq!(unpack(&packed).unwrap(), b"a model");
        assert_eq!(packed, pack(b"a model").unwrap());
    }

    #[test]
    fn an_archive_without_the_model_says_so() {
        let archive = tar::Builder::new(Vec::new()).into_inner().unwrap();
        let mut packed = GzBuilder::new().write(Vec::new(), Compression::default());
        packed.write_all(&archive).unwrap();
        let error = unpack(&packed.finish().unwrap()).unwrap_err();
        assert_eq!(error.to_string(), "the archive has no member 'xgboost-model'");
        assert!(unpack(b"not gzip").is_err());
    }
}
