//! The `seatrial` program: hands the command line to the library.
use std::process::ExitCode;

use mimalloc::MiMalloc;
use tracing_subscriber::EnvFilter;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    // RUST_LOG=seatrial_engine=debug tells, among other things, which filters each scan was offered.
    let log = tracing_subscriber::fmt().with_env_filter(EnvFilter::from_default_env()).with_writer(std::io::stderr);
    log.init();
    seatrial::cli::main()
}
