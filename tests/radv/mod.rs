//! AMD's compiler without a card: Mesa's Vulkan driver opens a device for the generation that `RADV_FORCE_FAMILY` names, which
//! compiles pipelines and runs nothing. Mesa 22.3 knows the variable, Mesa 26 no longer does.

use ash::{ext, khr, vk};
use serde::{Deserialize, Serialize};
use std::{ffi::CStr, fs, path::PathBuf};
use wgvae::gpu::{Access, Spec};

/// What the driver says of a compiled kernel.
#[derive(Debug, Serialize, Deserialize)]
pub struct Verdict {
    /// Invocations of a subgroup.
    pub subgroup: u64,
    /// Vector registers of an invocation.
    pub registers: u64,
    /// Registers, vector and scalar, that found no place.
    pub spilled: u64,
    /// Bytes of an invocation that lie in memory for want of registers.
    pub scratch: u64,
    /// Bytes of workgroup memory.
    pub workgroup_bytes: u64,
    /// Subgroups that a SIMD unit holds at a time.
    pub occupancy: u64,
    /// Cycles of a subgroup from start to end, as modelled: a loop is taken to make eight rounds.
    pub latency: u64,
    /// Cycles of a SIMD unit that a subgroup takes up, likewise.
    pub throughput: u64,
}

/// The driver's manifest, where it is installed.
pub fn manifest() -> Option<PathBuf> {
    ["/usr/share", "/usr/local/share", "/etc"]
        .iter()
        .filter_map(|root| fs::read_dir(format!("{root}/vulkan/icd.d")).ok())
        .flat_map(|folder| folder.filter_map(|entry| Some(entry.ok()?.path())))
        .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("radeon_icd.")))
}

/// A device that compiles.
pub struct Compiler {
    statistics: khr::pipeline_executable_properties::Device,
    device: ash::Device,
    instance: ash::Instance,
    _entry: ash::Entry,
}

impl Compiler {
    /// Opens the generation of `RADV_FORCE_FAMILY` with what wgpu enables that changes how shaders compile, or says why not.
    pub fn open() -> Result<Compiler, String> {
        // SAFETY: the loader and its driver are sound; every structure passed to Vulkan here lives until the call returns.
        unsafe {
            let entry = ash::Entry::load().map_err(|error| error.to_string())?;
            let application = vk::ApplicationInfo::default().api_version(vk::API_VERSION_1_3);
            let instance = entry
                .create_instance(&vk::InstanceCreateInfo::default().application_info(&application), None)
                .map_err(|error| error.to_string())?;
            let found = instance.enumerate_physical_devices().map_err(|error| error.to_string())?;
            let imagined = found.into_iter().find(|&physical| {
                let properties = instance.get_physical_device_properties(physical);
                properties.device_name_as_c_str().is_ok_and(|name| name.to_string_lossy().starts_with("Null hardware"))
            });
            let physical = imagined.ok_or("this Mesa compiles for no card that is not there (22.3 does)")?;
            let mut robustness = vk::PhysicalDeviceRobustness2FeaturesEXT::default()
                .robust_buffer_access2(true)
                .robust_image_access2(true);
            let mut executables =
                vk::PhysicalDevicePipelineExecutablePropertiesFeaturesKHR::default().pipeline_executable_info(true);
            let mut sizes = vk::PhysicalDeviceVulkan13Features::default().subgroup_size_control(true);
            let mut features = vk::PhysicalDeviceFeatures2::default()
                .features(vk::PhysicalDeviceFeatures::default().robust_buffer_access(true))
                .push_next(&mut robustness)
                .push_next(&mut executables)
                .push_next(&mut sizes);
            let extensions = [khr::pipeline_executable_properties::NAME, ext::robustness2::NAME].map(CStr::as_ptr);
            let queues = [vk::DeviceQueueCreateInfo::default().queue_priorities(&[1.0])];
            let create =
                vk::DeviceCreateInfo::default().queue_create_infos(&queues).enabled_extension_names(&extensions);
            let device = instance
                .create_device(physical, &create.push_next(&mut features), None)
                .map_err(|error| error.to_string())?;
            let statistics = khr::pipeline_executable_properties::Device::new(&instance, &device);
            Ok(Compiler { statistics, device, instance, _entry: entry })
        }
    }

