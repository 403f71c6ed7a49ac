#include "runtime/wisdom/store.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"
#include "base/files.h"
#include "runtime/wisdom/entry_line.h"
#include "tests/base/temporary_folder.h"
#include "tests/cache/child.h"
#include "tests/wisdom/entries.h"

using namespace mlffgen;
using namespace mlffgen::wisdom;
using namespace wisdom_test;
namespace fs = std::filesystem;

namespace {

const char* const kFile = "nvidia-h100-80gb-hbm3.jsonl";

void write(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }

std::string line_of(const WisdomEntry& entry) { return write_entry(entry) + "\n"; }

// A folder with one file of this text, read.
Reading read_text(const std::string& text) {
  const TemporaryFolder folder;
  write(folder.path() / kFile, text);
  return Store(folder.path()).read();
}

}  // namespace

TEST_CASE("entries come back as they were written, in their order") {
  const TemporaryFolder holder;
  const Store store(holder.path() / "not" / "there");
  CHECK(store.read().entries.empty());
  WisdomEntry heuristic = entry_of(200, 1, 5);
  heuristic.best = {};
  heuristic.tuned_us = heuristic.heuristic_us = 1.0 / 3;
  WisdomEntry other = entry_of(9, 32);
  other.key.gpu = "A  GPU (rev. 2)";
  store.add(entry_of(9));
  store.add(heuristic);
  store.add(other);
  const Reading reading = store.read();
  CHECK(reading.entries == std::vector<WisdomEntry>{other, entry_of(9), heuristic});
  CHECK(reading.warnings.empty());
  CHECK(reading.notes.empty());
  CHECK(fs::exists(store.folder() / kFile));
  CHECK(fs::exists(store.folder() / "a-gpu-rev-2.jsonl"));
}

TEST_CASE("files can be put one behind the other, and read without their last line break") {
  std::string text = line_of(entry_of(9)) + "\n" + line_of(entry_of(100));
  CHECK(read_text(text).entries.size() == 2);
  text.pop_back();
  const Reading reading = read_text(text);
  CHECK(reading.entries.size() == 2);
  CHECK(reading.warnings.empty());
}

TEST_CASE("a damaged line costs that line and one warning a file") {
  const std::string good = line_of(entry_of(9));
  const Reading torn = read_text(good + good.substr(0, good.size() / 2));
  CHECK(torn.entries.size() == 1);
  REQUIRE(torn.warnings.size() == 1);
  CHECK(torn.warnings[0].find("hbm3.jsonl':2: the line is not a JSON object; it is left out") != std::string::npos);

  const Reading many = read_text(std::string(40, '\0') + "\n" + good + "[1]\nnonsense\n" + good);
  CHECK(many.entries.size() == 2);
  REQUIRE(many.warnings.size() == 1);
  CHECK(many.warnings[0].find(".jsonl':1: ") != std::string::npos);
  CHECK(many.warnings[0].find("3 such lines are left out") != std::string::npos);
}

TEST_CASE("a line cut anywhere is damaged, and the next entry is safe from it") {
  const std::string good = line_of(entry_of(9));
  const TemporaryFolder folder;
  for (std::size_t size = 1; size + 1 < good.size(); ++size) {
    write(folder.path() / kFile, good.substr(0, size));
    const Store store(folder.path());
    store.add(entry_of(100));
    const Reading reading = store.read();
    CHECK(reading.entries == std::vector<WisdomEntry>{entry_of(100)});
    CHECK(reading.warnings.size() == 1);
  }
}

TEST_CASE("each field that is missing or wrong makes a line damaged") {
  const nlohmann::json good = nlohmann::json::parse(write_entry(entry_of(9)));
  CHECK(read_entry(good.dump()) == entry_of(9));
  const nlohmann::json flat = good.flatten();
  for (const auto& [pointer, value] : flat.items()) {
    CAPTURE(pointer);
    const nlohmann::json::json_pointer place(pointer);
    for (const nlohmann::json& wrong : {nlohmann::json(nullptr), nlohmann::json::array(), nlohmann::json("\n")}) {
      nlohmann::json changed = good;
      changed[place] = wrong;
      CHECK_THROWS_AS(read_entry(changed.dump()), DamagedLine);
    }
    nlohmann::json changed = good;
    if (place.back().starts_with("MLFF_")) continue;
    changed.at(place.parent_pointer()).erase(place.back());
    CHECK_THROWS_AS(read_entry(changed.dump()), DamagedLine);
  }
  const std::pair<const char*, nlohmann::json> ranges[] = {{"/key/atoms", 0},
                                                           {"/key/atoms", 1ULL << 40},
                                                           {"/key/atoms", 9.5},
                                                           {"/key/atoms", ~0ULL},
                                                           {"/tuned_us", -1.0},
                                                           {"/when", -1},
                                                           {"/when", ~0ULL},
                                                           {"/best/kernels/phase_0/MLFF_TILE", 1.5},
                                                           {"/key/gpu", std::string(300, 'x')}};
  for (const auto& [pointer, value] : ranges) {
    nlohmann::json changed = good;
    changed[nlohmann::json::json_pointer(pointer)] = value;
    CHECK_THROWS_AS(read_entry(changed.dump()), DamagedLine);
  }
}

TEST_CASE("entries of another schema are left out with a note") {
  nlohmann::json future = nlohmann::json::parse(write_entry(entry_of(9)));
  future["schema"] = 2;
  future.erase("key");
  const Reading reading = read_text(future.dump() + "\n" + line_of(entry_of(9)));
  CHECK(reading.entries.size() == 1);
  CHECK(reading.warnings.empty());
  REQUIRE(reading.notes.size() == 1);
  CHECK(reading.notes[0].find("one entry of other versions of mlffgen left out") != std::string::npos);
}

