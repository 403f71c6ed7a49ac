#include "codegen/clang/host_compiler.h"

#include <dlfcn.h>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <limits>
#include <thread>
#include <vector>

#include "base/error.h"

namespace mlffgen::clang {
namespace {

// A library loaded from memory, as the runtime loads it.
class Loaded {
 public:
  explicit Loaded(const HostLibrary& library) {
    const int file = memfd_create("mlffgen-host", MFD_CLOEXEC);
    REQUIRE(file >= 0);
    REQUIRE(write(file, library.bytes.data(), library.bytes.size()) == static_cast<ssize_t>(library.bytes.size()));
    handle_ = dlopen(fmt::format("/proc/self/fd/{}", file).c_str(), RTLD_NOW | RTLD_LOCAL);
    close(file);
    if (handle_ == nullptr) FAIL(dlerror());
  }
  ~Loaded() { dlclose(handle_); }
  Loaded(const Loaded&) = delete;
  Loaded& operator=(const Loaded&) = delete;

  template <typename Function>
  Function* function(const char* name) const {
    void* found = dlsym(handle_, name);
    REQUIRE(found != nullptr);
    return reinterpret_cast<Function*>(found);
  }

  bool has(const char* name) const { return dlsym(handle_, name) != nullptr; }

 private:
  void* handle_ = nullptr;
};

HostLibrary compile(const std::string& source, const std::string& cpu = "x86-64-v2") {
  return compile_host(source, {.cpu = cpu, .defines = {}});
}

const char* const kSaxpy = R"(#ifndef MLFF_HOST
#error the host form is asked for
#endif
static inline void saxpy(int n, float a, const float* __restrict__ x, float* __restrict__ y) {
  for (int i = 0; i < n; ++i) y[i] += a * x[i];
}
extern "C" void mlff_host_saxpy(void** arguments, int block, int n_blocks) {
  for (int b = block; b < block + n_blocks; ++b) {
    saxpy(*static_cast<int*>(arguments[0]), *static_cast<float*>(arguments[1]), static_cast<float*>(arguments[2]),
          static_cast<float*>(arguments[3]));
  }
}
)";

TEST_CASE("a compiled loop runs and gives the right numbers, on every level that this machine has") {
  std::vector<std::string> cpus = {"native", "x86-64-v2"};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) cpus.emplace_back("x86-64-v3");
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")) cpus.emplace_back("x86-64-v4");
  for (const std::string& cpu : cpus) {
    CAPTURE(cpu);
    const Loaded loaded(compile(kSaxpy, cpu));
    auto* saxpy = loaded.function<void(void**, int, int)>("mlff_host_saxpy");
    int n = 1003;
    float a = 2.0f;
    std::vector<float> x(1003), y(1003, 1.0f);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i);
    std::array<void*, 4> arguments = {&n, &a, x.data(), y.data()};
    saxpy(arguments.data(), 0, 2);
    bool right = true;
    for (std::size_t i = 0; i < y.size(); ++i) right = right && y[i] == 1.0f + 4.0f * static_cast<float>(i);
    CHECK(right);
  }
}

TEST_CASE("the features that the code may use are named, and depend on the level") {
  const auto has = [](const HostLibrary& library, const char* feature) {
    return std::count(library.required_features.begin(), library.required_features.end(), feature) == 1;
  };
  const HostLibrary v2 = compile(kSaxpy, "x86-64-v2");
  CHECK(v2.cpu == "x86-64-v2");
  CHECK(has(v2, "sse4.2"));
  CHECK_FALSE(has(v2, "avx"));
  const HostLibrary v3 = compile(kSaxpy, "x86-64-v3");
  CHECK(has(v3, "avx2"));
  CHECK(has(v3, "fma"));
  CHECK_FALSE(has(v3, "avx512f"));
  const HostLibrary v4 = compile(kSaxpy, "x86-64-v4");
  for (const char* feature : {"avx2", "fma", "avx512f", "avx512vl", "avx512dq", "avx512bw"}) {
    CAPTURE(feature);
    CHECK(has(v4, feature));
  }
  CHECK(compile(kSaxpy, "native").cpu != "native");
}

TEST_CASE("wider levels use wider registers") {
  // The EVEX prefix 0x62 starts every AVX-512 instruction; scalar and SSE code of this size rarely holds that byte.
  const auto evex = [](const HostLibrary& library) {
    return std::count(library.bytes.begin(), library.bytes.end(), std::byte{0x62});
  };
  CHECK(evex(compile(kSaxpy, "x86-64-v4")) > evex(compile(kSaxpy, "x86-64-v2")) + 4);
}