    /// Compiles the SPIR-V of `spec`, as wgpu has it compiled.
    pub fn compile(&self, spec: &Spec, spirv: &[u32]) -> Result<Verdict, vk::Result> {
        let layouts = [0, 1].map(|group| self.group(spec, group));
        // SAFETY: as in `open`; the pipeline is gone before what it was made of.
        unsafe {
            let module = self.device.create_shader_module(&vk::ShaderModuleCreateInfo::default().code(spirv), None)?;
            let layout = vk::PipelineLayoutCreateInfo::default().set_layouts(&layouts);
            let layout = self.device.create_pipeline_layout(&layout, None)?;
            let stage = vk::PipelineShaderStageCreateInfo::default()
                .flags(vk::PipelineShaderStageCreateFlags::ALLOW_VARYING_SUBGROUP_SIZE) // as wgpu, given subgroups
                .stage(vk::ShaderStageFlags::COMPUTE)
                .module(module)
                .name(c"main");
            let create = vk::ComputePipelineCreateInfo::default()
                .flags(vk::PipelineCreateFlags::CAPTURE_STATISTICS_KHR)
                .stage(stage)
                .layout(layout);
            let pipelines = self.device.create_compute_pipelines(vk::PipelineCache::null(), &[create], None);
            let pipeline = pipelines.map_err(|(_, error)| error)?[0];
            let verdict = self.verdict(pipeline);
            self.device.destroy_pipeline(pipeline, None);
            self.device.destroy_pipeline_layout(layout, None);
            self.device.destroy_shader_module(module, None);
            layouts.into_iter().for_each(|group| self.device.destroy_descriptor_set_layout(group, None));
            verdict
        }
    }

    /// The layout of a group: the record of the step in group 0, arguments and buffers in group 1.
    fn group(&self, spec: &Spec, group: u32) -> vk::DescriptorSetLayout {
        let bound = |binding, kind| {
            vk::DescriptorSetLayoutBinding::default()
                .binding(binding)
                .descriptor_type(kind)
                .descriptor_count(1)
                .stage_flags(vk::ShaderStageFlags::COMPUTE)
        };
        let bindings: Vec<_> = match group {
            0 => vec![bound(0, vk::DescriptorType::UNIFORM_BUFFER_DYNAMIC)],
            _ => [Spec::ARGS.uniform()]
                .iter()
                .chain(&spec.bindings)
                .map(|binding| match binding.access {
                    Access::Uniform => bound(binding.slot.binding, vk::DescriptorType::UNIFORM_BUFFER),
                    Access::Read | Access::ReadWrite => bound(binding.slot.binding, vk::DescriptorType::STORAGE_BUFFER),
                })
                .collect(),
        };
        let create = vk::DescriptorSetLayoutCreateInfo::default().bindings(&bindings);
        // SAFETY: as in `open`.
        unsafe { self.device.create_descriptor_set_layout(&create, None).expect("a layout of a few buffers") }
    }

    /// What the driver says of a pipeline of one stage.
    unsafe fn verdict(&self, pipeline: vk::Pipeline) -> Result<Verdict, vk::Result> {
        let info = vk::PipelineInfoKHR::default().pipeline(pipeline);
        // SAFETY: the caller's pipeline lives, and was created to capture statistics.
        let (executables, statistics) = unsafe {
            let executable = vk::PipelineExecutableInfoKHR::default().pipeline(pipeline).executable_index(0);
            (
                self.statistics.get_pipeline_executable_properties(&info)?,
                self.statistics.get_pipeline_executable_statistics(&executable)?,
            )
        };
        let figure = |name: &str| {
            let named = |statistic: &&vk::PipelineExecutableStatisticKHR| {
                statistic.name_as_c_str().is_ok_and(|found| found.to_bytes() == name.as_bytes())
            };
            let statistic = statistics.iter().find(named).unwrap_or_else(|| panic!("the driver tells no {name}"));
            assert_eq!(statistic.format, vk::PipelineExecutableStatisticFormatKHR::UINT64, "{name}");
            // SAFETY: of this format, the driver filled in this member.
            unsafe { statistic.value.u64 }
        };
        Ok(Verdict {
            subgroup: executables[0].subgroup_size.into(),
            registers: figure("VGPRs"),
            spilled: figure("Spilled VGPRs") + figure("Spilled SGPRs"),
            scratch: figure("Scratch size"),
            workgroup_bytes: figure("LDS size"),
            occupancy: figure("Subgroups per SIMD"),
            latency: figure("Latency"),
            throughput: figure("Inverse Throughput"),
        })
    }
}

impl Drop for Compiler {
    fn drop(&mut self) {
        // SAFETY: all that was made on the device is gone.
        unsafe {
            self.device.destroy_device(None);
            self.instance.destroy_instance(None);
        }
    }
}
