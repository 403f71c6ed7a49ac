// save_models FOLDER: writes the models of these tests for a build without LLVM (scripts/package).
#include <string>

#include "base/files.h"
#include "tests/cuda_model/small_models.h"

int main(int argc, char** argv) {
  using namespace mlffgen;
  if (argc != 2) return 2;
  const auto save = [&](const runtime::Bundle& bundle, const std::string& file) {
    std::vector<runtime::BundleSection> sections;
    for (const std::string& name : bundle.names()) sections.push_back({name, std::string(bundle.text(name))});
    runtime::Bundle::write(argv[1] + file, sections);
  };
  save(test::small_bundle(false), "/small-float.mlff");
  save(test::small_bundle(true), "/small-double.mlff");
  save(test::wide_bundle(), "/wide-float.mlff");
  save(test::broad_bundle(), "/broad-float.mlff");
  save(test::forms_bundle(), "/forms-float.mlff");
  return 0;
}
