// Each operation of the language appears in the formulas as it should.
#include <doctest/doctest.h>

#include "compiled.h"
#include "tests/codegen/samples.h"

using namespace mlffgen;
using namespace mlffgen::test;

namespace {

std::string document_of(const std::string& program) {
  return compile(spec_of_program(program), inline_radial()).document();
}

// A program whose energy is of a value x of the pair.
std::string pair_program(const std::string& x) {
  return "s = embedding(element, \"e\", features)\nx = " + x + "\nenergy = sum_i(linear(sum_j(x * s[j]), \"o\", 1))";
}

bool has(const std::string& text, const std::string& part) {
  if (text.find(part) != std::string::npos) return true;
  MESSAGE("not in the document: " << part);
  return false;
}

}  // namespace

TEST_CASE("functions are written by name, with their arguments") {
  CHECK(has(document_of(pair_program("exp(-distance)")), "x_{ij} = \\exp\\left(-r_{ij}\\right)"));
  CHECK(has(document_of(pair_program("log(distance)")), "\\log\\left(r_{ij}\\right)"));
  CHECK(has(document_of(pair_program("sin(distance)")), "\\sin\\left(r_{ij}\\right)"));
  CHECK(has(document_of(pair_program("cos(distance)")), "\\cos\\left(r_{ij}\\right)"));
  CHECK(has(document_of(pair_program("tanh(distance)")), "\\tanh\\left(r_{ij}\\right)"));
  CHECK(has(document_of(pair_program("sigmoid(distance)")), "\\mathrm{sigmoid}\\left(r_{ij}\\right)"));
  CHECK(has(document_of(pair_program("silu(distance)")), "\\mathrm{silu}\\left(r_{ij}\\right)"));
  CHECK(
      has(document_of(pair_program("shifted_softplus(distance)")), "\\mathrm{softplus}\\left(r_{ij}\\right) - \\ln 2"));
  CHECK(has(document_of(pair_program("sqrt(distance)")), "\\sqrt{r_{ij}}"));
  CHECK(has(document_of(pair_program("1 / distance")), "\\frac{1}{r_{ij}}"));
  CHECK(has(document_of(pair_program("distance ** 3")), "r_{ij}^{3}"));
  CHECK(has(document_of(pair_program("cosine_cutoff(distance)")),
            "\\cos\\left(\\tfrac{\\pi}{r_\\mathrm{c}}\\, r_{ij}\\right)"));
}

TEST_CASE("arithmetic keeps its meaning") {
  CHECK(has(document_of(pair_program("2 - (3 - distance)")), "x_{ij} = 2 - \\left(3 - r_{ij}\\right)"));
  CHECK(has(document_of(pair_program("3 * (distance + 1)")), "x_{ij} = 3\\, \\left(r_{ij} + 1\\right)"));
  CHECK(has(document_of(pair_program("(distance + 1) ** 2")), "\\left(r_{ij} + 1\\right)^{2}"));
  CHECK(has(document_of(pair_program("2 * -distance")), "x_{ij} = -2\\, r_{ij}"));
  CHECK(has(document_of(pair_program("-distance * -exp(distance)")), "x_{ij} = r_{ij}\\, \\exp\\left(r_{ij}\\right)"));
  CHECK(has(document_of(pair_program("(-distance) ** 2")), "x_{ij} = \\left(-r_{ij}\\right)^{2}"));
  CHECK(has(document_of(pair_program("-(distance + 1)")), "x_{ij} = -\\left(r_{ij} + 1\\right)"));
  CHECK(has(document_of(pair_program("(distance + 1) / (distance + 2)")), "\\frac{r_{ij} + 1}{r_{ij} + 2}"));
}

