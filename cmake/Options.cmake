# What one may choose, and what every target of ours is compiled with.
option(NSVET_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(NSVET_SANITIZE "Build with AddressSanitizer and UndefinedBehaviorSanitizer" OFF)
option(NSVET_FUZZ "Build for libFuzzer: clang only" OFF)
option(NSVET_TIDY "Run clang-tidy with the compiler" OFF)

add_library(nsvet_options INTERFACE)
target_compile_options(
  nsvet_options INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor
  # GCC 12 sees overlapping copies in std::string where there are none (GCC bug 105651).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
target_include_directories(nsvet_options INTERFACE "${PROJECT_SOURCE_DIR}/src")

# AddressSanitizer cannot be linked statically: a sanitized build runs on this host, not in a guest.
if(NSVET_SANITIZE)
  target_compile_options(
    nsvet_options INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all
    -fno-omit-frame-pointer
    # Instrumented std::regex looks uninitialised to GCC 12 (GCC bug 105562).
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_link_options(nsvet_options INTERFACE -fsanitize=address,undefined)
endif()

if(NSVET_FUZZ)
  target_compile_options(nsvet_options INTERFACE -fsanitize=fuzzer-no-link,address,undefined
                                                 -fno-sanitize-recover=all)
  target_link_options(nsvet_options INTERFACE -fsanitize=address,undefined)
endif()

if(NSVET_TIDY)
  # Clang 14, Debian 12's default, cannot parse the ranges of GCC 12's library.
  find_program(NSVET_CLANG_TIDY NAMES clang-tidy-16 REQUIRED)
endif()
