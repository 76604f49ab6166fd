//! Links libpython into this crate's binaries, tests and benchmarks, and tells them where it lies.
//!
//! `.cargo/config.toml` makes pyo3 leave the symbols of libpython open, so that the extension module of
//! `python/` and the binaries share every compiled crate; here the binaries get them.
fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let config = pyo3_build_config::get();
    if let (Some(dir), Some(name)) = (config.lib_dir(), config.lib_name()) {
        println!("cargo:rustc-link-arg=-L{dir}");
        println!("cargo:rustc-link-arg=-Wl,--no-as-needed,-l{name}");
        println!("cargo:rustc-link-arg=-Wl,-rpath,{dir}");
    }
    println!("cargo:rustc-env=SEATRIAL_BUILD_PYTHON_VERSION={}", config.version());
    if let Some(executable) = config.executable() {
        println!("cargo:rustc-env=SEATRIAL_BUILD_PYTHON={executable}");
    }
}
