// Recording into the device's command buffer, submission and waiting.
#include "vulkan_objects.h"

int32_t cvk_begin(cvk_device *device) {
    const vulkan_functions *vk = &device->instance->vk;
    const VkResult result = vk->ResetCommandPool(device->handle, device->pool, 0);
    if (result != VK_SUCCESS) return result;
    const VkCommandBufferBeginInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO, .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT};
    return vk->BeginCommandBuffer(device->commands, &info);
}

void cvk_record_dispatch(cvk_device *device, const cvk_dispatch *d) {
    const vulkan_functions *vk = &device->instance->vk;
    vk->CmdBindPipeline(device->commands, VK_PIPELINE_BIND_POINT_COMPUTE, d->pipeline->handle);
    vk->CmdPushConstants(device->commands, device->layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, d->push_bytes, d->push);
    vk->CmdDispatchBase(device->commands, d->base_x, 0, 0, d->x, d->y, d->z);
}

static void memory_barrier(cvk_device *device, VkPipelineStageFlags after, VkAccessFlags access) {
    const VkMemoryBarrier barrier = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
        .srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT, .dstAccessMask = access};
    device->instance->vk.CmdPipelineBarrier(device->commands,
        VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT, after, 0, 1, &barrier, 0, NULL, 0, NULL);
}

void cvk_barrier(cvk_device *device) {
    memory_barrier(device, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT,
                   VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_READ_BIT |
                       VK_ACCESS_TRANSFER_WRITE_BIT);
}

void cvk_record_copy(cvk_device *device, const cvk_memory *from, uint64_t from_offset, const cvk_memory *to,
                     uint64_t to_offset, uint64_t byte_count) {
    const VkBufferCopy region = {from_offset, to_offset, byte_count};
    device->instance->vk.CmdCopyBuffer(device->commands, (VkBuffer)from->buffer, (VkBuffer)to->buffer, 1, &region);
}

void cvk_record_zero(cvk_device *device, const cvk_memory *memory, uint64_t offset, uint64_t byte_count) {
    device->instance->vk.CmdFillBuffer(device->commands, (VkBuffer)memory->buffer, offset, byte_count, 0);
}

int32_t cvk_submit(cvk_device *device) {
    const vulkan_functions *vk = &device->instance->vk;
    memory_barrier(device, VK_PIPELINE_STAGE_HOST_BIT, VK_ACCESS_HOST_READ_BIT);
    VkResult result = vk->EndCommandBuffer(device->commands);
    if (result != VK_SUCCESS) return result;
    const VkSubmitInfo info = {
        .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO, .commandBufferCount = 1, .pCommandBuffers = &device->commands};
    result = vk->QueueSubmit(device->queue, 1, &info, device->fence);
    if (result != VK_SUCCESS) return result;
    result = vk->WaitForFences(device->handle, 1, &device->fence, VK_TRUE, UINT64_MAX);
    return result != VK_SUCCESS ? result : vk->ResetFences(device->handle, 1, &device->fence);
}
