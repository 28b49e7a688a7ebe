//! The first moment of a page, in which a press cannot be an answer yet.
//!
//! A window that opens under a hand at work would take a click meant for what was there before as consent, and so would
//! one that comes to the front. Nobody has read anything by then, so presses are passed over for that moment; nothing is
//! drawn differently, since a button that wakes up would look like one that was pressed.

/// For how long the pointer answers nothing, in seconds.
const POINTER_SECONDS: f64 = 0.5;
/// For how long keys answer nothing, in seconds: whoever presses one has first moved to a button.
const KEYS_SECONDS: f64 = 0.3;

/// Since when a page can be read, and the last press of the pointer. Times are those of the frames, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Guard {
    now: f64,
    since: Option<f64>,
    pressed_at: Option<f64>,
    focused: bool,
}

impl Guard {
    /// Begins anew with the next frame.
    pub(crate) fn restart(&mut self) {
        *self = Guard::default();
    }

    /// Takes in a frame: its time, whether the window has the keyboard, whether the pointer was pressed.
    pub(crate) fn look(&mut self, now: f64, focused: bool, pressed: bool) {
        let came_to_front = focused && !self.focused;
        self.focused = focused;
        self.now = now;
        if came_to_front || self.since.is_none() {
            self.since = Some(now);
            self.pressed_at = None;
        }
        if pressed {
            self.pressed_at = Some(now);
        }
    }

    /// Whether a click counts that ends in this frame; it begins where the pointer was pressed.
    pub(crate) fn takes_pointer(&self) -> bool {
        self.pressed_at.is_some_and(|at| self.read_for(at) >= POINTER_SECONDS)
    }

    /// Whether a key counts that is pressed in this frame.
    pub(crate) fn takes_keys(&self) -> bool {
        self.read_for(self.now) >= KEYS_SECONDS
    }

    fn read_for(&self, at: f64) -> f64 {
        self.since.map_or(0.0, |since| at - since)
    }
}
