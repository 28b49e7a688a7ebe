//! Unwinding by call frame information: `.eh_frame` with its search table, else `.debug_frame`.
//!
//! `minidump-unwind` has a provider of its own for this (`debuginfo-unwind`, on `framehop`): it maps every module before it
//! starts, from the paths in the dump and without comparing build ids, and restores three registers. Here a file is opened
//! when a frame needs it, checked by the caller, and all registers that the rules name are restored, which is what the
//! callers' registers in a report, and rules on other registers than the frame pointer, rest on.
//! (DWARF 5, section 6.4; Linux Standard Base Core, "Exception Frames".)

use std::cell::OnceCell;

use addr2line::gimli;
use gimli::{
    BaseAddresses, CfaRule, DebugFrame, EhFrame, EhFrameHdr, Encoding, EndianSlice, EvaluationResult,
    FrameDescriptionEntry, Location, ParsedEhFrameHdr, Register, RegisterRule, RunTimeEndian, UnwindContext,
    UnwindExpression, UnwindSection, Value,
};
use minidump_unwind::FrameWalker;
use object::{Architecture, Object};

use super::elf::{ElfFile, Slots};
use super::index::Index;
use crate::address::FileAddress;

type Reader<'s> = EndianSlice<'s, RunTimeEndian>;

/// Steps of one DWARF expression; those that compilers write have a dozen.
const MAX_EXPRESSION_STEPS: u32 = 1000;

/// The call frame information of one file.
pub(crate) struct Cfi<'s> {
    eh_frame: Option<EhFrame<Reader<'s>>>,
    search_table: Option<ParsedEhFrameHdr<Reader<'s>>>,
    debug_frame: Option<DebugFrame<Reader<'s>>>,
    bases: BaseAddresses,
    registers: &'static Registers,
    eh_index: OnceCell<Index>,
    debug_index: OnceCell<Index>,
}

/// The frame that rules lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    /// Where it goes on.
    pub(crate) resume_address: u64,
    pub(crate) stack_pointer: u64,
    /// It made no call: a signal interrupted it right before the instruction at `resume_address`.
    pub(crate) was_interrupted: bool,
}

impl<'s> Cfi<'s> {
    /// `None` if the file has none, or for a processor whose registers are not known here.
    pub(crate) fn read(file: &ElfFile<'s>, slots: &'s Slots) -> Option<Cfi<'s>> {
        let registers = Registers::of(file.object.architecture())?;
        let endian = if file.object.is_little_endian() {
            RunTimeEndian::Little
        } else {
            RunTimeEndian::Big
        };
        let section = |name| Some(file.section(name, slots)).filter(|data| !data.is_empty());

        let mut bases = BaseAddresses::default();
        let address = |name| file.section_address(name).unwrap_or(0);
        bases = bases
            .set_eh_frame(address(".eh_frame"))
            .set_eh_frame_hdr(address(".eh_frame_hdr"));
        bases = bases.set_text(address(".text")).set_got(address(".got"));

