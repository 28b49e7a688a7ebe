//! Starting the reporter on Windows.
//!
//! It inherits three handles, as its standard handles, and nothing else: the run file is its input, which no library reads on
//! its own account, the channel its output, the private memory its error output. Other handles of the app that happen to be
//! inheritable are kept from it by a list.
#![expect(unsafe_code, reason = "creating a process with a list of handles is C")]

use std::io;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::path::{Path, PathBuf};
use std::ptr;

use afterword_channel::{PrivateMemory, REPORTER_ARGUMENT, ReporterChannel, RunFile};
use windows_sys::Win32::Foundation::{DUPLICATE_SAME_ACCESS, DuplicateHandle, ERROR_ACCESS_DENIED, HANDLE};
use windows_sys::Win32::System::Threading::{
    CREATE_BREAKAWAY_FROM_JOB, CREATE_NEW_PROCESS_GROUP, CreateProcessW, DETACHED_PROCESS,
    DeleteProcThreadAttributeList, EXTENDED_STARTUPINFO_PRESENT, GetCurrentProcess, InitializeProcThreadAttributeList,
    PROC_THREAD_ATTRIBUTE_HANDLE_LIST, PROCESS_INFORMATION, STARTF_USESTDHANDLES, STARTUPINFOEXW,
    UpdateProcThreadAttribute,
};

use super::Program;

/// No console, and none of the app's: its Ctrl-C is not the reporter's.
const FLAGS: u32 = DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP | EXTENDED_STARTUPINFO_PRESENT;

/// Starts `program` with its end of the channel, the run file and the private memory. No process waits for another one here.
///
/// # Errors
/// What the system answered.
pub(crate) fn reporter(
    program: &Program,
    run: &RunFile,
    memory: &PrivateMemory,
    reporter_end: ReporterChannel,
) -> io::Result<()> {
    let channel = OwnedHandle::from(reporter_end);
    let inherited = [
        inheritable(run.file().as_handle())?,
        inheritable(channel.as_handle())?,
        inheritable(memory.file().as_handle())?,
    ];
    // An app in a job (a build tool's, a launcher's) may end with all that is in it: the reporter leaves it where that is
    // allowed.
    let pid = match create(program.path(), &inherited, FLAGS | CREATE_BREAKAWAY_FROM_JOB) {
        Err(error) if error.raw_os_error() == Some(ERROR_ACCESS_DENIED as i32) => {
            create(program.path(), &inherited, FLAGS)?
        }
        created => created?,
    };
    run.set_reporter_pid(pid);
    Ok(())
}

/// A copy that a child may inherit, for as long as it takes to start one.
fn inheritable(handle: BorrowedHandle<'_>) -> io::Result<OwnedHandle> {
    let mut copy = ptr::null_mut();
    // SAFETY: both processes are this one; the handle is open.
    let made = unsafe {
        let this = GetCurrentProcess();
        DuplicateHandle(
            this,
            handle.as_raw_handle(),
            this,
            &raw mut copy,
            0,
            1,
            DUPLICATE_SAME_ACCESS,
        )
    };
    if made == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: just made, and known to nobody else.
    Ok(unsafe { OwnedHandle::from_raw_handle(copy) })
}

/// A list of attributes with one in it: which handles are inherited.
struct Attributes {
    /// In words, for its alignment.
    list: Vec<usize>,
}

impl Attributes {
    /// # Safety
    /// `handles` must stay where they are until the process has been created.
    unsafe fn new(handles: &[HANDLE; 3]) -> io::Result<Attributes> {
        let mut bytes = 0;
        // SAFETY: without a list this only tells how long one is.
        unsafe { InitializeProcThreadAttributeList(ptr::null_mut(), 1, 0, &raw mut bytes) };
        let mut list = vec![0_usize; bytes.div_ceil(size_of::<usize>())];
        // SAFETY: the list is as long as was asked for; its attribute refers to `handles`, which the caller keeps.
        unsafe {
            if InitializeProcThreadAttributeList(list.as_mut_ptr().cast(), 1, 0, &raw mut bytes) == 0 {
                return Err(io::Error::last_os_error());
            }
            let mut attributes = Attributes { list };
            let updated = UpdateProcThreadAttribute(
                attributes.list.as_mut_ptr().cast(),
                0,
                PROC_THREAD_ATTRIBUTE_HANDLE_LIST as usize,
                handles.as_ptr().cast(),
                size_of_val(handles),
                ptr::null_mut(),
                ptr::null(),
            );
            if updated == 0 {
                return Err(io::Error::last_os_error());
            }
            Ok(attributes)
        }
    }
}

impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: it was initialised.
        unsafe { DeleteProcThreadAttributeList(self.list.as_mut_ptr().cast()) };
    }
}

/// Creates the process; its id.
fn create(program: &Path, inherited: &[OwnedHandle; 3], flags: u32) -> io::Result<u32> {
    let [input, output, error] = inherited;
    let handles = [input.as_raw_handle(), output.as_raw_handle(), error.as_raw_handle()];
    // A path cannot have a quote in it.
    let quoted = [u16::from(b'"')];
    let path: Vec<u16> = program.as_os_str().encode_wide().collect();
    let argument = format!(" {REPORTER_ARGUMENT}\0");
    let mut line: Vec<u16> = [&quoted[..], &path, &quoted[..]].concat();
    line.extend(argument.encode_utf16());
    let path = [&path[..], &[0]].concat();
    // SAFETY: `handles` lives until this returns.
    let mut attributes = unsafe { Attributes::new(&handles)? };
    let mut start = STARTUPINFOEXW::default();
    start.StartupInfo.cb = size_of::<STARTUPINFOEXW>() as u32;
    start.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
    [
        start.StartupInfo.hStdInput,
        start.StartupInfo.hStdOutput,
        start.StartupInfo.hStdError,
    ] = handles;
    start.lpAttributeList = attributes.list.as_mut_ptr().cast();
    let mut process = PROCESS_INFORMATION::default();
    // SAFETY: path and line end with NUL, and the line may be written to; with this flag and this `cb` the structure is the
    // extended one; environment and folder are the app's.
    let created = unsafe {
        CreateProcessW(
            path.as_ptr(),
            line.as_mut_ptr(),
            ptr::null(),
            ptr::null(),
            1,
            flags,
            ptr::null(),
            ptr::null(),
            (&raw const start).cast(),
            &raw mut process,
        )
    };
    if created == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: just made, and known to nobody else; dropped, that is closed, at once.
    unsafe {
        drop(OwnedHandle::from_raw_handle(process.hThread));
        drop(OwnedHandle::from_raw_handle(process.hProcess));
    }
    Ok(process.dwProcessId)
}

/// There is no terminal that the reporter could ask in: it has no console.
pub(crate) fn terminal() -> Option<PathBuf> {
    None
}
