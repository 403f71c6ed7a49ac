#include "runtime/fingerprint.h"

#include <doctest/doctest.h>

using namespace mlffgen;
using namespace mlffgen::runtime;

namespace {

std::string fingerprint_of(const std::string& source) {
  const std::string bytes = Bundle::serialise({{"source.cu", source}});
  Plan plan;
  plan.forms.emplace_back();
  plan.forms.front().source = "source.cu";
  return fingerprint(Bundle::parse({bytes.begin(), bytes.end()}, "m.mlff"), plan);
}

}  // namespace

TEST_CASE("numbers with a fraction leave a model's fingerprint alone, and all else changes it") {
  const std::string text = "f<128, 3>(row4.x, 0.5f, 1.22e-05f, b1);";
  const std::string print = fingerprint_of(text);
  CHECK(print.size() == 32);
  CHECK(fingerprint_of("f<128, 3>(row4.x, 0.25f, 3.0e+10f, b1);") == print);
  CHECK(fingerprint_of("f<(int)128.0f>(x)") == fingerprint_of("f<(int)192.0f>(x)"));
  CHECK(fingerprint_of("f<64, 3>(row4.x, 0.5f, 1.22e-05f, b1);") != print);
  CHECK(fingerprint_of("f<128, 3>(row4.y, 0.5f, 1.22e-05f, b1);") != print);
  CHECK(fingerprint_of("f<128, 3>(row5.x, 0.5f, 1.22e-05f, b1);") != print);
  CHECK(fingerprint_of("f<128, 3>(row4.x, 0.5f, 1.22e-05f, b2);") != print);
}

TEST_CASE("comments and how lines are broken leave a model's fingerprint alone") {
  const std::string print = fingerprint_of("int a = f(0.5f, b);\n#define X y\n");
  CHECK(fingerprint_of("// What.\nint a = f(\n    0.25f,\n    b);  // why\n#define X y // end") == print);
  CHECK(fingerprint_of("inta = f(0.5f, b);\n#define X y\n") != print);
  CHECK(fingerprint_of("int a = f(0.5f, b) / c;\n#define X y\n") != print);
}

TEST_CASE("a model for processors alone has no fingerprint") {
  const std::string bytes = Bundle::serialise({{"plan", "{}"}});
  Plan plan;
  plan.forms.emplace_back();
  CHECK(fingerprint(Bundle::parse({bytes.begin(), bytes.end()}, "m.mlff"), plan).empty());
}
