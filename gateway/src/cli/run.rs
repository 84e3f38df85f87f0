//! `evergate run`: serves until it is told to stop.

use std::process::ExitCode;

use crate::server::{Gateway, RunOptions};

/// Reads the command line and does what it says.
pub fn main() -> ExitCode {
    let options = RunOptions {
        config: std::env::args_os().nth(3).unwrap_or_default().into(),
        ready_file: None,
    };
    let Ok(runtime) = tokio::runtime::Runtime::new() else { return ExitCode::from(2) };
    runtime.block_on(async {
        match Gateway::start(&options).await {
            Ok(gateway) => {
                gateway.until_stopped().await;
                ExitCode::SUCCESS
            }
            Err(_) => ExitCode::from(64),
        }
    })
}
