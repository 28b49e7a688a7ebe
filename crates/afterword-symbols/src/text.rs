//! The result as text for people.
use crate::ProcessedCrash;

/// What to write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextOptions {
    /// Only the crash and the thread that crashed.
    pub brief: bool,
}

impl ProcessedCrash {
    /// The crash as text for people, ending with a newline.
    pub fn to_text(&self, options: &TextOptions) -> String {
        let _ = options;
        String::new()
    }
}
