#include "tuning/journal.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "base/files.h"
#include "tests/base/temporary_folder.h"

using namespace mlffgen;
using namespace mlffgen::tuning;
namespace fs = std::filesystem;

namespace {

wisdom::WisdomKey key_of(int atoms) { return {"NVIDIA H100", "9.0", 132, "13000", "13.0", "0.1.0", "00ff", atoms}; }

}  // namespace

TEST_CASE("a journal knows what was written into it, also in the next process") {
  const TemporaryFolder holder;
  Journal first(holder.path() / "wisdom", key_of(9));
  CHECK(first.samples("q").empty());
  CHECK_FALSE(first.answer("q").has_value());
  first.add_samples("q", {1.5, 1.0 / 3});
  first.add_samples("other", {7});
  first.add_samples("q", {2});
  first.add_answer("sound", "");
  first.add_answer("broken", "bytes \xff and\nlines");
  const Journal second(holder.path() / "wisdom", key_of(9));
  CHECK(second.samples("q") == std::vector<double>{1.5, 1.0 / 3, 2});
  CHECK(second.samples("q") == first.samples("q"));
  CHECK(second.answer("sound") == "");
  CHECK(second.answer("broken")->starts_with("bytes "));
  CHECK_FALSE(second.answer("q").has_value());
  CHECK(second.warnings().empty());
}

TEST_CASE("journals of different keys are different files") {
  const TemporaryFolder holder;
  Journal journal(holder.path(), key_of(9));
  CHECK(journal.path().parent_path() == holder.path() / "progress");
  CHECK(journal.path().filename().string().starts_with("nvidia-h100-9-atoms-"));
  wisdom::WisdomKey driver = key_of(9), model = key_of(9);
  driver.driver = "12080";
  model.model = "11ff";
  for (const wisdom::WisdomKey& other : {driver, model, key_of(10)}) {
    CHECK(Journal(holder.path(), other).path() != journal.path());
  }
}

TEST_CASE("a journal that is removed leaves nothing behind") {
  const TemporaryFolder holder;
  Journal journal(holder.path(), key_of(9));
  journal.remove();
  journal.add_samples("q", {1});
  REQUIRE(fs::exists(journal.path()));
  journal.remove();
  CHECK_FALSE(fs::exists(journal.path()));
  CHECK(journal.samples("q").empty());
  CHECK(Journal(holder.path(), key_of(9)).samples("q").empty());
}

TEST_CASE("a journal cut anywhere loses what was cut, and goes on") {
  const TemporaryFolder holder;
  Journal whole(holder.path(), key_of(9));
  whole.add_samples("q", {1, 2});
  const std::string first = read_text_file(whole.path(), 1000);
  whole.add_samples("q", {3});
  const std::string both = read_text_file(whole.path(), 1000);
  for (std::size_t size = first.size(); size + 1 < both.size(); ++size) {
    std::ofstream(whole.path()) << both.substr(0, size);
    Journal journal(holder.path(), key_of(9));
    CHECK(journal.samples("q") == std::vector<double>{1, 2});
    CHECK(journal.warnings().size() == (size > first.size() ? 1 : 0));
    journal.add_samples("q", {4});
    CHECK(Journal(holder.path(), key_of(9)).samples("q") == std::vector<double>{1, 2, 4});
  }
}

TEST_CASE("lines that are none of a journal's are left out") {
  const TemporaryFolder holder;
  Journal journal(holder.path(), key_of(9));
  journal.add_answer("q", "no");
  std::ofstream(journal.path(), std::ios::app) << "[]\n{}\n{\"schema\":2,\"question\":\"q\",\"problem\":\"\"}\n"
                                               << "{\"schema\":1,\"question\":7,\"us\":[]}\n"
                                               << "{\"schema\":1,\"question\":\"r\",\"us\":[\"x\"]}\n";
  const Journal again(holder.path(), key_of(9));
  CHECK(again.answer("q") == "no");
  CHECK(again.samples("r").empty());
  REQUIRE(again.warnings().size() == 1);
  CHECK(again.warnings()[0].find(".jsonl':2: ") != std::string::npos);
  CHECK(again.warnings()[0].find("5 such lines are measured again") != std::string::npos);
}

TEST_CASE("without a folder a journal is in memory") {
  Journal journal("", key_of(9));
  journal.add_samples("q", {1});
  CHECK(journal.samples("q").size() == 1);
  journal.remove();
}
