// Buffers with their own memory: on the device, or visible to the host and always mapped.
#include "vulkan_objects.h"

/// The first type of `allowed` with all wanted properties, or UINT32_MAX. Drivers list the faster types first.
static uint32_t find_type(const cvk_device *device, uint32_t allowed, VkMemoryPropertyFlags wanted) {
    for (uint32_t i = 0; i < device->memory.memoryTypeCount; i++)
        if (allowed >> i & 1 && (device->memory.memoryTypes[i].propertyFlags & wanted) == wanted) return i;
    return UINT32_MAX;
}

static uint32_t choose_type(const cvk_device *device, uint32_t allowed, bool host_visible, bool readback) {
    const VkMemoryPropertyFlags seen = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
    uint32_t type = UINT32_MAX;
    if (!host_visible) {
        type = find_type(device, allowed, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT);
        return type != UINT32_MAX ? type : find_type(device, allowed, 0);
    }
    if (readback) type = find_type(device, allowed, seen | VK_MEMORY_PROPERTY_HOST_CACHED_BIT);
    return type != UINT32_MAX ? type : find_type(device, allowed, seen);
}

static int32_t bind_memory(cvk_device *device, bool host_visible, bool readback, cvk_memory *out) {
    const vulkan_functions *vk = &device->instance->vk;
    VkMemoryRequirements needs;
    vk->GetBufferMemoryRequirements(device->handle, (VkBuffer)out->buffer, &needs);
    const uint32_t type = choose_type(device, needs.memoryTypeBits, host_visible, readback);
    if (type == UINT32_MAX) return VK_ERROR_FEATURE_NOT_PRESENT;
    const VkMemoryAllocateFlagsInfo flags = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_FLAGS_INFO, .flags = VK_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT};
    const VkMemoryAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, .pNext = &flags,
        .allocationSize = needs.size, .memoryTypeIndex = type};
    VkDeviceMemory memory;
    VkResult result = vk->AllocateMemory(device->handle, &info, NULL, &memory);
    if (result != VK_SUCCESS) return result;
    out->memory = (uint64_t)memory;
    result = vk->BindBufferMemory(device->handle, (VkBuffer)out->buffer, memory, 0);
    if (result == VK_SUCCESS && host_visible)
        result = vk->MapMemory(device->handle, memory, 0, VK_WHOLE_SIZE, 0, &out->mapped);
    return result;
}

int32_t cvk_memory_allocate(cvk_device *device, uint64_t byte_count, bool host_visible, bool readback, cvk_memory *out) {
    const vulkan_functions *vk = &device->instance->vk;
    *out = (cvk_memory){.byte_count = byte_count};
    const VkBufferCreateInfo info = {.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO, .size = byte_count,
        .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT |
                 VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT};
    VkBuffer buffer;
    int32_t result = vk->CreateBuffer(device->handle, &info, NULL, &buffer);
    if (result != VK_SUCCESS) return result;
    out->buffer = (uint64_t)buffer;
    result = bind_memory(device, host_visible, readback, out);
    if (result != VK_SUCCESS) {
        cvk_memory_free(device, out);
        return result;
    }
    const VkBufferDeviceAddressInfo address = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_DEVICE_ADDRESS_INFO, .buffer = buffer};
    out->address = vk->GetBufferDeviceAddress(device->handle, &address);
    return VK_SUCCESS;
}

void cvk_memory_free(cvk_device *device, cvk_memory *memory) {
    const vulkan_functions *vk = &device->instance->vk;
    vk->DestroyBuffer(device->handle, (VkBuffer)memory->buffer, NULL);
    vk->FreeMemory(device->handle, (VkDeviceMemory)memory->memory, NULL);   // unmaps
    *memory = (cvk_memory){0};
}
