//! The private memory: what the reporter and a rescuer must read and no disk may hold. The app writes it, mapped; the other
//! processes inherit its descriptor (on Windows: its handle) and read it.

use std::sync::atomic::Ordering;

use crate::context::{self, SharedContext};
use crate::layout::{self, *};
use crate::mapped::Mapped;
use crate::{Error, Hello, Inherited, SharedMemory, sys};

/// The private memory of this process, for as long as it lives.
#[derive(Debug)]
pub struct PrivateMemory {
    mapped: Mapped<SharedMemory>,
}

impl PrivateMemory {
    /// Makes it, without a name in a file system, and puts the Hello into it. A Hello that does not fit goes without its
    /// arguments: then there is no restart.
    ///
    /// # Errors
    /// [`Error::MakePrivateMemory`], naming the system call; [`Error::Hello`] where even the shorter one does not fit.
    pub fn create(hello: &Hello) -> Result<PrivateMemory, Error> {
        let failed = |step| move |source| Error::MakePrivateMemory { step, source };
        let memory = sys::make_private_memory().map_err(failed("make"))?;
        let map = sys::map_memory(&memory).map_err(failed("map"))?;
        let memory = PrivateMemory {
            mapped: Mapped::new(memory, map),
        };
        let json = hello_that_fits(hello)?;
        memory.mapped.copy_in(PRIVATE_HELLO, &json);
        memory
            .mapped
            .copy_in(PRIVATE_HELLO_LENGTH, &(json.len() as u32).to_le_bytes());
        Ok(memory)
    }

    /// The memory, for the reporter to inherit.
    pub fn file(&self) -> &SharedMemory {
        self.mapped.source()
    }

    /// Puts a context into the slot of its occasion. Allocates nothing, takes no lock: for signal handlers.
    pub fn write_context(&self, occasion: Occasion, context: &crash_context::CrashContext) {
        let at = occasion.context();
        self.mapped.word(occasion.slot()).store(1, Ordering::Release);
        context::with_bytes(context, |thread, bytes| {
            self.mapped.copy_in(at, &thread.to_le_bytes());
            self.mapped.copy_in(at + 4, &(bytes.len() as u32).to_le_bytes());
            self.mapped.copy_in(at + CONTEXT_HEADER_BYTES, bytes);
        });
        self.mapped.word(occasion.slot()).store(2, Ordering::Release);
    }

    /// Empties the slot of an occasion again. Safe in a signal handler.
    pub fn clear_context(&self, occasion: Occasion) {
        self.mapped.word(occasion.slot()).store(0, Ordering::Release);
        self.mapped
            .clear(occasion.context(), CONTEXT_HEADER_BYTES + CONTEXT_BYTES);
    }

    /// Names the documents that are open: as many as fit, the first of them. One thread at a time; not for signal handlers.
    pub fn write_documents(&self, documents: &[String]) {
        let json = documents_that_fit(documents);
        let slot = self.mapped.word(PRIVATE_DOCUMENTS);
        slot.store(1, Ordering::Release);
        self.mapped
            .copy_in(PRIVATE_DOCUMENTS + 4, &(json.len() as u32).to_le_bytes());
        self.mapped.copy_in(PRIVATE_DOCUMENTS + 8, &json);
        slot.store(2, Ordering::Release);
    }

    /// Tells a rescuer which request it answers. Safe in a signal handler.
    pub fn set_rescue_request(&self, request: u32) {
        self.mapped
            .word(PRIVATE_RESCUE_REQUEST)
            .store(request, Ordering::Release);
    }

    /// Copies memory of this process that may not be there, through a system call that answers instead of a fault: at most
    /// [`layout::COPY_BYTES`], and nothing across the end of what can be read. Returns how many bytes were copied. Safe in a
    /// signal handler; one thread at a time.
    pub fn look_at(&self, address: u64, into: &mut [u8]) -> usize {
        let length = into.len().min(layout::COPY_BYTES);
        let copied = sys::copy_own_memory(self.file(), PRIVATE_COPY, address, &mut into[..length]);
        self.mapped.clear(PRIVATE_COPY, length);
        copied
    }
}

fn hello_that_fits(hello: &Hello) -> Result<Vec<u8>, Error> {
    let to_json = |hello: &Hello| serde_json::to_vec(hello).map_err(|error| Error::Hello { why: error.to_string() });
    let json = to_json(hello)?;
    if json.len() <= HELLO_BYTES {
        return Ok(json);
    }
    let shorter = to_json(&Hello {
        can_restart: false,
        arguments: Vec::new(),
        ..hello.clone()
    })?;
    if shorter.len() <= HELLO_BYTES {
        return Ok(shorter);
    }
    Err(Error::Hello {
        why: format!("it is {} bytes long", shorter.len()),
    })
}

