//! Sanitising the stacks and registers of a dump by the rules of [`afterword_channel::stack_words`].

use std::ops::Range;

use afterword_channel::stack_words::{Addresses, WordSize, sanitise_register, sanitise_stack};
use minidump_common::format::MINIDUMP_STREAM_TYPE as Stream;

use super::bytes::{items, number, number64, piece, word};
use super::contexts::Layout;
use super::map::Map;
use super::{Entry, depth};
use crate::Error;

/// What [`sanitise`] has to say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sanitised {
    /// Whether all registers were understood.
    pub(super) all_understood: bool,
    /// Whether a stack was too deep to be kept whole.
    pub(super) cut: bool,
}

/// Sanitises in place. Where registers are not understood, those of the thread and its stack are blanked: without knowing the
/// stack pointer, nothing there means anything.
///
/// # Errors
/// [`Error::Scrub`] for what is not in the file.
pub(super) fn sanitise(bytes: &mut [u8], kept: &[Entry], map: &Map) -> Result<Sanitised, Error> {
    let exception = Exception::read(bytes, kept)?;
    let (architecture, platform) = processor(bytes, kept)?;
    let mut sanitised = Sanitised {
        all_understood: true,
        cut: false,
    };
    for thread in threads(bytes, kept)? {
        let of_exception = exception.as_ref().filter(|exception| exception.thread == thread.id);
        let contexts = [Some(thread.context), of_exception.map(|exception| exception.context)];
        let fault = of_exception.map(|exception| exception.address);
        let mut stack_pointers: Vec<(WordSize, u64)> = Vec::new();
        for context in contexts.into_iter().flatten().filter(|context| context.size > 0) {
            let layout = Layout::of(architecture, platform, context.size);
            let Some(layout) = layout else {
                piece(bytes, context.at, context.size)?.fill(0);
                sanitised.all_understood = false;
                continue;
            };
            let addresses = Addresses {
                word: layout.word,
                stack: &thread.stack,
                code: &map.code,
            };
            sanitise_context(bytes, context, &layout, &addresses, map, fault)?;
            let stack_pointer = word(bytes, context.at + layout.stack_pointer, layout.word)?;
            stack_pointers.push((layout.word, stack_pointer));
        }
        let stack = piece(bytes, thread.stack_at.at, thread.stack_at.size)?;
        // On some systems the thread's own registers are from inside of the handler, below those of the exception.
        match stack_pointers.iter().min_by_key(|(_, pointer)| *pointer) {
            Some((word, pointer)) => {
                let addresses = Addresses {
                    word: *word,
                    stack: &thread.stack,
                    code: &map.code,
                };
                sanitise_stack(stack, thread.stack.start, *pointer, &addresses);
                sanitised.cut |= depth::cut(stack, thread.stack.start, *pointer, &addresses);
            }
            None => stack.fill(0),
        }
    }
    // That of a thread which is not listed.
    if let Some(exception) = exception.filter(|exception| !exception.is_listed) {
        piece(bytes, exception.context.at, exception.context.size)?.fill(0);
    }
    Ok(sanitised)
}

fn sanitise_context(
    bytes: &mut [u8],
    context: Place,
    layout: &Layout,
    addresses: &Addresses<'_>,
    map: &Map,
    fault: Option<u64>,
) -> Result<(), Error> {
    for offset in layout.general() {
        let value = word(bytes, context.at + offset, layout.word)?;
        let kept = sanitise_register(value, addresses, &map.mapped, fault).to_le_bytes();
        let size = layout.word.bytes();
        piece(bytes, context.at + offset, size)?.copy_from_slice(&kept[..size]);
    }
    for part in layout.blanked(context.size) {
        piece(bytes, context.at + part.start, part.len())?.fill(0);
    }
    Ok(())
}

/// A location in the file.
#[derive(Debug, Clone, Copy)]
struct Place {
    at: usize,
    size: usize,
}

impl Place {
    /// `<size: u32> <offset: u32>`.
    fn read(bytes: &[u8], at: usize) -> Result<Place, Error> {
        let (size, at) = (number(bytes, at)?, number(bytes, at + 4)?);
        // An empty one may point anywhere.
        Ok(Place {
            at: if size == 0 { 0 } else { at },
            size,
        })
    }
}

struct Thread {
    id: usize,
    /// Its addresses.
    stack: Range<u64>,
    stack_at: Place,
    context: Place,
}

/// `<id> <suspended> <class> <priority> <teb: u64> <stack: start u64, location> <context: location>` each.
fn threads(bytes: &[u8], kept: &[Entry]) -> Result<Vec<Thread>, Error> {
    let thread = |at: usize| {
        let start = number64(bytes, at + 24)?;
        let stack_at = Place::read(bytes, at + 32)?;
        Ok(Thread {
            id: number(bytes, at)?,
            stack: start..start.saturating_add(stack_at.size as u64),
            stack_at,
            context: Place::read(bytes, at + 40)?,
        })
    };
    items(bytes, kept, Stream::ThreadListStream, 48)?.map(thread).collect()
}

struct Exception {
    thread: usize,
    address: u64,
    context: Place,
    is_listed: bool,
}

impl Exception {
    /// `<thread> <0> <code> <flags> <record: u64> <address: u64> … <context: location>`.
    fn read(bytes: &[u8], kept: &[Entry]) -> Result<Option<Exception>, Error> {
        let stream = Stream::ExceptionStream as u32;
        let Some(entry) = kept.iter().find(|entry| entry.kind == stream && entry.size >= 168) else {
            return Ok(None);
        };
        let thread = number(bytes, entry.at)?;
        Ok(Some(Exception {
            thread,
            address: number64(bytes, entry.at + 24)?,
            context: Place::read(bytes, entry.at + 160)?,
            is_listed: threads(bytes, kept)?.iter().any(|listed| listed.id == thread),
        }))
    }
}

/// `PROCESSOR_ARCHITECTURE_…` and the platform's id; what fits no processor without a description of the system.
fn processor(bytes: &[u8], kept: &[Entry]) -> Result<(u16, usize), Error> {
    let stream = Stream::SystemInfoStream as u32;
    // <architecture: u16> <level: u16> <revision: u16> <processors: u8> <product: u8> <major> <minor> <build> <platform> …
    match kept.iter().find(|entry| entry.kind == stream && entry.size >= 24) {
        Some(entry) => Ok((number(bytes, entry.at)? as u16, number(bytes, entry.at + 20)?)),
        None => Ok((u16::MAX, 0)),
    }
}
