#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "codegen/elaborate/elaborate.h"
#include "programs.h"

using namespace mlffgen;

namespace {

// Weights that a test writes down; every other name is zeros.
class GivenWeights : public elaborate::WeightSource {
 public:
  explicit GivenWeights(std::map<std::string, std::vector<double>> given, std::vector<std::string> unused = {})
      : given_(std::move(given)), unused_(std::move(unused)) {}

  ir::TensorPtr get(const elaborate::WeightRequest& request) override {
    std::vector<std::int64_t> shape = request.shape;
    std::size_t count = 1;
    for (std::int64_t& extent : shape) {
      if (extent < 0) extent = request.minimum_rows;
      count *= static_cast<std::size_t>(extent);
    }
    const auto found = given_.find(request.name);
    return ir::make_tensor(request.name, shape,
                           found == given_.end() ? std::vector<double>(count, 0.0) : found->second);
  }
  std::vector<std::string> unused() const override { return unused_; }

 private:
  std::map<std::string, std::vector<double>> given_;
  std::vector<std::string> unused_;
};

Diagnostics diagnose(const std::string& program, elaborate::WeightSource& weights) {
  const dsl::ModelSpec spec = test::spec_of_program(program);
  const ir::Graph graph = elaborate::elaborate(spec, weights);
  return elaborate::diagnose(graph, weights, spec);
}

Diagnostics diagnose(const std::string& program) {
  const auto weights = elaborate::untrained_weights(1, 5);
  return diagnose(program, *weights);
}

// "code line" of each, in order.
std::vector<std::string> summary(const Diagnostics& found) {
  std::vector<std::string> lines;
  for (const Diagnostic& d : found) lines.push_back(d.code + " " + std::to_string(d.where.line));
  return lines;
}

using Lines = std::vector<std::string>;

// The kinds of warnings for a sum over neighbours of one expression, on line 13 of the file.
Lines of_sum(const std::string& summed) {
  return summary(
      diagnose("s = embedding(element, \"e\", 4)\nv = sum_j(direction * cosine_cutoff(distance) * s[j])\nx = sum_j(" +
               summed + ")\nenergy = sum_i(sum_channels(x * x) + sum_channels(dot(v, v)))"));
}

Lines of_model(const std::string& name, const std::string& parameters) {
  const dsl::ModelSpec spec = dsl::parse_spec(
      "mlffgen: 1\nname: test\nunits: {length: angstrom, energy: eV}\nelements: [H, C, O]\ncutoff: 5.0\n"
      "architecture: " +
          name + "\nparameters: {" + parameters + "}\n",
      "test.yaml", ".");
  const auto weights = elaborate::untrained_weights(1, 5);
  std::set<std::string> codes;
  for (const Diagnostic& d : elaborate::diagnose(elaborate::elaborate(spec, *weights), *weights, spec))
    codes.insert(d.code);
  return {codes.begin(), codes.end()};
}

const Lines kJump = {"radial-jump-at-cutoff 13"};
const Lines kKink = {"radial-kink-at-cutoff 13"};
const Lines kNothing = {};

}  // namespace

TEST_CASE("a sum over neighbours that does not vanish at the cutoff is reported") {
  CHECK(of_sum("distance") == kJump);
  CHECK(of_sum("s[j]") == kJump);
  CHECK(of_sum("s[j] * exp(-distance)") == kJump);
  CHECK(of_sum("linear(cosine_cutoff(distance), \"w\", 4) * s[j]") == kJump);  // its bias stays
  CHECK(of_sum("s[j] * cosine_cutoff(distance) + s[i]") == kJump);
  CHECK(of_sum("linear(s[j] * cosine_cutoff(distance), \"w\", 4)") == kJump);
  CHECK(of_sum("sigmoid(s[j] * cosine_cutoff(distance))") == kJump);
  CHECK(of_sum("concat(cosine_cutoff(distance), distance)") == kJump);
  CHECK(of_sum("dot(v[i], v[j])") == kJump);
}

