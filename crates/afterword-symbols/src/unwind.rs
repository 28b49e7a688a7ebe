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

/// How much more of a stack is looked at in each round. A frame takes two words of it at least and about two kilobytes of
/// ours.
const WINDOW_STEP_BYTES: usize = 128 << 10;

/// Walks from `context` outwards. `stack` is the memory that holds the stack, if the dump has it.
///
/// In rounds: each begins anew and sees more of the stack, until there are enough frames or there is no more of it. Only
/// what a round adds has to be bounded then, and that is what its window bounds: the brake does not hold a walk through
/// code outside of all modules, where nobody asks the provider. Most stacks take one round.
pub(crate) fn walk(
    context: MinidumpContext,
    stack: Option<UnifiedMemory<'_, '_>>,
    modules: &MinidumpModuleList,
    system: &SystemInfo,
    provider: &Provider<'_>,
    limits: &Limits,
) -> Walked {
    // Late or without a budget there is still the innermost frame, which costs nothing.
    let exhausted = provider.is_late() || limits.frames_per_thread == 0;
    let stack = stack.filter(|_| !exhausted);
    let mut window_bytes = WINDOW_STEP_BYTES.min(limits.stack_bytes);
    let (mut frames, complete) = loop {
        let window = stack.map(|stack| window(stack, context.get_stack_pointer(), window_bytes));
        let saw_all = window.as_ref().is_none_or(|window| window.bytes.len() < window_bytes);
        provider.allow_frames(limits.frames_per_thread);
        let (frames, finished) = walk_window(&context, window.as_ref(), modules, system, provider);
        let complete = finished && (saw_all || window_bytes == limits.stack_bytes);
        if complete || !finished || frames.len() > limits.frames_per_thread || provider.is_late() {
            break (frames, complete && !exhausted);
        }
        window_bytes = window_bytes.saturating_add(WINDOW_STEP_BYTES).min(limits.stack_bytes);
    };
    let too_many = frames.len() > limits.frames_per_thread;
    frames.truncate(limits.frames_per_thread);
    let note = if provider.is_late() && !complete {
        Some("unwinding took too long and was stopped".to_owned())
    } else if too_many || !complete {
        Some(format!("unwinding stopped after {} frames", frames.len()))
    } else if stack.is_none() {
        Some("the dump does not hold this thread's stack".to_owned())
    } else {
        None
    };
    Walked { frames, note }
}

/// One round, within the brake; and whether it came to its end.
fn walk_window(
    context: &MinidumpContext,
    window: Option<&MinidumpMemory<'_>>,
    modules: &MinidumpModuleList,
    system: &SystemInfo,
    provider: &Provider<'_>,
) -> (Vec<StackFrame>, bool) {
    let caller = window.and_then(|stack| caller_of_nowhere(context, stack, modules, provider));
    let mut call_stack = CallStack::with_context(context.clone());
    call_stack.frames.extend(caller);
    let memory = window.map(UnifiedMemory::Memory);
    let count = |_: usize, _: &StackFrame| provider.frame_walked();
    let finished = now_or_never(walk_stack(0, count, &mut call_stack, memory, modules, system, provider)).is_some();
    (call_stack.frames, finished)
}

