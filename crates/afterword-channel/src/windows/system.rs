//! What the system says of itself.
#![expect(unsafe_code, reason = "the system's functions are C")]

use std::ptr;

use windows_sys::Win32::Foundation::ERROR_SUCCESS;
use windows_sys::Win32::System::Registry::{HKEY_LOCAL_MACHINE, RRF_RT_REG_DWORD, RegGetValueW};
use windows_sys::Win32::System::SystemInformation::{
    ComputerNamePhysicalDnsHostname, GetComputerNameExW, GetTickCount64,
};
use windows_sys::w;

/// Seconds since the computer was started, asleep or not: the same in every process.
pub(crate) fn boot_clock_s() -> u32 {
    // SAFETY: no arguments, cannot fail.
    (unsafe { GetTickCount64() } / 1000) as u32
}

/// The number that the system counts up at each start; empty where it is not kept. Then a lock alone tells whether a run is
/// alive, and no lock outlives a start.
pub(crate) fn boot_id() -> String {
    let mut number = 0_u32;
    let mut length = size_of::<u32>() as u32;
    // SAFETY: both names end with NUL; the value gets at most the length that is given.
    let result = unsafe {
        RegGetValueW(
            HKEY_LOCAL_MACHINE,
            w!("SYSTEM\\CurrentControlSet\\Control\\Session Manager\\Memory Management\\PrefetchParameters"),
            w!("BootId"),
            RRF_RT_REG_DWORD,
            ptr::null_mut(),
            (&raw mut number).cast(),
            &raw mut length,
        )
    };
    if result == ERROR_SUCCESS {
        number.to_string()
    } else {
        String::new()
    }
}

/// The computer's name in its network.
pub(crate) fn host_name() -> String {
    let mut name = [0_u16; 256];
    let mut length = name.len() as u32;
    // SAFETY: the buffer has the length that is given.
    let named = unsafe { GetComputerNameExW(ComputerNamePhysicalDnsHostname, name.as_mut_ptr(), &raw mut length) } != 0;
    if named {
        String::from_utf16_lossy(&name[..(length as usize).min(name.len())])
    } else {
        String::new()
    }
}
