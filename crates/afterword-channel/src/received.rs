//! What the reporter finds in the channel.

use crate::Message;

/// What [`crate::ReporterChannel::receive`] found.
#[derive(Debug, PartialEq)]
pub enum Received {
    /// A message.
    Message(Message),
    /// Nothing is waiting.
    Nothing,
    /// Every copy of the app's end is closed.
    Closed,
}
