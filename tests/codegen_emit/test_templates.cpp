// Template files parse as they stand, and skeletons are filled hole by hole.
#include <doctest/doctest.h>

#include <algorithm>

#include "base/error.h"
#include "codegen/clang/host_compiler.h"
#include "codegen/clang/lint.h"
#include "codegen/clang/manifest.h"
#include "codegen/emit/templates.h"

using namespace mlffgen;

namespace {

std::string filled_atoms(const std::string& loops) { return emit::fill_skeleton("atoms", {{"loops", loops}}); }

// The part of phase.cu that is a whole declaration: its kernel with the example in its holes.
std::string example_kernel() {
  const std::string text = emit::template_file("phase.cu");
  const std::size_t begin = text.find("//@begin kernel");
  return text.substr(begin, text.find("//@end kernel") - begin);
}

// The skeletons of loops inside the example kernel, as the emitter nests them.
std::string nested_skeletons() {
  const std::string batches =
      emit::fill_skeleton("batches", {{"stages", "(void)pair;\n"}, {"pairs_at_once", "kPairBatch"}});
  const std::string pairs = emit::fill_skeleton("pairs", {{"accumulators", ""},
                                                          {"records", "p.j = q0;"},
                                                          {"narrow", ""},
                                                          {"batches", batches},
                                                          {"last", ""},
                                                          {"store", "(void)i;"}});
  return emit::fill_skeleton(
      "kernel", {{"name", "nested"},
                 {"parameters", "const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT pair_begin"},
                 {"record", "struct Record {\n  int j;\n};\n"},
                 {"tile_numbers", "3"},
                 {"deferred_numbers", "1"},
                 {"team_numbers", "2"},
                 {"blocks", "kMinBlocks"},
                 {"ring", "kRingReals"},
                 {"body", filled_atoms("(void)rows;\n") + pairs}});
}

}  // namespace

TEST_CASE("a hole is replaced by its text with the marks around it") {
  const std::string text = filled_atoms("work();");
  CHECK(text.find("\n  work();\n") != std::string::npos);
  CHECK(text.find("@hole") == std::string::npos);
  CHECK(text.find("@end") == std::string::npos);
}

TEST_CASE("every line of a hole's text is moved to the column of the hole, blank lines stay empty") {
  const std::string text = filled_atoms("if (x) {\n  one();\n\n  two();\n}\n");
  CHECK(text.find("\n  if (x) {\n    one();\n\n    two();\n  }\n}\n") != std::string::npos);
}

TEST_CASE("text that looks like a hole is not filled again") {
  CHECK(filled_atoms("/*@hole loops*/ kept /*@end*/").find("/*@hole loops*/ kept /*@end*/") != std::string::npos);
}

TEST_CASE("an empty text leaves nothing of its hole") { CHECK(filled_atoms("").find("hole") == std::string::npos); }

TEST_CASE("a hole without text, a text without a hole and an unknown skeleton are errors of ours") {
  CHECK_THROWS_WITH_AS(emit::fill_skeleton("atoms", {}), "internal error: hole loops is not filled", InternalError);
  CHECK_THROWS_WITH_AS(emit::fill_skeleton("atoms", {{"loops", ""}, {"lops", ""}}),
                       "internal error: a hole of skeleton atoms is not there", InternalError);
  CHECK_THROWS_WITH_AS(emit::fill_skeleton("bonds", {}), "internal error: no skeleton bonds", InternalError);
  CHECK_THROWS_WITH_AS(emit::template_file("phase.cuh"), "internal error: no template file phase.cuh", InternalError);
}

TEST_CASE("indentation moves lines with text only") { CHECK(emit::indented("a\n\n  b", 2) == "  a\n\n    b\n"); }

TEST_CASE("the templates are real source: clang parses them for a GPU and for the host, in float and double") {
  for (const std::string precision : {"float", "double"}) {
    CAPTURE(precision);
    const std::string real = "using real = " + precision + ";\n";
    const std::string common = emit::template_file("common.cuh"), rest = example_kernel() + nested_skeletons();
    const std::string cuda = real + emit::template_file("ptx.cuh") + emit::template_file("cuda_shim.cuh") + common +
                             emit::template_file("tile_product.cuh") + rest;
    const clang::Manifest manifest = clang::parse_manifest(cuda, {"MLFF_PARSE"});
    REQUIRE(manifest.kernels.size() == 2);
    CHECK(manifest.kernels[0].name == "phase_example");
    CHECK(clang::lint(cuda, {"MLFF_PARSE"}, {precision == "double", true}).empty());
    const std::string call =
        "extern \"C\" void call(const int* p) { phase_example(0, 1, 1, p); nested(0, 1, 1, p); }\n";
    CHECK_NOTHROW(clang::compile_host(real + emit::template_file("host_shim.h") + common + rest + call, {}));
  }
}

TEST_CASE("the tunables of the templates are found, each with its value among the choices") {
  const std::string cuda = "using real = float;\n" + emit::template_file("ptx.cuh") +
                           emit::template_file("cuda_shim.cuh") + emit::template_file("common.cuh");
  const clang::Manifest manifest = clang::parse_manifest(cuda, {"MLFF_PARSE"});
  std::vector<std::string> names;
  for (const clang::Tunable& tunable : manifest.tunables) {
    CAPTURE(tunable.name);
    names.push_back(tunable.name);
    CHECK(std::count(tunable.choices.begin(), tunable.choices.end(), tunable.value) == 1);
    const std::string other = std::to_string(tunable.choices[tunable.choices[0] == tunable.value ? 1 : 0]);
    for (const clang::Tunable& changed :
         clang::parse_manifest(cuda, {"MLFF_PARSE", tunable.define + "=" + other}).tunables) {
      if (changed.name == tunable.name) CHECK(std::to_string(changed.value) == other);
    }
  }
  CHECK(names == std::vector<std::string>{"kLanes", "kTeams", "kMinBlocks", "kMinPairBlocks", "kPairChunk",
                                          "kWeightSteps", "kTile", "kPairBatch"});
}
