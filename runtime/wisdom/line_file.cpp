#include "runtime/wisdom/line_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <ranges>
#include <string_view>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"

namespace mlffgen::wisdom {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMostBytes = 1 << 26;
constexpr mode_t kFolderMode = 0775, kFileMode = 0664;  // less what the umask takes away

std::string quote_path(const fs::path& path) { return quote(path.string(), path.string().size() * 4); }

[[noreturn]] void fail(const char* action, const fs::path& path, int error) {
  throw UserError(fmt::format("cannot {} {}: {}", action, quote_path(path), std::strerror(error)));
}

void refuse_writable_by_all(const struct stat& status, const fs::path& path) {
  if ((status.st_mode & S_IWOTH) == 0) return;
  throw UserError(
      fmt::format("everybody may write to {} (mode {:o}), so that it is not used: 'chmod o-w' it, or name another "
                  "folder in MLFFGEN_WISDOM_DIR",
                  quote_path(path), status.st_mode & 07777U));
}

// A regular file that is open; its lock ends with it.
class LineFile {
 public:
  // A link or a pipe in place of a file is neither followed nor waited for.
  LineFile(const fs::path& path, int flags) : path_(path) {
    do {
      file_ = ::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, kFileMode);
    } while (file_ < 0 && errno == EINTR);
    error_ = file_ < 0 ? errno : 0;
  }
  LineFile(const LineFile&) = delete;
  LineFile& operator=(const LineFile&) = delete;
  ~LineFile() {
    if (file_ >= 0) ::close(file_);
  }

  int error() const { return error_; }  // of opening it, 0 for none

  void check() const {
    struct stat status = {};
    if (::fstat(file_, &status) != 0) fail("read", path_, errno);
    if (!S_ISREG(status.st_mode)) fail("use", path_, S_ISDIR(status.st_mode) ? EISDIR : EINVAL);
    refuse_writable_by_all(status, path_);
  }

  // False if it was not to be had, be it that somebody else has it or that the file system knows no locks.
  bool lock(int kind) const {
    int result = 0;
    do {
      result = ::flock(file_, kind);
    } while (result != 0 && errno == EINTR);
    return result == 0;
  }

  off_t size() const {
    struct stat status = {};
    if (::fstat(file_, &status) != 0) fail("read", path_, errno);
    return status.st_size;
  }

  bool ends_within_a_line() const {
    const off_t bytes = size();
    char last = '\n';
    if (bytes > 0 && ::pread(file_, &last, 1, bytes - 1) < 0) fail("read", path_, errno);
    return last != '\n';
  }

  void write(std::string_view text) const {
    const off_t before = size();
    while (!text.empty()) {
      const ssize_t count = ::write(file_, text.data(), text.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) {
        const int error = errno;
        static_cast<void>(::ftruncate(file_, before) == 0);  // the lock is ours: nobody wrote behind it
        fail("write", path_, error);
      }
      text.remove_prefix(static_cast<std::size_t>(count));
    }
  }

  void sync() const {
    if (::fsync(file_) != 0) fail("write", path_, errno);
  }

 private:
  fs::path path_;
  int file_ = -1, error_ = 0;
};

}  // namespace

std::vector<Line> read_lines(const fs::path& path) {
  const LineFile file(path, O_RDONLY);
  if (file.error() == ENOENT) return {};
  if (file.error() != 0) fail("read", path, file.error());
  file.check();
  const bool nobody_writes = file.lock(LOCK_SH | LOCK_NB);
  const std::string bytes = read_text_file(path, kMostBytes);
  std::string_view rest = bytes;
  std::vector<Line> lines;
  for (int number = 1; !rest.empty(); ++number) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos && !nobody_writes) break;
    const std::string_view text = rest.substr(0, end);
    if (!text.empty()) lines.push_back({number, std::string(text)});
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return lines;
}

void append_line(const fs::path& path, const std::string& text, Durability durability) {
  internal_check(text.find('\n') == std::string::npos, "a line has a line break");
  const LineFile file(path, O_RDWR | O_APPEND | O_CREAT);
  if (file.error() != 0) fail("write", path, file.error());
  file.check();
  if (!file.lock(LOCK_EX)) fail("lock", path, errno);
  // Who was killed while writing left a line without an end.
  file.write((file.ends_within_a_line() ? "\n" : "") + text + "\n");
  if (durability == Durability::machine) file.sync();
}

void make_folder(const fs::path& path) {
  std::vector<fs::path> missing;
  std::error_code ignored;
  for (fs::path p = path; !p.empty() && !fs::exists(p, ignored); p = p.parent_path()) missing.push_back(p);
  for (const fs::path& folder : missing | std::views::reverse) {
    if (::mkdir(folder.c_str(), kFolderMode) == 0 || errno == EEXIST) continue;
    const int error = errno;
    throw UserError(fmt::format("cannot make the folder {}: {}; name another in MLFFGEN_WISDOM_DIR", quote_path(folder),
                                std::strerror(error)));
  }
  check_folder(path);
}

void check_folder(const fs::path& path) {
  struct stat status = {};
  if (::stat(path.c_str(), &status) != 0) fail("read", path, errno);
  if (!S_ISDIR(status.st_mode)) {
    throw UserError(fmt::format("{} is not a folder; name another in MLFFGEN_WISDOM_DIR", quote_path(path)));
  }
  refuse_writable_by_all(status, path);
}

}  // namespace mlffgen::wisdom
