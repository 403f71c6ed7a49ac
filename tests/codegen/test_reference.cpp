// Energies and forces of trained models against float64 values computed with their own published code.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "codegen/elaborate/elaborate.h"
#include "codegen/passes/passes.h"
#include "runtime/extxyz.h"
#include "runtime/neighbour_list.h"
#include "samples.h"

using namespace mlffgen;

namespace {

constexpr std::size_t kMostAtoms = 30;
constexpr int kMostFrames = 12;  // of one model: the interpreter is slow

std::filesystem::path reference_folder() {
  const char* const given = std::getenv("MLFFGEN_REFERENCE_DIR");
  return given ? given : "../shared/reference";
}

ir::Sample sample_of(const runtime::Structure& structure, const dsl::ModelSpec& spec) {
  const runtime::NeighbourList list = runtime::build_neighbour_list(structure, spec.cutoff);
  ir::Sample sample;
  for (const int number : structure.atomic_numbers) {
    const auto found = std::find(spec.elements.begin(), spec.elements.end(), number);
    REQUIRE(found != spec.elements.end());
    sample.element.push_back(static_cast<int>(found - spec.elements.begin()));
  }
  for (int i = 0; i < list.n_atoms(); ++i) {
    const auto begin = list.begin[static_cast<std::size_t>(i)], end = list.begin[static_cast<std::size_t>(i) + 1];
    sample.centre.insert(sample.centre.end(), static_cast<std::size_t>(end - begin), i);
  }
  sample.neighbour = list.neighbour;
  sample.displacement = list.displacement;
  sample.reverse = list.reverse;
  return sample;
}

void check_model(const std::string& name) {
  const std::filesystem::path folder = reference_folder() / name;
  if (!std::filesystem::exists(folder / "reference.extxyz")) {
    MESSAGE("skipped: no reference data in " << folder.string() << "; set MLFFGEN_REFERENCE_DIR");
    return;
  }
  const dsl::ModelSpec spec = dsl::load_spec("tests/specs/" + name + ".yaml");
  const auto weights = elaborate::weights_from(dsl::WeightFile::open(folder / "weights.safetensors"));
  const ir::Graph program = elaborate::elaborate(spec, *weights);
  passes::Options options;
  options.radial = passes::RadialForm::inline_;
  const passes::Result result = passes::run_pipeline(program, options);
  runtime::ExtxyzReader reader(folder / "reference.extxyz");
  int checked = 0;
  for (runtime::Frame frame; reader.read(frame) && checked < kMostFrames;) {
    if (frame.structure.positions.size() > kMostAtoms) continue;
    const ir::Sample sample = sample_of(frame.structure, spec);
    double energy = test::energy_of(result.graph, sample);
    for (const int element : sample.element) energy += result.element_energy[static_cast<std::size_t>(element)];
    CAPTURE(name);
    CAPTURE(frame.line);
    REQUIRE(frame.energy.has_value());
    CHECK(test::relative_difference(energy, *frame.energy) < 1e-10);
    const std::vector<test::Vector> forces = test::forces_of(result.graph, sample);
    CHECK(test::relative_difference(forces, frame.forces) < 1e-9);
    ++checked;
  }
  CHECK(checked > 0);
}

}  // namespace

TEST_CASE("painn_ethanol has the energies and forces of SchNetPack") { check_model("painn_ethanol"); }
TEST_CASE("student_427k has the energies and forces of its own code") { check_model("student_427k"); }
TEST_CASE("student_77k has the energies and forces of its own code") { check_model("student_77k"); }
TEST_CASE("student_21k has the energies and forces of its own code") { check_model("student_21k"); }
