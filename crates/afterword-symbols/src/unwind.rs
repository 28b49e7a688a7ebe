//! Walking one thread's stack, within bounds.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use minidump::format::CONTEXT_AMD64;
use minidump::{MinidumpContext, MinidumpMemory, MinidumpModuleList, MinidumpRawContext, UnifiedMemory};
use minidump_unwind::{CallStack, FrameTrust, StackFrame, SystemInfo, walk_stack};

use crate::Limits;
use crate::address::{AbsoluteAddress, CodeAddress};
use crate::provider::Provider;

/// A walked stack: frames innermost first, and why they end early, if they do.
pub(crate) struct Walked {
    pub(crate) frames: Vec<StackFrame>,
    pub(crate) note: Option<String>,
}

/// Walks from `context` outwards. `stack` is the memory that holds the stack, if the dump has it.
pub(crate) fn walk(
    context: MinidumpContext,
    stack: Option<UnifiedMemory<'_, '_>>,
    modules: &MinidumpModuleList,
    system: &SystemInfo,
    provider: &Provider<'_>,
    limits: &Limits,
) -> Walked {
    // The brake does not hold a walk through code outside of all modules: without a stack, there is none.
    let exhausted = provider.is_late() || limits.frames_per_thread == 0;
    let window = stack
        .filter(|_| !exhausted)
        .map(|stack| window(stack, context.get_stack_pointer(), limits.stack_bytes));
    let memory = window.as_ref().map(UnifiedMemory::Memory);
    let caller = window
        .as_ref()
        .and_then(|stack| caller_of_nowhere(&context, stack, modules, provider));
    let mut call_stack = CallStack::with_context(context);
    call_stack.frames.extend(caller);
    provider.allow_frames(limits.frames_per_thread);
    let count = |_: usize, _: &StackFrame| provider.frame_walked();
    let finished = now_or_never(walk_stack(0, count, &mut call_stack, memory, modules, system, provider)).is_some();

    let too_many = call_stack.frames.len() > limits.frames_per_thread;
    call_stack.frames.truncate(limits.frames_per_thread);
    let note = if provider.is_late() && (exhausted || !finished) {
        Some("unwinding took too long and was stopped".to_owned())
    } else if too_many || exhausted || !finished {
        Some(format!("unwinding stopped after {} frames", call_stack.frames.len()))
    } else if window.is_none() {
        Some("the dump does not hold this thread's stack".to_owned())
    } else {
        None
    };
    Walked {
        frames: call_stack.frames,
        note,
    }
}

/// The frame that called code which is not there: a null function pointer, most often. Nothing ran since the call, so the
/// return address is still on top of the stack. Left to itself, `minidump-unwind` would follow the frame pointer, which is
/// the caller's own, and lose the very function that made the call.
fn caller_of_nowhere(
    context: &MinidumpContext,
    stack: &MinidumpMemory<'_>,
    modules: &MinidumpModuleList,
    provider: &Provider<'_>,
) -> Option<StackFrame> {
    let MinidumpRawContext::Amd64(registers) = &context.raw else {
        return None;
    };
    if modules.module_at_address(registers.rip).is_some() {
        return None;
    }
    let resume_address: u64 = stack.get_memory_at_address(registers.rsp)?;
    let call = CodeAddress::Return(AbsoluteAddress(resume_address)).lookup();
    let module = modules
        .module_at_address(call.0)
        .filter(|module| provider.may_be_code(module, call))?;
    let raw = MinidumpRawContext::Amd64(CONTEXT_AMD64 {
        rip: resume_address,
        rsp: registers.rsp.checked_add(8)?,
        ..registers.clone()
    });
    let caller = MinidumpContext {
        raw,
        valid: context.valid.clone(),
    };
    let mut frame = StackFrame::from_context(caller, FrameTrust::CfiScan);
    frame.instruction = call.0;
    frame.module = Some(module.clone());
    Some(frame)
}

/// The part of the stack that is looked at: from the stack pointer on, where callers are.
fn window<'d>(stack: UnifiedMemory<'_, 'd>, stack_pointer: u64, max_bytes: usize) -> MinidumpMemory<'d> {
    let (base, bytes, endian) = match stack {
        UnifiedMemory::Memory(memory) => (memory.base_address, memory.bytes, memory.endian),
        UnifiedMemory::Memory64(memory) => (memory.base_address, memory.bytes, memory.endian),
    };
    let skip = stack_pointer
        .checked_sub(base)
        .and_then(|skip| usize::try_from(skip).ok())
        .filter(|skip| *skip < bytes.len());
    let skip = skip.unwrap_or(0).saturating_sub(RED_ZONE_BYTES);
    let bytes = &bytes[skip..];
    let bytes = &bytes[..bytes.len().min(max_bytes)];
    MinidumpMemory {
        desc: Default::default(),
        base_address: base.saturating_add(skip as u64),
        size: bytes.len() as u64,
        bytes,
        endian,
    }
}

