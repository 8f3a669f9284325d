//! Compiled kernels kept from one process to the next, where the backend gives them out (Vulkan): a file per adapter and driver.

use super::AdapterSummary;
use crate::files::write_atomically;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

const SUM_BYTES: usize = 32;

/// A driver's pipeline cache and the file it was read from.
pub(super) struct PipelineCache {
    cache: wgpu::PipelineCache,
    file: PathBuf,
    /// What the file held; empty where there was none, or one that was damaged.
    found: Vec<u8>,
}

impl PipelineCache {
    /// Reads the file of `adapter`; `None` where the system has no place for caches.
    pub(super) fn open(device: &wgpu::Device, adapter: &AdapterSummary) -> Option<PipelineCache> {
        let file = dirs::cache_dir()?.join("wgvae").join(file_name(adapter));
        let found = read(&file).unwrap_or_default();
        // SAFETY: the checksum says that these are the bytes which `save` got from this function's cache, on this adapter and
        // driver; wgpu looks at their header once more, and the driver starts with nothing where it does not know them.
        let cache = unsafe {
            device.create_pipeline_cache(&wgpu::PipelineCacheDescriptor {
                label: Some("wgvae"),
                data: Some(&found[..]).filter(|data| !data.is_empty()),
                fallback: true,
            })
        };
        Some(PipelineCache { cache, file, found })
    }

    pub(super) fn get(&self) -> &wgpu::PipelineCache {
        &self.cache
    }

    /// Writes what was compiled, unless the file holds it already. A file that cannot be written costs only the next start.
    pub(super) fn save(&self) {
        let Some(data) = self.cache.get_data().filter(|data| *data != self.found) else { return };
        let folder = self.file.parent().expect("a file in a folder of the cache's");
        let content = [&Sha256::digest(&data)[..], &data].concat();
        let _ = std::fs::create_dir_all(folder).is_ok() && write_atomically(&self.file, &content).is_ok();
    }
}

/// What `save` wrote, unless it was damaged since.
fn read(file: &Path) -> Option<Vec<u8>> {
    let content = std::fs::read(file).ok()?;
    let (sum, data) = content.split_at_checked(SUM_BYTES)?;
    (Sha256::digest(data)[..] == *sum).then(|| data.to_vec())
}

fn file_name(adapter: &AdapterSummary) -> String {
    let name = format!("pipelines {} {} {}", adapter.backend, adapter.name, adapter.driver);
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect();
    plain + ".bin"
}
