// Finds the Vulkan loader at run time, fills the function table, lists the devices, counts validation messages.
// Nothing is linked: a machine without loader or driver gets cvk_no_loader or an empty list.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include "vulkan_objects.h"

static const char *const validation_layer = "VK_LAYER_KHRONOS_validation";

static VKAPI_ATTR VkBool32 VKAPI_CALL count_message(
    VkDebugUtilsMessageSeverityFlagBitsEXT severity, VkDebugUtilsMessageTypeFlagsEXT types,
    const VkDebugUtilsMessengerCallbackDataEXT *data, void *context) {
    (void)severity, (void)types;
    cvk_instance *instance = context;
    // The loader's own remarks about broken drivers on the machine are no fault of this program.
    if (data->pMessageIdName && strcmp(data->pMessageIdName, "Loader Message") == 0) return VK_FALSE;
    if (__atomic_fetch_add(&instance->message_count, 1, __ATOMIC_RELAXED) == 0)
        strncpy(instance->first_message, data->pMessage ? data->pMessage : "", sizeof instance->first_message - 1);
    return VK_FALSE;
}

static bool has_validation_layer(PFN_vkGetInstanceProcAddr find) {
    PFN_vkEnumerateInstanceLayerProperties list =
        (PFN_vkEnumerateInstanceLayerProperties)find(NULL, "vkEnumerateInstanceLayerProperties");
    uint32_t count = 0;
    if (!list || list(&count, NULL) != VK_SUCCESS || count == 0) return false;
    VkLayerProperties *layers = calloc(count, sizeof *layers);
    bool found = false;
    if (layers && list(&count, layers) >= VK_SUCCESS)
        for (uint32_t i = 0; i < count; i++) found = found || strcmp(layers[i].layerName, validation_layer) == 0;
    free(layers);
    return found;
}

static int32_t create_instance(cvk_instance *instance, bool validation) {
    PFN_vkCreateInstance create = (PFN_vkCreateInstance)instance->find(NULL, "vkCreateInstance");
    if (!create) return VK_ERROR_INITIALIZATION_FAILED;
    const VkApplicationInfo application = {
        .sType = VK_STRUCTURE_TYPE_APPLICATION_INFO, .pApplicationName = "coolfusion", .apiVersion = VK_API_VERSION_1_2};
    const VkDebugUtilsMessengerCreateInfoEXT messages = {
        .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
        .messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT | VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
        .messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT | VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT,
        .pfnUserCallback = count_message, .pUserData = instance};
    const char *const extension = VK_EXT_DEBUG_UTILS_EXTENSION_NAME;
    instance->validates = validation && has_validation_layer(instance->find);
    const VkInstanceCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
        .pNext = instance->validates ? &messages : NULL,
        .pApplicationInfo = &application,
        .enabledLayerCount = instance->validates, .ppEnabledLayerNames = &validation_layer,
        .enabledExtensionCount = instance->validates, .ppEnabledExtensionNames = &extension};
    const VkResult result = create(&info, NULL, &instance->handle);
    if (result != VK_SUCCESS || !instance->validates) return result;
    PFN_vkCreateDebugUtilsMessengerEXT listen = (PFN_vkCreateDebugUtilsMessengerEXT)instance->find(
        instance->handle, "vkCreateDebugUtilsMessengerEXT");
    return listen ? listen(instance->handle, &messages, NULL, &instance->messenger) : VK_ERROR_EXTENSION_NOT_PRESENT;
}