/// What lies below the stack pointer and may still be a leaf function's (System V ABI for AMD64, section 3.2.2).
const RED_ZONE_BYTES: usize = 128;

/// The outcome of a future that never waits for anything but the brake; `None` if the brake was pulled.
pub(crate) fn now_or_never<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use minidump::system_info::{Cpu, Os};
    use minidump::{MinidumpContextValidity, MinidumpModule};

    use super::*;
    use crate::Sources;

    const STACK: u64 = 0x7fff_0000_0000;

    fn system() -> SystemInfo {
        SystemInfo {
            os: Os::Linux,
            os_version: None,
            os_build: None,
            cpu: Cpu::X86_64,
            cpu_info: None,
            cpu_microcode_version: None,
            cpu_count: 1,
        }
    }

    /// As many frames as fit, each 16 bytes: the next frame pointer and a return address into no module.
    fn endless_stack(bytes: usize) -> Vec<u8> {
        let frame = |index: u64| {
            [STACK + (index + 1) * 16, 0x5000_0000_0000 + index]
                .map(u64::to_le_bytes)
                .concat()
        };
        (0..bytes as u64 / 16).flat_map(frame).collect()
    }

    fn walk_bytes(bytes: &[u8], limits: &Limits) -> Walked {
        walk_from(0x5000_0000_0000, bytes, &MinidumpModuleList::default(), limits)
    }

    fn walk_from(rip: u64, bytes: &[u8], modules: &MinidumpModuleList, limits: &Limits) -> Walked {
        let registers = CONTEXT_AMD64 {
            rip,
            rsp: STACK,
            rbp: STACK,
            ..CONTEXT_AMD64::default()
        };
        let raw = MinidumpRawContext::Amd64(registers);
        let context = MinidumpContext {
            raw,
            valid: MinidumpContextValidity::All,
        };
        let memory = MinidumpMemory {
            desc: Default::default(),
            base_address: STACK,
            size: bytes.len() as u64,
            bytes,
            endian: minidump::Endian::Little,
        };
        let sources = Sources::default();
        let provider = Provider::new(&[], &sources, &[], &[], Instant::now() + limits.time);
        walk(
            context,
            Some(UnifiedMemory::Memory(&memory)),
            modules,
            &system(),
            &provider,
            limits,
        )
    }

    #[test]
    fn a_chain_of_frames_made_up_by_a_stranger_is_bounded() {
        let started = Instant::now();
        let walked = walk_bytes(&endless_stack(64 << 20), &Limits::default());
        assert_eq!(walked.frames.len(), Limits::default().frames_per_thread);
        assert_eq!(walked.note.as_deref(), Some("unwinding stopped after 1024 frames"));
        assert!(started.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn a_short_stack_is_walked_to_its_end_without_a_note() {
        let walked = walk_bytes(&endless_stack(160), &Limits::default());
        assert!((5..=10).contains(&walked.frames.len()), "{}", walked.frames.len());
        assert_eq!(walked.note, None);
    }

    #[test]
    fn who_called_a_null_pointer_is_not_lost() {
        let modules = MinidumpModuleList::from_modules(vec![MinidumpModule::new(0x40_0000, 0x1000, "/opt/app")]);
        // The frame pointer is the caller's: following it first leads to the caller's caller.
        let words = [0x40_0123u64, 0, STACK + 64, 0x40_0456, 0, 0, 0, 0, 0, 0];
        let bytes: Vec<u8> = words.into_iter().flat_map(u64::to_le_bytes).collect();
        let walked = walk_from(0, &bytes, &modules, &Limits::default());
        let frames: Vec<_> = walked
            .frames
            .iter()
            .map(|frame| (frame.resume_address, frame.trust.as_str()))
            .collect();
        assert_eq!(frames[..2], [(0, "context"), (0x40_0123, "cfi_scan")]);
        assert_eq!(walked.frames[1].instruction, 0x40_0122);

        let elsewhere = walk_from(0, &[0xff; 80], &modules, &Limits::default());
        assert_eq!(elsewhere.frames.len(), 1);
    }
}
