//! Names as the programmer wrote them.

use symbolic_common::{Language, Name, NameMangling};
use symbolic_demangle::{Demangle, DemangleOptions};

/// Longer names are left as they are: demangling can make them many times longer still.
const MAX_MANGLED_BYTES: usize = 16 << 10;

/// Names are cut here; generics know no bound.
const MAX_NAME_BYTES: usize = 8 << 10;

/// A Rust (v0 and legacy) or C++ name demangled, with arguments, without return type, without the hash that Rust appends;
/// any other name as it is.
pub(crate) fn demangle(raw: &str) -> String {
    if raw.len() > MAX_MANGLED_BYTES {
        return raw[..raw.floor_char_boundary(MAX_NAME_BYTES)].to_owned();
    }
    let name = Name::new(raw, NameMangling::Unknown, Language::Unknown);
    let options = DemangleOptions::complete().return_type(false);
    let mut demangled = match name.demangle(options) {
        Some(demangled) => demangled,
        None => raw.to_owned(),
    };
    demangled.truncate(demangled.floor_char_boundary(MAX_NAME_BYTES));
    demangled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_and_cpp_names_read_as_written() {
        let table = [
            (
                "_ZN4core9panicking9panic_fmt17h0123456789abcdefE",
                "core::panicking::panic_fmt",
            ),
            ("_RNvCs1234_7mycrate4main", "mycrate::main"),
            ("_ZN2ns3MapIiE6insertEic", "ns::Map<int>::insert(int, char)"),
            ("main", "main"),
            (
                "`anonymous namespace'::CrashFunction",
                "`anonymous namespace'::CrashFunction",
            ),
            ("", ""),
        ];
        for (raw, name) in table {
            assert_eq!(demangle(raw), name);
        }
    }

    #[test]
    fn endless_names_are_cut() {
        let raw = format!("_ZN{}E", "1a".repeat(MAX_MANGLED_BYTES));
        assert_eq!(demangle(&raw).len(), MAX_NAME_BYTES);
    }
}
