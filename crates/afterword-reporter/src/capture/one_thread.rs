//! A minidump of one thread, put together by ourselves: from the crash context and the memory that could be read where ptrace
//! is denied, or from what the crash handler salvaged.
//!
//! The structures are those of `minidump-writer`, and so are the tools to write them.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use afterword_channel::maps::Module;
use crash_context::CrashContext;
use minidump_common::format::{CvSignature, PlatformId, ProcessorArchitecture};
use minidump_writer::CrashContextExt;
use minidump_writer::mem_writer::{
    Buffer, MemoryArrayWriter, MemoryWriter, MemoryWriterError, write_string_to_location,
};
use minidump_writer::minidump_cpu::RawContextCPU;
use minidump_writer::minidump_format::{
    MD_HEADER_SIGNATURE, MD_HEADER_VERSION, MDException, MDLocationDescriptor, MDMemoryDescriptor, MDRawDirectory,
    MDRawExceptionStream, MDRawHeader, MDRawModule, MDRawSystemInfo, MDRawThread, MDRawThreadName, MDStreamType,
    format,
};
use object::{Object, ReadCache};

const DELETED: &str = " (deleted)";
/// What is looked at of a build id: those that linkers make are 8 to 32 bytes long.
const MAX_BUILD_ID_BYTES: usize = 64;

/// What is known of the thread and its process.
pub(super) struct OneThread {
    pub(super) context: CrashContext,
    /// Its name.
    pub(super) name: Option<String>,
    /// Where the first of the stack's bytes lay.
    pub(super) stack_address: u64,
    pub(super) stack: Vec<u8>,
    pub(super) modules: Vec<Module>,
    /// The text of `/proc/<pid>/maps`, for what is mapped besides code. Scrubbing drops it.
    pub(super) maps: Vec<u8>,
}

impl OneThread {
    /// The minidump.
    ///
    /// # Errors
    /// One that is too large for its own offsets.
    pub(super) fn write(self) -> Result<Vec<u8>, MemoryWriterError> {
        let mut buffer = Buffer::with_capacity(self.stack.len() + 64 * 1024);
        let mut header = MemoryWriter::<MDRawHeader>::alloc(&mut buffer)?;
        const STREAMS: usize = 7;
        let mut directory = MemoryArrayWriter::<MDRawDirectory>::alloc_array(&mut buffer, STREAMS)?;
        let mut context = RawContextCPU::default();
        let tid = self.context.tid as u32;
        let exception = MDException {
            exception_code: self.context.siginfo.ssi_signo,
            exception_flags: self.context.siginfo.ssi_code as u32,
            exception_address: self.context.siginfo.ssi_addr,
            ..Default::default()
        };
        CrashContextExt { inner: self.context }.fill_cpu_context(&mut context);
        let context = MemoryWriter::alloc_with_val(&mut buffer, context)?.location();
        let stack = MDMemoryDescriptor {
            start_of_memory_range: self.stack_address,
            memory: MemoryArrayWriter::<u8>::write_bytes(&mut buffer, &self.stack).location(),
        };
        let thread = MDRawThread {
            thread_id: tid,
            suspend_count: 0,
            priority_class: 0,
            priority: 0,
            teb: 0,
            stack,
            thread_context: context,
        };
        let exception = MDRawExceptionStream {
            thread_id: tid,
            exception_record: exception,
            __align: 0,
            thread_context: context,
        };
        let mut modules = Vec::new();
        for module in &self.modules {
            modules.push(raw_module(&mut buffer, module)?);
        }
        let mut names = Vec::new();
        if let Some(name) = &self.name {
            names.push(MDRawThreadName {
                thread_id: tid,
                thread_name_rva: u64::from(write_string_to_location(&mut buffer, name)?.rva),
            });
        }
        let streams: [(MDStreamType, MDLocationDescriptor); STREAMS] = [
            (MDStreamType::ThreadListStream, list(&mut buffer, vec![thread])?),
            (MDStreamType::ModuleListStream, list(&mut buffer, modules)?),
            (MDStreamType::MemoryListStream, list(&mut buffer, vec![stack])?),
            (
                MDStreamType::ExceptionStream,
                MemoryWriter::alloc_with_val(&mut buffer, exception)?.location(),
            ),
            (MDStreamType::SystemInfoStream, system_info(&mut buffer)?),
            (MDStreamType::ThreadNamesStream, list(&mut buffer, names)?),
            (
                MDStreamType::LinuxMaps,
                MemoryArrayWriter::<u8>::write_bytes(&mut buffer, &self.maps).location(),
            ),
        ];
        for (index, (kind, location)) in streams.into_iter().enumerate() {
            let entry = MDRawDirectory {
                stream_type: kind as u32,
                location,
            };
            directory.set_value_at(&mut buffer, entry, index)?;
        }
        header.set_value(
            &mut buffer,
            MDRawHeader {
                signature: MD_HEADER_SIGNATURE,
                version: MD_HEADER_VERSION,
                stream_count: STREAMS as u32,
                stream_directory_rva: directory.location().rva,
                checksum: 0,
                time_date_stamp: time::OffsetDateTime::now_utc().unix_timestamp() as u32,
                flags: 0,
            },
        )?;
        Ok(buffer.into())
    }
}

