// What a caller can mend is said in the host's words, and does no harm.
#include <doctest/doctest.h>

#include <functional>
#include <limits>
#include <string>

#include "base/error.h"
#include "runtime/cuda_model/cuda_model.h"
#include "runtime/host_model.h"
#include "tests/cuda_model/small_models.h"

using namespace mlffgen;
using runtime::Structure;

namespace {

struct Refusal {
  std::string message;
  long long system = -2, atom = -2;
};

Refusal refusal(runtime::Evaluator& model, const std::vector<Structure>& structures) {
  try {
    model.evaluate(structures);
  } catch (const StructureError& error) {
    // The sign of a NaN says nothing.
    std::string message = error.what();
    if (const auto at = message.find("of -nan,"); at != std::string::npos) message.erase(at + 3, 1);
    return {message, error.system(), error.atom()};
  }
  return {"no error"};
}

struct Fault {
  const char* what;
  std::function<void(Structure&)> spoil;
};

const std::vector<Fault>& faults() {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  static const std::vector<Fault> list = {
      {"not a number", [](Structure& s) { s.positions[3][1] = std::nan(""); }},
      {"infinite", [](Structure& s) { s.positions[2][0] = -kInfinity; }},
      {"too far", [](Structure& s) { s.positions[1][2] = 2e9; }},
      {"no atoms", [](Structure& s) { s.positions.clear(), s.atomic_numbers.clear(); }},
      {"lengths differ", [](Structure& s) { s.atomic_numbers.pop_back(); }},
      {"unknown element", [](Structure& s) { s.atomic_numbers[2] = 79; }},
      {"no element", [](Structure& s) { s.atomic_numbers[1] = -4; }},
      {"overlap", [](Structure& s) { s.positions[3] = s.positions[1]; }},
      {"parallel", [](Structure& s) { s.cell[1] = s.cell[0], s.periodic = {true, true, false}; }},
      {"no cell", [](Structure& s) { s.cell = {}, s.periodic = {true, true, true}; }},
      {"infinite cell", [](Structure& s) { s.cell[2][2] = kInfinity, s.periodic = {false, false, true}; }},
      {"overlap with an image", [](Structure& s) {
         s.positions[3] = s.positions[0];
         for (std::size_t d = 0; d < 3; ++d) s.positions[3][d] += s.cell[0][d];
         s.periodic = {true, false, false};
       }}};
  return list;
}

}  // namespace

TEST_CASE("every fault of a structure is refused as on the host, and the next call is good") {
  cuda_model::CudaModel model(test::small_bundle(true));
  runtime::HostModel host(test::small_bundle(true));
  const Structure good = test::molecule(5, 1);
  const runtime::Result expected = model.evaluate({&good, 1})[0];
  for (const Fault& fault : faults()) {
    CAPTURE(std::string(fault.what));
    Structure bad = good;
    fault.spoil(bad);
    for (const std::vector<Structure>& structures :
         {std::vector<Structure>{bad}, std::vector<Structure>{good, bad, good}}) {
      const Refusal found = refusal(model, structures), known = refusal(host, structures);
      CHECK(found.message == known.message);
      CHECK(found.system == known.system);
      CHECK(found.atom == known.atom);
      CHECK(test::same_bits(model.evaluate({&good, 1})[0], expected));
    }
  }
}

TEST_CASE("results that are not finite are refused and name the atom") {
  runtime::Bundle bundle = test::compile_bundle(true);
  std::vector<runtime::BundleSection> sections;
  for (const std::string& name : bundle.names()) {
    std::string text(bundle.text(name));
    // An offset that no energy survives.
    if (name == "constants") text.replace(text.size() - 8, 8, std::string(6, '\0') + "\xf0\x7f");
    sections.push_back({name, text});
  }
  const std::string bytes = runtime::Bundle::serialise(sections);
  const runtime::Bundle broken = runtime::Bundle::parse({bytes.begin(), bytes.end()}, "broken.mlff");
  runtime::HostModel host(broken);
  cuda_model::CudaModel model(broken);
  const std::vector<Structure> structures = {test::molecule(1, 2), test::molecule(4, 1)};
  const Refusal found = refusal(model, structures), known = refusal(host, structures);
  CHECK(found.message != "no error");
  CHECK(found.message == known.message);
  CHECK(found.system == known.system);
  CHECK(found.atom == known.atom);
}

TEST_CASE("options that make no sense are refused") {
  CHECK_THROWS_WITH_AS(cuda_model::CudaModel(test::small_bundle(true), {.skin = -1}),
                       "the skin must be a length of 0 or more, not -1", UserError);
  CHECK_THROWS_AS(cuda_model::CudaModel(test::small_bundle(true), {.device = 99}), UserError);
  CHECK_THROWS_AS(cuda_model::CudaModel(test::small_bundle(true), {.atoms_per_batch = 0}), UserError);
}
