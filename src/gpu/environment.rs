//! What Mesa's drivers read from the environment before anything else.

/// Gives Mesa's software driver what it does best with, where the user has not said otherwise:
/// - `XDG_RUNTIME_DIR`, without which it prints an error (services and containers have none; nothing is written there);
/// - `LP_NATIVE_VECTOR_WIDTH=512` on x86: subgroups of 16, which [`Tiling::Subgroup`](super::Tiling::Subgroup) needs; without
///   AVX-512 its compiler splits the vectors.
///
/// Does nothing on systems other than Linux.
///
/// # Safety
/// No other thread may run yet: setting a variable while another thread reads one is undefined.
pub unsafe fn prepare_environment() {
    #[cfg(target_os = "linux")]
    {
        let default = |name: &str, value: &std::ffi::OsStr| {
            if std::env::var_os(name).is_none_or(|value| value.is_empty()) {
                // SAFETY: the caller promises that there is no other thread.
                unsafe { std::env::set_var(name, value) }
            }
        };
        default("XDG_RUNTIME_DIR", std::env::temp_dir().as_os_str());
        if cfg!(target_arch = "x86_64") {
            default("LP_NATIVE_VECTOR_WIDTH", "512".as_ref());
        }
    }
}
