// A Vulkan loader for tests that sits before the real one and hands every call on, but lies where the environment says so:
// LOSE_AT=N: from the N-th submission on the device is lost. LOSE_MEMORY_AT=N: from the N-th allocation on, which stands for
// the submissions of a model too large for one. REFUSE_AT=N: from the N-th allocation on there is no memory.
// FAKE_HARDWARE=1: devices call themselves discrete GPUs, and /dev/dri exists. Built as libvulkan.so.1 with
// -DREAL_LOADER="/path/to/libvulkan.so.1" and put in front by LD_PRELOAD.
#define _GNU_SOURCE
#define VK_NO_PROTOTYPES
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vulkan/vulkan_core.h>

static PFN_vkGetInstanceProcAddr real_find;
static PFN_vkQueueSubmit real_submit;
static PFN_vkGetPhysicalDeviceProperties2 real_properties;
static PFN_vkAllocateMemory real_allocate;

static VkResult losing_submit(VkQueue queue, uint32_t count, const VkSubmitInfo *submits, VkFence fence) {
    static int number;
    const char *limit = getenv("LOSE_AT");
    if (limit && __atomic_add_fetch(&number, 1, __ATOMIC_RELAXED) >= atoi(limit)) return VK_ERROR_DEVICE_LOST;
    return real_submit(queue, count, submits, fence);
}

static VkResult refusing_allocate(
    VkDevice device, const VkMemoryAllocateInfo *info, const VkAllocationCallbacks *callbacks, VkDeviceMemory *out) {
    static int count;
    const int number = __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED);
    const char *refused = getenv("REFUSE_AT"), *lost = getenv("LOSE_MEMORY_AT");
    if (refused && number >= atoi(refused)) return VK_ERROR_OUT_OF_DEVICE_MEMORY;
    if (lost && number >= atoi(lost)) return VK_ERROR_DEVICE_LOST;
    return real_allocate(device, info, callbacks, out);
}

static void boasting_properties(VkPhysicalDevice device, VkPhysicalDeviceProperties2 *out) {
    real_properties(device, out);
    if (getenv("FAKE_HARDWARE")) out->properties.deviceType = VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU;
}

int access(const char *path, int mode) {
    if (getenv("FAKE_HARDWARE") && strcmp(path, "/dev/dri") == 0) return 0;
    static int (*real_access)(const char *, int);
    if (!real_access) real_access = (int (*)(const char *, int))dlsym(RTLD_NEXT, "access");
    return real_access(path, mode);
}

PFN_vkVoidFunction vkGetInstanceProcAddr(VkInstance instance, const char *name) {
    if (!real_find) {
        void *real = dlopen(REAL_LOADER, RTLD_NOW | RTLD_LOCAL);
        if (!real) return NULL;
        real_find = (PFN_vkGetInstanceProcAddr)dlsym(real, "vkGetInstanceProcAddr");
    }
    PFN_vkVoidFunction found = real_find(instance, name);
    if (strcmp(name, "vkQueueSubmit") == 0) {
        real_submit = (PFN_vkQueueSubmit)found;
        return (PFN_vkVoidFunction)losing_submit;
    }
    if (strcmp(name, "vkAllocateMemory") == 0) {
        real_allocate = (PFN_vkAllocateMemory)found;
        return (PFN_vkVoidFunction)refusing_allocate;
    }
    if (strcmp(name, "vkGetPhysicalDeviceProperties2") == 0) {
        real_properties = (PFN_vkGetPhysicalDeviceProperties2)found;
        return (PFN_vkVoidFunction)boasting_properties;
    }
    return found;
}