TEST_CASE("an unknown CPU is a user error that lists the known ones") {
  CHECK_THROWS_WITH_AS(
      compile(kSaxpy, "x86-64-v5"),
      doctest::Contains("unknown CPU 'x86-64-v5': allowed are native, x86-64-v2, x86-64-v3, x86-64-v4"), UserError);
}

TEST_CASE("defines reach the text") {
  const HostLibrary library =
      compile_host("extern \"C\" int answer() { return ANSWER; }", {.cpu = "x86-64-v2", .defines = {"ANSWER=42"}});
  CHECK(Loaded(library).function<int()>("answer")() == 42);
}

TEST_CASE("the library needs no other and exports only what the text makes visible") {
  const std::string source = R"(
struct Big { float v[500]; };
extern "C" void copy(Big* to, const Big* from) { *to = *from; }
extern "C" void clear(Big* to) { *to = Big{}; }
extern "C" void fill(unsigned char* to, int n, int value) {
  for (int i = 0; i < n; ++i) to[i] = static_cast<unsigned char>(value);
}
)";
  const HostLibrary library = compile(source);
  const std::string text(reinterpret_cast<const char*>(library.bytes.data()), library.bytes.size());
  CHECK(text.find("libc.so") == std::string::npos);
  CHECK(text.find("libm.so") == std::string::npos);
  const Loaded loaded(library);
  // Ours would be found here, since dlsym looks into the library only: it is linked to nothing.
  CHECK_FALSE(loaded.has("memcpy"));
  CHECK_FALSE(loaded.has("memset"));
  std::vector<float> from(500, 3.0f), to(500, 1.0f);
  loaded.function<void(float*, const float*)>("copy")(to.data(), from.data());
  CHECK(to == from);
  loaded.function<void(float*)>("clear")(to.data());
  CHECK(to == std::vector<float>(500, 0.0f));
  loaded.function<void(unsigned char*, int, int)>("fill")(reinterpret_cast<unsigned char*>(to.data()), 2000, 7);
  CHECK(reinterpret_cast<const unsigned char*>(to.data())[1999] == 7);
}

TEST_CASE("an undefined symbol is an internal error that names it") {
  const std::string source = R"(
extern "C" float expf(float);
extern "C" float helper_that_nobody_wrote(float);
extern "C" float f(float x) { return expf(x) + helper_that_nobody_wrote(x); }
)";
  CHECK_THROWS_WITH_AS(compile(source), doctest::Contains("expf"), InternalError);
  CHECK_THROWS_WITH_AS(compile(source), doctest::Contains("helper_that_nobody_wrote"), InternalError);
}

TEST_CASE("a text that does not compile is an internal error with clang's diagnostics") {
  CHECK_THROWS_WITH_AS(compile("int f() {\n  return missing;\n}\n"),
                       doctest::Contains("emitted.cpp:2:10: error: use of undeclared identifier 'missing'"),
                       InternalError);
  CHECK_THROWS_AS(compile("#include <cmath>\n"), InternalError);
  CHECK_THROWS_AS(compile("void f() { asm(\"no_such_instruction\"); }"), InternalError);
}

