// The runtime's own kernels (templates/*.cu), compiled for the GPU at hand when they are first needed.
//
// A text may include others of templates/ by `#include "name"` on a line of its own; each is put in once. Texts see
// MLFF_REAL, float or double, as the model's precision. Throws what jit::Nvrtc and cuda::Module throw.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/cuda/context.h"
#include "runtime/cuda/module.h"
#include "runtime/jit/nvrtc.h"
#include "runtime/plan.h"

namespace mlffgen::kernels {

// What has to be compiled: a self-contained text for one architecture.
struct CompileRequest {
  std::string name;    // of the text, for messages and listings
  std::string source;  // CUDA C++
  jit::CompileOptions options;
};

// Turns a request into a cubin for the device of a context.
using CompileService = std::function<std::vector<std::byte>(const cuda::Context&, const CompileRequest&)>;

// NVRTC behind the cache of the process (runtime/cache).
CompileService cached_compile_service();
// NVRTC and nothing else.
CompileService plain_compile_service();

// "float" or "double": what MLFF_REAL is.
const char* real_name(runtime::Precision precision);

// The text of a file of templates/, its inclusions put in. InternalError for a name that is not embedded.
std::string kernel_text(std::string_view file);

// Cheap to copy: copies share the compiled modules. May be used by several threads at once.
class KernelLibrary {
 public:
  explicit KernelLibrary(const cuda::Context& context, CompileService compile = cached_compile_service());

  // Compiles texts that will be needed, all at once; without it, each is compiled when its first kernel is asked for.
  // The context must be current.
  void prepare(const std::vector<std::string>& files, runtime::Precision precision) const;

  // The kernel of a text such as "all_pairs.cu". The context must be current.
  cuda::Kernel kernel(const std::string& file, const std::string& name, runtime::Precision precision) const;

  const cuda::Context& context() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace mlffgen::kernels
