//! Tells the compiler for which Python the module is built.

fn main() {
    pyo3_build_config::use_pyo3_cfgs();
}
