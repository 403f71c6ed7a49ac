#include "runtime/cache/cache.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <utility>

#include "base/error.h"
#include "runtime/cache/entry.h"
#include "runtime/cache/folder.h"

namespace mlffgen::cache {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

std::int64_t unix_time() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

const char* name(Origin origin) {
  switch (origin) {
    case Origin::memory:
      return "memory";
    case Origin::disk:
      return "disk";
    case Origin::compiled:
      return "compiled";
  }
  throw InternalError("an unknown origin of a kernel");
}

Cache::Cache(Settings settings) : settings_(std::move(settings)) {}
Cache::~Cache() = default;

Cache& Cache::of_process() {
  static Cache cache(environment_settings());
  return cache;
}

Cubin Cache::get(const KeyFields& key, const std::string& model, const Compile& compile) {
  const Clock::time_point begin = Clock::now();
  const std::string text = key_text(key);
  const auto [bytes, origin] = find(key, model, text, compile);
  if (origin != Origin::memory) trim_memory();
  return {bytes, origin, seconds_since(begin)};
}

std::pair<Cache::Bytes, Origin> Cache::find(const KeyFields& key, const std::string& model, const std::string& text,
                                            const Compile& compile) {
  const std::shared_ptr<Slot> place = slot(text);
  const std::lock_guard lock(place->mutex);
  if (place->bytes) return {place->bytes, Origin::memory};
  place->bytes = read(text);
  if (place->bytes) return {place->bytes, Origin::disk};
  place->bytes = std::make_shared<const std::vector<std::byte>>(compile());
  store(key, model, text, place->bytes);
  return {place->bytes, Origin::compiled};
}

std::shared_ptr<Cache::Slot> Cache::slot(const std::string& key) {
  const std::lock_guard lock(mutex_);
  if (const auto found = places_.find(key); found != places_.end()) {
    order_.splice(order_.begin(), order_, found->second);
  } else {
    order_.emplace_front(key, std::make_shared<Slot>());
    places_.emplace(order_.front().first, order_.begin());
  }
  return order_.front().second;
}

// What somebody is waiting for stays, whatever its size.
void Cache::trim_memory() {
  const std::lock_guard lock(mutex_);
  std::uint64_t total = 0;
  for (auto it = order_.begin(); it != order_.end();) {
    const std::shared_ptr<Slot> place = it->second;
    const std::unique_lock idle(place->mutex, std::try_to_lock);
    if (idle) total += it->first.size() + (place->bytes ? place->bytes->size() : 0);
    if (idle && total > settings_.memory_bytes) {
      places_.erase(it->first);
      it = order_.erase(it);
    } else {
      ++it;
    }
  }
}

Folder* Cache::folder() {
  const std::lock_guard lock(mutex_);
  if (!opened_) {
    opened_ = true;
    if (settings_.disk_bytes == 0) return nullptr;
    try {
      if (settings_.folder.empty()) throw UserError("there is no home folder: name a folder in MLFFGEN_CACHE_DIR");
      folder_ = std::make_unique<Folder>(Folder::make(settings_.folder));
    } catch (const UserError& error) {
      warn(error.what());
    }
  }
  return folder_.get();
}

Cache::Bytes Cache::read(const std::string& key) {
  Folder* const disk = folder();
  if (disk == nullptr) return nullptr;
  try {
    auto bytes = disk->read(key);
    return bytes ? std::make_shared<const std::vector<std::byte>>(std::move(*bytes)) : nullptr;
  } catch (const UserError& error) {
    stop_writing(error.what());
    return nullptr;
  }
}

void Cache::store(const KeyFields& fields, const std::string& model, const std::string& key, const Bytes& bytes) {
  Folder* const disk = folder();
  if (disk == nullptr || !writes_) return;
  try {
    const Facts facts = {model, fields.arch, fields.generator_version, fields.options, unix_time()};
    disk->publish(entry_name(key), write_entry(facts, key, *bytes), settings_.disk_bytes);
  } catch (const UserError& error) {
    stop_writing(error.what());
  }
}

void Cache::stop_writing(const std::string& problem) {
  const std::lock_guard lock(mutex_);
  if (writes_.exchange(false)) warn(problem);
}

void Cache::warn(const std::string& problem) const {
  const std::string text = fmt::format("compiled kernels are kept in memory only: {}", problem);
  if (settings_.warn) {
    settings_.warn(text);
  } else {
    fmt::print(stderr, "mlffgen: warning: {}\n", text);
  }
}

}  // namespace mlffgen::cache
