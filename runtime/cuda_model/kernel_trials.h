// Times kernels of a model, compiled in any way, on the data of real calls: what a tuner asks of a GPU.
//
// Calls are known by the number of atoms that the wisdom counts them as (CallKey::atoms). Throws UserError as
// CudaModel does, DeviceError where the GPU fails: it must not be used any more then.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/bundle.h"
#include "runtime/cuda_model/cuda_model.h"
#include "runtime/wisdom/wisdom.h"

namespace mlffgen::cuda_model {

class KernelTrials {
 public:
  // A kernel of a form, and what it is compiled with.
  struct Variant {
    std::string form, kernel;
    wisdom::Configuration configuration;
  };

  KernelTrials(const runtime::Bundle& bundle, CudaOptions options);
  ~KernelTrials();
  KernelTrials(const KernelTrials&) = delete;
  KernelTrials& operator=(const KernelTrials&) = delete;

  const CudaModel& model() const;
  wisdom::WisdomKey key() const;  // without atoms
  wisdom::Choices choices() const;
  const wisdom::ModelConfiguration& heuristic() const;

  // Energies and forces of these at once. How the call is known; UserError if there is one of as many atoms.
  struct Size {
    int atoms = 0;  // that it is known by
    bool small_systems = false;
    std::int64_t pairs = 0;  // both directions count
  };
  Size add_call(std::vector<runtime::Structure> structures);

  // Why a variant cannot run here, or is the same code as another with fewer values named.
  std::optional<std::string> unfit(const Variant& variant) const;

  // Begins to compile them in the background.
  void announce(const std::vector<Variant>& variants);
  // Compiles and loads them, side by side; why not, for those that fail.
  std::vector<std::optional<std::string>> prepare(const std::vector<Variant>& variants);

  // Microseconds of the kernel alone, after the kernels before it; several launches are one sample if it is short.
  std::vector<double> sample(int atoms, const Variant& variant, int count);
  // The whole call as a graph.
  std::vector<double> sample_call(int atoms, const wisdom::ModelConfiguration& configuration, int count);

  // How energies, forces and virials differ from those of the defaults by more than rounding.
  std::optional<std::string> check(int atoms, const wisdom::ModelConfiguration& configuration);

 private:
  struct Call;
  struct Loaded;
  Call& focus(int atoms);
  Loaded& loaded(const Variant& variant);
  void run_before(Call& call, const Variant& variant);

  std::unique_ptr<CudaModel> model_;
  std::map<int, std::unique_ptr<Call>> calls_;
  std::map<std::string, std::unique_ptr<Loaded>> loaded_;
  Call* current_ = nullptr;  // whose inputs and pairs the GPU holds
  std::string ready_;        // the form and kernel whose inputs it holds
};

}  // namespace mlffgen::cuda_model
