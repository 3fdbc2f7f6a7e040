# Everything comes from Debian packages (scripts/install names them).
find_package(CLI11 REQUIRED)
find_package(GTest QUIET)
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(LibArchive REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(libbpf REQUIRED IMPORTED_TARGET libbpf)
find_package(nlohmann_json REQUIRED)
find_package(tl-expected REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(RapidJSON REQUIRED)

# Debian ships Google Benchmark as a shared library only, and programs that run in a guest are
# static: scripts/install unpacks Debian's source package here.
set(NSVET_BENCHMARK_SOURCE "${PROJECT_SOURCE_DIR}/third_party/benchmark")
if(NOT EXISTS "${NSVET_BENCHMARK_SOURCE}/CMakeLists.txt")
  message(FATAL_ERROR "Google Benchmark's source is not in third_party/benchmark: run scripts/install")
endif()
set(BENCHMARK_ENABLE_TESTING OFF)
set(BENCHMARK_ENABLE_INSTALL OFF)
set(BENCHMARK_ENABLE_WERROR OFF)
set(BUILD_SHARED_LIBS OFF)
add_subdirectory("${NSVET_BENCHMARK_SOURCE}" "${PROJECT_BINARY_DIR}/third_party/benchmark" SYSTEM
                 EXCLUDE_FROM_ALL)
