// save_models FOLDER: writes the models of these tests for a build without LLVM (scripts/package).
#include <string>

#include "base/files.h"
#include "tests/cuda_model/small_models.h"

int main(int argc, char** argv) {
  using namespace mlffgen;
  if (argc != 2) return 2;
  for (const bool double_precision : {false, true}) {
    const runtime::Bundle bundle = test::small_bundle(double_precision);
    std::vector<runtime::BundleSection> sections;
    for (const std::string& name : bundle.names()) sections.push_back({name, std::string(bundle.text(name))});
    runtime::Bundle::write(std::string(argv[1]) + (double_precision ? "/small-double.mlff" : "/small-float.mlff"),
                           sections);
  }
  return 0;
}
