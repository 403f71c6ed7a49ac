#include "runtime/kernels/kernel_library.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <map>
#include <mutex>
#include <set>
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
  using Key = std::pair<std::string, std::string>;  // file and REAL

  cuda::Context context;
  CompileService compile;
  std::mutex mutex;
  std::map<Key, cuda::Module> modules;

  bool has(const Key& key) {
    const std::lock_guard lock(mutex);
    return modules.contains(key);
  }
  std::vector<std::byte> cubin(const Key& key) const {
    CompileRequest request{text_name(key), kernel_text(key.first), {}};
    request.options.defines = {"MLFF_REAL=" + key.second};
    return compile(context, request);
  }
  static std::string text_name(const Key& key) { return "mlffgen " + key.first; }
};

KernelLibrary::KernelLibrary(const cuda::Context& context, CompileService compile)
    : state_(new State{context, std::move(compile), {}, {}}) {}

const cuda::Context& KernelLibrary::context() const { return state_->context; }

void KernelLibrary::prepare(const std::vector<std::string>& files, runtime::Precision precision) const {
  State& state = *state_;
  std::vector<std::pair<State::Key, std::future<std::vector<std::byte>>>> running;
  const auto policy = files.size() > 1 ? std::launch::async : std::launch::deferred;
  for (const auto& file : files) {
    const State::Key key(file, real_name(precision));
    if (state.has(key)) continue;
    running.emplace_back(key, std::async(policy, [&state, key] { return state.cubin(key); }));
  }
  for (auto& [key, future] : running) {
    const cuda::Module module(state.context, future.get(), State::text_name(key));
    const std::lock_guard lock(state.mutex);
    state.modules.emplace(key, module);
  }
}

cuda::Kernel KernelLibrary::kernel(const std::string& file, const std::string& name,
                                   runtime::Precision precision) const {
  prepare({file}, precision);
  const std::lock_guard lock(state_->mutex);
  return state_->modules.at({file, real_name(precision)}).kernel(name);
}

}  // namespace mlffgen::kernels
