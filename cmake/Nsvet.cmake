# The programs lie in the build tree as they are installed, so that nsvet finds them in both.
set(NSVET_BIN_DIR "${PROJECT_BINARY_DIR}/${CMAKE_INSTALL_BINDIR}")
set(NSVET_LIBEXEC "${CMAKE_INSTALL_LIBEXECDIR}/nsvet")
set(NSVET_LIBEXEC_DIR "${PROJECT_BINARY_DIR}/${NSVET_LIBEXEC}")

function(nsvet_own target)
  target_link_libraries(${target} PRIVATE nsvet_options)
  if(NSVET_TIDY)
    set_target_properties(${target} PROPERTIES CXX_CLANG_TIDY "${NSVET_CLANG_TIDY}")
  endif()
endfunction()

# nsvet_layer(NAME SOURCES file... [DEPENDS target...]): the library nsvet::NAME of one layer.
function(nsvet_layer name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPENDS")
  add_library(nsvet_${name} STATIC ${arg_SOURCES})
  add_library(nsvet::${name} ALIAS nsvet_${name})
  target_include_directories(nsvet_${name} PUBLIC "${PROJECT_SOURCE_DIR}/src")
  target_link_libraries(nsvet_${name} PUBLIC ${arg_DEPENDS})
  nsvet_own(nsvet_${name})
endfunction()

# nsvet_program(NAME KIND probes|bench|guest SOURCES file... DEPENDS target...): a static program
# that also runs in a guest. Its registrations are in its own sources: a static library drops them.
function(nsvet_program name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "KIND" "SOURCES;DEPENDS")
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_DEPENDS})
  nsvet_own(${name})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY
                                           "${NSVET_LIBEXEC_DIR}/${arg_KIND}")
  if(NOT NSVET_SANITIZE)
    target_link_options(${name} PRIVATE -static $<$<CONFIG:Release>:-s> -Wl,--gc-sections)
  endif()
  install(TARGETS ${name} RUNTIME DESTINATION "${NSVET_LIBEXEC}/${arg_KIND}")
endfunction()
