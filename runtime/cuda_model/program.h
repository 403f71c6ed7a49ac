// The model's kernels and constants on a GPU. For this folder and its tests only.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/bundle.h"
#include "runtime/cuda/context.h"
#include "runtime/cuda/memory.h"
#include "runtime/cuda/module.h"
#include "runtime/cuda/stream.h"
#include "runtime/kernels/kernel_library.h"
#include "runtime/plan.h"

namespace mlffgen::cuda_model {

// What the kernels of one call read and write: arguments by the names of runtime::ArgumentKind.
struct KernelArguments {
  int n_atoms = 0;     // padding included
  int tile_atoms = 1;  // of the kernel that is launched
  cuda::DevicePointer element = 0, pair_begin = 0, pair_neighbour = 0, pair_geometry = 0;
  cuda::DevicePointer pair_gradient = 0, atom_energy = 0;
  std::vector<std::vector<cuda::DevicePointer>> buffers;  // [n_forms], of Form::buffers
};

// The kernels of one form, compiled in one way.
struct Recipe {
  struct Kernel {
    cuda::Kernel code;
    unsigned threads = 0, shared_bytes = 0;  // of a block
    int tile = 1;                            // atoms a block can take
    int blocks_at_once = 1;                  // on the GPU
  };
  std::size_t form = 0;  // of Plan::forms
  std::vector<Kernel> kernels;
  int most_tile = 1;

  // Atoms that a block of a kernel takes in a call.
  int tile_atoms(std::size_t kernel, std::int64_t n_atoms) const;
};

// What to run calls of about so many atoms (wisdom::WisdomKey) with, and a line that says why.
struct Advice {
  runtime::ModelConfiguration configuration;  // with an empty form: the defaults
  std::string reason;
};
using Adviser = std::function<Advice(std::int64_t atoms, bool small_systems)>;

// Members need the context current.
class Program {
 public:
  // Chooses the code of the defaults, and begins to compile it in the background if the bundle has none for the GPU;
  // then load() and upload_constants() must be called with the same bundle, which is not needed later. `form` is the
  // one of the defaults, "" for the first. UserError without GPU source, without that form, or if no tile fits the
  // GPU's shared memory.
  Program(const runtime::Bundle& bundle, const runtime::Plan& plan, const kernels::KernelLibrary& library,
          const std::string& form);
  void load(const runtime::Bundle& bundle);
  void upload_constants(const runtime::Bundle& bundle);

  // The adviser is asked once for each size_bucket and kind of systems, `tell` called with the reason when the first
  // call of it is prepared.
  void follow(Adviser adviser, std::function<void(const std::string& reason)> tell = {});

  // What a call runs; compiles and loads what is missing. Valid as long as the program.
  const Recipe& recipe_for(std::int64_t atoms, std::int64_t systems) const;
  const Recipe& recipe(const runtime::ModelConfiguration& configuration) const;
  // Whether recipe_for() has nothing to compile or load.
  bool has_recipe_for(std::int64_t atoms, std::int64_t systems) const;
  // Why a configuration cannot be used here; "" if it can.
  std::string problem_with(const runtime::ModelConfiguration& configuration) const;
  std::string problem_with(const runtime::Plan::Kernel& kernel, const runtime::Configuration& values) const;
  // What there is to choose from.
  wisdom::Choices choices() const;
  // A kernel of a form, compiled now if need be; values that are defaults are not named.
  Recipe::Kernel loaded(const runtime::Plan::Kernel& kernel, const runtime::Configuration& configuration) const;
  // Begins to compile what a kernel's configuration needs.
  void start(const std::string& kernel, const runtime::Configuration& configuration) const;

  int most_tile() const { return most_tile_; }  // of any recipe
  // Device memory of the buffers that calls of at most so many atoms need, each form's behind one address.
  std::size_t buffer_bytes(std::int64_t atoms) const;
  void keep_room_for_all_forms() { room_for_all_forms_ = true; }
  std::vector<cuda::DevicePointer> buffers(std::size_t form, cuda::DevicePointer base, std::int64_t padded) const;

  const runtime::ModelConfiguration& defaults() const { return defaults_; }
  std::size_t constants_bytes() const { return constants_.bytes(); }
  const std::string& origin() const { return origin_; }  // "section cuda/sm_90 of model.mlff"
  // Models of equal fingerprints can share what a tuner found out, also if they have not been compiled with the same
  // other forms.
  const std::string& fingerprint() const { return fingerprint_; }

  // Asynchronous. Kernel number k of the recipe over all atoms.
  void launch(const Recipe& recipe, std::size_t k, KernelArguments& arguments, const cuda::Stream& stream) const;

 private:
  void read_source(const runtime::Bundle& bundle);
  void choose_defaults(const runtime::Bundle& bundle, const std::string& form);
  runtime::Configuration normal(const runtime::Configuration& configuration) const;
  bool is_ahead(const std::string& kernel, const runtime::Configuration& configuration) const;
  std::vector<runtime::Configuration> of_kernels(const runtime::ModelConfiguration& configuration) const;
  kernels::CompileRequest request(const std::string& kernel, const runtime::Configuration& normal_configuration) const;
  std::size_t form_number(const std::string& name) const;
  std::size_t form_bytes(std::size_t form, std::int64_t padded) const;
  const void* value_of(const runtime::Argument& argument, std::size_t form, KernelArguments& arguments) const;

  const runtime::Plan& plan_;
  kernels::KernelLibrary library_;
  std::map<std::string, std::string> texts_;  // of the kernels, by name
  std::string fingerprint_, origin_;
  runtime::ModelConfiguration defaults_;
  const runtime::Plan::GpuCode* code_ = nullptr;  // of the bundle; null: compiled from source
  std::shared_ptr<cuda::Module> module_;          // of that
  cuda::DeviceBuffer constants_;
  std::vector<cuda::DevicePointer> constant_addresses_;
  Adviser adviser_;
  std::function<void(const std::string&)> tell_;
  int most_tile_ = 1;
  bool room_for_all_forms_ = false;
  // Made when they are first needed.
  struct OfSize {
    Advice advice;
    const Recipe* recipe = nullptr;
  };
  OfSize& of_size(int bucket, bool small_systems) const;
  mutable std::map<std::pair<int, bool>, OfSize> by_size_;
  using RecipeKey = std::pair<std::size_t, std::vector<runtime::Configuration>>;  // form, of each kernel
  mutable std::map<RecipeKey, std::unique_ptr<Recipe>> recipes_;
};

}  // namespace mlffgen::cuda_model