TEST_CASE("a sum over neighbours that vanishes smoothly at the cutoff is not reported") {
  CHECK(of_sum("cosine_cutoff(distance)") == kNothing);
  CHECK(of_sum("s[j] * polynomial_cutoff(distance, 6)") == kNothing);
  CHECK(of_sum("s[j] * (cosine_cutoff(distance) * exp(-distance)) * s[i] - cosine_cutoff(distance)") == kNothing);
  CHECK(of_sum("linear(s[j] * cosine_cutoff(distance), \"w\", 4, bias=false)") == kNothing);
  CHECK(of_sum("silu(s[j] * cosine_cutoff(distance)) + tanh(cosine_cutoff(distance))") == kNothing);
  CHECK(of_sum("dot(v[i], cosine_cutoff(distance) * v[j])") == kNothing);
  CHECK(of_sum("split(concat(s[j], s[i]) * cosine_cutoff(distance), 2)[1]") == kNothing);
  CHECK(of_sum("(s[j] * (1 - distance / cutoff)) ** 2") == kNothing);
  CHECK(of_sum("s[j] * (1 - distance / cutoff) * (cutoff - distance)") == kNothing);
}

TEST_CASE("a value that vanishes at the cutoff with a slope is noted") {
  CHECK(of_sum("1 - distance / cutoff") == kKink);
  CHECK(of_sum("s[j] * (cutoff - distance)") == kKink);
  CHECK(of_sum("s[j] * bessel(distance, 4)") == kKink);
  CHECK(of_sum("tanh(s[j] * (cutoff - distance)) + cosine_cutoff(distance)") == kKink);
  const Diagnostics found = diagnose("energy = sum_i(sum_j(cutoff - distance))");
  REQUIRE(found.size() == 1);
  CHECK(found[0].severity == Diagnostic::Severity::note);
}

TEST_CASE("a norm without epsilon is reported, one with a positive term is not") {
  const auto of_norm = [](const std::string& expression) {
    return summary(
        diagnose("w = cosine_cutoff(distance)\nv = sum_j(direction * w)\nu = sum_j(direction * w * embedding(element, "
                 "\"e\", 3)[j])\nx = " +
                 expression + "\nenergy = sum_i(sum_channels(x))"));
  };
  const Lines reported = {"norm-without-epsilon 14"};
  CHECK(of_norm("norm(v)") == reported);
  CHECK(of_norm("norm(v, 0)") == reported);
  CHECK(of_norm("sqrt(dot(v, v) + dot(u, u))") == reported);
  CHECK(of_norm("sqrt(2 * dot(u, u))") == reported);
  CHECK(of_norm("dot(v, v) ** 0.5") == reported);
  CHECK(of_norm("dot(v, v) ** -1") == reported);
  CHECK(of_norm("norm(v, 1e-8)") == kNothing);
  CHECK(of_norm("sqrt(1e-8 + dot(u, u))") == kNothing);
  CHECK(of_norm("dot(v, v) ** 2") == kNothing);
  CHECK(of_norm("sqrt(softplus(dot(v, v)))") == kNothing);
}

TEST_CASE("a mix of Cartesian components is reported unless its matrix is a multiple of one") {
  const std::string program =
      "v = sum_j(direction * cosine_cutoff(distance))\nu = cartesian_mix(v, \"m\")\nenergy = sum_i(dot(u, v))";
  const auto with_matrix = [&](std::vector<double> m) {
    GivenWeights weights({{"m", std::move(m)}});
    return summary(diagnose(program, weights));
  };
  const Lines reported = {"breaks-rotation 12"};
  CHECK(with_matrix({1, 0, 0, 0, 1, 0, 0, 0, 2}) == reported);
  CHECK(with_matrix({1, 0, 0.1, 0, 1, 0, 0, 0, 1}) == reported);
  CHECK(with_matrix({0, 1, 0, -1, 0, 0, 0, 0, 1}) == reported);
  CHECK(with_matrix({2.5, 0, 0, 0, 2.5, 0, 0, 0, 2.5}) == kNothing);
  CHECK(with_matrix({0, 0, 0, 0, 0, 0, 0, 0, 0}) == kNothing);
}

TEST_CASE("an element whose embedding is zero or that of another is reported") {
  const std::string program =
      "s = embedding(element, \"e\", 2)\nenergy = sum_i(sum_channels(sum_j(s[j] * cosine_cutoff(distance))))";
  const auto with_rows = [&](const std::vector<double>& h, const std::vector<double>& c, const std::vector<double>& o) {
    std::vector<double> table(18, 7.0);
    for (std::size_t f = 0; f < 2; ++f) table[2 + f] = h[f], table[12 + f] = c[f], table[16 + f] = o[f];
    GivenWeights weights({{"e", table}});
    return diagnose(program, weights);
  };
  CHECK(with_rows({1, 2}, {3, 4}, {5, 6}).empty());
  CHECK(with_rows({1, 2}, {2, 1}, {0, 1}).empty());
  const Diagnostics zero = with_rows({1, 2}, {0, 0}, {5, 6});
  REQUIRE(zero.size() == 1);
  CHECK(zero[0].str() ==
        "test.yaml:11:9: warning: the row of element C in 'e' is all zeros: the model was not trained on it "
        "[untrained-element]");
  const Diagnostics equal = with_rows({1, 2}, {3, 4}, {1, 2});
  REQUIRE(equal.size() == 1);
  CHECK(equal[0].message.find("element O in 'e' equals that of H") != std::string::npos);
  CHECK(with_rows({1, 2}, {0, 0}, {0, 0}).size() == 2);
  // A number of each element may well be zero.
  GivenWeights zeros({});
  CHECK(diagnose("energy = sum_i(sum_j(cosine_cutoff(distance)) + per_element(element, \"p\"))", zeros).empty());
}