static int32_t fill_table(cvk_instance *instance) {
#define VULKAN_FUNCTION(name)                                                                    \
    instance->vk.name = (PFN_vk##name)instance->find(instance->handle, "vk" #name);              \
    if (!instance->vk.name) return VK_ERROR_INCOMPATIBLE_DRIVER;
#include "functions.def"
#undef VULKAN_FUNCTION
    return VK_SUCCESS;
}

static int32_t list_devices(cvk_instance *instance) {
    uint32_t count = 0;
    VkResult result = instance->vk.EnumeratePhysicalDevices(instance->handle, &count, NULL);
    if (result != VK_SUCCESS || count == 0) return result;
    instance->devices = calloc(count, sizeof *instance->devices);
    if (!instance->devices) return VK_ERROR_OUT_OF_HOST_MEMORY;
    result = instance->vk.EnumeratePhysicalDevices(instance->handle, &count, instance->devices);
    if (result == VK_SUCCESS || result == VK_INCOMPLETE) instance->device_count = count;
    return result == VK_INCOMPLETE ? VK_SUCCESS : result;
}

int32_t cvk_instance_open(bool validation, cvk_instance **out) {
    *out = NULL;
    cvk_instance *instance = calloc(1, sizeof *instance);
    if (!instance) return VK_ERROR_OUT_OF_HOST_MEMORY;
    instance->library = dlopen("libvulkan.so.1", RTLD_NOW | RTLD_LOCAL);
    if (instance->library)
        instance->find = (PFN_vkGetInstanceProcAddr)dlsym(instance->library, "vkGetInstanceProcAddr");
    int32_t result = instance->find ? create_instance(instance, validation) : cvk_no_loader;
    if (result == VK_SUCCESS) result = fill_table(instance);
    if (result == VK_SUCCESS) result = list_devices(instance);
    if (result == VK_SUCCESS)
        *out = instance;
    else
        cvk_instance_close(instance);
    return result;
}

void cvk_instance_close(cvk_instance *instance) {
    if (instance->handle && instance->messenger) {
        PFN_vkDestroyDebugUtilsMessengerEXT stop = (PFN_vkDestroyDebugUtilsMessengerEXT)instance->find(
            instance->handle, "vkDestroyDebugUtilsMessengerEXT");
        if (stop) stop(instance->handle, instance->messenger, NULL);
    }
    if (instance->handle && instance->vk.DestroyInstance) instance->vk.DestroyInstance(instance->handle, NULL);
    // The library stays loaded: drivers leave threads and thread-local destructors behind that a dlclose would orphan.
    free(instance->devices);
    free(instance);
}

bool cvk_instance_validates(const cvk_instance *instance) { return instance->validates; }

uint32_t cvk_instance_messages(cvk_instance *instance, char *first, size_t size) {
    if (size > 0) {
        strncpy(first, instance->first_message, size - 1);
        first[size - 1] = 0;
    }
    return __atomic_load_n(&instance->message_count, __ATOMIC_RELAXED);
}

const char *cvk_result_name(int32_t result) {
    switch (result) {
        case VK_SUCCESS: return "VK_SUCCESS";
        case VK_TIMEOUT: return "VK_TIMEOUT";
        case VK_ERROR_OUT_OF_HOST_MEMORY: return "VK_ERROR_OUT_OF_HOST_MEMORY";
        case VK_ERROR_OUT_OF_DEVICE_MEMORY: return "VK_ERROR_OUT_OF_DEVICE_MEMORY";
        case VK_ERROR_INITIALIZATION_FAILED: return "VK_ERROR_INITIALIZATION_FAILED";
        case VK_ERROR_DEVICE_LOST: return "VK_ERROR_DEVICE_LOST";
        case VK_ERROR_MEMORY_MAP_FAILED: return "VK_ERROR_MEMORY_MAP_FAILED";
        case VK_ERROR_LAYER_NOT_PRESENT: return "VK_ERROR_LAYER_NOT_PRESENT";
        case VK_ERROR_EXTENSION_NOT_PRESENT: return "VK_ERROR_EXTENSION_NOT_PRESENT";
        case VK_ERROR_FEATURE_NOT_PRESENT: return "VK_ERROR_FEATURE_NOT_PRESENT";
        case VK_ERROR_INCOMPATIBLE_DRIVER: return "VK_ERROR_INCOMPATIBLE_DRIVER";
        case VK_ERROR_TOO_MANY_OBJECTS: return "VK_ERROR_TOO_MANY_OBJECTS";
        default: return "a Vulkan error";
    }
}
