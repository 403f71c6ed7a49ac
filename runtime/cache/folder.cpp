#include "runtime/cache/folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "runtime/cache/key.h"

namespace mlffgen::cache {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kSecond = 1'000'000'000;  // in nanoseconds
constexpr mode_t kFolderMode = 0700, kFileMode = 0600;

std::string quote_path(const fs::path& path) { return quote(path.string(), path.string().size() * 4); }

[[noreturn]] void fail(const char* action, const fs::path& path, int error) {
  throw UserError(fmt::format("cannot {} {}: {}", action, quote_path(path), std::strerror(error)));
}

std::int64_t now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::int64_t modification_time(const struct stat& status) {
  return std::int64_t{status.st_mtim.tv_sec} * kSecond + status.st_mtim.tv_nsec;
}

// An entry that is open for reading.
class OpenEntry {
 public:
  // Nothing is thrown for a file that is not there: see found().
  explicit OpenEntry(const fs::path& path) : path_(path) {
    // A link or a pipe in place of an entry is neither followed nor waited for.
    do {
      file_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    } while (file_ < 0 && errno == EINTR);
    if (file_ < 0 && errno == ELOOP) throw DamagedEntry("is a link");
    if (file_ < 0 && errno != ENOENT) fail("read", path, errno);
    if (file_ < 0) return;
    if (::fstat(file_, &status_) != 0) {
      const int error = errno;
      ::close(file_);
      fail("read", path, error);
    }
  }
  OpenEntry(const OpenEntry&) = delete;
  OpenEntry& operator=(const OpenEntry&) = delete;
  ~OpenEntry() {
    if (file_ >= 0) ::close(file_);
  }

  bool found() const { return file_ >= 0; }
  std::uint64_t bytes() const { return static_cast<std::uint64_t>(status_.st_size); }

  // What only this user can have written, at most max_bytes from the beginning.
  std::string read(std::size_t max_bytes) const {
    if (!S_ISREG(status_.st_mode)) throw DamagedEntry("is not a regular file");
    if (status_.st_uid != ::geteuid()) throw DamagedEntry("belongs to another user");
    if (bytes() > kMaxEntryBytes) throw DamagedEntry("is too large");
    std::string text(std::min<std::size_t>(bytes(), max_bytes), '\0');
    std::size_t used = 0;
    while (used < text.size()) {
      const ssize_t count = ::read(file_, text.data() + used, text.size() - used);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) fail("read", path_, errno);
      if (count == 0) throw DamagedEntry("is cut short");
      used += static_cast<std::size_t>(count);
    }
    return text;
  }

  // Failing is no harm: the entry counts as used earlier than it was.
  void touch() const {
    if (now() - modification_time(status_) > kTouchSeconds * kSecond) static_cast<void>(::futimens(file_, nullptr));
  }

 private:
  fs::path path_;
  int file_ = -1;
  struct stat status_ = {};
};

bool is_entry(std::string_view name) {
  constexpr std::size_t kHashDigits = 32;
  constexpr std::string_view kEnd = ".cubin";
  if (name.size() < kHashDigits + 3 + kEnd.size() || !name.ends_with(kEnd)) return false;
  if (name.substr(0, kHashDigits).find_first_not_of("0123456789abcdef") != std::string_view::npos) return false;
  const std::string_view schema = name.substr(kHashDigits, name.size() - kHashDigits - kEnd.size());
  return schema.starts_with(".v") && schema.find_first_not_of("0123456789", 2) == std::string_view::npos;
}

// What write_file_atomically writes to on the way: ".NAME.UNIQUE.tmp".
bool is_temporary(std::string_view name) {
  return name.starts_with(".") && name.ends_with(".tmp") && name.find(".cubin.") != std::string_view::npos;
}

}  // namespace

bool has_this_schema(std::string_view name) {
  return is_entry(name) && name.ends_with(fmt::format(".v{}.cubin", kSchema));
}

Folder Folder::make(const fs::path& path) {
  std::vector<fs::path> missing;
  std::error_code ignored;
  for (fs::path p = path; !p.empty() && !fs::exists(p, ignored); p = p.parent_path()) missing.push_back(p);
  for (auto p = missing.rbegin(); p != missing.rend(); ++p) {
    const bool made = ::mkdir(p->c_str(), kFolderMode) == 0;
    if (!made && errno != EEXIST) fail("make the folder", *p, errno);
    // The umask may have taken rights away from this user too.
    if (made && ::chmod(p->c_str(), kFolderMode) != 0) fail("make the folder", *p, errno);
  }
  Folder folder(path);
  folder.check_safe();
  return folder;
}

