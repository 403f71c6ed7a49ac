#include "runtime/jit/split_kernels.h"

#include <doctest/doctest.h>

using namespace mlffgen::jit;

namespace {

constexpr const char* kSource = R"(#define MLFF_KERNEL(name, ...) extern "C" __global__ void name(__VA_ARGS__)
__device__ float twice(float x) { return 2 * x; }

MLFF_KERNEL(phase_0, float* out) {
  out[threadIdx.x] = twice(1.0f);
}
// Of the second kernel: MLFF_KERNEL(not_this, int)
MLFF_KERNEL(
    phase_1,
    float* out) {
  out[0] = twice(3.0f);
}
)";

}  // namespace

TEST_CASE("each kernel of a source is a text with what stands before all kernels, and with no other kernel") {
  const auto kernels = split_kernels(kSource);
  REQUIRE(kernels.size() == 2);
  CHECK(kernels[0].name == "phase_0");
  CHECK(kernels[1].name == "phase_1");
  for (const auto& kernel : kernels) CHECK(kernel.text.find("float twice(float x)") < kernel.text.find("#line"));
  CHECK(kernels[0].text.find("phase_1") == std::string::npos);
  CHECK(kernels[1].text.find("phase_0") == std::string::npos);
  CHECK(split_kernels("").empty());
  CHECK(split_kernels("#define MLFF_KERNEL(name, ...)\n  MLFF_KERNEL(inside, int)\n").empty());
}
