//! Mappings and memory without a name on Windows: sections, of a file or of the page file.
#![expect(unsafe_code, reason = "sections are C")]

use std::ffi::c_void;
use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle, RawHandle};
use std::ptr;

use windows_sys::Win32::Foundation::INVALID_HANDLE_VALUE;
use windows_sys::Win32::System::Diagnostics::Debug::ReadProcessMemory;
use windows_sys::Win32::System::Memory::{
    CreateFileMappingW, FILE_MAP_READ, FILE_MAP_WRITE, MEMORY_BASIC_INFORMATION, MEMORY_MAPPED_VIEW_ADDRESS,
    MapViewOfFile, PAGE_READWRITE, UnmapViewOfFile, VirtualQuery,
};
use windows_sys::Win32::System::Threading::GetCurrentProcess;

use super::SharedMemory;
use crate::layout::PRIVATE_BYTES;

/// A view of a section, for reading and writing.
#[derive(Debug)]
pub(crate) struct Map {
    view: *mut u8,
    length: usize,
}

// SAFETY: the view is valid in every thread until it is dropped, and only handed out as a raw pointer.
unsafe impl Send for Map {}
// SAFETY: as above.
unsafe impl Sync for Map {}

impl Map {
    fn of(section: RawHandle, length: usize) -> io::Result<Map> {
        // SAFETY: a section handle; the view is of its beginning, `length` long.
        let view = unsafe { MapViewOfFile(section, FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, length) };
        if view.Value.is_null() {
            return Err(io::Error::last_os_error());
        }
        Ok(Map {
            view: view.Value.cast(),
            length,
        })
    }

    pub(crate) fn as_mut_ptr(&self) -> *mut u8 {
        self.view
    }

    pub(crate) fn len(&self) -> usize {
        self.length
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        let view = MEMORY_MAPPED_VIEW_ADDRESS {
            Value: self.view.cast(),
        };
        // SAFETY: the view that `of` made, for the last time.
        unsafe { UnmapViewOfFile(view) };
    }
}

/// Memory that the page file backs.
pub(crate) fn make_private_memory() -> io::Result<SharedMemory> {
    section(INVALID_HANDLE_VALUE, PRIVATE_BYTES)
}

/// Maps a file; the view keeps its section.
pub(super) fn map_section_of(file: &File, length: usize) -> io::Result<Map> {
    let section = section(file.as_raw_handle(), length)?;
    Map::of(section.as_raw_handle(), length)
}

/// Maps the private memory.
pub(crate) fn map_memory(memory: &SharedMemory) -> io::Result<Map> {
    Map::of(memory.as_raw_handle(), PRIVATE_BYTES)
}

fn section(file: RawHandle, length: usize) -> io::Result<OwnedHandle> {
    // SAFETY: an open file or none, no name, no attributes: this user's alone, not inherited.
    let section = unsafe { CreateFileMappingW(file, ptr::null(), PAGE_READWRITE, 0, length as u32, ptr::null()) };
    if section.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: just made, and known to nobody else.
    Ok(unsafe { OwnedHandle::from_raw_handle(section) })
}

/// The length of the private memory in bytes: what a view of the whole of it has, in whole pages.
pub(crate) fn memory_length(memory: &SharedMemory) -> io::Result<u64> {
    let map = Map::of(memory.as_raw_handle(), 0)?;
    let mut information = MaybeUninit::<MEMORY_BASIC_INFORMATION>::zeroed();
    // SAFETY: the structure has the length that is given; zeroes are valid for it.
    let information = unsafe {
        let length = size_of::<MEMORY_BASIC_INFORMATION>();
        if VirtualQuery(map.view.cast::<c_void>(), information.as_mut_ptr(), length) == 0 {
            return Err(io::Error::last_os_error());
        }
        information.assume_init()
    };
    Ok(information.RegionSize as u64)
}

/// Reads the private memory through a view for the moment. A section keeps its length, so that nothing can be missing.
pub(crate) fn read_memory_at(memory: &SharedMemory, bytes: &mut [u8], at: usize) -> io::Result<()> {
    if at.checked_add(bytes.len()).is_none_or(|end| end > PRIVATE_BYTES) {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let map = map_memory(memory)?;
    // SAFETY: the range was checked; the app may write meanwhile, which the slots and lengths in it are for.
    unsafe { ptr::copy_nonoverlapping(map.view.add(at), bytes.as_mut_ptr(), bytes.len()) };
    Ok(())
}

/// Copies memory of this process that may not be there: the kernel answers with an error where a load would be a fault.
/// Allocates nothing.
pub(crate) fn copy_own_memory(_memory: &SharedMemory, _place: usize, address: u64, into: &mut [u8]) -> usize {
    let mut copied = 0;
    // SAFETY: the kernel copies into `into`, no more than its length, and answers for what is not there.
    let all = unsafe {
        ReadProcessMemory(
            GetCurrentProcess(),
            address as *const c_void,
            into.as_mut_ptr().cast(),
            into.len(),
            &raw mut copied,
        )
    } != 0;
    if all { copied } else { 0 }
}
