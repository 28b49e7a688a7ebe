//! What minidumper 0.11 puts into a packet: `<kind: u32> <size: u32> <body>`, in the byte order of the machine; `size` counts
//! the body. The kinds are in [`Request`] and [`Answer`].

use crash_context::CrashContext;

/// Room for a packet: far more than the longest crash context (5 kB on 64-bit ARM). The kernel cuts what is longer.
pub(super) const MAX_PACKET_BYTES: usize = 64 * 1024;
const HEADER_BYTES: usize = 8;

/// What a client asks for.
pub(super) enum Request {
    /// 0: it crashes; the body is its `CrashContext`.
    Crash(Box<CrashContext>),
    /// 2: is there somebody? To be answered with a pong.
    Ping,
    /// 1 and 3 are the server's to send, 4 and more the client's own: nothing to do, and nothing to answer.
    Other { kind: u32, bytes: usize },
}

/// What a client is told: a header without a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Answer {
    /// The report is kept.
    CrashAck = 1,
    /// The answer to a ping. In answer to a crash it means that there is no report: the client takes anything but an ack for
    /// an error. Where a forked child crashes whose parent is waiting for a pong on the same socket, both are served,
    /// whichever of them reads it.
    Pong = 3,
}

/// A packet that no client of minidumper sends: the connection is not one of those, or not of this version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Garbage {
    #[error("a packet of {bytes} bytes has no header")]
    NoHeader { bytes: usize },
    #[error("a packet with {bytes} bytes after its header says that there are {said}")]
    Size { bytes: usize, said: u32 },
    #[error("a crash context of {bytes} bytes: its crash-context crate or its architecture is another one")]
    Context { bytes: usize },
}

impl Request {
    /// Reads a packet. `sent_bytes` is the length with which it was sent, which may be more than was received.
    pub(super) fn read(packet: &[u8], sent_bytes: usize) -> Result<Request, Garbage> {
        let Some((header, body)) = packet.split_first_chunk::<HEADER_BYTES>() else {
            return Err(Garbage::NoHeader { bytes: packet.len() });
        };
        let [k0, k1, k2, k3, s0, s1, s2, s3] = *header;
        let (kind, said) = (
            u32::from_ne_bytes([k0, k1, k2, k3]),
            u32::from_ne_bytes([s0, s1, s2, s3]),
        );
        let bytes = sent_bytes - HEADER_BYTES;
        if usize::try_from(said) != Ok(bytes) {
            return Err(Garbage::Size { bytes, said });
        }
        match kind {
            0 => CrashContext::from_bytes(body)
                .map(|context| Request::Crash(Box::new(context)))
                .ok_or(Garbage::Context { bytes }),
            2 => Ok(Request::Ping),
            _ => Ok(Request::Other { kind, bytes }),
        }
    }
}

impl Answer {
    pub(super) fn packet(self) -> [u8; HEADER_BYTES] {
        let mut packet = [0; HEADER_BYTES];
        packet[..4].copy_from_slice(&(self as u32).to_ne_bytes());
        packet
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(kind: u32, said: u32, body: &[u8]) -> Vec<u8> {
        [&kind.to_ne_bytes(), &said.to_ne_bytes(), body].concat()
    }

    fn read(packet: &[u8]) -> Result<Request, Garbage> {
        Request::read(packet, packet.len())
    }

    #[test]
    fn a_crash_is_as_long_as_a_context() {
        let bytes = size_of::<CrashContext>();
        let mut body = vec![0; bytes];
        body[bytes - 8..bytes - 4].copy_from_slice(&77i32.to_ne_bytes());
        let crash = packet(0, bytes as u32, &body);
        assert!(matches!(read(&crash), Ok(Request::Crash(context)) if context.pid == 77));
        let short = packet(0, bytes as u32 - 1, &body[1..]);
        assert!(matches!(read(&short), Err(Garbage::Context { .. })));
        assert!(matches!(read(&packet(0, 0, &[])), Err(Garbage::Context { bytes: 0 })));
    }

    #[test]
    fn no_length_is_believed() {
        for (said, body) in [(u32::MAX, &b"x"[..]), (0, b"x"), (2, b"x"), (1, b"")] {
            assert!(matches!(read(&packet(5, said, body)), Err(Garbage::Size { said: found, .. }) if found == said));
        }
        for bytes in 0..HEADER_BYTES {
            assert!(matches!(read(&vec![0; bytes]), Err(Garbage::NoHeader { bytes: found }) if found == bytes));
        }
    }

    #[test]
    fn a_message_that_was_cut_is_the_clients_own() {
        let cut = packet(7, 100_000, &[0; 100]);
        let read = Request::read(&cut, 100_008);
        assert!(matches!(
            read,
            Ok(Request::Other {
                kind: 7,
                bytes: 100_000
            })
        ));
    }

    #[test]
    fn a_ping_is_a_ping() {
        assert!(matches!(read(&packet(2, 0, &[])), Ok(Request::Ping)));
        assert_eq!(Answer::Pong.packet(), *packet(3, 0, &[]));
        assert_eq!(Answer::CrashAck.packet(), *packet(1, 0, &[]));
    }
}
