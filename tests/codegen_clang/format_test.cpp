#include "codegen/clang/format.h"

#include <doctest/doctest.h>

#include "base/error.h"

namespace mlffgen::clang {
namespace {

const char* const kUgly = R"(
// A comment that is much longer than the hundred and twenty columns that a line of emitted source may have at most, so that it must be broken.
MLFF_TUNABLE("4,8") constexpr int kTile=MLFF_TILE;
extern "C" __global__ void __launch_bounds__(kBlock,kMinBlocks) phase_0(int n_atoms,const int*__restrict__ pair_begin,const float*__restrict__ positions,float *__restrict__ b3){
#pragma unroll
for(int i=0;i<4;i++){b3[i]=positions[i]*2.0f; /* trailing */ }
if(n_atoms>0)return;
      asm volatile("bar.sync %0, 128;" ::"r"(1):"memory"); }
)";

TEST_CASE("formatting twice changes nothing more") {
  const std::string once = format_source(kUgly);
  CHECK(once != kUgly);
  CHECK(format_source(once) == once);
}

TEST_CASE("no line is longer than 120 columns, and the layout is Google's") {
  const std::string text = format_source(kUgly);
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = text.find('\n', begin);
    REQUIRE(end != std::string::npos);
    CHECK(end - begin <= 120);
    begin = end + 1;
  }
  CHECK(text.find("  for (int i = 0; i < 4; i++) {\n    b3[i] = positions[i] * 2.0f; /* trailing */\n  }\n") !=
        std::string::npos);
  CHECK(text.find("const int* __restrict__ pair_begin") != std::string::npos);
  CHECK(text.find("float* __restrict__ b3") != std::string::npos);
}

TEST_CASE("formatting changes nothing but white space") {
  const auto without_space = [](const std::string& text) {
    std::string out;
    for (const char c : text) {
      if (c != ' ' && c != '\n') out += c;
    }
    return out;
  };
  const std::string source = "int   a ;float b( int x ){return x ;}\n";
  CHECK(without_space(format_source(source)) == without_space(source));
}

TEST_CASE("text that is formatted stays as it is") {
  const std::string tidy = "int f(int x) {\n  return x + 1;\n}\n";
  CHECK(format_source(tidy) == "int f(int x) { return x + 1; }\n");
  CHECK(format_source("int f(int x) { return x + 1; }\n") == "int f(int x) { return x + 1; }\n");
  CHECK(format_source("").empty());
}

TEST_CASE("unbalanced parentheses are an internal error that names the line") {
  CHECK_THROWS_WITH_AS(format_source("int a;\nvoid f() { ) ; }\n"),
                       "internal error: the emitted source cannot be formatted past line 2", InternalError);
}

}  // namespace
}  // namespace mlffgen::clang
