#include <mutex>
#include <optional>

#include "runtime/cache/cache.h"
#include "runtime/kernels/kernel_library.h"

namespace mlffgen::kernels {
namespace {

// NVRTC, loaded when it is first asked for.
class Compiler {
 public:
  const jit::Nvrtc& nvrtc() {
    const std::lock_guard lock(mutex_);
    if (!nvrtc_) nvrtc_.emplace();
    return *nvrtc_;
  }

 private:
  std::mutex mutex_;
  std::optional<jit::Nvrtc> nvrtc_;
};

cache::KeyFields key_of(const cuda::Context& context, const CompileRequest& request, const jit::Nvrtc& nvrtc) {
  cache::KeyFields key;
  key.source = request.source;
  key.options = request.options.defines;
  key.options.insert(key.options.end(), request.options.extra.begin(), request.options.extra.end());
  key.options.push_back("c++" + std::to_string(request.options.cpp_standard));
  if (request.options.line_info) key.options.emplace_back("line-info");
  key.arch = context.device().arch;
  key.nvrtc_version = std::to_string(nvrtc.version().major) + "." + std::to_string(nvrtc.version().minor);
  key.driver_version = std::to_string(context.driver_version());
  key.generator_version = MLFFGEN_VERSION;
  return key;
}

}  // namespace

CompileService plain_compile_service() {
  return [compiler = std::make_shared<Compiler>()](const cuda::Context& context, const CompileRequest& request) {
    return compiler->nvrtc().compile_cubin(request.source, context.device().arch, request.options).bytes;
  };
}

CompileService cached_compile_service() {
  return [compiler = std::make_shared<Compiler>()](const cuda::Context& context, const CompileRequest& request) {
    const jit::Nvrtc& nvrtc = compiler->nvrtc();
    const auto compile = [&] {
      return nvrtc.compile_cubin(request.source, context.device().arch, request.options).bytes;
    };
    return *cache::Cache::of_process().get(key_of(context, request, nvrtc), request.name, compile).bytes;
  };
}

}  // namespace mlffgen::kernels
