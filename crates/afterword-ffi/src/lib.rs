//! Afterword for C and C++: a shared library, a static library, and `include/afterword.h`.
//!
//! ```c
//! #include <afterword.h>
//!
//! int main(void) {
//!     afterword_options_t *options = afterword_options_new("https://key@crashes.example.com/1");
//!     afterword_options_set_app_name(options, "Paintbox");
//!     afterword_options_set_release(options, "paintbox@1.4.0");
//!     if (afterword_init(options) != AFTERWORD_OK)
//!         fprintf(stderr, "no crash reports: %s\n", afterword_last_error());
//!     afterword_options_free(options);
//!     /* The rest of the program. */
//!     afterword_shutdown();
//! }
//! ```
//!
//! This is a thin layer over [`afterword`], which says what happens and when; here is only what C needs: text that is read within
//! bounds and made UTF-8 ([`text`]), results with words behind them ([`outcome`]), and no panic that leaves Rust. The
//! functions are in [`options`], [`life`], [`consent`], [`scope`], [`capture`], [`main_thread`] and [`logging`]. The header is made of them by
//! `cbindgen` (`cbindgen.toml`).
//!
//! # Threads, and `pthread_create`
//! A stack overflow can only be reported from another stack. `crash-handler`, which installs the handlers, therefore brings its
//! own `pthread_create` on Linux: it gives each new thread such a stack and calls the system's. Both libraries export
//! it. Who has one of their own (a sanitizer, a profiler, a garbage collector) has to know: in a static link the symbol
//! may be there twice; with shared libraries the first in the order of linking counts. Threads that are made past it are
//! reported as others are, but for overflows of their stacks.
//!
//! # Linking
//! With the shared library: `cc app.c -lafterword_ffi`. With the static one, the system's libraries that Rust's standard library
//! needs come after it; on Linux `-lgcc_s -lutil -lrt -lpthread -lm -ldl -lc`.

#![cfg_attr(
    all(windows, target_env = "gnu"),
    expect(
        clippy::missing_const_for_thread_local,
        reason = "they are const: the lint misses that where threads have no storage of their own"
    )
)]

pub mod outcome;
pub mod text;

pub mod options;

pub mod life;

pub mod consent;
pub mod logging;

pub mod scope;

pub mod capture;

pub mod main_thread;