TEST_CASE("a model may be called anything") {
  WisdomEntry entry = entry_of(9);
  entry.model_name = "caf\xc3\xa9\n\xff";
  const auto back = read_entry(write_entry(entry));
  REQUIRE(back.has_value());
  CHECK(back->model_name == "caf????");
}

TEST_CASE("what everybody may write to is not read and not written") {
  const TemporaryFolder holder;
  const fs::path folder = holder.path() / "wisdom";
  const Store store(folder);
  store.add(entry_of(9));

  REQUIRE(::chmod((folder / kFile).c_str(), 0666) == 0);
  Reading reading = store.read();
  CHECK(reading.entries.empty());
  REQUIRE(reading.warnings.size() == 1);
  CHECK(reading.warnings[0].find("everybody may write to") == 0);
  CHECK_THROWS_AS(store.add(entry_of(9)), UserError);

  REQUIRE(::chmod((folder / kFile).c_str(), 0664) == 0);
  CHECK(store.read().entries.size() == 1);
  REQUIRE(::chmod(folder.c_str(), 01777) == 0);
  reading = store.read();
  CHECK(reading.entries.empty());
  REQUIRE(reading.warnings.size() == 1);
  CHECK(reading.warnings[0].find("MLFFGEN_WISDOM_DIR") != std::string::npos);
  CHECK_THROWS_AS(store.add(entry_of(9)), UserError);
}

TEST_CASE("a site's folder is read by everyone and written by its owner") {
  const TemporaryFolder holder;
  const fs::path folder = holder.path() / "wisdom";
  const Store store(folder);
  CHECK(cache_test::in_child([&] {
    ::umask(022);
    store.add(entry_of(9));
    fs::permissions(holder.path(), fs::perms(0755));
    cache_test::become_ordinary();
    cache_test::require(store.read().entries.size() == 1, "an entry");
    cache_test::require(store.read().warnings.empty(), "no warning");
    if (::geteuid() != cache_test::kNobody) return;  // the tests do not run as root: the folder is one's own
    bool refused = false;
    try {
      store.add(entry_of(9));
    } catch (const UserError& error) {
      refused = std::string(error.what()).starts_with("cannot write ");
    }
    cache_test::require(refused, "a refusal");
  }));
}

TEST_CASE("a mask that leaves everything to everybody makes no folder that cannot be used") {
  const TemporaryFolder holder;
  CHECK(cache_test::in_child([&] {
    ::umask(0);
    const Store store(holder.path() / "wisdom");
    store.add(entry_of(9));
    store.add(entry_of(100));
    cache_test::require(store.read().entries.size() == 2, "both entries");
  }));
}

TEST_CASE("links, pipes and folders in place of files are left out with a warning") {
  const TemporaryFolder holder;
  const fs::path folder = holder.path() / "wisdom";
  const Store store(folder);
  store.add(entry_of(9));
  fs::rename(folder / kFile, holder.path() / "elsewhere");
  fs::create_symlink(holder.path() / "elsewhere", folder / kFile);
  fs::create_directory(folder / "a.jsonl");
  REQUIRE(::mkfifo((folder / "b.jsonl").c_str(), 0600) == 0);
  const Reading reading = store.read();
  CHECK(reading.entries.empty());
  CHECK(reading.warnings.size() == 3);
  CHECK_THROWS_AS(store.add(entry_of(9)), UserError);
}

TEST_CASE("a store that cannot be written says why, and is empty") {
  const TemporaryFolder holder;
  write(holder.path() / "file", "");
  CHECK_THROWS_AS(Store(holder.path() / "file").add(entry_of(9)), UserError);
  CHECK_THROWS_AS(Store(holder.path() / "file" / "below").add(entry_of(9)), UserError);
  CHECK_THROWS_WITH_AS(Store("").add(entry_of(9)),
                       "there is no home folder: name a folder for wisdom in MLFFGEN_WISDOM_DIR", UserError);
  CHECK(Store("").read().entries.empty());
  CHECK(Store("").read().warnings.empty());
  CHECK(Store(holder.path() / "file").read().warnings.size() == 1);
}

TEST_CASE("the folder is the user's, then XDG's, then in the home folder") {
  // Variables are set in a child, nullptr meaning none, and stay as they are here.
  const auto check = [](const char* own, const char* xdg, const char* home, const std::string& expected) {
    CAPTURE(expected);
    CHECK(cache_test::in_child([&] {
      const std::pair<const char*, const char*> values[] = {
          {"MLFFGEN_WISDOM_DIR", own}, {"XDG_DATA_HOME", xdg}, {"HOME", home}};
      for (const auto& [name, value] : values) value == nullptr ? ::unsetenv(name) : ::setenv(name, value, 1);
      cache_test::require(environment_folder() == expected, "the folder");
    }));
  };
  check("/a", "/x", "/h", "/a");
  check("relative", "/x", "/h", "relative");
  check("", "/x", "/h", "/x/mlffgen/wisdom");
  check(nullptr, "/x", "/h", "/x/mlffgen/wisdom");
  check(nullptr, "relative", "/h", "/h/.local/share/mlffgen/wisdom");
  check(nullptr, nullptr, "/h", "/h/.local/share/mlffgen/wisdom");
  check(nullptr, nullptr, nullptr, "");
}

TEST_CASE("the shipped entries can all be read") {
  const Reading reading = shipped();
  CHECK(reading.warnings.empty());
  CHECK(reading.notes.empty());
}

TEST_CASE("a file is named after its GPU") {
  CHECK(slug("NVIDIA H100 80GB HBM3") == "nvidia-h100-80gb-hbm3");
  CHECK(slug("../../etc") == "etc");
  CHECK(slug(" \xc3\xa9 ") == "gpu");
}
