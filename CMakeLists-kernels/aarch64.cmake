# For another machine than a 64-bit ARM one: the cross compiler of Debian's gcc-aarch64-linux-gnu, or clang, and the tests under
# qemu-user. cmake -DCMAKE_TOOLCHAIN_FILE=aarch64.cmake [-DCMAKE_C_COMPILER=clang]
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
if(NOT CMAKE_C_COMPILER)
  set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
endif()
set(CMAKE_C_COMPILER_TARGET aarch64-linux-gnu)   # clang's; gcc has only one
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64 -cpu max -L /usr/aarch64-linux-gnu)
