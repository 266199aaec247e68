// Physical devices described, and one logical device with one compute queue.
#include <stdlib.h>
#include <string.h>
#include "vulkan_objects.h"

uint32_t cvk_compute_family(const cvk_instance *instance, VkPhysicalDevice device) {
    uint32_t count = 0;
    instance->vk.GetPhysicalDeviceQueueFamilyProperties(device, &count, NULL);
    VkQueueFamilyProperties *families = calloc(count, sizeof *families);
    if (!families) return UINT32_MAX;
    instance->vk.GetPhysicalDeviceQueueFamilyProperties(device, &count, families);
    uint32_t found = UINT32_MAX;
    for (uint32_t i = 0; i < count && found == UINT32_MAX; i++)
        if (families[i].queueCount > 0 && families[i].queueFlags & VK_QUEUE_COMPUTE_BIT) found = i;
    free(families);
    return found;
}

uint32_t cvk_device_count(const cvk_instance *instance) { return instance->device_count; }

static cvk_kind kind_of(VkPhysicalDeviceType type) {
    switch (type) {
        case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU: return cvk_discrete;
        case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU: return cvk_integrated;
        case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU: return cvk_virtual;
        case VK_PHYSICAL_DEVICE_TYPE_CPU: return cvk_software;
        default: return cvk_other;
    }
}

static uint32_t smallest(const uint32_t v[3]) {
    const uint32_t least = v[0] < v[1] ? v[0] : v[1];
    return least < v[2] ? least : v[2];
}

bool cvk_has_extension(const cvk_instance *instance, VkPhysicalDevice device, const char *name) {
    uint32_t count = 0;
    if (instance->vk.EnumerateDeviceExtensionProperties(device, NULL, &count, NULL) != VK_SUCCESS || count == 0) return false;
    VkExtensionProperties *all = calloc(count, sizeof *all);
    bool found = false;
    if (all && instance->vk.EnumerateDeviceExtensionProperties(device, NULL, &count, all) >= VK_SUCCESS)
        for (uint32_t i = 0; i < count; i++) found = found || strcmp(all[i].extensionName, name) == 0;
    free(all);
    return found;
}

static uint32_t largest_local_heap(const VkPhysicalDeviceMemoryProperties *memory) {
    uint32_t best = UINT32_MAX;
    for (uint32_t i = 0; i < memory->memoryHeapCount; i++)
        if (memory->memoryHeaps[i].flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT &&
            (best == UINT32_MAX || memory->memoryHeaps[i].size > memory->memoryHeaps[best].size))
            best = i;
    return best;
}

uint64_t cvk_device_available(const cvk_instance *instance, uint32_t index) {
    const VkPhysicalDevice device = instance->devices[index];
    const bool has_budget = cvk_has_extension(instance, device, VK_EXT_MEMORY_BUDGET_EXTENSION_NAME);
    VkPhysicalDeviceMemoryBudgetPropertiesEXT budget = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT};
    VkPhysicalDeviceMemoryProperties2 memory = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2, .pNext = has_budget ? &budget : NULL};
    instance->vk.GetPhysicalDeviceMemoryProperties2(device, &memory);
    const uint32_t heap = largest_local_heap(&memory.memoryProperties);
    if (heap == UINT32_MAX) return 0;
    if (!has_budget) return memory.memoryProperties.memoryHeaps[heap].size;
    return budget.heapBudget[heap] > budget.heapUsage[heap] ? budget.heapBudget[heap] - budget.heapUsage[heap] : 0;
}

