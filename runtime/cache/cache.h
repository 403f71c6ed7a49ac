// Compiled kernels, kept in memory for the process and on disk for the next one.
//
// A kernel is compiled once: two models of a process share it, threads that ask for it together wait for one
// compilation, and processes that compile it together all succeed. The disk is a convenience: whatever is wrong with it
// (a damaged entry, a full disk, a folder that others may write to) costs a compilation, never an error and never a
// wrong kernel.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "runtime/cache/key.h"
#include "runtime/cache/settings.h"

namespace mlffgen::cache {

class Folder;

enum class Origin { memory, disk, compiled };

const char* name(Origin origin);  // "memory", "disk", "compiled"

struct Cubin {
  std::shared_ptr<const std::vector<std::byte>> bytes;  // an ELF file for cuModuleLoadData
  Origin origin = Origin::compiled;
  double seconds = 0;  // that this call took
};

using Compile = std::function<std::vector<std::byte>()>;

class Cache {
 public:
  explicit Cache(Settings settings);
  ~Cache();
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;

  // The cache of this process, with the settings of the environment. Throws UserError for an unreadable
  // MLFFGEN_CACHE_SIZE.
  static Cache& of_process();

  // The kernel of the key; `compile` is called if there is none, and what it throws is passed on (the next call tries
  // again). `model` names whose kernel it is, in the listing of `mlffgen cache ls`. May be called from several threads.
  Cubin get(const KeyFields& key, const std::string& model, const Compile& compile);

 private:
  using Bytes = std::shared_ptr<const std::vector<std::byte>>;
  // Its lock is held while its kernel is being found or compiled.
  struct Slot {
    std::mutex mutex;
    Bytes bytes;
  };
  using Order = std::list<std::pair<std::string, std::shared_ptr<Slot>>>;

  std::pair<Bytes, Origin> find(const KeyFields& fields, const std::string& model, const std::string& key,
                                const Compile& compile);
  std::shared_ptr<Slot> slot(const std::string& key);
  void trim_memory();
  Bytes read(const std::string& key);
  void store(const KeyFields& fields, const std::string& model, const std::string& key, const Bytes& bytes);
  Folder* folder();  // made on first use; none: in memory only
  void stop_writing(const std::string& problem);
  void warn(const std::string& problem) const;

  const Settings settings_;
  std::mutex mutex_;                                              // of what follows
  Order order_;                                                   // keys' texts, the latest used first
  std::unordered_map<std::string_view, Order::iterator> places_;  // views into order_
  std::unique_ptr<Folder> folder_;
  bool opened_ = false;
  // Cleared by the first failure, which is told; there is no folder to fail later if that could not be made.
  std::atomic<bool> writes_ = true;
};

}  // namespace mlffgen::cache
