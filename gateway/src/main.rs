//! The program `evergate`.

use std::process::ExitCode;

fn main() -> ExitCode {
    evergate_gateway::cli::main()
}
