//! Dumps written by hand go in; readers that are not ours look at what comes out.

mod memory;
mod names;
mod streams;
mod written;

use super::*;

/// Scrubbed as a rule: nobody's home, no full stacks.
fn scrubbed(raw: &[u8]) -> Scrubbed {
    let scrubbed = scrub_for(raw.to_vec(), false, &Homes::default()).unwrap();
    assert_eq!(scrubbed.bytes.len(), raw.len());
    scrubbed
}
