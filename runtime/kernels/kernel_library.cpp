#include "runtime/kernels/kernel_library.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <semaphore>
#include <set>
#include <thread>
#include <utility>

#include "base/error.h"
#include "runtime/kernels/kernel_texts.h"

namespace mlffgen::kernels {
namespace {

std::string_view embedded_text(std::string_view file) {
  for (const auto& [name, text] : embedded::kernel_texts()) {
    if (name == file) return text;
  }
  throw InternalError(fmt::format("no text '{}' among the kernels", file));
}

// The file that a line includes; "" if it includes none.
std::string_view included_file(std::string_view line) {
  constexpr std::string_view kInclude = "#include \"";
  if (!line.starts_with(kInclude)) return {};
  line.remove_prefix(kInclude.size());
  return line.substr(0, line.find('"'));
}

void append_text(std::string_view file, std::set<std::string_view>& seen, std::string& out) {
  if (!seen.insert(file).second) return;
  std::string_view rest = embedded_text(file);
  while (!rest.empty()) {
    const std::size_t size = std::min(rest.find('\n'), rest.size() - 1) + 1;
    const std::string_view line = rest.substr(0, size);
    rest.remove_prefix(size);
    const std::string_view other = included_file(line);
    if (other.empty()) {
      out += line;
    } else {
      append_text(other, seen, out);
    }
  }
}

}  // namespace

const char* real_name(runtime::Precision precision) {
  return precision == runtime::Precision::single_precision ? "float" : "double";
}

std::string kernel_text(std::string_view file) {
  std::set<std::string_view> seen;
  std::string text;
  append_text(file, seen, text);
  return text;
}

struct KernelLibrary::State {
  using Key = std::pair<std::string, std::string>;  // file and REAL, or a request's name and nothing
  using Compiled = std::shared_future<CompiledText>;

  State(const cuda::Context& its_context, CompileService service) : context(its_context), compile(std::move(service)) {}
  ~State() { closing = true; }

  // Makes the request on the thread that compiles it.
  Compiled start(const Key& key, const std::function<CompileRequest()>& request);
  cuda::Module load(const Key& key, const std::function<CompileRequest()>& request);
  std::optional<cuda::Module> loaded(const Key& key);

  cuda::Context context;
  CompileService compile;
  std::mutex mutex;  // of what follows
  std::map<Key, cuda::Module> modules;
  LibraryCosts costs;
  std::atomic<bool> closing = false;  // what has not begun to be compiled need not be
  std::counting_semaphore<> compilers{std::max(1, static_cast<int>(std::thread::hardware_concurrency()))};
  std::map<Key, Compiled> started;  // last: its threads use the rest, and their end is waited for
};

namespace {

using Clock = std::chrono::steady_clock;
using Key = std::pair<std::string, std::string>;

double milliseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

std::string text_name(const Key& key) { return key.second.empty() ? key.first : "mlffgen " + key.first; }

CompileRequest request_for(const Key& key) {
  CompileRequest request{text_name(key), kernel_text(key.first), {}};
  request.options.defines = {"MLFF_REAL=" + key.second};
  return request;
}

}  // namespace

KernelLibrary::State::Compiled KernelLibrary::State::start(const Key& key,
                                                           const std::function<CompileRequest()>& request) {
  const std::lock_guard lock(mutex);
  const auto found = started.find(key);
  if (found != started.end()) return found->second;
  const auto run = [this, request] {
    compilers.acquire();
    const std::unique_ptr<std::counting_semaphore<>, void (*)(std::counting_semaphore<>*)> place(
        &compilers, [](std::counting_semaphore<>* taken) { taken->release(); });
    if (closing) throw InternalError("nobody waits for this any more");
    return compile(context, request());
  };
  return started.emplace(key, std::async(std::launch::async, run)).first->second;
}

std::optional<cuda::Module> KernelLibrary::State::loaded(const Key& key) {
  const std::lock_guard lock(mutex);
  const auto found = modules.find(key);
  return found == modules.end() ? std::nullopt : std::optional(found->second);
}

cuda::Module KernelLibrary::State::load(const Key& key, const std::function<CompileRequest()>& request) {
  if (auto module = loaded(key)) return *std::move(module);
  try {
    const auto begin = Clock::now();
    const CompiledText text = start(key, request).get();
    const double waiting = milliseconds_since(begin);
    const cuda::Module module(context, *text.cubin, text_name(key));
    const double all = milliseconds_since(begin);
    const std::lock_guard lock(mutex);
    started.erase(key);
    const auto [place, first] = modules.emplace(key, module);
    if (first) {
      costs.waiting_ms += waiting;
      costs.loading_ms += all - waiting;
      ++(text.compiled ? costs.compiled : costs.at_hand);
      if (text.compiled) costs.longest_compile_ms = std::max(costs.longest_compile_ms, 1e3 * text.seconds);
    }
    return place->second;
  } catch (...) {
    const std::lock_guard lock(mutex);
    started.erase(key);
    throw;
  }
}

KernelLibrary::KernelLibrary(const cuda::Context& context, CompileService compile)
    : state_(std::make_shared<State>(context, std::move(compile))) {}

const cuda::Context& KernelLibrary::context() const { return state_->context; }

LibraryCosts KernelLibrary::costs() const {
  const std::lock_guard lock(state_->mutex);
  return state_->costs;
}

void KernelLibrary::start(const std::vector<std::string>& files, runtime::Precision precision) const {
  for (const std::string& file : files) {
    const Key key(file, real_name(precision));
    if (!state_->loaded(key)) state_->start(key, [key] { return request_for(key); });
  }
}

void KernelLibrary::start(const std::vector<CompileRequest>& requests) const {
  for (const CompileRequest& request : requests) {
    const Key key(request.name, "");
    if (!state_->loaded(key)) state_->start(key, [request] { return request; });
  }
}

void KernelLibrary::prepare(const std::vector<std::string>& files, runtime::Precision precision) const {
  start(files, precision);
  for (const std::string& file : files) {
    const Key key(file, real_name(precision));
    state_->load(key, [key] { return request_for(key); });
  }
}

cuda::Kernel KernelLibrary::kernel(const std::string& file, const std::string& name,
                                   runtime::Precision precision) const {
  const Key key(file, real_name(precision));
  return state_->load(key, [key] { return request_for(key); }).kernel(name);
}

cuda::Kernel KernelLibrary::kernel_of(const CompileRequest& request, const std::string& name) const {
  return state_->load({request.name, ""}, [request] { return request; }).kernel(name);
}

}  // namespace mlffgen::kernels