/// VK_KHR_shader_integer_dot_product: whether it can be used, and whether the hardware does it.
static void describe_integer_dot(const cvk_instance *instance, VkPhysicalDevice device, cvk_device_info *info) {
    if (!cvk_has_extension(instance, device, VK_KHR_SHADER_INTEGER_DOT_PRODUCT_EXTENSION_NAME)) return;
    VkPhysicalDeviceShaderIntegerDotProductFeaturesKHR feature = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_INTEGER_DOT_PRODUCT_FEATURES_KHR};
    VkPhysicalDeviceFeatures2 features = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, .pNext = &feature};
    instance->vk.GetPhysicalDeviceFeatures2(device, &features);
    VkPhysicalDeviceShaderIntegerDotProductPropertiesKHR property = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_INTEGER_DOT_PRODUCT_PROPERTIES_KHR};
    VkPhysicalDeviceProperties2 properties = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &property};
    instance->vk.GetPhysicalDeviceProperties2(device, &properties);
    info->has_integer_dot = feature.shaderIntegerDotProduct;
    info->has_fast_integer_dot = info->has_integer_dot && property.integerDotProduct4x8BitPackedSignedAccelerated;
}

/// Bytes: the largest allocation, or the largest buffer where VK_KHR_maintenance4 tells it and that is less.
static uint64_t largest_allocation(const cvk_instance *instance, VkPhysicalDevice device) {
    const bool says_buffers = cvk_has_extension(instance, device, VK_KHR_MAINTENANCE_4_EXTENSION_NAME);
    VkPhysicalDeviceMaintenance4Properties buffers = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_4_PROPERTIES, .maxBufferSize = UINT64_MAX};
    VkPhysicalDeviceMaintenance3Properties memory = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES, .pNext = says_buffers ? &buffers : NULL};
    VkPhysicalDeviceProperties2 all = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &memory};
    instance->vk.GetPhysicalDeviceProperties2(device, &all);
    return memory.maxMemoryAllocationSize < buffers.maxBufferSize ? memory.maxMemoryAllocationSize : buffers.maxBufferSize;
}

static void describe_features(const cvk_instance *instance, VkPhysicalDevice device, cvk_device_info *info) {
    VkPhysicalDeviceVulkan12Features v12 = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES};
    VkPhysicalDeviceVulkan11Features v11 = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES, .pNext = &v12};
    VkPhysicalDeviceFeatures2 features = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, .pNext = &v11};
    instance->vk.GetPhysicalDeviceFeatures2(device, &features);
    info->has_addresses = v12.bufferDeviceAddress;
    info->has_16bit_storage = v11.storageBuffer16BitAccess;
}

void cvk_device_describe(const cvk_instance *instance, uint32_t index, cvk_device_info *info) {
    const VkPhysicalDevice device = instance->devices[index];
    VkPhysicalDeviceDriverProperties driver = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES};
    VkPhysicalDeviceProperties2 all = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &driver};
    instance->vk.GetPhysicalDeviceProperties2(device, &all);
    const VkPhysicalDeviceProperties *p = &all.properties;
    memset(info, 0, sizeof *info);
    strncpy(info->name, p->deviceName, sizeof info->name - 1);
    info->kind = kind_of(p->deviceType);
    info->vendor = p->vendorID;
    info->device = p->deviceID;
    info->driver_version = p->driverVersion;
    info->api_version = p->apiVersion;
    memcpy(info->cache_uuid, p->pipelineCacheUUID, sizeof info->cache_uuid);
    info->largest_group = p->limits.maxComputeWorkGroupInvocations;
    info->shared_bytes = p->limits.maxComputeSharedMemorySize;
    info->most_groups = smallest(p->limits.maxComputeWorkGroupCount);
    info->has_compute_queue = cvk_compute_family(instance, device) != UINT32_MAX;
    if (p->apiVersion < VK_API_VERSION_1_2) return;
    strncpy(info->driver, driver.driverName, sizeof info->driver - 1);
    strncat(info->driver, " ", sizeof info->driver - strlen(info->driver) - 1);
    strncat(info->driver, driver.driverInfo, sizeof info->driver - strlen(info->driver) - 1);
    info->largest_allocation = largest_allocation(instance, device);
    describe_features(instance, device, info);
    describe_integer_dot(instance, device, info);
    cvk_describe_matrices(instance, device, info);
    VkPhysicalDeviceMemoryProperties memory;
    instance->vk.GetPhysicalDeviceMemoryProperties(device, &memory);
    const uint32_t heap = largest_local_heap(&memory);
    if (heap != UINT32_MAX) info->local_bytes = memory.memoryHeaps[heap].size;
}

