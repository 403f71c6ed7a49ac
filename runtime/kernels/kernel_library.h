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

struct CompiledText {
  std::shared_ptr<const std::vector<std::byte>> cubin;
  bool compiled = true;  // now; else it was at hand
  double seconds = 0;    // that this took
};

// Turns a request into a cubin for the device of a context. Called from several threads at once.
using CompileService = std::function<CompiledText(const cuda::Context&, const CompileRequest&)>;

// Both load NVRTC in the background from when they are made; that it is missing is told by the first request.
// NVRTC behind the cache of the process (runtime/cache).
CompileService cached_compile_service();
// NVRTC and nothing else.
CompileService plain_compile_service();

// "float" or "double": what MLFF_REAL is.
const char* real_name(runtime::Precision precision);

// The text of a file of templates/, its inclusions put in. InternalError for a name that is not embedded.
std::string kernel_text(std::string_view file);

// What the texts of a library have cost so far.
struct LibraryCosts {
  int compiled = 0, at_hand = 0;  // texts
  double longest_compile_ms = 0;  // of one text
  double waiting_ms = 0;          // for texts to be found or compiled
  double loading_ms = 0;          // onto the GPU
};

// Cheap to copy: copies share the compiled modules. May be used by several threads at once. The last copy waits for
// compilations that are under way.
class KernelLibrary {
 public:
  explicit KernelLibrary(const cuda::Context& context, CompileService compile = cached_compile_service());

  // Begins to compile texts that will be needed, each on a thread of its own, and returns at once. What goes wrong is
  // thrown where the text is asked for, and tried again when it is asked for once more.
  void start(const std::vector<std::string>& files, runtime::Precision precision) const;
  // Texts from elsewhere, known by their names.
  void start(const std::vector<CompileRequest>& requests) const;

  // Starts texts, waits for them and loads them. The context must be current.
  void prepare(const std::vector<std::string>& files, runtime::Precision precision) const;

  // The kernel of a text such as "all_pairs.cu", compiled now if need be. The context must be current.
  cuda::Kernel kernel(const std::string& file, const std::string& name, runtime::Precision precision) const;
  // The same for a text from elsewhere.
  cuda::Kernel kernel_of(const CompileRequest& request, const std::string& name) const;

  const cuda::Context& context() const;
  LibraryCosts costs() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace mlffgen::kernels