TEST_CASE("vectors, maps, sums, slices and tables are written") {
  const std::string text = document_of(
      "s = embedding(element, \"e\", features)\n"
      "w = linear(gaussian(distance, weight(\"c\", 3, initial=\"range\"), weight(\"d\", 3, initial=\"spacing\")), "
      "\"f\", features)\n"
      "v = sum_j(w * direction * s[j])\n"
      "p, q = split(mix(v, \"m\", 2 * features), 2)\n"
      "t = cartesian_mix(p, \"n\")\n"
      "z = concat(s, dot(p, q))\n"
      "u = s[0:2]\n"
      "h = linear(silu(linear(z, \"a\", features)), \"b\", features) + norm(t, 1e-6) * sum_channels(u) * s[0:1]\n"
      "energy = sum_i(linear(h, \"o\", 1))");
  CHECK(has(text, "s_{i} = \\mathbf{T}_{1}\\left[Z_i\\right]"));
  CHECK(has(text, "\\vec{v}_{i} = \\sum_{j \\in \\mathcal{N}(i)} "));
  CHECK(has(text, "\\hat{r}_{ij}"));
  CHECK(has(text, "\\left[\\vec{p}_{i},\\, \\vec{q}_{i}\\right] = \\mathbf{W}_{"));
  CHECK(has(text, " \\ast \\vec{p}_{i}"));
  CHECK(has(text, "z_{i} = \\left[s_{i},\\, \\vec{p}_{i} \\cdot \\vec{q}_{i}\\right]"));
  CHECK(has(text, "u_{i} = \\left(s_{i}\\right)_{[0:2]}"));
  CHECK(has(text, "\\sum_{f} u_{i}"));
  CHECK(has(text, "\\left\\lVert \\vec{t}_{i}\\right\\rVert^{2} + 10^{-6}"));
  CHECK(has(text, "E = \\sum_{i} "));
}

TEST_CASE("sums of neighbours inside a gathered value have an index of their own") {
  const std::string text = document_of(
      "s = embedding(element, \"e\", features)\n"
      "energy = sum_i(linear(sum_j(tanh(sum_j(s[j] * distance))[j] * distance), \"o\", 1))");
  CHECK(has(
      text,
      "\\sum_{j \\in \\mathcal{N}(i)} r_{ij}\\, \\tanh\\left(\\sum_{k \\in \\mathcal{N}(j)} r_{jk}\\, s_{k}\\right)"));
}

TEST_CASE("derivatives of activations are recognised") {
  const auto gradient_of = [](const std::string& activation) {
    return document_of(
        "s = embedding(element, \"e\", features)\n"
        "s += sum_j(s[j] * (1 - distance / cutoff))\n"
        "energy = sum_i(linear(" +
        activation + "(linear(s, \"w\", 8)), \"o\", 1))");
  };
  CHECK(has(gradient_of("silu"), "\\mathrm{silu}'\\left("));
  CHECK(has(gradient_of("sigmoid"), "\\mathrm{sigmoid}'\\left("));
  CHECK(has(gradient_of("tanh"), "\\tanh'\\left("));
  CHECK(has(gradient_of("softplus"), "\\odot \\mathrm{sigmoid}\\left("));
}

TEST_CASE("names that occur again are told apart, and layers by their superscript") {
  const std::string text =
      compile(spec_of_architecture("painn-schnetpack", "features: 4, layers: 4, readout: 4")).document();
  CHECK(has(text, "s^{\\prime(0)}_{i} = s_{i} + \\sum_{j \\in \\mathcal{N}(i)} a^{(0)}_{ij}"));
  CHECK(has(text, "Layers $k = 1, \\dots, 3$"));
  CHECK(has(text, "s^{\\prime(k)}_{i} = s^{\\prime\\prime(k-1)}_{i} + \\sum_{j \\in \\mathcal{N}(i)} a^{(k)}_{ij}"));
  CHECK(has(text, "interactions.{k}.interatomic_context_net.0.weight"));
}

TEST_CASE("a spline table is called what it tabulates, and its derivative the derivative") {
  const std::string text = compile(spec_of_architecture("schnet", "features: 4, filters: 4")).document();
  CHECK(has(text, "B-splines of degree 5"));
  CHECK(has(text, "$w^{(0)}_{ij}$, $w^{(1)}_{ij}$"));
  CHECK(has(text, "$\\partial_r w^{(0)}_{ij}$"));
}
