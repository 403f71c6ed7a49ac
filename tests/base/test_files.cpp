#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "tests/base/temporary_folder.h"

using namespace mlffgen;
namespace fs = std::filesystem;

namespace {

std::string read_message(const fs::path& path, std::uint64_t max_bytes) {
  try {
    read_text_file(path, max_bytes);
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

std::size_t file_count(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

}  // namespace

TEST_CASE("what was written is read back, byte for byte") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "data.bin";
  std::string bytes(200'000, '\0');
  for (std::size_t k = 0; k < bytes.size(); ++k) bytes[k] = static_cast<char>(k * 31 % 256);
  for (const std::string& content : {std::string(), std::string("a"), bytes}) {
    write_file_atomically(path, content);
    CHECK(read_text_file(path, content.size()) == content);
    const std::vector<char> read = read_binary_file(path);
    CHECK(std::string(read.begin(), read.end()) == content);
  }
}

TEST_CASE("writing replaces the old file and leaves no other behind") {
  const TemporaryFolder folder;
  write_file_atomically(folder.path() / "a", "old, and longer");
  write_file_atomically(folder.path() / "a", "new");
  CHECK(read_text_file(folder.path() / "a", 100) == "new");
  CHECK(file_count(folder.path()) == 1);
}

TEST_CASE("a failed write leaves no temporary file") {
  const TemporaryFolder folder;
  fs::create_directory(folder.path() / "taken");
  CHECK_THROWS_AS(write_file_atomically(folder.path() / "taken", "x"), UserError);
  CHECK(file_count(folder.path()) == 1);
  CHECK_THROWS_AS(write_file_atomically(folder.path() / "missing" / "a", "x"), UserError);
  CHECK_THROWS_AS(write_file_atomically(folder.path() / "", "x"), UserError);
}

TEST_CASE("a written file has the permissions that the umask leaves") {
  const TemporaryFolder folder;
  const mode_t mask = ::umask(022);
  write_file_atomically(folder.path() / "a", "x");
  ::umask(mask);
  struct stat status = {};
  REQUIRE(::stat((folder.path() / "a").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0644);
}

TEST_CASE("a bare file name is written into the working folder") {
  const TemporaryFolder folder;
  const fs::path before = fs::current_path();
  fs::current_path(folder.path());
  write_file_atomically("bare", "x");
  fs::current_path(before);
  CHECK(read_text_file(folder.path() / "bare", 10) == "x");
}

TEST_CASE("a file that cannot be read is named with the reason") {
  const TemporaryFolder folder;
  const std::string missing = read_message(folder.path() / "missing.yaml", 10);
  CHECK(missing.find("missing.yaml") != std::string::npos);
  CHECK(missing.find("No such file or directory") != std::string::npos);
  CHECK(read_message(folder.path(), 10).find("Is a directory") != std::string::npos);
}

TEST_CASE("a file larger than allowed is refused, also one without an end") {
  const TemporaryFolder folder;
  write_file_atomically(folder.path() / "a", "12345");
  CHECK(read_message(folder.path() / "a", 5) == "no error");
  CHECK(read_message(folder.path() / "a", 4).find("more than the 4 bytes") != std::string::npos);
  CHECK(read_message("/dev/zero", 100'000).find("more than the 100000 bytes") != std::string::npos);
}

TEST_CASE("a file gets the rights that were asked for, whatever the umask") {
  const TemporaryFolder folder;
  const mode_t before = ::umask(0);
  for (const mode_t mask : {0U, 077U, 0777U}) {
    ::umask(mask);
    write_file_atomically(folder.path() / "private", "x", 0640);
    struct stat status = {};
    REQUIRE(::stat((folder.path() / "private").c_str(), &status) == 0);
    CHECK((status.st_mode & 07777U) == 0640);
  }
  ::umask(before);
}
