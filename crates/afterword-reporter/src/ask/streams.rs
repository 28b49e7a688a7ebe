//! What a minidump consists of, for the dialog, which knows no minidumps: the streams of its directory.

use afterword_dialog::StreamLine;
use afterword_store::{Report, ReportFile};
use minidump::Minidump;
use minidump_common::format::MINIDUMP_STREAM_TYPE;

/// So many are told at the most; a dump has a few dozens.
const MAX_STREAMS: usize = 250;

/// The streams of a report's minidump, in the order of their places; none where there is no minidump that can be read.
pub(super) fn of(report: &Report) -> Vec<StreamLine> {
    let dump = match report.read(ReportFile::Minidump) {
        Ok(Some(dump)) => dump,
        Ok(None) => return Vec::new(),
        Err(error) => {
            log::warn!("{}", afterword_store::chain(&error));
            return Vec::new();
        }
    };
    streams(&dump)
}

fn streams(dump: &[u8]) -> Vec<StreamLine> {
    let dump = match Minidump::read(dump) {
        Ok(dump) => dump,
        Err(error) => {
            log::debug!("the streams of the minidump are not told: {error}");
            return Vec::new();
        }
    };
    let mut streams: Vec<StreamLine> = dump
        .all_streams()
        .take(MAX_STREAMS)
        .map(|entry| StreamLine {
            name: name(entry.stream_type),
            number: entry.stream_type,
            offset: entry.location.rva.into(),
            size_bytes: entry.location.data_size.into(),
        })
        .collect();
    streams.sort_by_key(|stream| (stream.offset, stream.number));
    streams
}

/// What the format calls a stream.
fn name(number: u32) -> Option<String> {
    use num_traits::FromPrimitive as _;
    MINIDUMP_STREAM_TYPE::from_u32(number).map(|known| format!("{known:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A dump of two streams, one that is known and one that is not, by the format's description.
    fn dump() -> Vec<u8> {
        let mut bytes = b"MDMP".to_vec();
        let words = |bytes: &mut Vec<u8>, words: &[u32]| {
            for word in words {
                bytes.extend_from_slice(&word.to_le_bytes());
            }
        };
        // Version, number of streams, where their directory is, checksum, time, flags.
        words(&mut bytes, &[0xa793, 2, 32, 0, 0, 0, 0]);
        words(&mut bytes, &[0x1234_5678, 8, 60, 3, 4, 56]);
        words(&mut bytes, &[0, 1, 2]);
        bytes
    }

    #[test]
    fn streams_are_told_by_name_and_place() {
        let told = streams(&dump());
        assert_eq!(
            told,
            [
                StreamLine {
                    name: Some("ThreadListStream".to_owned()),
                    number: 3,
                    offset: 56,
                    size_bytes: 4,
                },
                StreamLine {
                    name: None,
                    number: 0x1234_5678,
                    offset: 60,
                    size_bytes: 8,
                },
            ]
        );
        assert_eq!(streams(b"no dump"), []);
    }
}
