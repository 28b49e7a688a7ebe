//! A run file and a private memory that are torn, corrupt or somebody else's.
//!
//! They have a fixed length, which a fuzzer would never reach: it says what is written where into a file of zeroes that
//! begins as it should. So that it gets past the checksums, they can be put right at the end.
#![no_main]

use std::fs::File;
use std::os::unix::fs::FileExt;

use afterword_channel::layout::{FILE_BYTES, MAGIC, Occasion, PRIVATE_BYTES, VERSION};
use afterword_channel::{PrivateView, RunView};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use rustix::fs::{MemfdFlags, memfd_create};

#[derive(Arbitrary, Debug)]
struct Input {
    private: bool,
    right_checksums: bool,
    keep_header: bool,
    length: Option<u32>,
    pieces: Vec<Piece>,
}

#[derive(Arbitrary, Debug)]
struct Piece {
    place: Place,
    bytes: Vec<u8>,
}

#[derive(Arbitrary, Debug)]
enum Place {
    At(u32),
    Header(u8),
    Scope(bool),
    PanicNote,
    SalvagedContext,
    Breadcrumb(u8),
    SalvagedStack,
    SalvagedModules,
    Identity,
    Hello,
}

/// What is at an offset, as the table in `afterword_channel::layout` has it: a header that ends with a length and a checksum
/// at `header`, and its bytes at `bytes`.
struct Checked {
    header: usize,
    bytes: usize,
    most: usize,
}

const SCOPES: [Checked; 2] = [
    Checked {
        header: 520,
        bytes: 12_288,
        most: 65_536,
    },
    Checked {
        header: 536,
        bytes: 77_824,
        most: 65_536,
    },
];
const PANIC_NOTE: Checked = Checked {
    header: 1028,
    bytes: 1040,
    most: 3056,
};
const STACK: Checked = Checked {
    header: 258_056,
    bytes: 258_064,
    most: 32_752,
};
const MODULES: Checked = Checked {
    header: 290_816,
    bytes: 290_824,
    most: 65_528,
};
const IDENTITY: Checked = Checked {
    header: 356_352,
    bytes: 356_360,
    most: 16_376,
};

fn breadcrumb(index: u8) -> Checked {
    let slot = 143_360 + usize::from(index % 112) * 1024;
    Checked {
        header: slot + 8,
        bytes: slot + 16,
        most: 1008,
    }
}

fn put(file: &mut [u8], at: usize, bytes: &[u8]) {
    for (to, from) in file.iter_mut().skip(at).zip(bytes) {
        *to = *from;
    }
}

fn put_checked(file: &mut [u8], place: &Checked, bytes: &[u8], right: bool) {
    let bytes = &bytes[..bytes.len().min(place.most)];
    put(file, place.bytes, bytes);
    put(file, place.header, &(bytes.len() as u32).to_le_bytes());
    let checksum = crc32fast::hash(bytes) ^ u32::from(!right);
    put(file, place.header + 4, &checksum.to_le_bytes());
}

fn make(input: &Input) -> Vec<u8> {
    let mut file = vec![0; if input.private { PRIVATE_BYTES } else { FILE_BYTES }];
    for piece in &input.pieces {
        let (bytes, right) = (&piece.bytes[..], input.right_checksums);
        match piece.place {
            Place::At(at) => {
                let at = at as usize % file.len();
                put(&mut file, at, bytes);
            }
            Place::Header(at) => put(&mut file, usize::from(at), bytes),
            Place::Scope(second) => {
                put_checked(&mut file, &SCOPES[usize::from(second)], bytes, right);
                put(&mut file, SCOPES[usize::from(second)].header - 8, &[1]);
            }
            Place::PanicNote => {
                put_checked(&mut file, &PANIC_NOTE, bytes, right);
                put(&mut file, 1024, &[1]);
            }
            Place::SalvagedContext => {
                let length = size_of::<CrashContextBytes>() as u32;
                put(&mut file, 268, &[2]);
                put(&mut file, 4100, &length.to_le_bytes());
                put(&mut file, 4104, bytes);
            }
            Place::Breadcrumb(index) => {
                let place = breadcrumb(index);
                put_checked(&mut file, &place, bytes, right);
                put(&mut file, place.header - 8, &[index, 1]);
            }
            Place::SalvagedStack => put_checked(&mut file, &STACK, bytes, right),
            Place::SalvagedModules => put_checked(&mut file, &MODULES, bytes, right),
            Place::Identity => put_checked(&mut file, &IDENTITY, bytes, right),
            Place::Hello => {
                put(&mut file, 16_396, &(bytes.len() as u32).to_le_bytes());
                put(&mut file, 16_400, bytes);
            }
        }
    }
    if input.keep_header && !input.private {
        put(&mut file, 0, &MAGIC);
        put(&mut file, 8, &VERSION.to_le_bytes());
        put(&mut file, 12, &(FILE_BYTES as u32).to_le_bytes());
    }
    file
}

type CrashContextBytes = crash_context::CrashContext;

fn read_run(file: File) {
    let Ok(run) = RunView::new(file) else { return };
    drop((
        run.run_id(),
        run.app_pid(),
        run.started_ms(),
        run.state(),
        run.panic_verdict(),
    ));
    drop((run.origin(), run.scope(), run.panic_note(), run.identity()));
    if let Ok(breadcrumbs) = run.breadcrumbs() {
        assert!(breadcrumbs.len() <= 112 && breadcrumbs.iter().all(|breadcrumb| breadcrumb.len() <= 1008));
    }
    drop(run.salvage());
}

fuzz_target!(|input: Input| {
    let bytes = make(&input);
    let file = File::from(memfd_create("fuzz", MemfdFlags::CLOEXEC).unwrap());
    file.write_all_at(&bytes, 0).unwrap();
    if let Some(length) = input.length {
        file.set_len(u64::from(length % (2 * FILE_BYTES as u32))).unwrap();
    }
    if input.private {
        let Ok(memory) = PrivateView::new(file) else { return };
        drop((memory.hello(), memory.rescue_request()));
        drop((memory.context(Occasion::Crash), memory.context(Occasion::Panic)));
    } else {
        read_run(file);
    }
});
