#include "runtime/cache/folder.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "tests/base/temporary_folder.h"
#include "tests/cache/child.h"
#include "tests/cache/kernels.h"

using namespace mlffgen;
using namespace mlffgen::cache;
using namespace cache_test;
namespace fs = std::filesystem;

namespace {

unsigned mode_of(const fs::path& path) {
  struct stat status = {};
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status.st_mode & 07777U;
}

// Makes the last use of a file so many seconds ago.
void age(const fs::path& path, time_t seconds) {
  const timespec when = {::time(nullptr) - seconds, 0};
  const timespec times[2] = {when, when};
  REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW) == 0);
}

std::int64_t seconds_unused(const fs::path& path) {
  struct stat status = {};
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  return ::time(nullptr) - status.st_mtim.tv_sec;
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& item : fs::directory_iterator(folder)) names.push_back(item.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

// A cache in this folder compiles all the same, keeps it in memory, and warns once.
void check_memory_only(const fs::path& folder, const std::string& reason) {
  CountingCache counting(folder);
  CHECK(counting.get("f", code(10)) == Origin::compiled);
  CHECK(counting.get("g", code(20)) == Origin::compiled);
  CHECK(counting.get("f", {}) == Origin::memory);
  CHECK(counting.last == code(10));
  REQUIRE(counting.warnings.size() == 1);
  CHECK_MESSAGE(counting.warnings[0].find(reason) != std::string::npos, counting.warnings[0]);
}

}  // namespace

TEST_CASE("the folder and its entries are this user's alone, whatever the umask") {
  const TemporaryFolder folder;
  const mode_t before = ::umask(0);
  for (const mode_t mask : {0U, 022U, 077U, 0777U}) {
    ::umask(mask);
    const fs::path place = folder.path() / std::to_string(mask) / "deep" / "cache";
    CountingCache counting(place);
    counting.get("f", code(10));
    CHECK(counting.warnings.empty());
    CHECK(mode_of(place) == 0700);
    CHECK(mode_of(place.parent_path()) == 0700);
    CHECK(mode_of(entry_path(place, "f")) == 0600);
    CHECK(CountingCache(place).get("f", {}) == Origin::disk);
  }
  ::umask(before);
}

TEST_CASE("a folder that others may write to is not used") {
  const TemporaryFolder folder;
  for (const mode_t mode : {0720U, 0702U, 01777U}) {
    REQUIRE(::chmod(folder.path().c_str(), mode) == 0);
    check_memory_only(folder.path(), "others may write to the folder");
    CHECK(names_in(folder.path()).empty());
  }
  REQUIRE(::chmod(folder.path().c_str(), 0755) == 0);
  CHECK(CountingCache(folder.path()).get("f", code(10)) == Origin::compiled);
  CHECK(names_in(folder.path()).size() == 1);
}

TEST_CASE("a folder of another user is not used") {
  const TemporaryFolder folder;
  if (::geteuid() == 0) {
    REQUIRE(::chown(folder.path().c_str(), kNobody, kNobody) == 0);
    check_memory_only(folder.path(), "belongs to another user (id 65534)");
    CHECK(names_in(folder.path()).empty());
  } else {
    check_memory_only("/", "belongs to another user (id 0)");
  }
}

TEST_CASE("an entry of another user is not used, and is replaced") {
  if (::geteuid() != 0) return;
  const TemporaryFolder folder;
  CountingCache(folder.path()).get("f", code(10));
  REQUIRE(::chown(entry_path(folder.path(), "f").c_str(), kNobody, kNobody) == 0);
  CHECK(CountingCache(folder.path()).get("f", code(10)) == Origin::compiled);
  CHECK(CountingCache(folder.path()).get("f", {}) == Origin::disk);
}

TEST_CASE("where there can be no folder, kernels stay in memory") {
  const TemporaryFolder folder;
  write_file_atomically(folder.path() / "file", "");
  check_memory_only(folder.path() / "file", "Not a directory");
  check_memory_only(folder.path() / "file" / "below", "Not a directory");
  check_memory_only("/proc/nothing/here", "cannot make the folder '/proc/nothing'");
  check_memory_only("", "MLFFGEN_CACHE_DIR");
}

