# The default of MLFFGEN_WITH_CLANG where pip builds: on if LLVM is there, as who installs a package has not chosen.
find_package(Clang 19.1 QUIET CONFIG)
if(Clang_FOUND)
  find_library(MLFFGEN_LLD_ELF lldELF HINTS ${LLVM_LIBRARY_DIRS} NO_DEFAULT_PATH)
endif()
if(NOT MLFFGEN_LLD_ELF)
  set(MLFFGEN_CLANG_DEFAULT OFF)
  message(WARNING "LLVM and Clang 19 with lld were not found (llvm-19-dev, libclang-19-dev, liblld-19-dev): the package "
                  "runs models on processors and GPUs, but compiles them for GPUs only")
endif()