        let eh_frame = section(".eh_frame").map(|data| {
            let mut frame = EhFrame::new(data, endian);
            frame.set_address_size(registers.size_bytes);
            frame
        });
        let search_table = section(".eh_frame_hdr")
            .and_then(|data| EhFrameHdr::new(data, endian).parse(&bases, registers.size_bytes).ok())
            .filter(|header| header.table().is_some());
        let debug_frame = section(".debug_frame").map(|data| {
            let mut frame = DebugFrame::new(data, endian);
            frame.set_address_size(registers.size_bytes);
            frame
        });
        (eh_frame.is_some() || debug_frame.is_some()).then_some(Cfi {
            eh_frame,
            search_table,
            debug_frame,
            bases,
            registers,
            eh_index: OnceCell::new(),
            debug_index: OnceCell::new(),
        })
    }

    /// Whether a function with unwind rules covers the address.
    pub(crate) fn covers(&self, address: FileAddress) -> bool {
        self.eh_entry(address).is_some() || self.debug_entry(address).is_some()
    }

    /// Sets the caller's registers. `None`: there are no rules for the address, or they need what is not in the dump.
    pub(crate) fn unwind(&self, address: FileAddress, walker: &mut dyn FrameWalker) -> Option<Caller> {
        if let Some((section, entry)) = self.eh_entry(address) {
            return self.step(section, &entry, address, walker);
        }
        let (section, entry) = self.debug_entry(address)?;
        self.step(section, &entry, address, walker)
    }

    fn eh_entry(&self, address: FileAddress) -> Option<(&EhFrame<Reader<'s>>, FrameDescriptionEntry<Reader<'s>>)> {
        let section = self.eh_frame.as_ref()?;
        let entry = match self.search_table.as_ref().and_then(|header| header.table()) {
            Some(table) => table.fde_for_address(section, &self.bases, address.0, EhFrame::cie_from_offset),
            None => {
                let index = self.eh_index.get_or_init(|| Index::of(section, &self.bases));
                let offset = index.find(address)?;
                section.fde_from_offset(&self.bases, offset.into(), EhFrame::cie_from_offset)
            }
        };
        Some((section, entry.ok()?))
    }

    fn debug_entry(
        &self,
        address: FileAddress,
    ) -> Option<(&DebugFrame<Reader<'s>>, FrameDescriptionEntry<Reader<'s>>)> {
        let section = self.debug_frame.as_ref()?;
        let index = self.debug_index.get_or_init(|| Index::of(section, &self.bases));
        let offset = index.find(address)?;
        let entry = section.fde_from_offset(&self.bases, offset.into(), DebugFrame::cie_from_offset);
        Some((section, entry.ok()?))
    }

    fn step<S: UnwindSection<Reader<'s>>>(
        &self,
        section: &S,
        entry: &FrameDescriptionEntry<Reader<'s>>,
        address: FileAddress,
        walker: &mut dyn FrameWalker,
    ) -> Option<Caller> {
        let mut context = UnwindContext::new();
        let row = entry
            .unwind_info_for_address(section, &self.bases, &mut context, address.0)
            .ok()?;
        let rules = Rules {
            section,
            encoding: entry.cie().encoding(),
            registers: self.registers,
        };

        let cfa = match row.cfa() {
            CfaRule::RegisterAndOffset { register, offset } => {
                rules.register(*register, walker)?.wrapping_add_signed(*offset)
            }
            CfaRule::Expression(expression) => rules.evaluate(expression, None, walker)?,
        };
        let cfa = rules.registers.fit(cfa);
        walker.set_cfa(cfa)?;

        let return_register = entry.cie().return_address_register();
        let return_address = match row.register(return_register) {
            // "There is no caller": zero is what ends the walk, instead of a guess.
            Some(RegisterRule::Undefined) => 0,
            Some(rule) => rules.value(return_register, &rule, cfa, walker)?,
            // Still in the link register, on processors that have one.
            None => rules.register(return_register, walker)?,
        };
        let mut stack_pointer = cfa;
        for (register, rule) in row.registers() {
            let Some(name) = self.registers.name(*register).filter(|_| *register != return_register) else {
                continue;
            };
            match rules.value(*register, rule, cfa, walker) {
                Some(value) => {
                    walker.set_caller_register(name, value)?;
                    if name == self.registers.stack_pointer {
                        stack_pointer = value;
                    }
                }
                None => walker.clear_caller_register(name),
            }
        }
        walker.set_ra(return_address)?;
        Some(Caller {
            resume_address: return_address,
            stack_pointer,
            was_interrupted: entry.is_signal_trampoline(),
        })
    }
}

/// What is needed to carry out the rules of one row.
struct Rules<'c, S> {
    section: &'c S,
    encoding: Encoding,
    registers: &'static Registers,
}

