// Whole emitted sources, byte for byte (README.md says how to update them).
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "codegen/driver/targets.h"
#include "codegen/emit/templates.h"
#include "dsl/spec.h"
#include "models.h"
#include "tests/codegen/programs.h"

using namespace mlffgen;
using passes::RadialForm;

namespace {

const std::filesystem::path kFolder = "tests/codegen_emit/golden";

bool updating() { return std::getenv("MLFFGEN_UPDATE_GOLDEN") != nullptr; }

void compare(const std::string& file, const std::string& text) {
  const std::filesystem::path path = kFolder / file;
  if (updating()) {
    std::ofstream(path, std::ios::binary) << text;
    return;
  }
  REQUIRE_MESSAGE(std::filesystem::exists(path), "no golden file ", path.string(),
                  "; run with MLFFGEN_UPDATE_GOLDEN=1");
  const std::string golden = test::read_whole_file(path.string());
  std::size_t at = 0;
  while (at < text.size() && at < golden.size() && text[at] == golden[at]) ++at;
  const bool same = text == golden;
  const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
  CHECK_MESSAGE(same, path.string(), " differs from line ", line,
                " on; if that is meant, run with MLFFGEN_UPDATE_GOLDEN=1");
}

}  // namespace

TEST_CASE("the source of each small model is the golden one") {
  for (const std::string& name : dsl::builtin_architectures()) {
    for (const RadialForm form : test::kBothForms) {
      const test::Scheduled model = test::scheduled_model(name, 8, 2, form);
      const driver::CheckedSource checked = driver::check_source(test::source_of(model, false), model.schedule, false);
      // What comes before the kernels is the same for all models: one file holds it.
      const std::size_t kernels = checked.text.find("MLFF_KERNEL(phase_0");
      REQUIRE(kernels != std::string::npos);
      compare("head.cu", checked.text.substr(0, kernels));
      compare(name + "-" + test::name_of(form) + ".cu", checked.text.substr(kernels));
    }
  }
}

TEST_CASE("the schedule of a PaiNN of one layer is the golden one") {
  const test::Scheduled model = test::scheduled_model("painn-schnetpack", 8, 1, RadialForm::inline_);
  compare("painn-schnetpack-1-layer.schedule", emit::print(model.schedule, model.graph()));
}

TEST_CASE("every golden file belongs to a test") {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) files += entry.is_regular_file() ? 1 : 0;
  CHECK(files == 2 * dsl::builtin_architectures().size() + 2);  // the head, the schedule
}
