//! The parts of the crasher that are in C and C++: linked into it, and a shared library that it loads while it runs.

use std::env;
use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=native");
    native().file("native/canvas.c").compile("canvas");
    native().cpp(true).file("native/shapes.cpp").compile("shapes");

    let library = Path::new(&env::var("OUT_DIR")?).join("libbrush.so");
    let mut compiler = native().pic(true).get_compiler().to_command();
    compiler.args(["-shared", "native/brush.c", "-o"]).arg(&library);
    let status = compiler.status()?;
    if !status.success() {
        return Err(format!("{compiler:?}: {status}").into());
    }
    println!("cargo::rustc-env=CRASHER_BRUSH={}", library.display());
    Ok(())
}

/// With names and lines in every profile, and with functions that stay on the stack while they call others.
fn native() -> cc::Build {
    let mut build = cc::Build::new();
    build
        .debug(true)
        .warnings_into_errors(true)
        .flag("-fstack-protector-all")
        .flag("-fno-optimize-sibling-calls");
    build
}