impl<'s, S: UnwindSection<Reader<'s>>> Rules<'_, S> {
    fn register(&self, register: Register, walker: &dyn FrameWalker) -> Option<u64> {
        walker.get_callee_register(self.registers.name(register)?)
    }

    fn value(&self, register: Register, rule: &RegisterRule<usize>, cfa: u64, walker: &dyn FrameWalker) -> Option<u64> {
        let value = match rule {
            RegisterRule::SameValue => self.register(register, walker)?,
            RegisterRule::Offset(offset) => walker.get_register_at_address(self.at(cfa, *offset))?,
            RegisterRule::ValOffset(offset) => self.at(cfa, *offset),
            RegisterRule::Register(other) => self.register(*other, walker)?,
            RegisterRule::Expression(expression) => {
                walker.get_register_at_address(self.evaluate(expression, Some(cfa), walker)?)?
            }
            RegisterRule::ValExpression(expression) => self.evaluate(expression, Some(cfa), walker)?,
            RegisterRule::Constant(value) => *value,
            _ => return None,
        };
        Some(self.registers.fit(value))
    }

    fn at(&self, cfa: u64, offset: i64) -> u64 {
        self.registers.fit(cfa.wrapping_add_signed(offset))
    }

    fn evaluate(
        &self,
        expression: &UnwindExpression<usize>,
        initial: Option<u64>,
        walker: &dyn FrameWalker,
    ) -> Option<u64> {
        let mut evaluation = expression.get(self.section).ok()?.evaluation(self.encoding);
        evaluation.set_max_iterations(MAX_EXPRESSION_STEPS);
        if let Some(initial) = initial {
            evaluation.set_initial_value(initial);
        }
        let mut result = evaluation.evaluate().ok()?;
        loop {
            result = match result {
                EvaluationResult::Complete => break,
                EvaluationResult::RequiresRegister { register, .. } => {
                    let value = self.register(register, walker)?;
                    evaluation.resume_with_register(Value::Generic(value)).ok()?
                }
                EvaluationResult::RequiresMemory { address, size, .. } => {
                    let value = walker.get_register_at_address(address)?;
                    let mask = if size >= 8 {
                        u64::MAX
                    } else {
                        (1u64 << (u32::from(size) * 8)) - 1
                    };
                    evaluation.resume_with_memory(Value::Generic(value & mask)).ok()?
                }
                _ => return None,
            };
        }
        match evaluation.as_result().last()?.location {
            Location::Address { address } => Some(self.registers.fit(address)),
            Location::Value {
                value: Value::Generic(value),
            } => Some(self.registers.fit(value)),
            _ => None,
        }
    }
}

/// The registers of a processor: DWARF's number is the index, the name is the minidump's.
struct Registers {
    size_bytes: u8,
    stack_pointer: &'static str,
    names: &'static [&'static str],
}

impl Registers {
    fn of(architecture: Architecture) -> Option<&'static Registers> {
        match architecture {
            Architecture::X86_64 => Some(&AMD64),
            Architecture::I386 => Some(&X86),
            Architecture::Aarch64 => Some(&ARM64),
            _ => None,
        }
    }

    fn name(&self, register: Register) -> Option<&'static str> {
        self.names.get(usize::from(register.0)).copied()
    }

    fn fit(&self, value: u64) -> u64 {
        if self.size_bytes == 4 {
            value & 0xffff_ffff
        } else {
            value
        }
    }
}

/// System V ABI for AMD64, figure 3.36.
static AMD64: Registers = Registers {
    size_bytes: 8,
    stack_pointer: "rsp",
    names: &[
        "rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
        "rip",
    ],
};

/// System V ABI for i386, table 2.14.
static X86: Registers = Registers {
    size_bytes: 4,
    stack_pointer: "esp",
    names: &["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "eip"],
};

/// DWARF for the Arm 64-bit Architecture, section 4.1.
static ARM64: Registers = Registers {
    size_bytes: 8,
    stack_pointer: "sp",
    names: &[
        "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16",
        "x17", "x18", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28", "fp", "lr", "sp",
    ],
};

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::time::{Duration, Instant};

    use object::ObjectSection;

    use super::*;
    use crate::local::elf::MappedFile;

    #[test]
    fn without_a_search_table_the_same_is_found_and_as_fast() {
        let mapped = MappedFile::open(&std::env::current_exe().unwrap()).unwrap();
        let (file, slots) = (mapped.parse().unwrap(), Slots::default());
        let with = Cfi::read(&file, &slots).unwrap();
        let without = Cfi {
            search_table: None,
            ..Cfi::read(&file, &slots).unwrap()
        };
        assert!(with.search_table.is_some());
        let text = file.object.section_by_name(".text").unwrap();
        let step = usize::try_from(text.size() / 100_000).unwrap().max(1);
        let addresses = (text.address()..text.address() + text.size())
            .step_by(step)
            .map(FileAddress);
        let started = Instant::now();
        let mut covered = 0;
        for address in addresses {
            let expected = with.eh_entry(address).filter(|(_, entry)| entry.contains(address.0));
            let found = without.eh_entry(address);
            let start =
                |entry: Option<(_, FrameDescriptionEntry<Reader<'_>>)>| entry.map(|(_, entry)| entry.initial_address());
            covered += usize::from(found.is_some());
            assert_eq!(start(found), start(expected), "{address:?}");
        }
        assert!(covered > 50_000, "{covered}");
        assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    }
}