TEST_CASE("every damaged byte of an entry costs a compilation, and heals the entry") {
  const TemporaryFolder folder;
  const Bytes cubin = code(40);
  const fs::path path = entry_path(folder.path(), "f");
  CountingCache(folder.path()).get("f", cubin);
  const std::string good = read_text_file(path, 1 << 20);
  const auto heals = [&](const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
    CountingCache counting(folder.path());
    const bool compiled = counting.get("f", cubin) == Origin::compiled && counting.last == cubin;
    return compiled && counting.warnings.empty() && CountingCache(folder.path()).get("f", {}) == Origin::disk;
  };
  for (std::size_t k = 0; k < good.size(); ++k) {
    std::string bytes = good;
    bytes[k] = static_cast<char>(bytes[k] ^ 0x20);
    if (!heals(bytes)) FAIL("byte " << k);
  }
  for (const std::size_t length : {std::size_t{0}, std::size_t{1}, std::size_t{57}, good.size() / 2, good.size() - 1}) {
    if (!heals(good.substr(0, length))) FAIL("cut to " << length);
  }
  CHECK(heals(good + "x"));
}

TEST_CASE("a damaged entry is gone before its kernel is compiled again") {
  const TemporaryFolder folder;
  const fs::path path = entry_path(folder.path(), "f");
  std::ofstream(path) << "rubbish";
  Folder place = Folder::make(folder.path());
  CHECK(!place.read(key_text(key_of("f"))));
  CHECK(!fs::exists(path));
}

TEST_CASE("what is no file in an entry's place is not followed") {
  const TemporaryFolder folder;
  const fs::path path = entry_path(folder.path(), "f"), target = folder.path() / "target";
  const std::string entry = write_entry({}, key_text(key_of("f")), code(10));
  write_file_atomically(target, entry);
  fs::create_symlink(target, path);
  CHECK(CountingCache(folder.path()).get("f", code(10)) == Origin::compiled);
  CHECK(CountingCache(folder.path()).get("f", {}) == Origin::disk);
  CHECK(read_text_file(target, 1 << 20) == entry);

  fs::remove(path);
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  CHECK(CountingCache(folder.path()).get("f", code(10)) == Origin::compiled);

  fs::remove(path);
  fs::create_directory(path);
  CountingCache blocked(folder.path());
  CHECK(blocked.get("f", code(10)) == Origin::compiled);
  CHECK(blocked.warnings.size() == 1);
}

TEST_CASE("an entry of another key under the same hash is a miss, not a wrong kernel") {
  const TemporaryFolder folder;
  const fs::path path = entry_path(folder.path(), "f");
  write_file_atomically(path, write_entry({}, key_text(key_of("g")), code(10, 7)));
  Folder place = Folder::make(folder.path());
  CHECK(!place.read(key_text(key_of("f"))));
  CHECK(fs::exists(path));
  CountingCache counting(folder.path());
  CHECK(counting.get("f", code(10, 8)) == Origin::compiled);
  CHECK(counting.last == code(10, 8));
}

TEST_CASE("a read-only folder is read, and told of once") {
  const TemporaryFolder folder;
  REQUIRE(::chmod(folder.path().c_str(), 0755) == 0);
  const fs::path place = folder.path() / "cache";
  if (::geteuid() == 0) REQUIRE(::chown(folder.path().c_str(), kNobody, kNobody) == 0);
  CHECK(in_child([&] {
    become_ordinary();
    CountingCache(place).get("f", code(10));
    require(::chmod(place.c_str(), 0500) == 0, "chmod");
    CountingCache counting(place);
    require(counting.get("f", {}) == Origin::disk, "the entry is read");
    require(counting.warnings.empty(), "reading warns of nothing");
    require(counting.get("g", code(20)) == Origin::compiled, "compiles");
    require(counting.get("h", code(30)) == Origin::compiled, "compiles again");
    require(counting.get("g", {}) == Origin::memory, "keeps in memory");
    require(counting.warnings.size() == 1, "one warning");
    require(names_in(place).size() == 1, "nothing new");
    require(::chmod(place.c_str(), 0700) == 0, "chmod");
  }));
}

TEST_CASE("an entry that cannot be read is not deleted or replaced") {
  const TemporaryFolder folder;
  REQUIRE(::chmod(folder.path().c_str(), 0755) == 0);
  const fs::path place = folder.path() / "cache";
  if (::geteuid() == 0) REQUIRE(::chown(folder.path().c_str(), kNobody, kNobody) == 0);
  CHECK(in_child([&] {
    become_ordinary();
    CountingCache(place).get("f", code(10));
    const fs::path path = entry_path(place, "f");
    require(::chmod(path.c_str(), 0) == 0, "chmod");
    CountingCache counting(place);
    require(counting.get("f", code(11)) == Origin::compiled, "compiles");
    require(counting.get("g", code(11)) == Origin::compiled, "compiles another");
    require(counting.warnings.size() == 1, "one warning");
    require(::chmod(path.c_str(), 0600) == 0, "chmod");
    CountingCache later(place);
    require(later.get("f", {}) == Origin::disk && later.last == code(10), "it is there as it was");
  }));
}