TEST_CASE("weights that the program does not use are reported together, eight of them by name") {
  const std::string program = "energy = sum_i(sum_j(cosine_cutoff(distance)))";
  GivenWeights none({}), one({}, {"a"}), many({}, {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"});
  CHECK(diagnose(program, none).empty());
  const Diagnostics single = diagnose(program, one);
  REQUIRE(single.size() == 1);
  CHECK(single[0].code == "unused-weights");
  CHECK(single[0].message == "1 of the file's weights is not used by the program: 'a'");
  const Diagnostics all = diagnose(program, many);
  REQUIRE(all.size() == 1);
  CHECK(all[0].message ==
        "10 of the file's weights are not used by the program: 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', ...");
}

TEST_CASE("an energy that does not depend on the positions is reported") {
  CHECK(summary(diagnose("energy = sum_i(per_element(element, \"p\") + 1)")) == Lines{"no-forces 11"});
  CHECK(diagnose("energy = sum_i(sum_j(cosine_cutoff(distance)))").empty());
}

TEST_CASE("the turns of a loop share one report, and what the energy does not need gets none") {
  CHECK(summary(diagnose("x = 0\nfor k in 5:\n  x += sum_j(distance)\nenergy = sum_i(x)")) ==
        Lines{"radial-jump-at-cutoff 13"});
  CHECK(diagnose("dead = norm(sum_j(direction))\nenergy = sum_i(sum_j(cosine_cutoff(distance)))").empty());
}

TEST_CASE("a long chain of sums is diagnosed at once") {
  std::string program = "v = sum_j(direction * cosine_cutoff(distance))\nx = dot(v, v)\ny = cosine_cutoff(distance)\n";
  program += "for k in 1000:\n  x = x + x\n  y = y + y * s\n";
  program.insert(0, "s = 1\n");
  CHECK(diagnose(program + "energy = sum_i(1e-300 * x + sum_j(y))").empty());
}

TEST_CASE("the architectures that ship have the defects they are known for, and no others") {
  CHECK(of_model("painn-schnetpack", "features: 4") == Lines{});
  CHECK(of_model("painn-bessel", "features: 4") == Lines{});
  CHECK(of_model("schnet", "features: 4") == Lines{});
  CHECK(of_model("painn-student", "features: 4") ==
        Lines{"breaks-rotation", "norm-without-epsilon", "radial-jump-at-cutoff"});
}

TEST_CASE("the trained models have the defects they are known for, and no others") {
  const char* const given = std::getenv("MLFFGEN_REFERENCE_DIR");
  const std::filesystem::path folder = given ? given : "../shared/reference";
  const Lines student = {"breaks-rotation", "norm-without-epsilon", "radial-jump-at-cutoff"};
  const std::map<std::string, Lines> expected = {{"painn_ethanol", {"unused-weights"}},
                                                 {"student_427k", student},
                                                 {"student_77k", student},
                                                 {"student_21k", student}};
  for (const auto& [name, codes] : expected) {
    if (!std::filesystem::exists(folder / name)) {
      MESSAGE("skipped: no reference data in " << (folder / name).string() << "; set MLFFGEN_REFERENCE_DIR");
      continue;
    }
    const dsl::ModelSpec spec = dsl::load_spec("tests/specs/" + name + ".yaml");
    const auto weights = elaborate::weights_from(dsl::WeightFile::open(folder / name / "weights.safetensors"));
    const ir::Graph graph = elaborate::elaborate(spec, *weights);
    std::set<std::string> found;
    for (const Diagnostic& d : elaborate::diagnose(graph, *weights, spec)) {
      found.insert(d.code);
      INFO(d.str());
      CHECK(std::find(codes.begin(), codes.end(), d.code) != codes.end());
    }
    CAPTURE(name);
    CHECK(Lines(found.begin(), found.end()) == codes);
  }
}
