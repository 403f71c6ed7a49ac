#include <future>
#include <utility>

#include "runtime/cache/cache.h"
#include "runtime/kernels/kernel_library.h"

namespace mlffgen::kernels {
namespace {

// NVRTC, loaded in the background: it takes as long as everything else that a model needs whose kernels are at hand.
class Compiler {
 public:
  const jit::Nvrtc& nvrtc() const { return nvrtc_.get(); }

 private:
  std::shared_future<jit::Nvrtc> nvrtc_ = std::async([] { return jit::Nvrtc(); });
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
    jit::Cubin cubin = compiler->nvrtc().compile_cubin(request.source, context.device().arch, request.options);
    return CompiledText{std::make_shared<const std::vector<std::byte>>(std::move(cubin.bytes)), true, cubin.seconds};
  };
}

CompileService cached_compile_service() {
  return [compiler = std::make_shared<Compiler>()](const cuda::Context& context, const CompileRequest& request) {
    const jit::Nvrtc& nvrtc = compiler->nvrtc();
    const auto compile = [&] {
      return nvrtc.compile_cubin(request.source, context.device().arch, request.options).bytes;
    };
    cache::Cubin cubin = cache::Cache::of_process().get(key_of(context, request, nvrtc), request.name, compile);
    return CompiledText{std::move(cubin.bytes), cubin.origin == cache::Origin::compiled, cubin.seconds};
  };
}

}  // namespace mlffgen::kernels
