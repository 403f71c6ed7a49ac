// Emitted sources: rules, determinism, arguments and vectorisation.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "codegen/clang/host_compiler.h"
#include "codegen/clang/lint.h"
#include "codegen/clang/manifest.h"
#include "dsl/spec.h"
#include "models.h"

using namespace mlffgen;
using passes::RadialForm;

namespace {

// Calls check(model, source, double_precision) for every architecture, form and precision.
template <typename Check>
void for_all_sources(int features, const Check& check) {
  for (const std::string& name : dsl::builtin_architectures()) {
    for (const RadialForm form : test::kBothForms) {
      const test::Scheduled model = test::scheduled_model(name, features, 2, form);
      for (const bool double_precision : {false, true}) {
        CAPTURE(name);
        CAPTURE(std::string(test::name_of(form)));
        CAPTURE(double_precision);
        check(model, test::source_of(model, double_precision), double_precision);
      }
    }
  }
}

// Loops over at least so many channels: line, from 1, and text.
std::map<int, std::string> channel_loops(const std::string& source, int at_least) {
  std::map<int, std::string> loops;
  std::istringstream stream(source);
  std::string text, closing;
  int begin = 0;
  for (int line = 1; std::getline(stream, text); ++line) {
    static const std::string kLoop = "MLFF_EACH_GROUP(c, f, ";
    const std::size_t at = text.find_first_not_of(' ');
    if (at != std::string::npos && text.compare(at, kLoop.size(), kLoop) == 0 &&
        std::stoi(text.substr(at + kLoop.size())) >= at_least) {
      begin = line;
      closing = std::string(at, ' ') + "}";
    }
    if (begin > 0) loops[begin] += text + "\n";
    if (text == closing) begin = 0;
  }
  return loops;
}

// Groups that only go from one place to another, as sums of pairs do to memory, and values to where products want them:
// LLVM makes a copy of the block of it, or nothing if the places are the same, and says nothing.
bool is_copy(const std::string& loop) {
  static const std::regex kLine(
      " *(const Group<[0-9]+> g[0-9]+[xyz]? = group_at<.*|Group<[0-9]+> [or][0-9]+[xyz]?;|MLFF_EACH_OF_GROUP.*|"
      "const real v[0-9]+[xyz]? = g[0-9]+[xyz]?\\.value\\[u\\];|[or][0-9]+[xyz]?\\.value\\[u\\] = v[0-9]+[xyz]?;|"
      "put_group<.*|\\})");
  std::istringstream lines(loop);
  std::string line;
  std::getline(lines, line);  // that of the loop
  while (std::getline(lines, line)) {
    if (!std::regex_match(line, kLine)) return false;
  }
  return true;
}

// Shorter loops are unrolled whole before the loop vectoriser sees them; what is left is no loop, and vectorises as
// straight code.
constexpr int kFewest = 64;

void check_vectorised(const std::string& source) {
  const clang::HostLibrary library = clang::compile_host(source, {.cpu = "x86-64-v3", .defines = {}});
  const std::map<int, std::string> loops = channel_loops(source, kFewest);
  CHECK(loops.size() >= 5);
  for (const auto& [line, text] : loops) {
    if (is_copy(text)) continue;
    CAPTURE(line);
    CAPTURE(text);
    CHECK(std::binary_search(library.vectorised_loops.begin(), library.vectorised_loops.end(), line));
    for (const clang::VectorRemark& remark : library.scalar_loops) {
      if (remark.line == line) FAIL_CHECK(remark.message);
    }
  }
}

}  // namespace

TEST_CASE("emitted sources break no rule of the lint") {
  for (const int features : {7, 33}) {
    for_all_sources(features, [](const test::Scheduled&, const emit::Source& source, bool double_precision) {
      for (const clang::LintFinding& f : clang::lint(source.cuda, {"MLFF_PARSE"}, {double_precision, true})) {
        FAIL_CHECK(fmt::format("line {} in {}: {} [{}]", f.line, f.function, f.message, f.rule));
      }
    });
  }
}

TEST_CASE("two emissions of one model are the same bytes, and so are two schedules of one graph") {
  for_all_sources(8, [](const test::Scheduled& model, const emit::Source& source, bool double_precision) {
    test::Scheduled again = model;
    again.schedule = emit::make_schedule(model.graph());
    const emit::Source second = test::source_of(again, double_precision);
    CHECK(second.cuda == source.cuda);
    CHECK(second.host == source.host);
    CHECK(second.constant_data == source.constant_data);
    CHECK(emit::print(again.schedule, model.graph()) == emit::print(model.schedule, model.graph()));
  });
}

TEST_CASE("constants are aligned, lie apart, fill their data and are each read by a kernel") {
  for_all_sources(7, [](const test::Scheduled&, const emit::Source& source, bool double_precision) {
    std::size_t end = 0;
    std::set<std::string> read;
    for (const emit::Kernel& kernel : source.kernels) read.insert(kernel.arguments.begin(), kernel.arguments.end());
    for (const emit::Constant& constant : source.constants) {
      CAPTURE(constant.name);
      CHECK(constant.offset % 64 == 0);
      CHECK(constant.offset >= end);
      CHECK(constant.bytes % (double_precision ? 8 : 4) == 0);
      CHECK(read.contains(constant.name));
      end = constant.offset + constant.bytes;
    }
    CHECK(source.constant_data.size() == end);
  });
}

TEST_CASE("kernels write a buffer in its first phase and read it until its last; no kernel reads and writes one slot") {
  for_all_sources(8, [](const test::Scheduled& model, const emit::Source& source, bool) {
    const clang::Manifest manifest = clang::parse_manifest(source.cuda, {"MLFF_PARSE"});
    REQUIRE(manifest.kernels.size() == source.kernels.size());
    std::map<std::string, std::pair<int, int>> seen;  // first and last kernel that names a buffer
    for (std::size_t k = 0; k < manifest.kernels.size(); ++k) {
      std::map<int, std::set<bool>> slots;  // of the kernel: whether its buffers are read only
      for (const clang::Parameter& parameter : manifest.kernels[k].parameters) {
        const auto found = std::find(source.buffer_names.begin(), source.buffer_names.end(), parameter.name);
        if (found == source.buffer_names.end()) continue;
        CAPTURE(parameter.name);
        const emit::Buffer& buffer =
            model.schedule.buffers[static_cast<std::size_t>(found - source.buffer_names.begin())];
        const int phase = static_cast<int>(k);
        CHECK(parameter.is_const == (phase != buffer.first_phase));
        seen.emplace(parameter.name, std::pair(phase, phase)).first->second.second = phase;
        slots[buffer.slot].insert(parameter.is_const);
      }
      for (const auto& [slot, uses] : slots) CHECK(uses.size() == 1);
    }
    for (std::size_t b = 0; b < model.schedule.buffers.size(); ++b) {
      const emit::Buffer& buffer = model.schedule.buffers[b];
      CHECK(seen.at(source.buffer_names[b]) == std::pair(buffer.first_phase, buffer.last_phase));
    }
  });
}

TEST_CASE("loops over 64 channels or more vectorise on the host, in every architecture") {
  for (const std::string& name : dsl::builtin_architectures()) {
    CAPTURE(name);
    check_vectorised(test::source_of(test::scheduled_model(name, 64, 2, RadialForm::inline_), false).host);
    check_vectorised(test::source_of(test::scheduled_model(name, 70, 1, RadialForm::spline), false).host);
  }
  check_vectorised(test::source_of(test::scheduled_model("painn-schnetpack", 64, 1, RadialForm::inline_), true).host);
}
