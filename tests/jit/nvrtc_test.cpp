#include "runtime/jit/nvrtc.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <optional>
#include <thread>

#include "base/error.h"
#include "runtime/jit/environment.h"
#include "runtime/jit/split_kernels.h"

namespace mlffgen::jit {
namespace {

const char* const kSource = R"(
extern "C" __global__ void __launch_bounds__(128, 4)
scale(int n, const float* __restrict__ in, float* __restrict__ out) {
  __shared__ float tile[256];
  tile[threadIdx.x] = in[threadIdx.x] * FACTOR;
  __syncthreads();
  if (threadIdx.x < n) out[threadIdx.x] = expf(tile[(threadIdx.x + n) % 256]);
}
)";

// Bounds that leave 32 registers for 64 values that are all alive.
const char* const kSpilling = R"(
extern "C" __global__ void __launch_bounds__(1024, 2)
crowded(int n, const float* __restrict__ in, float* __restrict__ out) {
  float r[64];
#pragma unroll
  for (int i = 0; i < 64; i++) r[i] = in[i * n + threadIdx.x];
  for (int k = 0; k < n; k++) {
#pragma unroll
    for (int i = 0; i < 64; i++) r[i] = r[i] * r[(i * 7 + 3) % 64] + in[k + i];
  }
#pragma unroll
  for (int i = 0; i < 64; i++) out[i * n + threadIdx.x] = r[i];
}
)";

constexpr int kSkipped = 77;  // what CTest counts as skipped

// NVRTC; where it is missing, ends the program as skipped.
Nvrtc nvrtc() {
  try {
    return Nvrtc();
  } catch (const UserError& error) {
    std::cout << "SKIPPED: " << error.what() << std::endl;
    std::exit(kSkipped);
  }
}

bool is_elf(const Cubin& cubin) {
  return cubin.bytes.size() > 64 && std::memcmp(cubin.bytes.data(), "\177ELF", 4) == 0;
}

CompileOptions with_factor(const std::string& factor) {
  CompileOptions options;
  options.defines = {"FACTOR=" + factor};
  return options;
}

// First, since it needs no NVRTC.
TEST_CASE("the environment variable decides alone which library is used") {
  const std::optional<std::string> before = environment_variable(kNvrtcVariable);
  setenv(kNvrtcVariable, "/nowhere/libnvrtc.so", 1);
  try {
    const Nvrtc found;
    FAIL("a library that does not exist was loaded");
  } catch (const UserError& error) {
    const std::string message = error.what();
    CHECK(message.find("/nowhere/libnvrtc.so") != std::string::npos);
    CHECK(message.find("nvidia-cuda-nvrtc") != std::string::npos);
    CHECK(message.find("MLFFGEN_NVRTC") != std::string::npos);
    CHECK(message.find("libnvrtc.so.13") == std::string::npos);
  }
  before ? setenv(kNvrtcVariable, before->c_str(), 1) : unsetenv(kNvrtcVariable);
  CHECK(environment_variable(kNvrtcVariable) == before);
}

TEST_CASE("a kernel becomes an ELF file and a report for each architecture") {
  const Nvrtc compiler = nvrtc();
  CHECK(compiler.version() >= NvrtcVersion{12, 0});
  const std::vector<std::string> known = compiler.supported_archs();
  CHECK(std::find(known.begin(), known.end(), "sm_90") != known.end());
  int compiled = 0;
  for (const char* arch : {"sm_80", "sm_90", "sm_100"}) {
    CAPTURE(arch);
    if (std::find(known.begin(), known.end(), arch) == known.end()) {
      std::cout << "SKIPPED: this NVRTC does not know " << arch << std::endl;
      continue;
    }
    const Cubin cubin = compiler.compile_cubin(kSource, arch, with_factor("2.0f"));
    ++compiled;
    CHECK(is_elf(cubin));
    CHECK(cubin.arch == arch);
    CHECK(cubin.seconds > 0);
    REQUIRE(cubin.kernels.size() == 1);
    const KernelReport& report = cubin.kernels[0];
    CHECK(report.name == "scale");
    CHECK(report.registers >= 8);
    CHECK(report.registers <= 128);
    CHECK(report.static_shared_bytes == 1024);
    CHECK(report.spill_store_bytes == 0);
    CHECK(report.stack_bytes == 0);
    CHECK(report.barriers == 1);
    CHECK(report.constant_bytes >= 20);  // the arguments at least
  }
  CHECK(compiled > 0);
}

