//! How much memory an adapter has: wgpu does not say, but Vulkan does.

/// Bytes of the largest heap of the adapter's own memory, where its backend tells.
pub(super) fn device_heap(adapter: &wgpu::Adapter) -> Option<u64> {
    #[cfg(target_vendor = "apple")]
    return None;
    #[cfg(not(target_vendor = "apple"))]
    {
        const DEVICE_LOCAL: u32 = 1; // VK_MEMORY_HEAP_DEVICE_LOCAL_BIT
        // SAFETY: the adapter is looked at and not destroyed.
        let vulkan = unsafe { adapter.as_hal::<wgpu::hal::api::Vulkan>() }?;
        let instance = vulkan.shared_instance().raw_instance();
        // SAFETY: the physical device is that of the instance, and both live as long as `vulkan`.
        let memory = unsafe { instance.get_physical_device_memory_properties(vulkan.raw_physical_device()) };
        let heaps = memory.memory_heaps_as_slice().iter();
        heaps.filter(|heap| heap.flags.as_raw() & DEVICE_LOCAL != 0).map(|heap| heap.size).max()
    }
}
