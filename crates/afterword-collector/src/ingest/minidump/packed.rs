//! What a dump begins with, if it may be compressed.

use std::io::{BufReader, Read};

use bzip2::read::BzDecoder;
use flate2::read::GzDecoder;
use liblzma::read::XzDecoder;
use liblzma::stream::Stream;

/// What a decoder of xz may take for itself, in bytes: what its highest level needs.
const XZ_BYTES: u64 = 80 << 20;

/// The largest window of zstd, as a power of two: what its command line takes without being asked.
const ZSTD_WINDOW_LOG: u32 = 27;

/// Whether these bytes begin as a minidump, or do when they are decompressed. No more is decompressed than that takes: of
/// bzip2, a block of 900 KB.
pub(super) fn is_minidump(bytes: &[u8]) -> bool {
    let first = match bytes {
        [0x1f, 0x8b, ..] => first(GzDecoder::new(bytes)),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => match Stream::new_stream_decoder(XZ_BYTES, 0) {
            Ok(stream) => first(XzDecoder::new_stream(bytes, stream)),
            Err(_) => None,
        },
        [b'B', b'Z', b'h', ..] => first(BzDecoder::new(bytes)),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => zstd(bytes),
        _ => first(bytes),
    };
    first.is_some_and(|first| [*b"MDMP", *b"PMDM"].contains(&first))
}

fn zstd(bytes: &[u8]) -> Option<[u8; 4]> {
    let mut decoder = zstd::Decoder::with_buffer(BufReader::with_capacity(1 << 10, bytes)).ok()?;
    decoder.window_log_max(ZSTD_WINDOW_LOG).ok()?;
    first(decoder)
}

/// What cannot be decompressed begins with nothing.
fn first(mut reader: impl Read) -> Option<[u8; 4]> {
    let mut bytes = [0; 4];
    reader.read_exact(&mut bytes).ok().map(|()| bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn all_forms(bytes: &[u8]) -> [Vec<u8>; 5] {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(bytes).unwrap();
        let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        bzip2.write_all(bytes).unwrap();
        let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 9);
        xz.write_all(bytes).unwrap();
        [
            bytes.to_vec(),
            gzip.finish().unwrap(),
            bzip2.finish().unwrap(),
            xz.finish().unwrap(),
            zstd::encode_all(bytes, 1).unwrap(),
        ]
    }

    #[test]
    fn dumps_are_known_by_their_first_bytes() {
        let cases: [(&[u8], bool); 6] = [
            (b"MDMP", true),
            (b"PMDM and more", true),
            (b"MDM", false),
            (b"mdmp", false),
            (b" MDMP", false),
            (b"", false),
        ];
        for (bytes, is) in cases {
            for (form, bytes) in all_forms(bytes).into_iter().enumerate() {
                assert_eq!(is_minidump(&bytes), is, "{form}");
            }
        }
    }

    #[test]
    fn what_is_cut_or_only_says_it_is_compressed_is_none() {
        for form in &all_forms(b"MDMP")[1..] {
            assert!(!is_minidump(&form[..8]), "{form:?}");
        }
        // Compressed twice.
        assert!(!is_minidump(&all_forms(&all_forms(b"MDMP")[1])[1]));
    }
}
