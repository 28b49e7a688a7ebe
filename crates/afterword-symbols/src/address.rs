//! Kinds of addresses, one type each, so that they cannot be mixed up.
//!
//! An address in the dump ([`AbsoluteAddress`]) means nothing in a file on disk, where the linker's addresses count
//! ([`FileAddress`]); between them lies the module's base ([`ModuleOffset`]). A return address points behind the call and
//! belongs to the next line, or even to the next function: it is looked up one byte less ([`CodeAddress::lookup`]).

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A number shown and stored as `"0x…"`, since JSON readers round integers above 2^53.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HexAddr(pub u64);

impl fmt::Display for HexAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

impl Serialize for HexAddr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for HexAddr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.strip_prefix("0x")
            .and_then(|digits| u64::from_str_radix(digits, 16).ok())
            .map(HexAddr)
            .ok_or_else(|| de::Error::custom(format_args!("{text:?} is not a 0x… number of 64 bits")))
    }
}

/// An address in the memory of the process that crashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct AbsoluteAddress(pub(crate) u64);

impl AbsoluteAddress {
    /// How far into a module loaded at `base` this is; `None` below it.
    pub(crate) fn offset_from(self, base: AbsoluteAddress) -> Option<ModuleOffset> {
        self.0.checked_sub(base.0).map(ModuleOffset)
    }
}

/// Bytes from the base of a module as it was loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ModuleOffset(pub(crate) u64);

/// An address as the linker gave it, as it stands in the symbol table, DWARF and `.eh_frame` of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FileAddress(pub(crate) u64);

/// A place in the code, with how it was come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CodeAddress {
    /// The instruction pointer of a thread, or of a frame that a signal interrupted: it is at this very instruction.
    Exact(AbsoluteAddress),
    /// Where a call will come back to.
    Return(AbsoluteAddress),
}

impl CodeAddress {
    /// The address to ask debug information for: inside the call instruction, not behind it.
    pub(crate) fn lookup(self) -> AbsoluteAddress {
        match self {
            CodeAddress::Exact(address) => address,
            CodeAddress::Return(address) => AbsoluteAddress(address.0.saturating_sub(1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_return_address_is_looked_up_one_byte_less() {
        assert_eq!(
            CodeAddress::Exact(AbsoluteAddress(0x1000)).lookup(),
            AbsoluteAddress(0x1000)
        );
        assert_eq!(
            CodeAddress::Return(AbsoluteAddress(0x1000)).lookup(),
            AbsoluteAddress(0xfff)
        );
        assert_eq!(CodeAddress::Return(AbsoluteAddress(0)).lookup(), AbsoluteAddress(0));
    }

    #[test]
    fn hexadecimal_numbers_survive_json() {
        let json = serde_json::to_string(&HexAddr(u64::MAX)).unwrap();
        assert_eq!(json, "\"0xffffffffffffffff\"");
        assert_eq!(serde_json::from_str::<HexAddr>(&json).unwrap(), HexAddr(u64::MAX));
        for bad in ["\"12\"", "\"0x\"", "\"0x10000000000000000\"", "12"] {
            assert!(serde_json::from_str::<HexAddr>(bad).is_err(), "{bad}");
        }
    }
}