/// The frame that called code which is not there, or data of a module: a null function pointer, most often. Nothing ran
/// since the call, so the return address is still on top of the stack. Left to itself, `minidump-unwind` would follow the frame pointer, which is
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
    let here = AbsoluteAddress(registers.rip);
    let module = modules.module_at_address(here.0);
    if module.is_some_and(|module| !provider.is_data(module, here)) {
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
        let sources = Sources::default();
        let provider = Provider::new(&[], &sources, &[], &[], Instant::now() + limits.time);
        walk_with(rip, bytes, modules, &provider, limits)
    }

    fn walk_with(
        rip: u64,
        bytes: &[u8],
        modules: &MinidumpModuleList,
        provider: &Provider<'_>,
        limits: &Limits,
    ) -> Walked {
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
        walk(
            context,
            Some(UnifiedMemory::Memory(&memory)),
            modules,
            &system(),
            provider,
            limits,
        )
    }

    #[test]
    fn a_chain_of_frames_made_up_by_a_stranger_is_bounded() {
        let started = Instant::now();
        let walked = walk_bytes(&endless_stack(64 << 20), &Limits::default());
        assert_eq!(walked.frames.len(), Limits::default().frames_per_thread);
        assert_eq!(walked.note.as_deref(), Some("unwinding stopped after 1024 frames"));
        assert!(
            walked.frames.capacity() <= 16_384,
            "{} frames were held at once",
            walked.frames.capacity()
        );
        assert!(started.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn a_short_stack_is_walked_to_its_end_without_a_note() {
        let walked = walk_bytes(&endless_stack(160), &Limits::default());
        assert!((5..=10).contains(&walked.frames.len()), "{}", walked.frames.len());
        assert_eq!(walked.note, None);
    }

    #[test]
    fn what_lies_far_out_on_a_stack_is_found() {
        // One frame of a megabyte: the frame pointer leads over it, to two words before the end.
        let mut bytes = vec![0; 1 << 20];
        let end = bytes.len() - 48;
        let words = [STACK + end as u64 + 32, 0x5000_0000_1000];
        bytes[end..end + 16].copy_from_slice(&words.map(u64::to_le_bytes).concat());
        let mut innermost = vec![0u8; 32];
        innermost[..16].copy_from_slice(&[STACK + end as u64, 0x5000_0000_0500].map(u64::to_le_bytes).concat());
        bytes[..32].copy_from_slice(&innermost);
        let walked = walk_bytes(&bytes, &Limits::default());
        let found: Vec<u64> = walked.frames.iter().map(|frame| frame.resume_address).collect();
        assert_eq!(found, [0x5000_0000_0000, 0x5000_0000_0500, 0x5000_0000_1000]);
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

    /// A file says where its code is: an instruction pointer elsewhere in its module is a call gone astray, too.
    #[test]
    #[cfg(target_os = "linux")]
    fn who_called_data_of_a_module_is_not_lost() {
        use object::{Object, ObjectSection};
        const BASE: u64 = 0x5555_0000_0000;
        let path = std::env::current_exe().unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let file = object::File::parse(&*bytes).unwrap();
        let mut module = MinidumpModule::new(BASE, bytes.len() as u32, path.to_str().unwrap());
        module.codeview_info = Some(minidump::CodeView::Elf(minidump::format::CV_INFO_ELF {
            cv_signature: minidump::format::CvSignature::Elf as u32,
            build_id: file.build_id().unwrap().unwrap().to_vec(),
        }));
        let start = |name| BASE + file.section_by_name(name).unwrap().address();
        let sources = Sources {
            local_files: true,
            ..Sources::default()
        };
        let slots = [crate::local::Slots::default()];
        let provider = Provider::new(
            &[&module],
            &sources,
            &[],
            &slots,
            Instant::now() + Duration::from_secs(30),
        );
        let call = (start(".text")..)
            .find(|address| provider.may_be_code(&module, AbsoluteAddress(*address)))
            .unwrap();
        let words = [call + 1, 0, STACK + 64, call + 1, 0, 0, 0, 0, 0, 0];
        let bytes: Vec<u8> = words.into_iter().flat_map(u64::to_le_bytes).collect();
        let modules = MinidumpModuleList::from_modules(vec![module]);
        let first_two = |rip| {
            let walked = walk_with(rip, &bytes, &modules, &provider, &Limits::default());
            let frames = walked
                .frames
                .iter()
                .map(|frame| (frame.resume_address, frame.trust.as_str()));
            frames.take(2).collect::<Vec<_>>()
        };
        let data = start(".data");
        assert_eq!(first_two(data), [(data, "context"), (call + 1, "cfi_scan")]);
        assert_ne!(
            first_two(call).get(1),
            Some(&(call + 1, "cfi_scan")),
            "code has rules of its own"
        );
    }
}
