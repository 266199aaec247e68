// Compute pipelines with one layout for all (push constants only), and the driver's cache of compiled code.
#include <stdlib.h>
#include "vulkan_objects.h"

enum { most_constants = 8 };

int32_t cvk_cache_open(cvk_device *device, const void *bytes, size_t size, cvk_cache **out) {
    *out = NULL;
    const VkPipelineCacheCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO, .initialDataSize = size, .pInitialData = bytes};
    VkPipelineCache handle;
    const VkResult result = device->instance->vk.CreatePipelineCache(device->handle, &info, NULL, &handle);
    if (result != VK_SUCCESS) return result;
    cvk_cache *cache = malloc(sizeof *cache);
    if (cache) *cache = (cvk_cache){device, handle};
    *out = cache;
    return cache ? VK_SUCCESS : VK_ERROR_OUT_OF_HOST_MEMORY;
}

int32_t cvk_cache_save(cvk_cache *cache, void *bytes, size_t *size) {
    return cache->device->instance->vk.GetPipelineCacheData(cache->device->handle, cache->handle, size, bytes);
}

void cvk_cache_close(cvk_cache *cache) {
    cache->device->instance->vk.DestroyPipelineCache(cache->device->handle, cache->handle, NULL);
    free(cache);
}

/// Whether a shader asks for cooperative matrices: its first instructions are what it needs (OpCapability is 17).
static bool uses_matrices(const uint32_t *words, size_t count) {
    for (size_t at = 5; at < count && (words[at] & 0xffff) == 17; at += words[at] >> 16)
        if (words[at + 1] == 6022) return true;
    return false;
}

int32_t cvk_pipeline_create(cvk_cache *cache, const void *spirv, size_t size, const uint32_t *constants, uint32_t count,
                            cvk_pipeline **out) {
    const cvk_device *device = cache->device;
    const vulkan_functions *vk = &device->instance->vk;
    *out = NULL;
    if (count > most_constants) return VK_ERROR_TOO_MANY_OBJECTS;
    const VkShaderModuleCreateInfo code = {
        .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO, .codeSize = size, .pCode = spirv};
    VkShaderModule module;
    VkResult result = vk->CreateShaderModule(device->handle, &code, NULL, &module);
    if (result != VK_SUCCESS) return result;
    VkSpecializationMapEntry entries[most_constants];
    for (uint32_t i = 0; i < count; i++) entries[i] = (VkSpecializationMapEntry){i, 4 * i, 4};
    const VkSpecializationInfo values = {
        .mapEntryCount = count, .pMapEntries = entries, .dataSize = 4 * count, .pData = constants};
    const VkComputePipelineCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
        .flags = VK_PIPELINE_CREATE_DISPATCH_BASE_BIT,
        .stage = {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO, .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                  // Subgroups are numbered, and matrices belong to whole ones.
                  .flags = uses_matrices(spirv, size / 4) ? VK_PIPELINE_SHADER_STAGE_CREATE_REQUIRE_FULL_SUBGROUPS_BIT : 0,
                  .module = module, .pName = "main", .pSpecializationInfo = &values},
        .layout = device->layout};
    VkPipeline pipeline = VK_NULL_HANDLE;
    result = vk->CreateComputePipelines(device->handle, cache->handle, 1, &info, NULL, &pipeline);
    vk->DestroyShaderModule(device->handle, module, NULL);
    if (result != VK_SUCCESS) return result;
    *out = malloc(sizeof **out);
    if (!*out) {
        vk->DestroyPipeline(device->handle, pipeline, NULL);
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    }
    (*out)->handle = pipeline;
    return VK_SUCCESS;
}

void cvk_pipeline_free(cvk_device *device, cvk_pipeline *pipeline) {
    device->instance->vk.DestroyPipeline(device->handle, pipeline->handle, NULL);
    free(pipeline);
}
