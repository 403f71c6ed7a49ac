#include "base/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace mlffgen {
namespace {

// Escaped like any other text of the user's, but whole: a path cut short helps nobody.
std::string quote_path(const std::filesystem::path& path) { return quote(path.string(), path.string().size() * 4); }

[[noreturn]] void fail(const char* action, const std::filesystem::path& path, int error) {
  throw UserError(std::string("cannot ") + action + " " + quote_path(path) + ": " + std::strerror(error));
}

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }

  int get() const { return value_; }
  int release() { return std::exchange(value_, -1); }

 private:
  int value_;
};

int open_retrying(const std::filesystem::path& path, int flags, mode_t mode = 0) {
  for (;;) {
    const int file = ::open(path.c_str(), flags | O_CLOEXEC, mode);
    if (file >= 0 || errno != EINTR) return file;
  }
}

template <typename Bytes>
Bytes read_file(const std::filesystem::path& path, std::uint64_t max_bytes) {
  const Descriptor file(open_retrying(path, O_RDONLY));
  if (file.get() < 0) fail("read", path, errno);
  struct stat status = {};
  if (::fstat(file.get(), &status) != 0) fail("read", path, errno);
  if (S_ISDIR(status.st_mode)) fail("read", path, EISDIR);

  const auto too_large = [&] {
    return UserError("cannot read " + quote_path(path) + ": it has more than the " + std::to_string(max_bytes) +
                     " bytes allowed for this kind of file");
  };
  // The size only sizes the buffer: the loop trusts what it reads.
  const std::uint64_t expected = status.st_size > 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
  if (expected > max_bytes) throw too_large();

  constexpr std::size_t kPiece = 1 << 16;
  Bytes bytes(static_cast<std::size_t>(expected) + 1, '\0');
  std::size_t used = 0;
  for (;;) {
    if (used == bytes.size()) bytes.resize(bytes.size() + std::max(kPiece, bytes.size() / 2));
    const ssize_t count = ::read(file.get(), bytes.data() + used, bytes.size() - used);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("read", path, errno);
    if (count == 0) break;
    used += static_cast<std::size_t>(count);
    if (used > max_bytes) throw too_large();
  }
  bytes.resize(used);
  return bytes;
}

// Removes the temporary file unless it has been renamed.
struct TemporaryFile {
  std::filesystem::path path;
  bool keep = false;
  ~TemporaryFile() {
    if (!keep) ::unlink(path.c_str());
  }
};

void write_all(int file, std::string_view bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("write", path, errno);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

void sync_folder(const std::filesystem::path& folder) {
  const Descriptor handle(open_retrying(folder, O_RDONLY | O_DIRECTORY));
  // Some file systems cannot sync a folder; the rename has happened all the same.
  if (handle.get() >= 0) static_cast<void>(::fsync(handle.get()));
}

}  // namespace

std::string read_text_file(const std::filesystem::path& path, std::uint64_t max_bytes) {
  return read_file<std::string>(path, max_bytes);
}

std::vector<char> read_binary_file(const std::filesystem::path& path, std::uint64_t max_bytes) {
  return read_file<std::vector<char>>(path, max_bytes);
}

void write_file_atomically(const std::filesystem::path& path, std::string_view bytes, std::optional<unsigned> mode) {
  static std::atomic<unsigned> counter{0};
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  if (path.filename().empty()) fail("write", path, EISDIR);

  constexpr int kAttempts = 100;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const std::string unique = std::to_string(::getpid()) + "-" + std::to_string(counter++);
    const std::filesystem::path temporary_path = folder / ("." + path.filename().string() + "." + unique + ".tmp");
    Descriptor file(open_retrying(temporary_path, O_WRONLY | O_CREAT | O_EXCL, mode.value_or(0666)));
    if (file.get() < 0 && errno == EEXIST) continue;
    if (file.get() < 0) fail("write", path, errno);

    TemporaryFile temporary{temporary_path};
    if (mode && ::fchmod(file.get(), *mode) != 0) fail("write", path, errno);
    write_all(file.get(), bytes, path);
    if (::fsync(file.get()) != 0) fail("write", path, errno);
    if (::close(file.release()) != 0) fail("write", path, errno);
    if (::rename(temporary_path.c_str(), path.c_str()) != 0) fail("write", path, errno);
    temporary.keep = true;
    sync_folder(folder);
    return;
  }
  fail("write", path, EEXIST);
}

}  // namespace mlffgen
