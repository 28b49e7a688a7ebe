//! A dump as it may come: as it is, or packed by gzip, xz, bzip2 or zstd; told by its first bytes.

use std::borrow::Cow;
use std::io::Read;

/// What a dump may grow to.
const MAX_DUMP_BYTES: u64 = 200 << 20;

/// The memory that xz and zstd may want for themselves.
const MAX_WINDOW_BYTES: u64 = 128 << 20;

/// The dump, unpacked if need be; an error says in words what is wrong with it.
pub(super) fn unpacked(bytes: &[u8]) -> Result<Cow<'_, [u8]>, String> {
    let mut out = Vec::new();
    let read = match bytes {
        [0x1f, 0x8b, ..] => bounded(flate2::read::MultiGzDecoder::new(bytes), &mut out),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => {
            let stream = liblzma::stream::Stream::new_stream_decoder(MAX_WINDOW_BYTES, 0);
            let stream = stream.map_err(|error| error.to_string())?;
            bounded(liblzma::read::XzDecoder::new_stream(bytes, stream), &mut out)
        }
        [b'B', b'Z', b'h', ..] => bounded(bzip2::read::MultiBzDecoder::new(bytes), &mut out),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => zstd::stream::read::Decoder::new(bytes).and_then(|mut decoder| {
            decoder.window_log_max(MAX_WINDOW_BYTES.ilog2())?;
            bounded(decoder, &mut out)
        }),
        _ => return Ok(Cow::Borrowed(bytes)),
    };
    match read {
        Ok(()) if out.len() as u64 > MAX_DUMP_BYTES => {
            Err(format!("the minidump unpacks to more than {MAX_DUMP_BYTES} bytes"))
        }
        Ok(()) => Ok(Cow::Owned(out)),
        Err(error) => Err(format!("the minidump cannot be unpacked: {error}")),
    }
}

fn bounded(reader: impl Read, out: &mut Vec<u8>) -> std::io::Result<()> {
    reader.take(MAX_DUMP_BYTES + 1).read_to_end(out).map(|_| ())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn packed(bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(bytes).unwrap();
        let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        bzip2.write_all(bytes).unwrap();
        let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 0);
        xz.write_all(bytes).unwrap();
        vec![
            ("gzip", gzip.finish().unwrap()),
            ("bzip2", bzip2.finish().unwrap()),
            ("xz", xz.finish().unwrap()),
            ("zstd", zstd::bulk::compress(bytes, 1).unwrap()),
        ]
    }

    #[test]
    fn a_dump_may_be_packed_in_four_ways() {
        let dump = b"MDMP and so on".repeat(1000);
        for (name, packed) in packed(&dump) {
            assert!(packed.len() < dump.len(), "{name}");
            assert_eq!(unpacked(&packed).unwrap(), dump, "{name}");
            let words = unpacked(&packed[..packed.len() / 2]).unwrap_err();
            assert!(words.starts_with("the minidump cannot be unpacked"), "{name}: {words}");
        }
        assert!(matches!(unpacked(&dump), Ok(Cow::Borrowed(_))));
        assert!(unpacked(b"").unwrap().is_empty());
    }

    #[test]
    fn a_dump_that_unpacks_to_anything_is_refused() {
        let bomb = zstd::bulk::compress(&vec![0; usize::try_from(MAX_DUMP_BYTES).unwrap() + 1], 1).unwrap();
        assert!(bomb.len() < 1 << 20);
        let words = unpacked(&bomb).unwrap_err();
        assert!(words.contains("unpacks to more than"), "{words}");
    }
}
