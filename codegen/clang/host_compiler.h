// The CPU backend: emitted source to native code, by clang and LLVM in this process.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace mlffgen::clang {

struct HostOptions {
  std::string cpu = "native";        // or "x86-64-v2", "x86-64-v3", "x86-64-v4"
  std::vector<std::string> defines;  // "NAME" or "NAME=VALUE"; MLFF_HOST is always defined
};

// A loop of the source that runs one element at a time, and why.
struct VectorRemark {
  int line = 0;  // of the source, from 1
  std::string message;

  bool operator==(const VectorRemark&) const = default;
};

struct HostLibrary {
  std::vector<std::byte> bytes;  // an ELF shared library that needs no other; extern "C" names are visible
  std::string cpu;               // what it is tuned for; for "native", this machine's name
  std::vector<std::string> required_features;  // every feature beyond baseline x86-64 that it may use: check at load
  double frontend_seconds = 0;
  double backend_seconds = 0;  // optimiser and code generation
  double link_seconds = 0;
  std::vector<VectorRemark> scalar_loops;  // by line, one an instance of the loop and reason
  std::vector<int> vectorised_loops;       // their lines, ascending, each once
};

// Compiles one self-contained C++20 text (no headers at all) at O3 with vectorisation. Sums may be reassociated and
// products fused, the sign of zero is not kept; NaN and infinity are. Deterministic for a named CPU. Calls from several
// threads are fine.
// Throws InternalError when the text does not compile (with clang's diagnostics) or leaves a symbol undefined (with its
// name): the text is generated; UserError for an unknown cpu.
HostLibrary compile_host(const std::string& source, const HostOptions& options);

}  // namespace mlffgen::clang
