#include "runtime/cache/settings.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <string>
#include <utility>
#include <vector>

#include "base/error.h"

using namespace mlffgen;
using namespace mlffgen::cache;

namespace {

// Sets variables, nullptr meaning none, and puts back what was there.
class Environment {
 public:
  using Values = std::vector<std::pair<const char*, const char*>>;
  explicit Environment(const Values& values) {
    for (const auto& [name, value] : values) {
      const char* const old = ::getenv(name);
      old_.emplace_back(name, old == nullptr ? std::string() : std::string(old));
      set(name, value);
    }
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  ~Environment() {
    for (const auto& [name, value] : old_) set(name, value.empty() ? nullptr : value.c_str());
  }

 private:
  static void set(const char* name, const char* value) {
    value == nullptr ? ::unsetenv(name) : ::setenv(name, value, 1);
  }
  std::vector<std::pair<const char*, std::string>> old_;
};

std::string folder(const char* own, const char* xdg, const char* home) {
  const Environment set({{"MLFFGEN_CACHE_DIR", own}, {"XDG_CACHE_HOME", xdg}, {"HOME", home}});
  return environment_settings().folder.string();
}

}  // namespace

TEST_CASE("the folder is the user's, then XDG's, then in the home folder") {
  CHECK(folder("/a", "/x", "/h") == "/a");
  CHECK(folder("relative", "/x", "/h") == "relative");
  CHECK(folder("", "/x", "/h") == "/x/mlffgen");
  CHECK(folder(nullptr, "/x", "/h") == "/x/mlffgen");
  CHECK(folder(nullptr, "relative", "/h") == "/h/.cache/mlffgen");
  CHECK(folder(nullptr, nullptr, "/h") == "/h/.cache/mlffgen");
  CHECK(folder(nullptr, nullptr, nullptr).empty());
}

TEST_CASE("a size is a whole number with a unit of 1024") {
  CHECK(parse_size("0", "") == 0);
  CHECK(parse_size("123", "") == 123);
  CHECK(parse_size("2K", "") == 2048);
  CHECK(parse_size("512M", "") == 512ULL << 20);
  CHECK(parse_size("3G", "") == 3ULL << 30);
  CHECK(parse_size("1T", "") == 1ULL << 40);
  for (const char* wrong : {"", "M", "-1", "1.5G", "1GB", "1g", " 1", "1 ", "99999999999999999999", "99999999T"}) {
    CHECK_THROWS_AS(parse_size(wrong, "SIZE"), UserError);
  }
  try {
    parse_size("lots", "MLFFGEN_CACHE_SIZE");
    FAIL("no error");
  } catch (const UserError& error) {
    CHECK(std::string(error.what()) ==
          "MLFFGEN_CACHE_SIZE: expected a size such as 512M or 2G (0: nothing), not 'lots'");
  }
}

TEST_CASE("the budget is a gibibyte unless the environment says otherwise") {
  {
    const Environment set(Environment::Values{{"MLFFGEN_CACHE_SIZE", nullptr}});
    CHECK(environment_settings().disk_bytes == 1ULL << 30);
  }
  const Environment set(Environment::Values{{"MLFFGEN_CACHE_SIZE", "5M"}});
  CHECK(environment_settings().disk_bytes == 5ULL << 20);
}