fn documents_that_fit(documents: &[String]) -> Vec<u8> {
    let mut most = documents.len();
    loop {
        // A list of texts can be said in JSON; nothing is better than a part of it.
        let json = serde_json::to_vec(&documents[..most]).unwrap_or_else(|_| b"[]".to_vec());
        if json.len() <= DOCUMENTS_BYTES || most == 0 {
            return json;
        }
        most -= 1;
    }
}

/// The private memory of the app, inherited by the reporter or a rescuer.
#[derive(Debug)]
pub struct PrivateView {
    memory: SharedMemory,
}

impl PrivateView {
    /// Takes the inherited memory, after a look at its length.
    ///
    /// # Errors
    /// [`Error::ReadPrivateMemory`], [`Error::Hello`] where it is of another length.
    pub fn new(memory: SharedMemory) -> Result<PrivateView, Error> {
        let length =
            sys::memory_length(&memory).map_err(|source| Error::ReadPrivateMemory { step: "length", source })?;
        if length != PRIVATE_BYTES as u64 {
            return Err(Error::Hello {
                why: format!("the private memory is {length} bytes long and should be {PRIVATE_BYTES}"),
            });
        }
        Ok(PrivateView { memory })
    }

    /// The same, of what was inherited.
    ///
    /// # Errors
    /// As [`PrivateView::new`].
    pub fn from_inherited(memory: Inherited) -> Result<PrivateView, Error> {
        PrivateView::new(sys::memory_from(memory))
    }

    /// Who the app is.
    ///
    /// # Errors
    /// [`Error::ReadPrivateMemory`]; [`Error::Hello`] for one that cannot be read.
    pub fn hello(&self) -> Result<Hello, Error> {
        let length = self.number(PRIVATE_HELLO_LENGTH)? as usize;
        if length > HELLO_BYTES {
            return Err(Error::Hello {
                why: format!("it says that it is {length} bytes long"),
            });
        }
        let mut json = vec![0; length];
        self.read_at(PRIVATE_HELLO, &mut json)?;
        serde_json::from_slice(&json).map_err(|error| Error::Hello { why: error.to_string() })
    }

    /// The context of an occasion, if its slot is full and of this architecture's length.
    ///
    /// # Errors
    /// [`Error::ReadPrivateMemory`].
    pub fn context(&self, occasion: Occasion) -> Result<Option<SharedContext>, Error> {
        if self.number(occasion.slot())? != 2 {
            return Ok(None);
        }
        let length = self.number(occasion.context() + 4)? as usize;
        if length != context::BYTES {
            return Ok(None);
        }
        let mut bytes = vec![0; length];
        self.read_at(occasion.context() + CONTEXT_HEADER_BYTES, &mut bytes)?;
        Ok(context::from_bytes(&bytes))
    }

    /// The documents that were open, as the app named them last. None where it was about to when it ended.
    ///
    /// # Errors
    /// [`Error::ReadPrivateMemory`]; [`Error::Hello`] for a list that cannot be read.
    pub fn documents(&self) -> Result<Vec<String>, Error> {
        if self.number(PRIVATE_DOCUMENTS)? != 2 {
            return Ok(Vec::new());
        }
        let length = self.number(PRIVATE_DOCUMENTS + 4)? as usize;
        if length > DOCUMENTS_BYTES {
            return Err(Error::Hello {
                why: format!("the list of documents says that it is {length} bytes long"),
            });
        }
        let mut json = vec![0; length];
        self.read_at(PRIVATE_DOCUMENTS + 8, &mut json)?;
        serde_json::from_slice(&json).map_err(|error| Error::Hello { why: error.to_string() })
    }

    /// The request that a rescuer answers.
    ///
    /// # Errors
    /// [`Error::ReadPrivateMemory`].
    pub fn rescue_request(&self) -> Result<u32, Error> {
        self.number(PRIVATE_RESCUE_REQUEST)
    }

    fn number(&self, at: usize) -> Result<u32, Error> {
        let mut bytes = [0; 4];
        self.read_at(at, &mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn read_at(&self, at: usize, bytes: &mut [u8]) -> Result<(), Error> {
        sys::read_memory_at(&self.memory, bytes, at).map_err(|source| Error::ReadPrivateMemory { step: "read", source })
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
