//! The same program with Afterword: crashes, errors, traces, consent.

fn main() {
    let options = afterword::Options::default().release(afterword::release_name!());
    let _afterword = options.init();
    if let Err(error) = std::fs::read("/no/such/picture.png") {
        afterword::capture(&error);
    }
    afterword::capture_message("captured", sentry::Level::Info);
}
