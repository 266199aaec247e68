// A command buffer with its fence: recording, submission and waiting.
#include <stdlib.h>
#include "vulkan_objects.h"

static int32_t create_commands(cvk_recorder *recorder) {
    const cvk_device *device = recorder->device;
    const vulkan_functions *vk = &device->instance->vk;
    const VkCommandPoolCreateInfo pool = {.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
        .flags = VK_COMMAND_POOL_CREATE_TRANSIENT_BIT, .queueFamilyIndex = device->family};
    VkResult result = vk->CreateCommandPool(device->handle, &pool, NULL, &recorder->pool);
    if (result != VK_SUCCESS) return result;
    const VkCommandBufferAllocateInfo commands = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .commandPool = recorder->pool, .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY, .commandBufferCount = 1};
    result = vk->AllocateCommandBuffers(device->handle, &commands, &recorder->commands);
    if (result != VK_SUCCESS) return result;
    const VkFenceCreateInfo fence = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
    return vk->CreateFence(device->handle, &fence, NULL, &recorder->fence);
}

int32_t cvk_recorder_open(cvk_device *device, cvk_recorder **out) {
    *out = NULL;
    cvk_recorder *recorder = calloc(1, sizeof *recorder);
    if (!recorder) return VK_ERROR_OUT_OF_HOST_MEMORY;
    recorder->device = device;
    const int32_t result = create_commands(recorder);
    if (result == VK_SUCCESS)
        *out = recorder;
    else
        cvk_recorder_close(recorder);
    return result;
}

void cvk_recorder_close(cvk_recorder *recorder) {
    const cvk_device *device = recorder->device;
    device->instance->vk.DestroyFence(device->handle, recorder->fence, NULL);
    device->instance->vk.DestroyCommandPool(device->handle, recorder->pool, NULL);
    free(recorder);
}

int32_t cvk_begin(cvk_recorder *recorder) {
    const vulkan_functions *vk = &recorder->device->instance->vk;
    const VkResult result = vk->ResetCommandPool(recorder->device->handle, recorder->pool, 0);
    if (result != VK_SUCCESS) return result;
    const VkCommandBufferBeginInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO, .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT};
    return vk->BeginCommandBuffer(recorder->commands, &info);
}

void cvk_record_dispatch(cvk_recorder *recorder, const cvk_dispatch *d) {
    const vulkan_functions *vk = &recorder->device->instance->vk;
    vk->CmdBindPipeline(recorder->commands, VK_PIPELINE_BIND_POINT_COMPUTE, d->pipeline->handle);
    vk->CmdPushConstants(recorder->commands, recorder->device->layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, d->push_bytes, d->push);
    vk->CmdDispatchBase(recorder->commands, d->base_x, 0, 0, d->x, d->y, 1);
}

static void memory_barrier(cvk_recorder *recorder, VkPipelineStageFlags after, VkAccessFlags access) {
    const VkMemoryBarrier barrier = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
        .srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT, .dstAccessMask = access};
    recorder->device->instance->vk.CmdPipelineBarrier(recorder->commands,
        VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT, after, 0, 1, &barrier, 0, NULL, 0, NULL);
}

void cvk_barrier(cvk_recorder *recorder) {
    memory_barrier(recorder, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT,
                   VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_READ_BIT |
                       VK_ACCESS_TRANSFER_WRITE_BIT);
}

void cvk_record_copy(cvk_recorder *recorder, const cvk_memory *from, uint64_t from_offset, const cvk_memory *to,
                     uint64_t to_offset, uint64_t byte_count) {
    const VkBufferCopy region = {from_offset, to_offset, byte_count};
    recorder->device->instance->vk.CmdCopyBuffer(recorder->commands, (VkBuffer)from->buffer, (VkBuffer)to->buffer, 1, &region);
}

void cvk_record_zero(cvk_recorder *recorder, const cvk_memory *memory, uint64_t offset, uint64_t byte_count) {
    recorder->device->instance->vk.CmdFillBuffer(recorder->commands, (VkBuffer)memory->buffer, offset, byte_count, 0);
}

int32_t cvk_submit(cvk_recorder *recorder) {
    const vulkan_functions *vk = &recorder->device->instance->vk;
    memory_barrier(recorder, VK_PIPELINE_STAGE_HOST_BIT, VK_ACCESS_HOST_READ_BIT);
    VkResult result = vk->EndCommandBuffer(recorder->commands);
    if (result != VK_SUCCESS) return result;
    const VkSubmitInfo info = {
        .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO, .commandBufferCount = 1, .pCommandBuffers = &recorder->commands};
    return vk->QueueSubmit(recorder->device->queue, 1, &info, recorder->fence);
}

int32_t cvk_wait(cvk_recorder *recorder) {
    const vulkan_functions *vk = &recorder->device->instance->vk;
    const VkResult result = vk->WaitForFences(recorder->device->handle, 1, &recorder->fence, VK_TRUE, UINT64_MAX);
    return result != VK_SUCCESS ? result : vk->ResetFences(recorder->device->handle, 1, &recorder->fence);
}
