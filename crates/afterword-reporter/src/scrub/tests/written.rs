//! Dumps written by hand, independently of the code that reads them.

use minidump_common::format::MINIDUMP_STREAM_TYPE as Stream;

const DIRECTORY_AT: usize = 32;
const MAX_ENTRIES: usize = 16;

/// `<header> <directory> <contents>…`, the contents in the order in which they were put.
pub(super) struct Written {
    bytes: Vec<u8>,
    entries: Vec<[u32; 3]>,
}

impl Written {
    pub(super) fn new() -> Written {
        let mut bytes = b"MDMP\x93\xa7\0\0".to_vec();
        bytes.resize(DIRECTORY_AT + MAX_ENTRIES * 12, 0);
        bytes[12..16].copy_from_slice(&(DIRECTORY_AT as u32).to_le_bytes());
        Written {
            bytes,
            entries: Vec::new(),
        }
    }

    /// Returns where it is.
    pub(super) fn put(&mut self, content: &[u8]) -> u32 {
        let at = self.bytes.len() as u32;
        self.bytes.extend(content);
        at
    }

    /// A string: `<bytes: u32> <UTF-16>`.
    pub(super) fn text(&mut self, text: &str) -> u32 {
        self.put(&utf16(text))
    }

    pub(super) fn stream(&mut self, kind: Stream, content: &[u8]) {
        self.stream_of_kind(kind as u32, content);
    }

    pub(super) fn stream_of_kind(&mut self, kind: u32, content: &[u8]) {
        let at = self.put(content);
        self.entries.push([kind, content.len() as u32, at]);
    }

    /// `PROCESSOR_ARCHITECTURE_…`, and Linux or another platform.
    pub(super) fn system(&mut self, architecture: u16, platform: u32) {
        let mut system = words(&[u32::from(architecture), 0, 6, 1, 0, platform]);
        system.resize(56, 0);
        self.stream(Stream::SystemInfoStream, &system);
    }

    /// Modules: where, how long, path, debug record.
    pub(super) fn modules(&mut self, modules: &[(u64, u32, &str, &[u8])]) {
        let mut list = words(&[modules.len() as u32]);
        for (base, size, path, debug) in modules {
            let (path, debug_at) = (self.text(path), self.put(debug));
            list.extend(base.to_le_bytes());
            list.extend(words(&[*size, 0, 0, path]));
            list.extend([0; 52]);
            list.extend(words(&[debug.len() as u32, debug_at, 0, 0, 0, 0, 0, 0]));
        }
        self.stream(Stream::ModuleListStream, &list);
    }

    /// Threads: id, where the stack begins, its bytes, the context. Lists the stacks as memory too, and after them `memory`.
    pub(super) fn threads(&mut self, threads: &[(u32, u64, &[u8], &[u8])], memory: &[(u64, &[u8])]) {
        let mut list = words(&[threads.len() as u32]);
        let mut blocks = words(&[(threads.len() + memory.len()) as u32]);
        for (id, start, stack, context) in threads {
            let (stack_at, context_at) = (self.put(stack), self.put(context));
            let block = [&start.to_le_bytes()[..], &words(&[stack.len() as u32, stack_at])].concat();
            list.extend(words(&[*id, 0, 0, 0, 0, 0]));
            list.extend(&block);
            list.extend(words(&[context.len() as u32, context_at]));
            blocks.extend(block);
        }
        for (start, content) in memory {
            let at = self.put(content);
            blocks.extend(start.to_le_bytes());
            blocks.extend(words(&[content.len() as u32, at]));
        }
        self.stream(Stream::ThreadListStream, &list);
        self.stream(Stream::MemoryListStream, &blocks);
    }

    pub(super) fn exception(&mut self, thread: u32, address: u64, context: &[u8]) {
        let at = self.put(context);
        let mut exception = words(&[thread, 0, 11, 0, 0, 0]);
        exception.extend(address.to_le_bytes());
        exception.resize(160, 0);
        exception.extend(words(&[context.len() as u32, at]));
        self.stream(Stream::ExceptionStream, &exception);
    }

    /// Mapped memory: where, how long, Windows' word for the access.
    pub(super) fn memory_info(&mut self, regions: &[(u64, u64, u32)]) {
        let mut list = words(&[16, 48, regions.len() as u32, 0]);
        for (base, size, access) in regions {
            list.extend([base.to_le_bytes(), base.to_le_bytes()].concat());
            list.extend(words(&[*access, 0]));
            list.extend(size.to_le_bytes());
            list.extend(words(&[0x1000, *access, 0, 0]));
        }
        self.stream(Stream::MemoryInfoListStream, &list);
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.bytes[8..12].copy_from_slice(&(self.entries.len() as u32).to_le_bytes());
        for (index, entry) in self.entries.iter().enumerate() {
            let at = DIRECTORY_AT + index * 12;
            self.bytes[at..at + 12].copy_from_slice(&words(entry));
        }
        self.bytes
    }
}

/// Numbers, little-endian, of four bytes each.
pub(super) fn words(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// Numbers, little-endian, of eight bytes each.
pub(super) fn words64(numbers: &[u64]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

pub(super) fn utf16(text: &str) -> Vec<u8> {
    let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    [&(units.len() as u32).to_le_bytes()[..], &units].concat()
}

pub(super) fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}
