#include "runtime/plan.h"

#include <doctest/doctest.h>

#include "base/error.h"

using namespace mlffgen;
using namespace mlffgen::runtime;

namespace {

const std::string kGood = R"({"schema": 2, "generator": "0.1.0", "name": "m", "precision": "float",
 "units": {"length": "angstrom", "energy": "kcal/mol"}, "elements": [1, 6, 8], "cutoff": 5.0,
 "element_energy": [0.5, -1, 2e3], "tile": 8,
 "constants": [{"name": "c0", "offset": 0, "bytes": 60}, {"name": "c1", "offset": 64, "bytes": 64}],
 "forms": [{"name": "fused", "buffers": [{"name": "b0", "bytes_per_atom": 2560, "slot": 1}], "slots": [16, 2560],
 "kernels": [{"name": "phase_0", "arguments": ["n_atoms", "c1", "b0", "atom_energy"], "shared": {"tile_numbers": 100,
               "record_bytes": 32, "sum_numbers": 4, "team_numbers": 0, "products": true}},
             {"name": "phase_1", "arguments": ["pair_gradient"]}],
 "energy_kernels": 1}], "host": [{"section": "host/v4", "features": ["avx512f"]}], "report": {"free": ["form"]}})";

// The plan with one piece of its text replaced.
std::string error_of(const std::string& from, const std::string& to) {
  auto text = kGood;
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  text.replace(at, from.size(), to);
  try {
    parse_plan(text, "m.mlff", 128);
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a plan is read as written") {
  const auto plan = parse_plan(kGood, "m.mlff", 128);
  CHECK(plan.name == "m");
  CHECK(plan.precision == Precision::single_precision);
  CHECK(plan.real_bytes() == 4);
  CHECK(plan.energy_unit == "kcal/mol");
  CHECK(plan.elements == std::vector<int>{1, 6, 8});
  CHECK(plan.element_energy == std::vector<double>{0.5, -1, 2000});
  CHECK(plan.cutoff == 5.0);
  CHECK(plan.tile == 8);
  REQUIRE(plan.constants.size() == 2);
  CHECK(plan.constants[1].offset == 64);
  CHECK(plan.form().buffers[0].slot == 1);
  REQUIRE(plan.form().kernels.size() == 2);
  CHECK(plan.form().kernels[0].arguments[0].kind == ArgumentKind::n_atoms);
  CHECK(plan.form().kernels[0].arguments[1].kind == ArgumentKind::constant);
  CHECK(plan.form().kernels[0].arguments[1].index == 1);
  CHECK(plan.form().kernels[0].arguments[2].kind == ArgumentKind::buffer);
  CHECK(plan.form().kernels[0].arguments[3].kind == ArgumentKind::atom_energy);
  CHECK(plan.form().energy_kernels == 1);
  CHECK(plan.host[0].features == std::vector<std::string>{"avx512f"});
}

TEST_CASE("a plan that would read out of bounds is refused") {
  CHECK(contains(error_of("\"offset\": 64, \"bytes\": 64", "\"offset\": 64, \"bytes\": 65"), "which has 128"));
  CHECK(contains(error_of("\"offset\": 64", "\"offset\": 32"), "not at a multiple of 64"));
  CHECK(contains(error_of("\"offset\": 64", "\"offset\": 18446744073709551552"), "'offset' must be"));
  CHECK(contains(error_of("\"offset\": 64", "\"offset\": -64"), "'offset' must be"));
  CHECK(contains(error_of("\"slot\": 1", "\"slot\": 2"), "in slot 2 of 2"));
  CHECK(contains(error_of("\"slot\": 1", "\"slot\": 0"), "its slot 16"));
  CHECK(contains(error_of("[16, 2560]", "[16, 99999999999]"), "'slots' must be"));
  CHECK(contains(error_of("\"energy_kernels\": 1", "\"energy_kernels\": 3"), "'energy_kernels' must be"));
  CHECK(contains(error_of("\"energy_kernels\": 1", "\"energy_kernels\": 0"), "'energy_kernels' must be"));
  CHECK(contains(error_of("[1, 6, 8]", "[1, 6, 200]"), "1 to 118"));
  CHECK(contains(error_of("[1, 6, 8]", "[1, 6]"), "3 values in 'element_energy' for 2 elements"));
  CHECK(contains(error_of("[1, 6, 8]", "[1, 6, 6]"), "occurs twice"));
  CHECK(contains(error_of("\"tile\": 8", "\"tile\": 0"), "'tile' must be"));
  CHECK(contains(error_of("\"c1\", \"b0\"", "\"c1\", \"b1\""), "unknown argument 'b1'; did you mean"));
}

namespace {

constexpr const char* kExponent = R"(, "exponent": -7)";

// The plan with constant c1 so large and with such fragments.
std::string with_fragments(int bytes, const std::string& fragments, const std::string& exponent = kExponent) {
  auto text = kGood;
  const std::string from = R"("bytes": 64)";
  text.replace(text.find(from), from.size(),
               R"("bytes": )" + std::to_string(bytes) + R"(, "fragments": )" + fragments + exponent);
  return text;
}

std::string fragments_error(int bytes, const std::string& fragments, const std::string& precision = "float",
                            const std::string& exponent = kExponent) {
  auto text = with_fragments(bytes, fragments, exponent);
  text.replace(text.find("float"), 5, precision);
  try {
    parse_plan(text, "m.mlff", 100000);
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

std::string exponent_error(const std::string& exponent) {
  return fragments_error(3072, "[16, 48]", "float", R"(, "exponent": )" + exponent);
}

}  // namespace

TEST_CASE("matrices in the order of fragments are read as written, and a constant need not be one") {
  const auto plan = parse_plan(with_fragments(2 * 16 * 48 * 4, "[16, 48]"), "m.mlff", 64 + 2 * 16 * 48 * 4);
  CHECK(plan.constants[1].inputs == 16);
  CHECK(plan.constants[1].outputs == 48);
  CHECK(plan.constants[1].exponent == -7);
  CHECK(plan.constants[0].inputs == 0);
  CHECK(plan.constants[0].outputs == 0);
  CHECK(plan.constants[0].exponent == 0);
}

TEST_CASE("fragments are of whole float matrices of multiples of 16") {
  CHECK(fragments_error(2 * 16 * 48 * 4, "[16, 48]").empty());
  CHECK(contains(fragments_error(16 * 48 * 4 + 64, "[16, 48]"),
                 "constant c1 has 3136 bytes, but its matrices of 16 x 48 have 3072 each"));
  CHECK(contains(fragments_error(64, "[16, 48]"), "constant c1 has 64 bytes"));
  CHECK(contains(fragments_error(16 * 24 * 4, "[16, 24]"), "must be multiples of 16, not 24"));
  CHECK(contains(fragments_error(24 * 16 * 4, "[24, 16]"), "must be multiples of 16, not 24"));
  CHECK(contains(fragments_error(3072, "[16, 0]"), "'fragments' must be a whole number from 16"));
  CHECK(contains(fragments_error(3072, "[-16, 48]"), "'fragments' must be a whole number from 16"));
  CHECK(contains(fragments_error(3072, "[16, 48.5]"), "'fragments' must be a whole number from 16"));
  CHECK(contains(fragments_error(3072, "[4294967312, 48]"), "'fragments' must be a whole number from 16"));
  CHECK(contains(fragments_error(3072, "[16]"), "the rows and columns of a matrix, not 1 numbers"));
  CHECK(contains(fragments_error(3072, "[16, 16, 48]"), "the rows and columns of a matrix, not 3 numbers"));
  CHECK(contains(fragments_error(3072, "16"), "'fragments' must be a list"));
  CHECK(contains(fragments_error(2 * 3072, "[16, 48]", "double"), "constant c1 has 'fragments', which only float"));
}

TEST_CASE("fragments have an exponent that is a whole number from -128 to 128") {
  for (const char* const good : {"-128", "0", "128"}) CHECK(exponent_error(good).empty());
  CHECK(contains(fragments_error(3072, "[16, 48]", "float", ""), "'exponent' is missing"));
  CHECK(contains(error_of("\"bytes\": 64", "\"bytes\": 64, \"exponent\": 3"),
                 "constant c1 has 'exponent', but no 'fragments'"));
  for (const char* const bad : {"-129", "129", "1.5", "1.0", "\"1\"", "null", "[1]", "4294967296",
                                "18446744073709551615", "-9223372036854775808"}) {
    CAPTURE(bad);
    CHECK(contains(exponent_error(bad), "'exponent' of constant c1 must be a whole number from -128 to 128, not '"));
    CHECK(contains(exponent_error(bad), bad));
  }
}

TEST_CASE("a plan of another schema, with wrong types or with unknown keys is refused") {
  CHECK(contains(error_of("\"schema\": 2", "\"schema\": 3"), "install a newer mlffgen"));
  CHECK(contains(error_of("\"schema\": 2", "\"schema\": 1"), "compile the model again"));
  CHECK(contains(error_of("\"schema\": 2", "\"scheme\": 2"), "'schema' is missing"));
  CHECK(contains(error_of("{\"schema\"", "[{\"schema\""), "not a JSON object"));
  CHECK(contains(error_of("\"tile\": 8", "\"tiles\": 8"), "unknown key 'tiles'"));
  CHECK(contains(error_of("\"tile\": 8", "\"tile\": 8.5"), "'tile' must be"));
  CHECK(contains(error_of("\"cutoff\": 5.0", "\"cutoff\": \"5\""), "'cutoff' must be"));
  CHECK(contains(error_of("\"cutoff\": 5.0", "\"cutoff\": -5.0"), "'cutoff' must be positive"));
  CHECK(contains(error_of("\"float\"", "\"half\""), "float, double"));
  CHECK(contains(error_of("angstrom", "metre"), "'length' must be one of"));
  CHECK(contains(error_of("\"name\": \"c1\"", "\"name\": \"c0\""), "occurs twice"));
  CHECK(contains(error_of("\"name\": \"b0\"", "\"name\": \"element\""), "reserved"));
  CHECK(contains(error_of("phase_1", "phase_0"), "occurs twice"));
  CHECK(contains(error_of("phase_1", "phase 1"), "not a kernel's name"));
  CHECK(contains(error_of("\"pair_gradient\"", "\"n_atoms\""), "no kernel has the argument pair_gradient"));
  CHECK(contains(error_of("\"atom_energy\"", "\"element\""), "none of the energy kernels"));
}

namespace {

// A member "gpu" in front of the plan's "report".
std::string with_gpu(const std::string& gpu) { return gpu + R"(, "report")"; }

constexpr const char* kGpu = R"("gpu": {"tunables": [
   {"define": "MLFF_LANES", "value": 32, "choices": [32, 64]}, {"define": "MLFF_TEAMS", "value": 8, "choices": [4, 8]},
   {"define": "MLFF_TILE", "value": 8, "choices": [4, 8, 16]}, {"define": "MLFF_PAIR_BATCH", "value": 2, "choices": [2]},
   {"define": "MLFF_PAIR_CHUNK", "value": 16, "choices": [16]},
   {"define": "MLFF_WEIGHT_STEPS", "value": 4, "choices": [4]}],
   "code": [{"section": "cuda/sm_90", "arch": "sm_90", "configuration": {"MLFF_TILE": 4}}]})";
constexpr const char* kSource = R"("name": "fused", "source": "source.cu")";

// The good plan with code for GPUs.
std::string gpu_plan(const std::string& gpu = kGpu) {
  auto text = kGood;
  text.replace(text.find(R"("report")"), 8, with_gpu(gpu));
  return text.replace(text.find(R"("name": "fused")"), 15, kSource);
}

std::string gpu_error(const std::string& from, const std::string& to) {
  auto text = gpu_plan();
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  try {
    parse_plan(text.replace(at, from.size(), to), "m.mlff", 128);
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("what a GPU needs is read as written, and a plan needs none") {
  CHECK(parse_plan(kGood, "m.mlff", 128).gpu_tunables.empty());
  const auto plan = parse_plan(gpu_plan(), "m.mlff", 128);
  REQUIRE(plan.gpu_tunables.size() == 6);
  CHECK(plan.gpu_tunables[1].define == "MLFF_TEAMS");
  CHECK(plan.gpu_tunables[1].value == 8);
  CHECK(plan.gpu_tunables[1].choices == std::vector<int>{4, 8});
  REQUIRE(plan.gpu_code.size() == 1);
  CHECK(plan.gpu_code[0].arch == "sm_90");
  CHECK(plan.gpu_code[0].configuration == Configuration{{"MLFF_TILE", 4}});
  CHECK(plan.form().source == "source.cu");
  CHECK(plan.form().kernels[0].shared.tile_numbers == 100);
  CHECK(plan.form().kernels[0].shared.products);
  CHECK(plan.form_named("fused") == &plan.form());
  CHECK(plan.form_named("split") == nullptr);
}

TEST_CASE("tunables and configurations that do not fit each other are refused") {
  CHECK(contains(gpu_error(R"({"MLFF_TILE": 4})", R"({"MLFF_TILE": 5})"), "5 is none of the choices of MLFF_TILE"));
  CHECK(contains(gpu_error(R"({"MLFF_TILE": 4})", R"({"MLFF_TILES": 4})"), "there is no tunable 'MLFF_TILES'"));
  CHECK(contains(gpu_error(R"("value": 32)", R"("value": 33)"), "the value 33 of MLFF_LANES is not among its choices"));
  CHECK(contains(gpu_error(R"("MLFF_LANES")", R"("MLFF LANES")"), "is not a macro"));
  CHECK(contains(gpu_error(R"("MLFF_LANES")", R"("MLFF_LINES")"), "'tunables' lacks MLFF_LANES"));
  CHECK(contains(gpu_error(R"(, "source": "source.cu")", ""), "form 'fused' has no 'source'"));
  CHECK(contains(gpu_error(R"("tile_numbers": 100)", R"("tile_numbers": -1)"), "'tile_numbers' must be"));
  CHECK(contains(gpu_error(R"("products": true)", R"("products": 1)"), "'products' must be true or false"));
}

TEST_CASE("each form has buffers of its own, and no two kernels share a name") {
  const std::string second = R"(, {"name": "split", "buffers": [{"name": "b0", "bytes_per_atom": 8, "slot": 0}],
    "slots": [8], "energy_kernels": 1,
    "kernels": [{"name": "split_0", "arguments": ["c0", "b0", "atom_energy", "pair_gradient"]}]}], "host")";
  const auto with_second = [&](std::string more) {
    auto text = kGood;
    return text.replace(text.find(R"(], "host")"), 9, more);
  };
  const auto plan = parse_plan(with_second(second), "m.mlff", 128);
  REQUIRE(plan.forms.size() == 2);
  CHECK(plan.form_named("split")->buffers[0].bytes_per_atom == 8);
  CHECK(plan.form_named("split")->kernels[0].arguments[0].kind == ArgumentKind::constant);
  const auto refused = [&](const char* from, const char* to) {
    std::string text = second;
    try {
      parse_plan(with_second(text.replace(text.find(from), std::string(from).size(), to)), "m.mlff", 128);
    } catch (const UserError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(contains(refused("split_0", "phase_0"), "kernel phase_0 occurs twice"));
  CHECK(contains(refused("\"split\"", "\"fused\""), "form 'fused' occurs twice"));
  CHECK(contains(refused("\"b0\", \"atom", "\"b1\", \"atom"), "unknown argument 'b1'"));
}
