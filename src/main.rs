//! The `neurula` command: notes when it was entered, and hands over to `cli`.

use std::process::ExitCode;

#[expect(clippy::disallowed_methods, reason = "the time of entry, which the first step is counted from")]
fn main() -> ExitCode {
    neurula::cli::main(std::time::Instant::now())
}
