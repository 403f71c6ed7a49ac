#include "codegen/clang/manifest.h"

#include <doctest/doctest.h>

#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace mlffgen::clang {
namespace {

// The shape of an emitted source: macros, tunables, device functions, two kernels.
const char* const kSource = R"(
#ifdef MLFF_PARSE
#define MLFF_TUNABLE(x) __attribute__((annotate("mlffgen.tunable:" x)))
#else
#define MLFF_TUNABLE(x)
#endif
#ifndef MLFF_TILE
#define MLFF_TILE 8
#endif
MLFF_TUNABLE("4,8,16,32") constexpr int kTile = MLFF_TILE;
MLFF_TUNABLE("0, 1") constexpr bool kSpline = true;
constexpr int kFeatures = 64;
constexpr int kBlock = 128, kMinBlocks = 3;

struct Cell { double rows[9]; };

__device__ inline float reduce(float x) {
  __shared__ float partial[32];
  partial[threadIdx.x / 32] = x;
  __syncthreads();
  return partial[0];
}

template <int N>
__device__ inline void stage(const float* in) {
  __shared__ float staged[N][kTile];
  staged[0][0] = in[0];
}

extern "C" __global__ void __launch_bounds__(kBlock, kMinBlocks)
phase_1(int n_atoms, const int* __restrict__ pair_begin, const double* __restrict__ positions, Cell cell,
        float* __restrict__ b3) {
  extern __shared__ float arena[];
  __shared__ double energy;
  arena[threadIdx.x] = static_cast<float>(positions[pair_begin[n_atoms]] + cell.rows[0]);
  energy = 0.0;
  stage<2>(b3);
  b3[0] = reduce(arena[0]);
}

extern "C" __global__ void phase_0(float* out, const float scale) { out[threadIdx.x] = scale; }
)";

TEST_CASE("kernels come in the order of the text, with launch bounds") {
  const Manifest manifest = parse_manifest(kSource, {});
  REQUIRE(manifest.kernels.size() == 2);
  CHECK(manifest.kernels[0].name == "phase_1");
  CHECK(manifest.kernels[0].max_threads == 128);
  CHECK(manifest.kernels[0].min_blocks == 3);
  CHECK(manifest.kernels[1].name == "phase_0");
  CHECK(manifest.kernels[1].max_threads == 0);
  CHECK(manifest.kernels[1].min_blocks == 0);
}

TEST_CASE("parameters have type, size and qualifiers") {
  const Manifest manifest = parse_manifest(kSource, {});
  REQUIRE(manifest.kernels.size() == 2);
  const std::vector<Parameter> expected = {
      {"n_atoms", "int", false, false, false, 4},
      {"pair_begin", "const int *", true, true, true, 8},
      {"positions", "const double *", true, true, true, 8},
      {"cell", "Cell", false, false, false, 72},
      {"b3", "float *", true, false, true, 8},
  };
  CHECK(manifest.kernels[0].parameters == expected);
  const std::vector<Parameter> plain = {
      {"out", "float *", true, false, false, 8},
      {"scale", "float", false, true, false, 4},
  };
  CHECK(manifest.kernels[1].parameters == plain);
}

TEST_CASE("shared memory includes that of the functions called, and follows the tunables") {
  const std::vector<SharedArray> expected = {
      {"arena", "float[]", 0, true},
      {"energy", "double", 8, false},
      {"staged", "float[2][8]", 64, false},
      {"partial", "float[32]", 128, false},
  };
  CHECK(parse_manifest(kSource, {}).kernels.at(0).shared_arrays == expected);
  const Manifest wide = parse_manifest(kSource, {"MLFF_TILE=16"});
  CHECK(wide.kernels.at(0).shared_arrays.at(2) == SharedArray{"staged", "float[2][16]", 128, false});
  CHECK(wide.kernels.at(1).shared_arrays.empty());
}

TEST_CASE("a tunable has its choices, the define that sets it and its value under the defines") {
  const Manifest manifest = parse_manifest(kSource, {"MLFF_TILE=32"});
  REQUIRE(manifest.tunables.size() == 2);
  CHECK(manifest.tunables[0] == Tunable{"kTile", "MLFF_TILE", 32, {4, 8, 16, 32}});
  CHECK(manifest.tunables[1] == Tunable{"kSpline", "", 1, {0, 1}});
  CHECK(parse_manifest(kSource, {}).tunables.at(0).value == 8);
}

