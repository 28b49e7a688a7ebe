//! The program `afterword-reporter`.

fn main() -> std::process::ExitCode {
    afterword_reporter::main()
}
