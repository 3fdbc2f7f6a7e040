# format-check and format-fix: clang-format over every source of ours.
find_program(NSVET_CLANG_FORMAT NAMES clang-format)
if(NSVET_CLANG_FORMAT)
  file(GLOB_RECURSE NSVET_SOURCES CONFIGURE_DEPENDS src/*.h src/*.cpp probes/*.cpp probes/*.h
       bench/*.cpp bench/*.h tests/*.cpp tests/*.h)
  add_custom_target(format-check COMMAND "${NSVET_CLANG_FORMAT}" --dry-run --Werror ${NSVET_SOURCES}
                    VERBATIM)
  add_custom_target(format-fix COMMAND "${NSVET_CLANG_FORMAT}" -i ${NSVET_SOURCES} VERBATIM)
endif()
