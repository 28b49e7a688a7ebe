//! Linux: what `/proc` says of the tracer of a thread.

/// Whether a debugger (or another tracer) holds this thread. Our own reporter does so for the moment of a dump.
pub(super) fn is_attached(tid: u32) -> bool {
    // What cannot be read is no debugger: there may be no /proc.
    std::fs::read_to_string(format!("/proc/self/task/{tid}/status")).is_ok_and(|status| has_tracer(&status))
}

fn has_tracer(status: &str) -> bool {
    status
        .lines()
        .find_map(|line| line.strip_prefix("TracerPid:"))
        .is_some_and(|pid| pid.trim() != "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tracer_is_a_number_other_than_zero() {
        assert!(!has_tracer("Name:\tapp\nTracerPid:\t0\nUid:\t1\n"));
        assert!(has_tracer("Name:\tapp\nTracerPid:\t4711\nUid:\t1\n"));
        assert!(!has_tracer(""));
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        assert!(status.contains("\nTracerPid:"));
    }
}
