#include "codegen/clang/lint.h"

#include <doctest/doctest.h>

#include <string>

#include "base/error.h"

namespace mlffgen::clang {
namespace {

std::vector<LintFinding> findings(const std::string& source, const LintOptions& options = {}) {
  return lint(source, {}, options);
}

// The rules found, in the order of lines: "no-double@3 no-atomics@4".
std::string rules(const std::string& source, const LintOptions& options = {}) {
  std::string text;
  for (const LintFinding& finding : findings(source, options)) {
    text += (text.empty() ? "" : " ") + finding.rule + "@" + std::to_string(finding.line);
  }
  return text;
}

// A kernel whose body starts on line 4, after functions that fit on line 1.
std::string kernel(const std::string& body, const std::string& functions = "") {
  return functions +
         "\nextern \"C\" __global__ void __launch_bounds__(128)\n"
         "k(int n, const float* __restrict__ in, const int* __restrict__ index, float* __restrict__ out) {\n" +
         body + "\n}\n";
}

// The shim's thread names and barriers, on one line.
const std::string kShim =
    "__device__ inline int thread() { return threadIdx.x; } "
    "__device__ inline int lane() { return threadIdx.x % 32; } "
    "__device__ inline int team() { return threadIdx.x / 32; } "
    "__device__ inline void block_barrier() { __syncthreads(); } "
    "__device__ inline void team_barrier() { __syncwarp(); } "
    "__device__ inline float team_sum(float x) { return x + __shfl_xor_sync(~0u, x, 1); } ";

const std::string kUnroll = "#pragma unroll\n";

TEST_CASE("a clean kernel has no findings") {
  const std::string source = kernel(
      "__shared__ float tile[128];\n"
      "float acc[4];\n"
      "#pragma unroll\n"
      "for (int i = 0; i < 4; ++i) acc[i] = in[i];\n"
      "tile[lane()] = acc[0] + 1.0f;\n"
      "block_barrier();\n"
      "if (lane() == 0) out[n] = tile[index[n]];",
      kShim);
  CHECK(rules(source, {.allow_double = false, .deterministic = true}).empty());
}

TEST_CASE("a finding names rule, function, line and what is wrong") {
  const std::vector<LintFinding> found =
      findings(kernel("out[0] = half(in[0]);", "__device__ inline float half(float x) { return x * 0.5; }"));
  REQUIRE(found.size() == 1);
  CHECK(found[0].rule == "no-double");
  CHECK(found[0].function == "half");
  CHECK(found[0].line == 1);
  CHECK(!found[0].message.empty());
}

TEST_CASE("a text that does not parse is an internal error") { CHECK_THROWS_AS(findings("nonsense"), InternalError); }

TEST_CASE("no-double: literals, arithmetic, conversions and calls in double are found") {
  CHECK(rules(kernel("out[0] = in[0] * 2.0;")) == "no-double@4");
  CHECK(rules(kernel("double x = n; out[0] = static_cast<float>(x);")) == "no-double@4");
  CHECK(rules(kernel("const double* p = nullptr;\nout[0] = static_cast<float>(p[0]);")) == "no-double@5");
  CHECK(rules(kernel("double* p = nullptr;\np[0] += p[1];\np[2] = -p[3];")) == "no-double@5 no-double@6");
  CHECK(rules(kernel("double* p = nullptr;\np[0] = sqrt(p[1]);")) == "no-double@5");
  CHECK(rules(kernel("double* p = nullptr;\nif (p[0] < p[1]) out[0] = 1.0f;")) == "no-double@5");
}

TEST_CASE("no-double: floats, copies of doubles, sizes and functions never called are not") {
  CHECK(rules(kernel("out[0] = in[0] * 2.0f + expf(in[1]) + static_cast<float>(n);")).empty());
  CHECK(rules(kernel("double* p = nullptr; p[0] = p[1];")).empty());
  CHECK(rules(kernel("out[0] = static_cast<float>(static_cast<int>(sizeof(double)));")).empty());
  CHECK(rules(kernel("out[0] = 1.0f;", "__device__ inline float half(float x) { return x * 0.5; }")).empty());
}

TEST_CASE("no-double: a double build and functions marked for it are exempt") {
  CHECK(rules(kernel("out[0] = in[0] * 2.0;"), {.allow_double = true}).empty());
  CHECK(rules(kernel("out[0] = difference(nullptr);",
                     "__attribute__((annotate(\"mlffgen.double_ok\"))) __device__ inline float difference(const "
                     "double* p) { return static_cast<float>(p[0] - p[1]); }"))
            .empty());
}

TEST_CASE("launch-bounds: a kernel without them is found, one with them is not") {
  CHECK(rules("extern \"C\" __global__ void k(int n) {}") == "launch-bounds@1");
  CHECK(rules("extern \"C\" __global__ void __launch_bounds__(64) k(int n) {}").empty());
}

TEST_CASE("restrict-pointers: every pointer of a kernel, but none of a device function") {
  const std::string head = "extern \"C\" __global__ void __launch_bounds__(64) ";
  CHECK(rules(head + "k(const float* in, float* __restrict__ out) {}") == "restrict-pointers@1");
  CHECK(findings(head + "k(const float* in, int n, float* out) {}").at(0).message.find("in, out") != std::string::npos);
  CHECK(rules(head + "k(const float* __restrict__ in, int n) {}").empty());
  CHECK(rules("__device__ inline void f(float* p) {}\n" + head + "k(float* __restrict__ out) { f(out); }").empty());
}

TEST_CASE("no-atomics: functions, built-ins and assembly are found in deterministic mode only") {
  const LintOptions deterministic{.allow_double = false, .deterministic = true};
  CHECK(rules(kernel("atomicAdd(&out[0], 1.0f);"), deterministic) == "no-atomics@4");
  CHECK(rules(kernel("__atomic_fetch_add(const_cast<int*>(index), 1, 0);"), deterministic) == "no-atomics@4");
  CHECK(rules(kernel("asm volatile(\"red.global.add.f32 [%0], %1;\" ::\"l\"(out), \"f\"(1.0f));"), deterministic) ==
        "no-atomics@4");
  CHECK(rules(kernel("atomicAdd(&out[0], 1.0f);")).empty());
}

TEST_CASE("no-atomics: other assembly and functions marked for it are exempt") {
  const LintOptions deterministic{.allow_double = false, .deterministic = true};
  CHECK(rules(kernel("float x; asm(\"ld.shared.f32 %0, [%1];\" : \"=f\"(x) : \"r\"(n)); out[0] = x;"), deterministic)
            .empty());
  CHECK(rules(kernel("arrive(nullptr);",
                     "__attribute__((annotate(\"mlffgen.atomics_ok\"))) __device__ inline void arrive(unsigned* p) { "
                     "atomicAdd(p, 1u); }"),
              deterministic)
            .empty());
}

TEST_CASE("divergent-barrier: conditions and loops that depend on the thread are found") {
  CHECK(rules(kernel("if (threadIdx.x < 64) __syncthreads();")) == "divergent-barrier@4");
  CHECK(rules(kernel("if (n > 0) {} else if (lane() == 0) { block_barrier(); }", kShim)) == "divergent-barrier@4");
  CHECK(rules(kernel("for (int f = lane(); f < n; f += 32)\nblock_barrier();", kShim)) == "divergent-barrier@5");
  CHECK(rules(kernel("int i = 0;\nwhile (i < thread()) { ++i;\nteam_barrier(); }", kShim)) == "divergent-barrier@6");
  CHECK(rules(kernel("switch (lane()) { case 0: __syncthreads(); }", kShim)) == "divergent-barrier@4");
  CHECK(rules(kernel("int i = 0; do { __syncthreads(); } while (++i < lane());", kShim)) == "divergent-barrier@4");
}

TEST_CASE("divergent-barrier: dependence is followed through variables, memory, calls and assignments") {
  CHECK(rules(kernel("const int t = threadIdx.x; const int row = t / 4;\nif (row == n) __syncthreads();")) ==
        "divergent-barrier@5");
  CHECK(rules(kernel("int found = 0;\nif (lane() == 3) found = 1;\nif (found) __syncthreads();", kShim)) ==
        "divergent-barrier@6");
  CHECK(rules(kernel("if (index[lane()] > 0) __syncthreads();", kShim)) == "divergent-barrier@4");
  CHECK(rules(kernel("if (scaled(lane()) > 0) __syncthreads();",
                     kShim + "__device__ inline int scaled(int x) { int y = 2 * x; return y; }")) ==
        "divergent-barrier@4");
  CHECK(rules(kernel("bool last = false;\nfor (int i = 0; i < n; ++i) {\nif (last) __syncthreads();\n"
                     "last = in[lane()] > 0.0f; }",
                     kShim)) == "divergent-barrier@6");
}

TEST_CASE("divergent-barrier: an early return, break or continue of some threads is found") {
  CHECK(rules(kernel("if (threadIdx.x >= n) return;\n__syncthreads();")) == "divergent-barrier@5");
  CHECK(rules(kernel("for (int i = 0; i < n; ++i) {\nif (lane() == i) continue;\n__syncthreads(); }", kShim)) ==
        "divergent-barrier@6");
  CHECK(rules(kernel("for (int i = 0; i < n; ++i) {\n__syncthreads();\nif (lane() == i) break; }", kShim)) ==
        "divergent-barrier@5");
}

TEST_CASE("divergent-barrier: threads that left a loop are missed in its next turn") {
  CHECK(rules(kernel("while (true) {\n__syncthreads();\nif (in[lane()] > 0.0f) break; }", kShim)) ==
        "divergent-barrier@5");
  CHECK(rules(kernel("while (true) {\n__syncthreads();\nif (in[0] > 0.0f) break; }", kShim)).empty());
}

TEST_CASE("divergent-barrier: a barrier inside a called function counts where it is called") {
  const std::string shim = kShim + "__device__ inline void publish() { block_barrier(); } ";
  CHECK(rules(kernel("if (lane() == 0) publish();", shim)) == "divergent-barrier@4");
  CHECK(rules(kernel("publish();", shim)).empty());
  const std::string guarded = kShim + "\n__device__ inline void maybe(bool yes) { if (yes) block_barrier(); } ";
  CHECK(rules(kernel("maybe(lane() == 0);", guarded)) == "divergent-barrier@2");
  CHECK(rules(kernel("maybe(n == 0);", guarded)).empty());
}

TEST_CASE("divergent-barrier: conditions that all threads share are fine") {
  CHECK(rules(kernel("for (int i = 0; i < n; ++i) { if (index[i] > 0) __syncthreads(); }")).empty());
  CHECK(rules(kernel("if (blockIdx.x > 3) return; __syncthreads();")).empty());
  CHECK(rules(kernel("for (int f = lane(); f < n; f += 32) out[f] = 0.0f; __syncthreads();", kShim)).empty());
  CHECK(rules(kernel("for (int i = 0; i < n; ++i) { for (int j = 0; j < n; ++j) { if (j == lane()) break; } "
                     "__syncthreads(); }",
                     kShim))
            .empty());
  CHECK(rules(kernel("if (thread() == 0) out[0] = 1.0f; else out[1] = in[lane()]; block_barrier();", kShim)).empty());
}

TEST_CASE("divergent-barrier: a team's barrier may depend on the team, a block's may not") {
  const std::string loop = "for (int atom = team(); atom < n; atom += 4)";
  CHECK(rules(kernel(loop + " { team_barrier(); }", kShim)).empty());
  CHECK(rules(kernel(loop + " { block_barrier(); }", kShim)) == "divergent-barrier@4");
  CHECK(rules(kernel("if (team_sum(in[lane()]) > 0.0f) team_barrier();", kShim)).empty());
  CHECK(rules(kernel("if (team_sum(in[lane()]) > 0.0f) block_barrier();", kShim)) == "divergent-barrier@4");
}

TEST_CASE("no-dynamic-local-array: subscripts that are not known are found") {
  CHECK(rules(kernel("float a[4] = {};\nout[0] = a[n];")) == "no-dynamic-local-array@5");
  CHECK(rules(kernel("float a[4];\nfor (int i = 0; i < 4; ++i) a[i] = in[i];\nout[0] = a[0];")) ==
        "no-dynamic-local-array@5");
  CHECK(rules(kernel("float a[4][4];\n" + kUnroll +
                     "for (int i = 0; i < n; ++i) a[0][i] = in[i];\nout[0] = a[0][0];")) == "no-dynamic-local-array@6");
  CHECK(rules(kernel("float a[8];\n#pragma unroll 2\nfor (int i = 0; i < 8; ++i) a[i] = in[i];\nout[0] = a[0];")) ==
        "no-dynamic-local-array@6");
  CHECK(rules(kernel("struct { float v[3]; } s;\ns.v[n] = 0.0f;\nout[0] = s.v[0];")) == "no-dynamic-local-array@5");
  const std::vector<LintFinding> found = findings(kernel("float acc[4] = {}; out[0] = acc[n + 1];"));
  REQUIRE(found.size() == 1);
  CHECK(found[0].message.find("'acc'") != std::string::npos);
  CHECK(found[0].message.find("'n + 1'") != std::string::npos);
}

TEST_CASE("no-dynamic-local-array: constants and unrolled loops are fine") {
  CHECK(rules(kernel("constexpr int kN = 4; float a[kN + 1];\n" + kUnroll +
                     "for (int i = 0; i < kN; ++i) { const int next = i + 1; a[next] = a[i] + a[min(i, 2)]; }\n"
                     "out[0] = a[kN];"))
            .empty());
  CHECK(rules(kernel("float a[4][4];\n" + kUnroll + "for (int i = 0; i < 4; ++i)\n" + kUnroll +
                     "for (int j = i; j < 4; j += 2) a[i][j] = in[j];\nout[0] = a[1][2];"))
            .empty());
  CHECK(rules(kernel("float a[8];\n#pragma unroll 8\nfor (int i = 0; i < 8; ++i) a[i] = in[i];\nout[0] = a[0];"))
            .empty());
  CHECK(rules(kernel("float a[4];\n_Pragma(\"unroll\") for (int i = 3; i >= 0; --i) a[i] = in[i];\nout[0] = a[0];"))
            .empty());
}

TEST_CASE("no-dynamic-local-array: shared and global memory may be subscripted by anything") {
  CHECK(rules(kernel("__shared__ float tile[64]; tile[n] = in[n]; out[index[n]] = tile[index[0]];")).empty());
  CHECK(rules(kernel("const float* row = in + n; out[0] = row[n];")).empty());
  CHECK(rules(kernel("struct { const float* p; } s{in}; out[0] = s.p[n];")).empty());
}

TEST_CASE("no-dynamic-local-array: arrays and subscripts are followed into called functions") {
  const std::string by_reference = "__device__ inline float pick(float (&a)[4], int i) { return a[i]; }";
  CHECK(rules(kernel("float a[4] = {}; out[0] = pick(a, n);", by_reference)) == "no-dynamic-local-array@1");
  CHECK(rules(kernel("float a[4] = {}; out[0] = pick(a, 2);", by_reference)).empty());
  const std::string by_pointer = "__device__ inline float pick(const float* a, int i) { return a[i]; }";
  CHECK(rules(kernel("float a[4] = {}; out[0] = pick(a, n);", by_pointer)) == "no-dynamic-local-array@1");
  CHECK(rules(kernel("out[0] = pick(in, n);", by_pointer)).empty());
  const std::string method =
      "struct Row { float v[4]; __device__ float& operator[](int i) { return v[i]; } __device__ float at(int i) const "
      "{ return v[i]; } };";
  CHECK(rules(kernel("Row row; row[n] = 0.0f; out[0] = row.at(0);", method)) == "no-dynamic-local-array@1");
  CHECK(rules(kernel("Row row; row[1] = 0.0f; out[0] = row.at(0);", method)).empty());
  const std::string recursive_template =
      "template <int N> __device__ inline void fill(float (&a)[N]) { _Pragma(\"unroll\") for (int i = 0; i < N; ++i) "
      "a[i] = 0.0f; }";
  CHECK(rules(kernel("float a[4]; fill(a); out[0] = a[1];", recursive_template)).empty());
}

}  // namespace
}  // namespace mlffgen::clang
