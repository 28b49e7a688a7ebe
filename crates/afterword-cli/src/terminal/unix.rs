use rustix::termios::{QueueSelector, tcflush};

/// Throws away what was typed on standard input and not read yet: it was no answer to what comes next.
pub(super) fn discard() {
    // Where it cannot be done there is no terminal, and nobody is asked.
    let _ = tcflush(std::io::stdin(), QueueSelector::IFlush);
}
