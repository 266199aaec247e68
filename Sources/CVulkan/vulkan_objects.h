/// What the C files of this target share: the function table and the structs behind the opaque names.
#ifndef VULKAN_OBJECTS_H
#define VULKAN_OBJECTS_H
#define VK_NO_PROTOTYPES
#include <vulkan/vulkan_core.h>
#include "cvulkan.h"

typedef struct vulkan_functions {
#define VULKAN_FUNCTION(name) PFN_vk##name name;
#include "functions.def"
#undef VULKAN_FUNCTION
} vulkan_functions;

struct cvk_instance {
    void *library;
    PFN_vkGetInstanceProcAddr find;
    VkInstance handle;
    VkDebugUtilsMessengerEXT messenger;
    bool validates;
    uint32_t message_count;   ///< counted atomically: layers may call from any thread
    char first_message[1024];
    uint32_t device_count;
    VkPhysicalDevice *devices;
    vulkan_functions vk;
};

struct cvk_device {
    const cvk_instance *instance;
    VkPhysicalDevice physical;
    VkDevice handle;
    VkQueue queue;
    VkPhysicalDeviceMemoryProperties memory;
    uint32_t family;
    VkPipelineLayout layout;
};

struct cvk_cache {
    cvk_device *device;
    VkPipelineCache handle;
};

struct cvk_recorder {
    cvk_device *device;
    VkCommandPool pool;
    VkCommandBuffer commands;
    VkFence fence;
};

struct cvk_pipeline {
    VkPipeline handle;
};

/// VK_KHR_cooperative_matrix, where the headers are older than it (1.3.255). Decided by the Vulkan registry.
#ifndef VK_KHR_cooperative_matrix
#define VK_KHR_COOPERATIVE_MATRIX_EXTENSION_NAME "VK_KHR_cooperative_matrix"
enum { VK_COMPONENT_TYPE_FLOAT16_KHR = 0, VK_COMPONENT_TYPE_FLOAT32_KHR = 1, VK_SCOPE_SUBGROUP_KHR = 3 };
enum {
    VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_KHR = 1000506000,
    VK_STRUCTURE_TYPE_COOPERATIVE_MATRIX_PROPERTIES_KHR = 1000506001,
};
typedef struct VkPhysicalDeviceCooperativeMatrixFeaturesKHR {
    VkStructureType sType;
    void *pNext;
    VkBool32 cooperativeMatrix, cooperativeMatrixRobustBufferAccess;
} VkPhysicalDeviceCooperativeMatrixFeaturesKHR;
typedef struct VkCooperativeMatrixPropertiesKHR {
    VkStructureType sType;
    void *pNext;
    uint32_t MSize, NSize, KSize;
    int32_t AType, BType, CType, ResultType;
    VkBool32 saturatingAccumulation;
    int32_t scope;
} VkCooperativeMatrixPropertiesKHR;
typedef VkResult(VKAPI_PTR *PFN_vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR)(
    VkPhysicalDevice, uint32_t *, VkCooperativeMatrixPropertiesKHR *);
#endif

/// Whether a device has an extension.
bool cvk_has_extension(const cvk_instance *instance, VkPhysicalDevice device, const char *name);
/// The shape of cooperative matrices that info->matrix tells of.
void cvk_describe_matrices(const cvk_instance *instance, VkPhysicalDevice device, cvk_device_info *info);
/// The first queue family that computes, or UINT32_MAX.
uint32_t cvk_compute_family(const cvk_instance *instance, VkPhysicalDevice device);
#endif
