// What a cubin's ELF sections tell beyond the log. For this folder only.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace mlffgen::jit {

// Bytes of the constant banks that belong to one kernel (its arguments, and literals that the compiler put there).
// Throws InternalError when the bytes are no 64-bit ELF file with a well-formed section table.
int kernel_constant_bytes(std::span<const std::byte> cubin, const std::string& kernel);

}  // namespace mlffgen::jit
