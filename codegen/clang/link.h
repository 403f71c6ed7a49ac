// From an object to a shared library that depends on nothing. For this folder only.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace mlffgen::clang {

// Links one relocatable x86-64 ELF object with lld, in this process. Calls take turns: lld keeps global state. Throws
// InternalError with lld's diagnostics, UserError when the folder for temporary files is not writable.
std::vector<std::byte> link_shared_library(std::string_view object);

}  // namespace mlffgen::clang