TEST_CASE("square roots are instructions, infinity and not-a-number survive") {
  const Loaded loaded(compile(R"(
extern "C" float root(float x) { return __builtin_sqrtf(x); }
extern "C" int is_nan(float x) { return x != x; }
extern "C" int is_infinite(float x) { return x - x != 0.0f && x == x; }
)"));
  CHECK(loaded.function<float(float)>("root")(9.0f) == 3.0f);
  CHECK(loaded.function<int(float)>("is_nan")(std::numeric_limits<float>::quiet_NaN()) == 1);
  CHECK(loaded.function<int(float)>("is_nan")(1.0f) == 0);
  CHECK(loaded.function<int(float)>("is_infinite")(std::numeric_limits<float>::infinity()) == 1);
  CHECK(loaded.function<int(float)>("is_infinite")(1.0f) == 0);
}

TEST_CASE("loops that vectorise and loops that do not are told apart, with the reason") {
  const std::string source =
      "extern \"C\" float sum(const float* x, int n) {\n"               // 1
      "  float s = 0.0f;\n"                                             // 2
      "  for (int i = 0; i < n; ++i) s += x[i];\n"                      // 3: needs reassociation
      "  return s;\n"                                                   // 4
      "}\n"                                                             // 5
      "extern \"C\" void chain(float* x, int n) {\n"                    // 6
      "  for (int i = 1; i < n; ++i) x[i] = x[i - 1] * x[i] + 1.0f;\n"  // 7: each needs the one before
      "}\n";
  const HostLibrary library = compile(source, "x86-64-v3");
  CHECK(library.vectorised_loops == std::vector<int>{3});
  REQUIRE(!library.scalar_loops.empty());
  for (const VectorRemark& remark : library.scalar_loops) {
    CHECK(remark.line == 7);
    CHECK(!remark.message.empty());
  }
}

TEST_CASE("a loop that vectorises but is not interleaved is not called scalar") {
  const std::string source = R"(
static inline float bounded(float x) {
  const float y = x < -80.0f ? -80.0f : x;
  const float whole = __builtin_floorf(y * 1.4426950f + 0.5f), rest = y - whole * 0.6931472f;
  const int bits = (static_cast<int>(whole) + 127) << 23;
  return (1.0f + rest * (1.0f + rest * (0.5f + rest * 0.1666667f))) * __builtin_bit_cast(float, bits);
}
extern "C" void silu(float* __restrict__ y, const float* __restrict__ x, int n) {
  for (int i = 0; i < n; ++i) y[i] = x[i] / (1.0f + bounded(-x[i]));
}
)";
  const HostLibrary library = compile(source, "x86-64-v4");
  CHECK(library.vectorised_loops == std::vector<int>{9});
  CHECK(library.scalar_loops.empty());
}

TEST_CASE("the same text gives the same bytes, alone or beside other compilations") {
  const HostLibrary alone = compile(kSaxpy);
  std::array<HostLibrary, 3> together;
  {
    std::vector<std::jthread> threads;
    for (HostLibrary& library : together) threads.emplace_back([&library] { library = compile(kSaxpy); });
  }
  for (const HostLibrary& library : together) CHECK(library.bytes == alone.bytes);
}

// About 2000 lines with the shape of emitted phases: message sums and dense chains over feature loops.
std::string large_source() {
  std::string source = "constexpr int kFeatures = 128;\n";
  for (int phase = 0; phase < 40; ++phase) {
    source += fmt::format(
        "static void phase_{}(int n, const int* __restrict__ begin, const int* __restrict__ index,\n"
        "    const float* __restrict__ x, const float* __restrict__ w, float* __restrict__ out) {{\n"
        "  for (int atom = 0; atom < n; ++atom) {{\n    float acc[4][kFeatures] = {{}};\n",
        phase);
    source +=
        "    for (int pair = begin[atom]; pair < begin[atom + 1]; ++pair) {\n"
        "      const float* __restrict__ row = x + index[pair] * kFeatures;\n";
    for (int term = 0; term < 12; ++term) {
      source += fmt::format(
          "      for (int f = 0; f < kFeatures; ++f) {{\n"
          "        acc[{}][f] += row[f] * w[{} + f] * {}.5f;\n      }}\n",
          term % 4, term * 128, term);
    }
    source +=
        "    }\n    for (int o = 0; o < kFeatures; ++o) {\n      float sum = 0.0f;\n"
        "      for (int f = 0; f < kFeatures; ++f) {\n        sum += acc[0][f] * w[o * kFeatures + f];\n      }\n"
        "      out[atom * kFeatures + o] = sum + acc[1][o] + acc[2][o] + acc[3][o];\n    }\n  }\n}\n";
    source += fmt::format(
        "extern \"C\" void mlff_host_phase_{0}(void** a, int block, int n_blocks) {{\n"
        "  phase_{0}(block + n_blocks, (int*)a[0], (int*)a[1], (float*)a[2], (float*)a[3],\n"
        "            (float*)a[4]);\n}}\n",
        phase);
  }
  return source;
}

TEST_CASE("a large source compiles in seconds") {
  const std::string source = large_source();
  const HostLibrary library = compile(source, "native");
  MESSAGE(fmt::format(
      "{} lines: frontend {:.3f} s, backend {:.3f} s, link {:.3f} s, {} bytes, {} loops vectorised, {} "
      "remarks on scalar ones",
      std::count(source.begin(), source.end(), '\n'), library.frontend_seconds, library.backend_seconds,
      library.link_seconds, library.bytes.size(), library.vectorised_loops.size(), library.scalar_loops.size()));
  CHECK(library.frontend_seconds > 0);
  CHECK(library.backend_seconds > 0);
  CHECK(library.link_seconds > 0);
  CHECK(library.frontend_seconds + library.backend_seconds + library.link_seconds < 120);
}

}  // namespace
}  // namespace mlffgen::clang
