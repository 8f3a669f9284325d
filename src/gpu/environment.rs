//! What Mesa's drivers read from the environment before anything else.

/// Sets `XDG_RUNTIME_DIR` where it is missing: without it Mesa's software driver prints an error, and services and
/// containers have none. Nothing is written there. Does nothing on systems other than Linux.
///
/// # Safety
/// No other thread may run yet: setting a variable while another thread reads one is undefined.
pub unsafe fn prepare_environment() {
    #[cfg(target_os = "linux")]
    {
        const NAME: &str = "XDG_RUNTIME_DIR";
        if std::env::var_os(NAME).is_none_or(|value| value.is_empty()) {
            // SAFETY: the caller promises that there is no other thread.
            unsafe { std::env::set_var(NAME, std::env::temp_dir()) }
        }
    }
}