std::optional<Folder> Folder::find(const fs::path& path) {
  struct stat status = {};
  if (::stat(path.c_str(), &status) != 0 && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
  Folder folder(path);
  folder.check_safe();
  return folder;
}

void Folder::check_safe() const {
  struct stat status = {};
  if (::stat(path_.c_str(), &status) != 0) fail("read", path_, errno);
  if (!S_ISDIR(status.st_mode)) fail("read", path_, ENOTDIR);
  if (status.st_uid != ::geteuid()) {
    throw UserError(fmt::format("the folder {} belongs to another user (id {}): name another in MLFFGEN_CACHE_DIR",
                                quote_path(path_), status.st_uid));
  }
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    throw UserError(
        fmt::format("others may write to the folder {} (mode {:o}): 'chmod go-w' it, or name another in "
                    "MLFFGEN_CACHE_DIR",
                    quote_path(path_), status.st_mode & 07777U));
  }
}

std::optional<std::vector<std::byte>> Folder::read(const std::string& key) {
  const std::string name = entry_name(key);
  try {
    const OpenEntry file(path_ / name);
    if (!file.found()) return std::nullopt;
    const std::string bytes = file.read(kMaxEntryBytes);
    const EntryView entry = read_entry(bytes);
    if (entry.key != key) return std::nullopt;
    file.touch();
    return std::vector<std::byte>(entry.cubin.begin(), entry.cubin.end());
  } catch (const DamagedEntry&) {
    static_cast<void>(::unlink((path_ / name).c_str()));
    return std::nullopt;
  }
}

void Folder::publish(const std::string& name, std::string_view entry, std::uint64_t max_bytes) {
  // An entry that would take the place of all others, and then go with the next one, is not worth writing.
  if (entry.size() > max_bytes || entry.size() > kMaxEntryBytes) return;
  write_file_atomically(path_ / name, entry, kFileMode);
  evict(name, max_bytes);
  remove_stale_temporaries();
}

void Folder::evict(const std::string& keep, std::uint64_t max_bytes) const {
  std::vector<FileFacts> list = entries();
  std::uint64_t total = 0;
  for (const FileFacts& file : list) total += file.bytes;
  std::sort(list.begin(), list.end(), [](const FileFacts& a, const FileFacts& b) {
    return std::pair(a.last_use, a.name) < std::pair(b.last_use, b.name);
  });
  for (const FileFacts& file : list) {
    if (total <= max_bytes) return;
    if (file.name == keep) continue;
    // One that another process has just removed makes room all the same.
    remove(file.name);
    total -= file.bytes;
  }
}

std::vector<FileFacts> Folder::files(bool (*wanted)(std::string_view name)) const {
  std::vector<FileFacts> list;
  std::error_code error;
  for (fs::directory_iterator it(path_, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    struct stat status = {};
    if (!wanted(name) || ::lstat(it->path().c_str(), &status) != 0) continue;
    list.push_back({name, static_cast<std::uint64_t>(status.st_size), modification_time(status)});
  }
  if (error) fail("list", path_, error.value());
  return list;
}

std::vector<FileFacts> Folder::entries() const {
  std::vector<FileFacts> list = files(is_entry);
  std::sort(list.begin(), list.end(), [](const FileFacts& a, const FileFacts& b) { return a.name < b.name; });
  return list;
}

Facts Folder::facts(const std::string& name) const {
  const OpenEntry file(path_ / name);
  if (!file.found()) fail("read", path_ / name, ENOENT);
  return read_facts(file.read(kMaxFactsBytes), file.bytes());
}

void Folder::verify(const std::string& name) const {
  const OpenEntry file(path_ / name);
  if (!file.found()) fail("read", path_ / name, ENOENT);
  const std::string bytes = file.read(kMaxEntryBytes);
  if (entry_name(std::string(read_entry(bytes).key)) != name) throw DamagedEntry("does not have the name of its key");
}

bool Folder::remove(const std::string& name) const {
  const fs::path path = path_ / name;
  if (::unlink(path.c_str()) == 0) return true;
  if (errno == ENOENT) return false;
  fail("remove", path, errno);
}

void Folder::remove_stale_temporaries() const {
  for (const FileFacts& file : files(is_temporary)) {
    if (now() - file.last_use > kTemporarySeconds * kSecond) remove(file.name);
  }
}

}  // namespace mlffgen::cache
