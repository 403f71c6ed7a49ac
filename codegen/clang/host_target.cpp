#include "codegen/clang/host_target.h"

#include <llvm/ADT/StringMap.h>
#include <llvm/TargetParser/Host.h>

#include <array>

#include "base/error.h"
#include "base/text.h"

namespace mlffgen::clang {
namespace {

enum Tier { kTier2, kTier3, kTier4 };

struct Feature {
  const char* name;
  Tier tier;
};

// Ordered so that each feature comes after those that it needs.
constexpr std::array kFeatures = {
    Feature{"sse3", kTier2},     Feature{"ssse3", kTier2},    Feature{"sse4.1", kTier2},   Feature{"sse4.2", kTier2},
    Feature{"popcnt", kTier2},   Feature{"avx", kTier3},      Feature{"avx2", kTier3},     Feature{"fma", kTier3},
    Feature{"avx512f", kTier4},  Feature{"avx512cd", kTier4}, Feature{"avx512bw", kTier4}, Feature{"avx512dq", kTier4},
    Feature{"avx512vl", kTier4},
};

int widest_vectors(const std::vector<std::string>& features) {
  int bits = 128;
  for (const std::string& feature : features) {
    if (feature == "avx2") bits = 256;
    if (feature == "avx512vl") bits = 512;
  }
  return bits;
}

HostTarget named_level(const std::string& name, Tier tier) {
  HostTarget target{name, "generic", {}, 128};
  for (const Feature& feature : kFeatures) {
    if (feature.tier <= tier) target.features.emplace_back(feature.name);
  }
  target.vector_bits = widest_vectors(target.features);
  return target;
}

HostTarget native() {
  const std::string name = llvm::sys::getHostCPUName().str();
  HostTarget target{name, name, {}, 128};
  const llvm::StringMap<bool> present = llvm::sys::getHostCPUFeatures();
  // A tier counts only as a whole: a virtual machine that masks part of AVX-512 gets AVX2 code.
  bool complete = true;
  for (const Tier tier : {kTier2, kTier3, kTier4}) {
    for (const Feature& feature : kFeatures) {
      if (feature.tier == tier) complete = complete && present.lookup(feature.name);
    }
    if (!complete) break;
    for (const Feature& feature : kFeatures) {
      if (feature.tier == tier) target.features.emplace_back(feature.name);
    }
  }
  target.vector_bits = widest_vectors(target.features);
  return target;
}

}  // namespace

HostTarget host_target(const std::string& cpu) {
  if (cpu == "native") return native();
  if (cpu == "x86-64-v2") return named_level(cpu, kTier2);
  if (cpu == "x86-64-v3") return named_level(cpu, kTier3);
  if (cpu == "x86-64-v4") return named_level(cpu, kTier4);
  const std::vector<std::string> allowed = {"native", "x86-64-v2", "x86-64-v3", "x86-64-v4"};
  throw UserError("unknown CPU " + quote(cpu) + ": allowed are " + join(allowed, ", ") + did_you_mean(cpu, allowed));
}

}  // namespace mlffgen::clang
