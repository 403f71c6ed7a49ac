#include "runtime/cpu_features.h"

#include <algorithm>

namespace mlffgen::runtime {
namespace {

// The compiler's test takes literals only, so that the names it knows are listed here.
std::vector<std::string> present_features() {
  std::vector<std::string> present;
#if defined(__x86_64__)
  __builtin_cpu_init();
#define MLFFGEN_FEATURE(name, own_name) \
  if (__builtin_cpu_supports(own_name)) present.emplace_back(name);
  MLFFGEN_FEATURE("sse3", "sse3")
  MLFFGEN_FEATURE("ssse3", "ssse3")
  MLFFGEN_FEATURE("sse4.1", "sse4.1")
  MLFFGEN_FEATURE("sse4.2", "sse4.2")
  MLFFGEN_FEATURE("popcnt", "popcnt")
  MLFFGEN_FEATURE("cx16", "cmpxchg16b")
  MLFFGEN_FEATURE("sahf", "lahf_lm")
  MLFFGEN_FEATURE("avx", "avx")
  MLFFGEN_FEATURE("avx2", "avx2")
  MLFFGEN_FEATURE("bmi", "bmi")
  MLFFGEN_FEATURE("bmi2", "bmi2")
  MLFFGEN_FEATURE("f16c", "f16c")
  MLFFGEN_FEATURE("fma", "fma")
  MLFFGEN_FEATURE("lzcnt", "lzcnt")
  MLFFGEN_FEATURE("movbe", "movbe")
  MLFFGEN_FEATURE("xsave", "xsave")
  MLFFGEN_FEATURE("avx512f", "avx512f")
  MLFFGEN_FEATURE("avx512bw", "avx512bw")
  MLFFGEN_FEATURE("avx512cd", "avx512cd")
  MLFFGEN_FEATURE("avx512dq", "avx512dq")
  MLFFGEN_FEATURE("avx512vl", "avx512vl")
  MLFFGEN_FEATURE("avx512bf16", "avx512bf16")
  MLFFGEN_FEATURE("avx512ifma", "avx512ifma")
  MLFFGEN_FEATURE("avx512vbmi", "avx512vbmi")
  MLFFGEN_FEATURE("avx512vbmi2", "avx512vbmi2")
  MLFFGEN_FEATURE("avx512vnni", "avx512vnni")
  MLFFGEN_FEATURE("avx512bitalg", "avx512bitalg")
  MLFFGEN_FEATURE("avx512vpopcntdq", "avx512vpopcntdq")
  MLFFGEN_FEATURE("avx512fp16", "avx512fp16")
  MLFFGEN_FEATURE("avxvnni", "avxvnni")
#undef MLFFGEN_FEATURE
  // The base of the architecture; the compiler has no test for what every x86-64 processor has.
  for (const char* base : {"64bit", "cx8", "cmov", "fxsr", "mmx", "sse", "sse2", "x87"}) present.emplace_back(base);
#elif defined(__aarch64__)
  present = {"neon", "fp-armv8"};
#endif
  return present;
}

}  // namespace

std::vector<std::string> missing_cpu_features(const std::vector<std::string>& wanted) {
  static const auto present = present_features();
  std::vector<std::string> missing;
  for (const auto& feature : wanted) {
    if (std::find(present.begin(), present.end(), feature) == present.end()) missing.push_back(feature);
  }
  return missing;
}

}  // namespace mlffgen::runtime