TEST_CASE("a full disk means in memory, with one warning and no rubbish") {
  const TemporaryFolder folder;
  CHECK(in_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit = {20'000, 20'000};
    require(::setrlimit(RLIMIT_FSIZE, &limit) == 0, "setrlimit");
    CountingCache counting(folder.path());
    require(counting.get("small", code(100)) == Origin::compiled, "a small one");
    require(counting.get("large", code(50'000)) == Origin::compiled, "a large one");
    require(counting.get("larger", code(60'000)) == Origin::compiled, "a larger one");
    require(counting.get("large", {}) == Origin::memory && counting.last == code(50'000), "is kept in memory");
    require(counting.warnings.size() == 1, "one warning");
    require(counting.warnings[0].find("too large") != std::string::npos, "that says why");
  }));
  CHECK(names_in(folder.path()) == std::vector<std::string>{entry_path("", "small").string()});
}

TEST_CASE("the entry used longest ago makes room for a new one, a read is a use") {
  constexpr std::uint64_t kBudget = 35'000;
  std::vector<std::string> sources = {"a", "b", "c"};
  do {
    const TemporaryFolder folder;
    for (std::size_t k = 0; k < sources.size(); ++k) {
      CountingCache(folder.path(), kBudget).get(sources[k], code(10'000));
      age(entry_path(folder.path(), sources[k]), static_cast<time_t>(1000 - 100 * k));
    }
    CHECK(CountingCache(folder.path(), kBudget).get(sources[0], {}) == Origin::disk);
    CountingCache(folder.path(), kBudget).get("new", code(10'000));
    CHECK(fs::exists(entry_path(folder.path(), sources[0])));
    CHECK(!fs::exists(entry_path(folder.path(), sources[1])));
    CHECK(fs::exists(entry_path(folder.path(), sources[2])));
    CHECK(fs::exists(entry_path(folder.path(), "new")));
  } while (std::next_permutation(sources.begin(), sources.end()));
}

TEST_CASE("entries of other schemas count and make room too") {
  const TemporaryFolder folder;
  const fs::path old = folder.path() / (std::string(32, 'a') + ".v0.cubin");
  write_file_atomically(old, std::string(20'000, 'x'));
  age(old, 100);
  CountingCache(folder.path(), 15'000).get("f", code(10'000));
  CHECK(!fs::exists(old));
  CHECK(fs::exists(entry_path(folder.path(), "f")));
}

TEST_CASE("an entry larger than the budget throws nothing out") {
  const TemporaryFolder folder;
  CountingCache counting(folder.path(), 15'000);
  counting.get("small", code(10'000));
  counting.get("large", code(20'000));
  CHECK(counting.warnings.empty());
  CHECK(fs::exists(entry_path(folder.path(), "small")));
  CHECK(!fs::exists(entry_path(folder.path(), "large")));
}

TEST_CASE("a hit writes its time down once a minute at most") {
  const TemporaryFolder folder;
  const fs::path path = entry_path(folder.path(), "f");
  CountingCache(folder.path()).get("f", code(10));
  age(path, kTouchSeconds - 10);
  CountingCache(folder.path()).get("f", {});
  CHECK(seconds_unused(path) >= kTouchSeconds - 10);
  age(path, kTouchSeconds + 10);
  CountingCache(folder.path()).get("f", {});
  CHECK(seconds_unused(path) < 10);
}

TEST_CASE("old temporary files are swept, new ones and other files stay") {
  const TemporaryFolder folder;
  const std::string name = entry_path("", "f").string();
  const std::vector<std::string> stay = {"." + name + ".1-1.tmp", ".other.1-2.tmp", "notes.txt", "x.cubin"};
  const std::string goes = "." + name + ".1-0.tmp";
  for (const std::string& file : stay) write_file_atomically(folder.path() / file, "x");
  for (const std::string& file : stay) age(folder.path() / file, file == stay[0] ? 60 : 10 * kTemporarySeconds);
  write_file_atomically(folder.path() / goes, "x");
  age(folder.path() / goes, kTemporarySeconds + 10);
  CountingCache(folder.path(), 5'000).get("g", code(10));
  CHECK(!fs::exists(folder.path() / goes));
  for (const std::string& file : stay) CHECK_MESSAGE(fs::exists(folder.path() / file), file);
}
