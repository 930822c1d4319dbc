//! The `heal` program: arguments in, exit code out. See `heal::cli`.

fn main() -> std::process::ExitCode {
    std::process::ExitCode::from(heal::cli::run() as u8)
}
