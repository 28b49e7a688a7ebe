//! The messages over the channel, one to a packet.
//!
//! `<kind: u16> <version: u16> <length: u32> <payload>`, little-endian; `length` counts the payload, which is at most three
//! numbers (u32): the crash handler makes its message without an allocation. The kinds are in [`Message`].

use crate::Policy;

/// The longest message, header included.
pub const MAX_MESSAGE_BYTES: usize = HEADER_BYTES + 12;
const VERSION: u16 = 2;
const HEADER_BYTES: usize = 8;

/// How a capture ended, in [`Message::Captured`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum CaptureStatus {
    /// The report is on the disk, synced (or, for a panic that may be none, in the reporter's memory).
    Kept = 0,
    /// It could not be made or kept.
    Failed = 1,
    /// The person's choice is that nothing is kept.
    Unwanted = 2,
}

impl CaptureStatus {
    pub(crate) fn from_number(number: u32) -> CaptureStatus {
        match number {
            0 => CaptureStatus::Kept,
            2 => CaptureStatus::Unwanted,
            _ => CaptureStatus::Failed,
        }
    }
}

/// One message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    /// App → reporter, 2: I crash; the context is in the private memory. `request` comes back in the answer.
    Crash {
        /// Number of the request.
        request: u32,
    },
    /// App → reporter, 3: I panic and may or may not survive it; the context is in the private memory. Take a dump, wait for the
    /// verdict.
    Panic {
        /// Number of the request.
        request: u32,
    },
    /// App → reporter, 4: the panic ends me: make its dump a report.
    PanicIsCrash {
        /// Number of the request.
        request: u32,
    },
    /// App → reporter, 5: the panic was survived: forget its dump.
    PanicIsNone,
    /// App → reporter, 6: there is something new in the store.
    Stored,
    /// App → reporter, 7: the guard was dropped; I am about to end.
    Ending,
    /// App → reporter, 8: a thread of mine hangs. Take a dump, which is its report; I go on.
    Hang {
        /// Number of the request.
        request: u32,
        /// The thread that hangs.
        tid: u32,
        /// For how long at the least; zero where nobody said.
        lasted_ms: u32,
    },
    /// App → reporter, 9: there is something new in the outbox. Said once until the reporter has looked
    /// ([`RunFile::ask_to_drain`](crate::RunFile::ask_to_drain)).
    Appended,
    /// App → reporter, 10: send what may be sent, at once, and say when there is nothing left of what is in the outbox now.
    Flush {
        /// Number of the request; these are counted by themselves.
        request: u32,
        /// How long the app waits for the answer, in milliseconds.
        timeout_ms: u32,
    },
    /// App → reporter, 11: the consent has changed, in the store as well unless that could not be written.
    Consent {
        /// What counts in the app now.
        policy: Policy,
    },
    /// Reporter → app, 101: I am up.
    Ready {
        /// The reporter's process id.
        pid: u32,
    },
    /// Reporter → app, 102: the answer to requests 2, 3, 4 and 8.
    Captured {
        /// The request's number.
        request: u32,
        /// How it ended.
        status: CaptureStatus,
    },
    /// Reporter → app, 103: the answer to request 10 and to all such requests before it.
    Flushed {
        /// The request's number.
        request: u32,
        /// How it ended.
        state: FlushState,
    },
}

/// How a flush ended, as a word: bit 0, everything has an answer of the server or is held back; bit 1, the server has refused
/// something; from bit 16 on, the kinds that are held back, as the store counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FlushState {
    /// Nothing is left to be sent.
    pub done: bool,
    /// The server has refused something since the last answer.
    pub refused: bool,
    /// What consent holds back.
    pub held: u16,
}

impl FlushState {
    /// As it stands in a message and in the run file.
    pub fn word(self) -> u32 {
        u32::from(self.done) | u32::from(self.refused) << 1 | u32::from(self.held) << 16
    }

    /// Back from there.
    pub fn from_word(word: u32) -> FlushState {
        FlushState {
            done: word & 1 != 0,
            refused: word & 2 != 0,
            held: (word >> 16) as u16,
        }
    }
}