/// `info`: which extensions are wanted.
static int32_t create_device(cvk_device *device, const cvk_device_info *info) {
    const float priority = 1;
    const bool has_matrices = info->matrix[0] > 0;
    const char *extensions[3];
    uint32_t count = 0;
    const VkDeviceQueueCreateInfo queue = {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
        .queueFamilyIndex = device->family, .queueCount = 1, .pQueuePriorities = &priority};
    VkPhysicalDeviceSubgroupSizeControlFeatures subgroups = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES, .computeFullSubgroups = VK_TRUE};
    VkPhysicalDeviceCooperativeMatrixFeaturesKHR matrices = {
        .sType = (VkStructureType)VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_KHR, .pNext = &subgroups,
        .cooperativeMatrix = VK_TRUE};
    VkPhysicalDeviceShaderIntegerDotProductFeaturesKHR dot = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_INTEGER_DOT_PRODUCT_FEATURES_KHR, .shaderIntegerDotProduct = VK_TRUE};
    VkPhysicalDeviceVulkan12Features v12 = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
        .bufferDeviceAddress = VK_TRUE, .shaderFloat16 = has_matrices, .vulkanMemoryModel = has_matrices};
    if (info->has_integer_dot) {
        extensions[count++] = VK_KHR_SHADER_INTEGER_DOT_PRODUCT_EXTENSION_NAME;
        v12.pNext = &dot;
    }
    if (has_matrices) {
        extensions[count++] = VK_KHR_COOPERATIVE_MATRIX_EXTENSION_NAME;
        extensions[count++] = VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME;
        subgroups.pNext = v12.pNext;
        v12.pNext = &matrices;
    }
    VkPhysicalDeviceVulkan11Features v11 = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES,
        .pNext = &v12, .storageBuffer16BitAccess = VK_TRUE};
    const VkDeviceCreateInfo creation = {.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO, .pNext = &v11,
        .queueCreateInfoCount = 1, .pQueueCreateInfos = &queue,
        .enabledExtensionCount = count, .ppEnabledExtensionNames = extensions};
    return device->instance->vk.CreateDevice(device->physical, &creation, NULL, &device->handle);
}

static int32_t create_layout(cvk_device *device) {
    const VkPushConstantRange range = {.stageFlags = VK_SHADER_STAGE_COMPUTE_BIT, .size = cvk_push_bytes};
    const VkPipelineLayoutCreateInfo layout = {.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
        .pushConstantRangeCount = 1, .pPushConstantRanges = &range};
    return device->instance->vk.CreatePipelineLayout(device->handle, &layout, NULL, &device->layout);
}

int32_t cvk_device_open(cvk_instance *instance, uint32_t index, cvk_device **out) {
    *out = NULL;
    cvk_device *device = calloc(1, sizeof *device);
    if (!device) return VK_ERROR_OUT_OF_HOST_MEMORY;
    device->instance = instance;
    device->physical = instance->devices[index];
    instance->vk.GetPhysicalDeviceMemoryProperties(device->physical, &device->memory);
    device->family = cvk_compute_family(instance, device->physical);
    cvk_device_info info;
    cvk_device_describe(instance, index, &info);
    int32_t result = device->family == UINT32_MAX ? VK_ERROR_FEATURE_NOT_PRESENT : create_device(device, &info);
    if (result == VK_SUCCESS) {
        instance->vk.GetDeviceQueue(device->handle, device->family, 0, &device->queue);
        result = create_layout(device);
    }
    if (result == VK_SUCCESS)
        *out = device;
    else
        cvk_device_close(device);
    return result;
}

void cvk_device_close(cvk_device *device) {
    const vulkan_functions *vk = &device->instance->vk;
    if (device->handle) {
        vk->DeviceWaitIdle(device->handle);
        vk->DestroyPipelineLayout(device->handle, device->layout, NULL);
        vk->DestroyDevice(device->handle, NULL);
    }
    free(device);
}
