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

/// The first queue family that computes, or UINT32_MAX.
uint32_t cvk_compute_family(const cvk_instance *instance, VkPhysicalDevice device);
#endif