TEST_CASE("a text that does not parse is an internal error with clang's diagnostics") {
  try {
    parse_manifest("extern \"C\" __global__ void k() {\n  undeclared_thing = 1;\n}\n", {});
    FAIL("a broken text was parsed");
  } catch (const InternalError& error) {
    const std::string message = error.what();
    CHECK(message.find("emitted.cu:2:3: error: use of undeclared identifier 'undeclared_thing'") != std::string::npos);
  }
  CHECK_THROWS_AS(parse_manifest("#include <cstdio>\n", {}), InternalError);
  CHECK_THROWS_AS(parse_manifest("#error here\n", {}), InternalError);
  CHECK_THROWS_AS(parse_manifest("__device__ float f() { return host_only(); }", {}), InternalError);
}

TEST_CASE("a malformed tunable is an internal error that names it") {
  const std::string mark = "__attribute__((annotate(\"mlffgen.tunable:";
  CHECK_THROWS_WITH_AS(parse_manifest(mark + "4,x\"))) constexpr int kA = 4;", {}),
                       "internal error: tunable kA: 'x' in its choices \"4,x\" is not an integer", InternalError);
  CHECK_THROWS_AS(parse_manifest(mark + "\"))) constexpr int kA = 4;", {}), InternalError);
  CHECK_THROWS_WITH_AS(parse_manifest(mark + "1\"))) constexpr float kA = 4;", {}),
                       "internal error: tunable kA is not an integer constant", InternalError);
}

TEST_CASE("an empty text has an empty manifest") { CHECK(parse_manifest("", {}) == Manifest{}); }

TEST_CASE("the manifest as JSON holds every field") {
  const nlohmann::json json = parse_manifest(kSource, {});
  CHECK(json["kernels"].size() == 2);
  const nlohmann::json& kernel = json["kernels"][0];
  CHECK(kernel["name"] == "phase_1");
  CHECK(kernel["max_threads"] == 128);
  CHECK(kernel["min_blocks"] == 3);
  CHECK(kernel["parameters"][1] == nlohmann::json{{"name", "pair_begin"},
                                                  {"type", "const int *"},
                                                  {"is_pointer", true},
                                                  {"is_const", true},
                                                  {"is_restrict", true},
                                                  {"bytes", 8}});
  CHECK(kernel["shared_arrays"][0] ==
        nlohmann::json{{"name", "arena"}, {"type", "float[]"}, {"bytes", 0}, {"dynamic", true}});
  CHECK(json["tunables"][0] ==
        nlohmann::json{{"name", "kTile"}, {"define", "MLFF_TILE"}, {"value", 8}, {"choices", {4, 8, 16, 32}}});
}

TEST_CASE("device built-ins that templates use are declared") {
  const char* const source = R"(
extern "C" __global__ void __launch_bounds__(256) k(int n, const float4* __restrict__ in, float* __restrict__ out) {
  const int thread = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (thread >= n) return;
  float4 q = __ldg(in + thread);
  float x = fmaf(q.x, rsqrtf(q.y), expf(-q.z)) + exp(q.w) + fminf(q.x, q.y) + __expf(q.x) + tanhf(q.y);
  for (int offset = 16; offset > 0; offset /= 2) x += __shfl_xor_sync(0xffffffffu, x, offset);
  __syncwarp();
  x += __int_as_float(__float_as_int(x)) + static_cast<float>(max(min(n, 3), 0)) + sqrtf(x) + sinf(x) * cosf(x);
  float s, c;
  sincosf(x, &s, &c);
  asm volatile("bar.sync %0, 128;" ::"r"(1) : "memory");
  float4 made = make_float4(s, c, x, 0.0f);
  atomicAdd(&out[0], made.x);
  __threadfence();
  out[thread] = made.w + static_cast<float>(gridDim.x);
}
)";
  CHECK(parse_manifest(source, {}).kernels.size() == 1);
}

TEST_CASE("a manifest of a large source takes milliseconds") {
  std::string source = kSource;
  for (int i = 0; i < 100; ++i) {
    source += "extern \"C\" __global__ void __launch_bounds__(128) generated_" + std::to_string(i) +
              "(int n, const float* __restrict__ a, float* __restrict__ b) {\n";
    for (int line = 0; line < 18; ++line) source += "  b[threadIdx.x] += a[n] * b[threadIdx.x + 1];\n";
    source += "}\n";
  }
  const auto start = std::chrono::steady_clock::now();
  CHECK(parse_manifest(source, {}).kernels.size() == 102);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::cout << "manifest of 2000 lines: " << seconds.count() * 1e3 << " ms" << std::endl;
  CHECK(seconds.count() < 5.0);
}

}  // namespace
}  // namespace mlffgen::clang
