// Cooperative matrices (VK_KHR_cooperative_matrix): whether a device can multiply F16 by F16 and add in F32, and in which shape.
#include <stdlib.h>
#include "vulkan_objects.h"

/// coopmul.comp takes tiles of 64 x 64, 32 deep, and needs this much shared memory.
enum { tile = 64, depth = 32, shared_bytes = 26624 };

static bool has_features(const cvk_instance *instance, VkPhysicalDevice device) {
    VkPhysicalDeviceSubgroupSizeControlFeatures subgroups = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES};
    VkPhysicalDeviceCooperativeMatrixFeaturesKHR matrices = {
        .sType = (VkStructureType)VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_KHR, .pNext = &subgroups};
    VkPhysicalDeviceVulkan12Features v12 = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES, .pNext = &matrices};
    VkPhysicalDeviceFeatures2 all = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, .pNext = &v12};
    instance->vk.GetPhysicalDeviceFeatures2(device, &all);
    return matrices.cooperativeMatrix && subgroups.computeFullSubgroups && v12.shaderFloat16 && v12.vulkanMemoryModel;
}

static bool fits(const VkCooperativeMatrixPropertiesKHR *p) {
    return p->AType == VK_COMPONENT_TYPE_FLOAT16_KHR && p->BType == VK_COMPONENT_TYPE_FLOAT16_KHR &&
           p->CType == VK_COMPONENT_TYPE_FLOAT32_KHR && p->ResultType == VK_COMPONENT_TYPE_FLOAT32_KHR &&
           p->scope == VK_SCOPE_SUBGROUP_KHR && p->MSize > 0 && p->NSize > 0 && p->KSize > 0 && tile % p->MSize == 0 &&
           tile % p->NSize == 0 && depth % p->KSize == 0;
}

/// The largest shape that divides the tile.
void cvk_describe_matrices(const cvk_instance *instance, VkPhysicalDevice device, cvk_device_info *info) {
    if (!cvk_has_extension(instance, device, VK_KHR_COOPERATIVE_MATRIX_EXTENSION_NAME)) return;
    if (!cvk_has_extension(instance, device, VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME)) return;
    if (info->shared_bytes < shared_bytes || !has_features(instance, device)) return;
    PFN_vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR list =
        (PFN_vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR)instance->find(
            instance->handle, "vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR");
    uint32_t count = 0;
    if (!list || list(device, &count, NULL) != VK_SUCCESS || count == 0) return;
    VkCooperativeMatrixPropertiesKHR *shapes = calloc(count, sizeof *shapes);
    for (uint32_t i = 0; shapes && i < count; i++)
        shapes[i].sType = (VkStructureType)VK_STRUCTURE_TYPE_COOPERATIVE_MATRIX_PROPERTIES_KHR;
    if (shapes && list(device, &count, shapes) >= VK_SUCCESS) {
        for (uint32_t i = 0; i < count; i++) {
            const VkCooperativeMatrixPropertiesKHR *p = &shapes[i];
            if (!fits(p) || p->MSize * p->NSize * p->KSize <= info->matrix[0] * info->matrix[1] * info->matrix[2]) continue;
            info->matrix[0] = p->MSize;
            info->matrix[1] = p->NSize;
            info->matrix[2] = p->KSize;
        }
    }
    free(shapes);
}
