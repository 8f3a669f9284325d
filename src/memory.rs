//! The memory that is free: what a file or an option announces is held against it before anything as large is allocated,
//! because an allocation that fails ends the process, and one that the system only promised ends some process later.

use sysinfo::{MemoryRefreshKind, ProcessRefreshKind, ProcessesToUpdate, System};

/// Checks that `bytes` (none: more than a number of 64 bits can say) can be allocated now. The error says how much was
/// wanted and how much there is, as the rest of a sentence: `would take 784.0 GB of memory, and 15.3 GB are free`.
pub(crate) fn expect_room(bytes: Option<u64>) -> Result<(), String> {
    let free = available();
    let wanted = match bytes {
        Some(bytes) if free.is_none_or(|free| bytes <= free) && can_reserve(bytes) => return Ok(()),
        Some(bytes) => format!("{:.1} GB", bytes as f64 / 1e9),
        None => "more than 2^64 bytes".into(),
    };
    let free = free.map_or("that cannot be had".into(), |free| format!("{:.1} GB are free", free as f64 / 1e9));
    Err(format!("would take {wanted} of memory, and {free}"))
}

/// Bytes that a byte of a deflate stream can stand for: a match of 258 bytes takes at least two bits (RFC 1951).
pub(crate) const EXPANSION: u64 = 1032;

/// Checks that `packed` bytes of deflate can hold `bytes`, and that those can be allocated now. The error is the rest of a sentence, too.
pub(crate) fn expect_unpacked(bytes: u64, packed: u64) -> Result<(), String> {
    let most = EXPANSION.saturating_mul(packed);
    match bytes <= most {
        true => expect_room(Some(bytes)),
        false => Err(format!("would unpack to {bytes} bytes, and {packed} bytes hold at most {most}")),
    }
}

/// Bytes that the system, or the container this process runs in, can give without swapping; none where it does not say.
fn available() -> Option<u64> {
    let mut system = System::new().ok()?;
    system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
    let machine = system.available_memory();
    let container = system.cgroup_limits().map_or(u64::MAX, |limits| limits.free_memory);
    Some(machine.min(container)).filter(|bytes| *bytes > 0)
}

/// Whether an allocation of this size succeeds: a limit on the process's address space (`ulimit -v`) counts too.
fn can_reserve(bytes: u64) -> bool {
    usize::try_from(bytes).is_ok_and(|bytes| Vec::<u8>::new().try_reserve_exact(bytes).is_ok())
}

/// Resident memory of this process, in bytes; 0 where the system does not say.
pub(crate) fn resident() -> u64 {
    let Ok(mut system) = System::new() else { return 0 };
    let Ok(own) = sysinfo::get_current_pid() else { return 0 };
    let memory = ProcessRefreshKind::nothing().with_memory();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[own]), false, memory);
    system.process(own).map_or(0, |process| process.memory())
}
