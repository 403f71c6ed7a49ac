# Compiles through ccache where it is installed. Included by the presets ahead of the project's own files, so that a
# build without presets stays as the user asked for it.
find_program(MLFFGEN_CCACHE ccache)
mark_as_advanced(MLFFGEN_CCACHE)
if(MLFFGEN_CCACHE)
  foreach(language C CXX)
    if(NOT CMAKE_${language}_COMPILER_LAUNCHER)
      set(CMAKE_${language}_COMPILER_LAUNCHER ${MLFFGEN_CCACHE})
    endif()
  endforeach()
endif()