/// A packet that is no message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// Shorter than it says, or than its kind needs.
    #[error("the packet of {bytes} bytes is cut short")]
    Short {
        /// Its length.
        bytes: usize,
    },
    /// A kind or version from the future.
    #[error("message kind {kind} of version {version} is not known")]
    Unknown {
        /// The kind.
        kind: u16,
        /// The version.
        version: u16,
    },
}

impl Message {
    /// The packet of a message and its length, on the stack: for the crash handler too.
    pub fn packet(&self) -> ([u8; MAX_MESSAGE_BYTES], usize) {
        let (kind, numbers, count): (u16, [u32; 3], usize) = match *self {
            Message::Crash { request } => (2, [request, 0, 0], 1),
            Message::Panic { request } => (3, [request, 0, 0], 1),
            Message::PanicIsCrash { request } => (4, [request, 0, 0], 1),
            Message::PanicIsNone => (5, [0, 0, 0], 0),
            Message::Stored => (6, [0, 0, 0], 0),
            Message::Ending => (7, [0, 0, 0], 0),
            Message::Hang {
                request,
                tid,
                lasted_ms,
            } => (8, [request, tid, lasted_ms], 3),
            Message::Appended => (9, [0, 0, 0], 0),
            Message::Flush { request, timeout_ms } => (10, [request, timeout_ms, 0], 2),
            Message::Consent { policy } => (11, [policy as u32, 0, 0], 1),
            Message::Ready { pid } => (101, [pid, 0, 0], 1),
            Message::Captured { request, status } => (102, [request, status as u32, 0], 2),
            Message::Flushed { request, state } => (103, [request, state.word(), 0], 2),
        };
        let mut packet = [0; MAX_MESSAGE_BYTES];
        packet[0..2].copy_from_slice(&kind.to_le_bytes());
        packet[2..4].copy_from_slice(&VERSION.to_le_bytes());
        packet[4..8].copy_from_slice(&((count * 4) as u32).to_le_bytes());
        packet[8..12].copy_from_slice(&numbers[0].to_le_bytes());
        packet[12..16].copy_from_slice(&numbers[1].to_le_bytes());
        packet[16..20].copy_from_slice(&numbers[2].to_le_bytes());
        (packet, HEADER_BYTES + count * 4)
    }

    /// Reads a packet. Allocates nothing.
    ///
    /// # Errors
    /// [`MessageError`]; the caller skips the packet.
    pub fn from_packet(packet: &[u8]) -> Result<Message, MessageError> {
        let short = MessageError::Short { bytes: packet.len() };
        let Some((header, payload)) = packet.split_first_chunk::<HEADER_BYTES>() else {
            return Err(short);
        };
        let kind = u16::from_le_bytes([header[0], header[1]]);
        let version = u16::from_le_bytes([header[2], header[3]]);
        let length = u32::from_le_bytes([header[4], header[5], header[6], header[7]]) as usize;
        if version != VERSION {
            return Err(MessageError::Unknown { kind, version });
        }
        let Some(payload) = payload.get(..length) else {
            return Err(short);
        };
        let number = |index: usize| -> Result<u32, MessageError> {
            payload
                .get(index * 4..index * 4 + 4)
                .and_then(|bytes| bytes.try_into().ok())
                .map(u32::from_le_bytes)
                .ok_or_else(|| short.clone())
        };
        Ok(match kind {
            2 => Message::Crash { request: number(0)? },
            3 => Message::Panic { request: number(0)? },
            4 => Message::PanicIsCrash { request: number(0)? },
            5 => Message::PanicIsNone,
            6 => Message::Stored,
            7 => Message::Ending,
            8 => Message::Hang {
                request: number(0)?,
                tid: number(1)?,
                lasted_ms: number(2)?,
            },
            9 => Message::Appended,
            10 => Message::Flush {
                request: number(0)?,
                timeout_ms: number(1)?,
            },
            11 => Message::Consent {
                policy: Policy::from_number(number(0)?),
            },
            101 => Message::Ready { pid: number(0)? },
            102 => Message::Captured {
                request: number(0)?,
                status: CaptureStatus::from_number(number(1)?),
            },
            103 => Message::Flushed {
                request: number(0)?,
                state: FlushState::from_word(number(1)?),
            },
            _ => return Err(MessageError::Unknown { kind, version }),
        })
    }
}
