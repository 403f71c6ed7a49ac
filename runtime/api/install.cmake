# What users of the library get: libmlffgen.so, its headers and examples, find_package(mlffgen) and pkg-config.
# All of it is relocatable. Component: library.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/mlffgen)
install(TARGETS mlffgen_shared EXPORT mlffgen LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library
        NAMELINK_COMPONENT library)
install(FILES include/mlffgen.h include/mlffgen.hpp DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT library)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/examples/ DESTINATION ${CMAKE_INSTALL_DATADIR}/mlffgen/examples
        COMPONENT library)

install(EXPORT mlffgen FILE mlffgen-targets.cmake NAMESPACE mlffgen:: DESTINATION ${package_dir} COMPONENT library)
configure_package_config_file(mlffgen-config.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/mlffgen-config.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/mlffgen-config-version.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/mlffgen-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/mlffgen-config-version.cmake
        DESTINATION ${package_dir} COMPONENT library)

# The way from the folder of mlffgen.pc to the prefix.
file(RELATIVE_PATH MLFFGEN_PREFIX_FROM_PC /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
configure_file(mlffgen.pc.in ${CMAKE_CURRENT_BINARY_DIR}/mlffgen.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/mlffgen.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT library)
