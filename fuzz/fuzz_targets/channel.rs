//! A packet of any length and kind: it is a message or it is not, and a message is read as it was written.
#![no_main]

use afterword_channel::Message;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|packet: &[u8]| {
    let Ok(message) = Message::from_packet(packet) else {
        return;
    };
    let (written, length) = message.packet();
    assert_eq!(Message::from_packet(&written[..length]), Ok(message));
});
