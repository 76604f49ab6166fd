//! The native module `seatrial._native`: the engine's session for Python.
//!
//! It crosses the border and nothing else: names, defaults and conveniences are `seatrial.session`'s. The GIL is
//! released wherever the engine works, since the engine's own threads need it to run data sources.

mod errors;
mod server;
mod session;
mod waiting;

use pyo3::prelude::*;

/// The module's contents.
#[pymodule]
mod _native {
    #[pymodule_export]
    use crate::server::NativeServerOptions;
    #[pymodule_export]
    use crate::server::serve;
    #[pymodule_export]
    use crate::server::supervise;
    #[pymodule_export]
    use crate::session::NativeDataFrame;
    #[pymodule_export]
    use crate::session::NativeSession;
}
