# Helpers that give every library and test the same flags.

add_library(mlffgen_warnings INTERFACE)
target_compile_options(mlffgen_warnings INTERFACE -Wall -Wextra -Wconversion -Wshadow -Werror)

# mlffgen_library(NAME sources... ) makes the static library mlffgen_NAME with the alias mlffgen::NAME. Includes are
# written from the top folder ("base/error.h"); generated headers are found in the build's own include folder.
function(mlffgen_library name)
  add_library(mlffgen_${name} STATIC ${ARGN})
  add_library(mlffgen::${name} ALIAS mlffgen_${name})
  target_include_directories(mlffgen_${name} PUBLIC ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/include)
  target_link_libraries(mlffgen_${name} PRIVATE mlffgen_warnings)
endfunction()

# mlffgen_test(NAME LIBRARIES libs... SOURCES files...) makes the doctest program test_NAME, run from the top folder.
function(mlffgen_test name)
  cmake_parse_arguments(ARG "" "" "LIBRARIES;SOURCES;LABELS" ${ARGN})
  add_executable(test_${name} ${ARG_SOURCES})
  target_link_libraries(test_${name} PRIVATE mlffgen_warnings mlffgen_test_main ${ARG_LIBRARIES})
  # Tests are large, and their own speed matters little.
  target_compile_options(test_${name} PRIVATE $<$<CONFIG:RelWithDebInfo>:-O1> $<$<CONFIG:RelWithDebInfo>:-g0>)
  add_test(NAME ${name} COMMAND test_${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77)
  if(ARG_LABELS)
    set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}")
  endif()
endfunction()

# mlffgen_embed(NAME HEADER file...) writes HEADER (below the build's include folder) with one std::string_view per
# file, found by file name through mlffgen::embedded::NAME(), so that templates and models stay real files.
function(mlffgen_embed name header)
  set(out ${PROJECT_BINARY_DIR}/include/${header})
  add_custom_command(
    OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DNAME=${name} -DOUT=${out} "-DFILES=${ARGN}" -P ${PROJECT_SOURCE_DIR}/cmake/Embed.cmake
    DEPENDS ${ARGN} ${PROJECT_SOURCE_DIR}/cmake/Embed.cmake
    VERBATIM)
  add_custom_target(mlffgen_embed_${name} DEPENDS ${out})
endfunction()
