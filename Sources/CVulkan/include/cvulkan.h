/// A small door to Vulkan compute: the driver is found at run time, and what Swift sees are plain structs and functions.
///
/// One idea: buffers are reached by device address, so there are no descriptor sets: a dispatch is a pipeline, up to 128
/// bytes of push constants and a number of workgroups. Every function that can fail returns a VkResult (0: success).
/// Callers take turns with one recorder, one cache of pipelines and cvk_submit on one device; the rest may run at once.
/// Needs Vulkan 1.2 with bufferDeviceAddress and
/// storageBuffer16BitAccess. Decided by the Vulkan specification 1.3.
#ifndef CVULKAN_H
#define CVULKAN_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct cvk_instance cvk_instance;
typedef struct cvk_device cvk_device;
typedef struct cvk_pipeline cvk_pipeline;
typedef struct cvk_recorder cvk_recorder;
typedef struct cvk_cache cvk_cache;

enum {
    cvk_push_bytes = 128,
    cvk_no_loader = 1000,   ///< libvulkan.so.1 is not there; no VkResult has this value
    cvk_device_lost = -4,   ///< VK_ERROR_DEVICE_LOST
};

/// In the order in which devices are preferred.
typedef enum cvk_kind { cvk_discrete, cvk_integrated, cvk_virtual, cvk_software, cvk_other } cvk_kind;

/// What is known of a physical device.
typedef struct cvk_device_info {
    char name[256], driver[256];
    cvk_kind kind;
    uint32_t vendor, device, driver_version, api_version;
    uint8_t cache_uuid[16];        ///< pipelines compiled for another value are invalid
    uint64_t local_bytes;          ///< the largest device-local heap
    uint64_t largest_allocation;   ///< bytes of one cvk_memory
    uint32_t largest_group;        ///< invocations per workgroup
    uint32_t shared_bytes;         ///< per workgroup
    uint32_t most_groups;          ///< workgroups per dispatch, the smallest of the three dimensions
    bool has_addresses, has_16bit_storage, has_compute_queue;
    bool has_integer_dot;          ///< VK_KHR_shader_integer_dot_product with its feature
    bool has_fast_integer_dot;     ///< packed signed 4 x 8 bits in hardware
    uint32_t matrix[3];            ///< M, N, K of cooperative matrices, F16 times F16 added to F32 by a subgroup; 0: none
} cvk_device_info;

/// A buffer with its own memory.
typedef struct cvk_memory {
    uint64_t buffer, memory;
    uint64_t address;    ///< as shaders see it
    uint64_t byte_count;
    void *mapped;        ///< NULL where the host cannot see it
} cvk_memory;

/// Finds the loader and makes an instance. With `validation`, messages of the validation layer are counted.
int32_t cvk_instance_open(bool validation, cvk_instance **out);
void cvk_instance_close(cvk_instance *instance);
bool cvk_instance_validates(const cvk_instance *instance);
/// Messages so far; the text of the first is copied into `first`.
uint32_t cvk_instance_messages(cvk_instance *instance, char *first, size_t size);
/// The name of a VkResult, as the specification spells it.
const char *cvk_result_name(int32_t result);

/// Another value for every build of the program or library that holds this code; false where its file cannot be read.
bool cvk_build_digest(uint64_t *out);
/// The digest of any file's bytes, no protection against malice; false where it cannot be read or is empty.
bool cvk_file_digest(const char *path, uint64_t *out);

uint32_t cvk_device_count(const cvk_instance *instance);
/// Bytes that may still be taken from the device's largest local heap: the driver's budget (VK_EXT_memory_budget) less what
/// this process uses, or the heap's size where the driver keeps no budget.
uint64_t cvk_device_available(const cvk_instance *instance, uint32_t index);
void cvk_device_describe(const cvk_instance *instance, uint32_t index, cvk_device_info *info);
int32_t cvk_device_open(cvk_instance *instance, uint32_t index, cvk_device **out);
/// Waits for the device; memory, pipelines, caches and recorders have been freed before.
void cvk_device_close(cvk_device *device);

/// Memory on the device, or with `host_visible` memory both sides see without flushes (mapped until freed); `readback`:
/// the host will read it, so cached memory is preferred.
int32_t cvk_memory_allocate(cvk_device *device, uint64_t byte_count, bool host_visible, bool readback, cvk_memory *out);
void cvk_memory_free(cvk_device *device, cvk_memory *memory);

/// A cache of compiled pipelines from bytes that cvk_cache_save gave, or from nothing.
int32_t cvk_cache_open(cvk_device *device, const void *bytes, size_t size, cvk_cache **out);
/// The cache's bytes; call with bytes NULL for their number.
int32_t cvk_cache_save(cvk_cache *cache, void *bytes, size_t *size);
void cvk_cache_close(cvk_cache *cache);
/// `constants[i]` specialises constant_id i.
int32_t cvk_pipeline_create(cvk_cache *cache, const void *spirv, size_t size, const uint32_t *constants, uint32_t count,
                            cvk_pipeline **out);
void cvk_pipeline_free(cvk_device *device, cvk_pipeline *pipeline);

/// A command buffer and its fence.
int32_t cvk_recorder_open(cvk_device *device, cvk_recorder **out);
void cvk_recorder_close(cvk_recorder *recorder);
/// Starts recording; everything until cvk_submit runs in order of hazards stated by cvk_barrier.
int32_t cvk_begin(cvk_recorder *recorder);
/// A dispatch of workgroups (base_x ..< base_x + x, y, 1) with `push_bytes` bytes of push constants.
typedef struct cvk_dispatch {
    cvk_pipeline *pipeline;
    const void *push;
    uint32_t push_bytes, base_x, x, y;
} cvk_dispatch;
void cvk_record_dispatch(cvk_recorder *recorder, const cvk_dispatch *dispatch);
/// What is recorded after sees what shaders and transfers recorded before wrote.
void cvk_barrier(cvk_recorder *recorder);
void cvk_record_copy(cvk_recorder *recorder, const cvk_memory *from, uint64_t from_offset, const cvk_memory *to,
                     uint64_t to_offset, uint64_t byte_count);
/// Offset and count are multiples of 4.
void cvk_record_zero(cvk_recorder *recorder, const cvk_memory *memory, uint64_t offset, uint64_t byte_count);
/// Submits what was recorded.
int32_t cvk_submit(cvk_recorder *recorder);
/// Waits for the end of what was submitted.
int32_t cvk_wait(cvk_recorder *recorder);
#endif
