# Programs and libraries that run on other distributions (-DMLFFGEN_PORTABLE=ON, scripts/package): what can be is linked
# into them; of the system they need glibc alone. OpenMP stays a library of its own, so that a process has one of it.
find_path(MLFFGEN_FMT_INCLUDE fmt/format.h REQUIRED)
find_library(MLFFGEN_YAML_CPP libyaml-cpp.a REQUIRED)
find_path(MLFFGEN_YAML_CPP_INCLUDE yaml-cpp/yaml.h REQUIRED)
mark_as_advanced(MLFFGEN_FMT_INCLUDE MLFFGEN_YAML_CPP MLFFGEN_YAML_CPP_INCLUDE)

# Debian has no static libfmt. FMT_SHARED, as with the shared one: so ccache knows the objects of other builds.
add_library(mlffgen_portable_fmt STATIC cmake/portable_fmt.cpp)
add_library(fmt::fmt ALIAS mlffgen_portable_fmt)
target_include_directories(mlffgen_portable_fmt SYSTEM PUBLIC ${MLFFGEN_FMT_INCLUDE})
target_compile_definitions(mlffgen_portable_fmt PUBLIC FMT_SHARED PRIVATE FMT_EXPORT)

add_library(yaml-cpp STATIC IMPORTED)
set_target_properties(yaml-cpp PROPERTIES IMPORTED_LOCATION ${MLFFGEN_YAML_CPP}
                      INTERFACE_INCLUDE_DIRECTORIES ${MLFFGEN_YAML_CPP_INCLUDE})

add_link_options($<$<LINK_LANGUAGE:CXX>:-static-libstdc++> -static-libgcc)

execute_process(COMMAND ${CMAKE_CXX_COMPILER} -print-file-name=libgomp.so.1 OUTPUT_VARIABLE gomp
                OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
file(REAL_PATH ${gomp} gomp)
install(FILES ${gomp} DESTINATION lib RENAME libgomp.so.1 COMPONENT library)