TEST_CASE("a kernel with too few registers is reported as spilling") {
  const Nvrtc compiler = nvrtc();
  const Cubin cubin = compiler.compile_cubin(kSpilling, "sm_90");
  REQUIRE(cubin.kernels.size() == 1);
  CHECK(cubin.kernels[0].registers == 32);
  CHECK(cubin.kernels[0].spill_store_bytes > 0);
  CHECK(cubin.kernels[0].spill_load_bytes > 0);
  CHECK(cubin.kernels[0].stack_bytes > 0);
}

TEST_CASE("the same text and options give the same bytes, other defines give others") {
  const Nvrtc compiler = nvrtc();
  const Cubin first = compiler.compile_cubin(kSource, "sm_90", with_factor("2.0f"));
  CHECK(compiler.compile_cubin(kSource, "sm_90", with_factor("2.0f")).bytes == first.bytes);
  CHECK(compiler.compile_cubin(kSource, "sm_90", with_factor("3.0f")).bytes != first.bytes);
}

TEST_CASE("a kernel cut out of a source compiles alone, and messages have the lines of the whole source") {
  const Nvrtc compiler = nvrtc();
  const std::string source = R"(#define MLFF_KERNEL(name, ...) extern "C" __global__ void name(__VA_ARGS__)
__device__ float twice(float x) { return 2 * x; }
MLFF_KERNEL(phase_0, float* out) {
  out[threadIdx.x] = twice(1.0f);
}
MLFF_KERNEL(phase_1, float* out) {
  out[0] = twice(3.0f);
}
)";
  for (const KernelText& kernel : split_kernels(source)) {
    const Cubin cubin = compiler.compile_cubin(kernel.text, "sm_90");
    REQUIRE(cubin.kernels.size() == 1);
    CHECK(cubin.kernels[0].name == kernel.name);
  }
  std::string faulty = source;
  faulty.replace(faulty.find("twice(3.0f)"), 5, "thrice");
  const auto message = [&](const std::string& text) -> std::string {
    try {
      compiler.compile_cubin(text, "sm_90");
    } catch (const InternalError& error) {
      return error.what();
    }
    return "";
  };
  const std::string whole = message(faulty);
  CHECK(whole.find("emitted.cu(7)") != std::string::npos);
  CHECK(message(split_kernels(faulty)[0].text) == "");
  CHECK(message(split_kernels(faulty)[1].text) == whole);
}

TEST_CASE("line information, C++20 and architecture-specific targets are passed on") {
  const Nvrtc compiler = nvrtc();
  CompileOptions options = with_factor("2.0f");
  const std::size_t plain = compiler.compile_cubin(kSource, "sm_90", options).bytes.size();
  options.line_info = true;
  CHECK(compiler.compile_cubin(kSource, "sm_90", options).bytes.size() > plain);
  options.cpp_standard = 20;
  const std::string concepts = std::string("template <typename T> concept Any = true;\n") + kSource;
  CHECK(is_elf(compiler.compile_cubin(concepts, "sm_90a", options)));
}

TEST_CASE("a text that does not compile is an internal error with the compiler's log") {
  const Nvrtc compiler = nvrtc();
  try {
    compiler.compile_cubin("extern \"C\" __global__ void k() { undeclared_thing = 1; }", "sm_90");
    FAIL("a broken text was compiled");
  } catch (const InternalError& error) {
    const std::string message = error.what();
    CHECK(message.find("does not compile for sm_90") != std::string::npos);
    CHECK(message.find("undeclared_thing") != std::string::npos);
    CHECK(message.find("emitted.cu(1)") != std::string::npos);
  }
}

TEST_CASE("an architecture that NVRTC does not know is a user error that lists those it knows") {
  const Nvrtc compiler = nvrtc();
  for (const char* arch : {"sm_20", "sm_9000", "hopper", "", "a"}) {
    CAPTURE(arch);
    try {
      compiler.compile_cubin(kSource, arch);
      FAIL("an unknown architecture was accepted");
    } catch (const UserError& error) {
      CHECK(std::string(error.what()).find("it knows sm_") != std::string::npos);
      CHECK(std::string(error.what()).find("sm_90") != std::string::npos);
    }
  }
}

TEST_CASE("several threads compile at once and get what one alone gets") {
  const Nvrtc compiler = nvrtc();
  const std::vector<std::string> factors = {"1.0f", "2.0f", "3.0f", "4.0f"};
  std::vector<Cubin> together(factors.size());
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < factors.size(); ++i) {
      threads.emplace_back([&, i] { together[i] = compiler.compile_cubin(kSource, "sm_90", with_factor(factors[i])); });
    }
  }
  for (std::size_t i = 0; i < factors.size(); ++i) {
    CHECK(together[i].bytes == compiler.compile_cubin(kSource, "sm_90", with_factor(factors[i])).bytes);
  }
}

}  // namespace
}  // namespace mlffgen::jit
