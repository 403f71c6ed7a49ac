// The folder of entries, one file each, shared by any number of processes without a lock: entries appear by a rename
// and go by an unlink, and neither disturbs who is reading.
//
// Failures of the system are UserErrors that name the path and the reason, and never delete anything. An entry with the
// wrong content is deleted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/cache/entry.h"

namespace mlffgen::cache {

// A temporary file older than this was left by a writer that is dead: nobody compiles into it, it is only written.
inline constexpr std::int64_t kTemporarySeconds = 3600;
// The last use of an entry is its modification time, to this many seconds: a hit seldom writes to the disk.
inline constexpr std::int64_t kTouchSeconds = 60;

struct FileFacts {
  std::string name;
  std::uint64_t bytes = 0;
  std::int64_t last_use = 0;  // nanoseconds since 1970
};

class Folder {
 public:
  // Makes the folder, and the folders above it, for this user alone. UserError if that fails, or if it belongs to
  // another user or others may write to it: what they put there would run on the GPU.
  static Folder make(const std::filesystem::path& path);
  // As make, but nothing if there is no such folder.
  static std::optional<Folder> find(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }

  // The machine code of the key's entry, or nothing. An entry of another key is left alone: the name is a hash.
  std::optional<std::vector<std::byte>> read(const std::string& key);

  // Puts an entry in its place in one step, then removes the entries used longest ago until all but this one take
  // `max_bytes` together with it, and what dead writers left behind.
  void publish(const std::string& name, std::string_view entry, std::uint64_t max_bytes);

  // The entries, of every schema, by name.
  std::vector<FileFacts> entries() const;

  // Throws DamagedEntry, or UserError if it cannot be read.
  Facts facts(const std::string& name) const;
  // Reads the whole entry; throws like facts, also if the file does not have its key's name.
  void verify(const std::string& name) const;
  // False if it was gone already.
  bool remove(const std::string& name) const;
  void remove_stale_temporaries() const;

 private:
  explicit Folder(std::filesystem::path path) : path_(std::move(path)) {}
  void check_safe() const;
  void evict(const std::string& keep, std::uint64_t max_bytes) const;
  std::vector<FileFacts> files(bool (*wanted)(std::string_view name)) const;

  std::filesystem::path path_;
};

// True for the name of an entry of this schema, whose content this version of mlffgen can judge.
bool has_this_schema(std::string_view name);

}  // namespace mlffgen::cache
