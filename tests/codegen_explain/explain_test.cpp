// The document as a whole: deterministic, complete for every architecture, safe for every name.
#include <doctest/doctest.h>

#include <algorithm>

#include "codegen/explain/program_names.h"
#include "compiled.h"
#include "tests/codegen/samples.h"

using namespace mlffgen;
using namespace mlffgen::test;

TEST_CASE("the same model gives the same bytes") {
  const dsl::ModelSpec spec = spec_of_architecture("painn-bessel", "features: 6, layers: 2");
  CHECK(compile(spec).document() == compile(spec).document());
}

TEST_CASE("every built-in architecture is explained, with both forms of radial functions") {
  for (const std::string& architecture : dsl::builtin_architectures()) {
    for (const passes::RadialForm form : {passes::RadialForm::inline_, passes::RadialForm::spline}) {
      CAPTURE(architecture);
      passes::Options options;
      options.radial = form;
      const Compiled model = compile(spec_of_architecture(architecture, "features: 6, layers: 2, readout: 5"), options);
      const std::string text = model.document();
      CHECK(first_missing(text, {"# test", "## Notation", "## The model as its program says it", "## What is compiled",
                                 "### Phase 0", "\\bar{", "## From pairs to forces and the virial", "## What is stored",
                                 "## Defects and notes", "## Cost"}) == "");
      for (std::size_t p = 0; p < model.schedule.phases.size(); ++p) {
        CHECK(text.find("### Phase " + std::to_string(p)) != std::string::npos);
      }
      CHECK(std::count(text.begin(), text.end(), '$') % 2 == 0);
      CHECK(count_of(text, "\\left") - count_of(text, "\\left\\l") ==
            count_of(text, "\\right") - count_of(text, "\\right\\r"));
      CHECK(count_of(text, "{") == count_of(text, "}"));
    }
  }
}

TEST_CASE("symbols of a program are unique") {
  for (const std::string& architecture : dsl::builtin_architectures()) {
    CAPTURE(architecture);
    const Compiled model = compile(spec_of_architecture(architecture, "features: 6, layers: 3, readout: 5"));
    const explain::ProgramNames names = explain::name_program(model.program, model.spec.architecture.program);
    std::vector<explain::Symbol> symbols;
    for (const auto& symbol : names.symbols) {
      if (symbol) symbols.push_back(*symbol);
    }
    std::sort(symbols.begin(), symbols.end());
    CHECK(std::adjacent_find(symbols.begin(), symbols.end()) == symbols.end());
    CHECK(names.layers == 3);
  }
}

TEST_CASE("each adjoint of PaiNN is found by its numbers") {
  const std::string text =
      compile(spec_of_architecture("painn-schnetpack", "features: 6, layers: 2, readout: 5"), inline_radial())
          .document();
  for (const char* name :
       {"\\bar{s}^{\\prime\\prime(1)}_{i} = ", "\\bar{s}^{\\prime(1)}_{i} = ", "\\bar{\\vec{v}}^{\\prime(1)}_{i} = ",
        "\\bar{\\vec{V}}^{(1)}_{i} = ", "\\bar{\\vec{W}}^{(1)}_{i} = ", "\\bar{x}^{(1)}_{[2],i} = -\\sum",
        "\\bar{s}^{\\prime\\prime(0)}_{i} = ", "\\bar{\\vec{v}}^{\\prime(0)}_{i} = ",
        "\\partial_r \\mathrm{rbf}_{ij} = "}) {
    CAPTURE(name);
    CHECK(text.find(name) != std::string::npos);
  }
}

TEST_CASE("names of specs, weights and values cannot break out of the document") {
  const Compiled model =
      compile(spec_of_program("a_b = embedding(element, \"e_$|`<x>\", features)\n"
                              "energy = sum_i(linear(sum_j(a_b[j] * distance), \"w\", 1))"));
  const std::string text = model.document();
  CHECK(text.find("\\mathrm{a\\_b}") != std::string::npos);
  CHECK(text.find("`` e_$\\|`<x> ``") != std::string::npos);
  CHECK(text.find("\\mathrm{a_b}") == std::string::npos);
}

TEST_CASE("defects are listed with their codes") {
  const std::string text = compile(spec_of_architecture("painn-student", "features: 6, layers: 2")).document();
  const std::size_t defects = text.find("## Defects and notes");
  REQUIRE(defects != std::string::npos);
  CHECK(text.find("- warning `", defects) != std::string::npos);
}

TEST_CASE("an energy without positions is explained too") {
  const Compiled model = compile(spec_of_program("energy = sum_i(per_element(element, \"e\"))"));
  CHECK(model.document().find("forces and virial are zero") != std::string::npos);
}
