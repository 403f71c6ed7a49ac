// docs/analytical_gradient.md ends with what explain says of PaiNN, byte for byte.
// MLFFGEN_UPDATE_DOCS=1 in the environment rewrites that part of the file.
#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>

#include "compiled.h"

using namespace mlffgen;
using namespace mlffgen::test;

namespace {
const std::string kFile = "docs/analytical_gradient.md";
const std::string kBegin = "<!-- begin explain: painn-schnetpack, default parameters, untrained weights -->\n";
const std::string kEnd = "<!-- end explain -->\n";
}  // namespace

TEST_CASE("the derivation document is up to date") {
  const std::string text = read_whole_file(kFile);
  const std::size_t begin = text.find(kBegin), end = text.find(kEnd);
  REQUIRE(begin != std::string::npos);
  REQUIRE(end != std::string::npos);
  const std::string before = text.substr(0, begin + kBegin.size());
  const std::string generated = "\n" + compile(spec_of_architecture("painn-schnetpack", "", "painn")).document() + "\n";
  const std::string expected = before + generated + text.substr(end);
  if (std::getenv("MLFFGEN_UPDATE_DOCS") != nullptr && text != expected) {
    std::ofstream(kFile, std::ios::binary) << expected;
    MESSAGE("updated " << kFile);
    return;
  }
  const bool up_to_date = text == expected;
  CHECK_MESSAGE(up_to_date, kFile << " is out of date: run this test with MLFFGEN_UPDATE_DOCS=1");
}
