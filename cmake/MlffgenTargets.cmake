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

# mlffgen_gpu_test(NAME LIBRARIES libs... SOURCES files...) makes the doctest program test_NAME and two tests of it: NAME
# on the software GPU of tests/software_gpu, and NAME_gpu on the machine's own, with the label gpu, skipped without one
# (left out with SOFTWARE_ONLY).
function(mlffgen_gpu_test name)
  cmake_parse_arguments(ARG "SOFTWARE_ONLY" "" "LIBRARIES;SOURCES" ${ARGN})
  add_executable(test_${name} ${ARG_SOURCES})
  target_link_libraries(test_${name} PRIVATE mlffgen_warnings mlffgen_gpu_test_main ${ARG_LIBRARIES})
  target_compile_options(test_${name} PRIVATE $<$<CONFIG:RelWithDebInfo>:-O1> $<$<CONFIG:RelWithDebInfo>:-g0>)
  add_dependencies(test_${name} software_cuda software_nvrtc software_nvml)
  add_test(NAME ${name} COMMAND test_${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77 ENVIRONMENT "${MLFFGEN_SOFTWARE_GPU_ENVIRONMENT}")
  if(NOT SOFTWARE_GPU_COMPILER)
    set_tests_properties(${name} PROPERTIES DISABLED ON)
  endif()
  if(NOT ARG_SOFTWARE_ONLY)
    add_test(NAME ${name}_gpu COMMAND test_${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties(${name}_gpu PROPERTIES SKIP_RETURN_CODE 77 LABELS gpu RESOURCE_LOCK gpu)
    mlffgen_packaged_gpu_test(${name} test_${name})
  endif()
endfunction()

# mlffgen_packaged_gpu_test(NAME TARGET arguments...) puts a program into the package of scripts/package, as one of the
# tests of run-gpu-tests there: a status of 77 means skipped. Paths in the arguments are below its folder gpu_tests.
function(mlffgen_packaged_gpu_test name target)
  list(JOIN ARGN " " arguments)
  set_property(GLOBAL APPEND PROPERTY MLFFGEN_GPU_TEST_TARGETS ${target})
  set_property(GLOBAL APPEND PROPERTY MLFFGEN_GPU_TEST_LINES "${name}\t./${target} ${arguments}")
endfunction()

# What a program needs in its environment to run on the software GPU.
set(MLFFGEN_SOFTWARE_GPU_ENVIRONMENT "MLFFGEN_CUDA=$<TARGET_FILE:software_cuda>"
    "MLFFGEN_NVRTC=$<TARGET_FILE:software_nvrtc>" "SOFTWARE_GPU_CACHE=${PROJECT_BINARY_DIR}/software_gpu_kernels"
    "MLFFGEN_CACHE_DIR=${PROJECT_BINARY_DIR}/software_gpu_cache" SOFTWARE_GPU_DEFER=1)

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
