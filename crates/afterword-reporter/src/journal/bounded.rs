//! A journal that does not grow for ever: what fills it are lines about an app or a client that does the same again and again.

use std::fs::File;
use std::io::{self, Write};

const MAX_BYTES: u64 = 1024 * 1024;
const ANEW: &[u8] = b"(the journal was full and begins anew)\n";

/// A file, opened for appending, that begins anew when it is full: the newest lines count.
#[derive(Debug)]
pub(super) struct Bounded {
    file: File,
    max_bytes: u64,
    bytes: u64,
}

impl Bounded {
    pub(super) fn new(file: File) -> Bounded {
        Bounded {
            bytes: file.metadata().map_or(0, |metadata| metadata.len()),
            file,
            max_bytes: MAX_BYTES,
        }
    }
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.saturating_add(bytes.len() as u64) > self.max_bytes {
            self.file.set_len(0)?;
            self.file.write_all(ANEW)?;
            self.bytes = ANEW.len() as u64;
        }
        let written = self.file.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_lines_are_kept_within_the_bound() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let open = || File::options().append(true).create(true).open(&path).unwrap();
        let mut journal = Bounded {
            max_bytes: 200,
            ..Bounded::new(open())
        };
        for line in 0..1000 {
            writeln!(journal, "{line:03} is a client").unwrap();
            assert!(std::fs::metadata(&path).unwrap().len() <= 200);
        }
        let kept = std::fs::read_to_string(&path).unwrap();
        assert!(
            kept.starts_with("(the journal was full") && kept.ends_with("999 is a client\n"),
            "{kept}"
        );
        // A rescuer of the same run goes on where the reporter was.
        let mut again = Bounded {
            max_bytes: 200,
            ..Bounded::new(open())
        };
        again.write_all(&[b'x'; 150]).unwrap();
        assert!(std::fs::metadata(&path).unwrap().len() <= 200);
    }
}
