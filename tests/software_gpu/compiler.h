// Kernel texts to shared libraries of the host, by g++.
#pragma once

#include <string>
#include <vector>

namespace software_gpu {

struct Compiled {
  bool fine = false;
  std::string log;
  std::string library;  // the bytes
};

// `options` are those of NVRTC; those without a meaning here are passed over.
Compiled compile(const std::string& source, const std::vector<std::string>& options);

// A number that changes with the compiler and with what stands before every kernel text.
int compiler_number();

}  // namespace software_gpu