/// `<count: u32> <item>…`.
fn list<T>(buffer: &mut Buffer, items: Vec<T>) -> Result<MDLocationDescriptor, MemoryWriterError>
where
    T: for<'a> scroll::ctx::TryIntoCtx<scroll::Endian, Error = scroll::Error> + scroll::ctx::SizeWith<scroll::Endian>,
{
    let mut location = MemoryWriter::<u32>::alloc_with_val(buffer, items.len() as u32)?.location();
    if !items.is_empty() {
        location.data_size += MemoryArrayWriter::<T>::alloc_from_iter(buffer, items)?
            .location()
            .data_size;
    }
    Ok(location)
}

fn raw_module(buffer: &mut Buffer, module: &Module) -> Result<MDRawModule, MemoryWriterError> {
    let path = module.path.strip_suffix(DELETED).unwrap_or(&module.path);
    let cv_record = match build_id(module) {
        Some(build_id) => {
            let record = [&(CvSignature::Elf as u32).to_le_bytes()[..], &build_id].concat();
            MemoryArrayWriter::<u8>::write_bytes(buffer, &record).location()
        }
        None => MDLocationDescriptor::default(),
    };
    Ok(MDRawModule {
        base_of_image: module.range.start,
        size_of_image: u32::try_from(module.range.end - module.range.start).unwrap_or(u32::MAX),
        cv_record,
        module_name_rva: write_string_to_location(buffer, path)?.rva,
        ..Default::default()
    })
}

/// The build id in the module's file, if that is still the file that was loaded.
fn build_id(module: &Module) -> Option<Vec<u8>> {
    let file = regular_file(Path::new(&module.path)).ok()?;
    if file.metadata().ok()?.ino() != module.inode {
        return None;
    }
    let cache = ReadCache::new(file);
    let object = object::File::parse(&cache).ok()?;
    let build_id = object.build_id().ok()??;
    Some(build_id[..build_id.len().min(MAX_BUILD_ID_BYTES)].to_vec())
}

/// Never a pipe or a device, which would block.
fn regular_file(path: &Path) -> io::Result<File> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    File::open(path)
}

fn system_info(buffer: &mut Buffer) -> Result<MDLocationDescriptor, MemoryWriterError> {
    let system = rustix::system::uname();
    let words = [system.sysname(), system.release(), system.version(), system.machine()];
    let words: Vec<_> = words.iter().map(|words| words.to_string_lossy()).collect();
    let version = write_string_to_location(buffer, &words.join(" "))?;
    let info = MDRawSystemInfo {
        processor_architecture: ARCHITECTURE as u16,
        processor_level: 0,
        processor_revision: 0,
        number_of_processors: std::thread::available_parallelism().map_or(0, |count| count.get().min(255) as u8),
        product_type: 0,
        major_version: 0,
        minor_version: 0,
        build_number: 0,
        platform_id: PlatformId::Linux as u32,
        csd_version_rva: version.rva,
        suite_mask: 0,
        reserved2: 0,
        cpu: format::CPU_INFORMATION { data: [0; 24] },
    };
    Ok(MemoryWriter::alloc_with_val(buffer, info)?.location())
}

#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: ProcessorArchitecture = ProcessorArchitecture::PROCESSOR_ARCHITECTURE_AMD64;
#[cfg(target_arch = "x86")]
const ARCHITECTURE: ProcessorArchitecture = ProcessorArchitecture::PROCESSOR_ARCHITECTURE_INTEL;
#[cfg(target_arch = "arm")]
const ARCHITECTURE: ProcessorArchitecture = ProcessorArchitecture::PROCESSOR_ARCHITECTURE_ARM;
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: ProcessorArchitecture = ProcessorArchitecture::PROCESSOR_ARCHITECTURE_ARM64_OLD;
