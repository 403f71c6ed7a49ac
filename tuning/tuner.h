// Finds the fastest configuration of a model for each of some sizes, and writes it down as wisdom.
//
// Every kernel of every form is searched on its own, for each size: first the few configurations that a cost model
// likes best, then, while there is time, the neighbours of the winner and more candidates. Forms that are far behind
// another are left out, by the sums of their kernels' times: before any search and, with less patience, after the
// first; those many times behind, at all larger sizes of the run unseen. The heuristic's form always stays. A size ends
// with duels in whole calls: of the heuristic and the form whose kernels' times sum to the least, then of the winner
// and the next form. If none beats it, the heuristic is written down, so that nobody searches again.
//
// What was measured goes into a journal (tuning/journal.h) before the search goes on. A run that was interrupted is
// repeated: it asks the same questions in the same order, and those that the journal can answer cost nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "runtime/wisdom/configuration.h"
#include "runtime/wisdom/store.h"
#include "runtime/wisdom/wisdom.h"
#include "tuning/halving.h"

namespace mlffgen::tuning {

using wisdom::Configuration;
using wisdom::ModelConfiguration;

// One kernel, compiled in one way: the same code for all sizes. The configuration is canonical: it names no value that
// is the default.
struct KernelVariant {
  std::string form, kernel;
  Configuration configuration;
};

// The GPU with the model on it, and for each size structures of so many atoms.
//
// What is wrong with a variant for good is a problem that is returned, or an ArmFailed: it is left out, now and by the
// next run. A DeviceError ends the run, and the next one leaves the variant out. Anything else that is thrown, such as
// a MemoryError, ends the run and says nothing about the variant.
class TuningDevice {
 public:
  virtual ~TuningDevice() = default;

  // Why the variant cannot run here, without compiling it (threads, shared memory), or that it has the same code as
  // the default (a tunable that the kernel does not use); nothing if it is worth trying.
  virtual std::optional<std::string> unfit(const KernelVariant& variant) = 0;

  // The time that a cost model expects, in any unit; only the order counts.
  virtual double predict(int atoms, const KernelVariant& variant) = 0;

  // These will be prepared soon: a device that compiles in the background can begin.
  virtual void announce(const std::vector<KernelVariant>& /*variants*/) {}

  // Compiles and loads the variants, in parallel if it can: [n] nothing for one that is ready, else why it is not.
  // Whatever is sampled or checked later was prepared in this process; what is prepared twice costs nothing the second
  // time.
  virtual std::vector<std::optional<std::string>> prepare(const std::vector<KernelVariant>& variants) = 0;

  // So many times of the kernel alone, on the data that it has in a call of this size; microseconds on the GPU's clock.
  // Throws ArmFailed if the variant cannot be launched.
  virtual std::vector<double> sample(int atoms, const KernelVariant& variant, int count) = 0;

  // How the kernel's results differ from the default's by more than rounding, or nothing.
  virtual std::optional<std::string> check(int atoms, const KernelVariant& variant) = 0;

  // The same of whole calls.
  virtual std::vector<double> sample_call(int atoms, const ModelConfiguration& configuration, int count) = 0;
  virtual std::optional<std::string> check_call(int atoms, const ModelConfiguration& configuration) = 0;
};

struct TuningSize {
  int atoms = 0;
  bool small_systems = false;  // of WisdomKey
  // What the runtime takes without wisdom: a form by its name, and what its kernels have other than defaults.
  ModelConfiguration heuristic;
};

struct TuningRequest {
  wisdom::WisdomKey key;  // its atoms do not count
  std::string model_name;
  wisdom::Choices choices;
  std::vector<TuningSize> sizes;
};

struct TuningProgress {
  // First searches of a kernel, and decisions on a size; the total shrinks where a form is left out before its own.
  int done = 0, total = 0;
  int atoms = 0;
  std::string form, kernel;            // "" in a decision
  double default_us = 0, best_us = 0;  // what is known of it; 0: nothing
  std::string best;                    // configuration, as describe() has it
};

struct TuningOptions {
  double seconds = 600;             // for kernels; then sizes are decided whose kernels were all searched once
  std::size_t candidates = 8;       // of the cost model, in the first search of a kernel
  int most_steps = 16;              // of a kernel after its first search
  bool again = false;               // tune sizes that have an entry for exactly this key, and measure anew
  HalvingOptions kernel;            // searches of kernels; steps to neighbours take a smaller margin
  HalvingOptions call;              // duels of whole calls; what stops both is set by the tuner
  std::function<bool()> stop = {};  // true: end as soon as possible, decide nothing more (an interrupt)
  std::function<void(const TuningProgress&)> progress = {};
  std::function<double()> clock = {};  // seconds; none: a steady clock
};

// What became of a kernel of a size; kernels alone, medians, microseconds.
struct TunedKernel {
  std::string form, kernel;
  double default_us = 0, best_us = 0;
  Configuration best;
};

// What became of a size.
struct TunedSize {
  enum class Outcome {
    tuned,       // something faster was found and written down
    heuristic,   // nothing was: written down too
    known,       // there was an entry already
    unfinished,  // no time: the next run goes on from here
  };
  int atoms = 0;
  Outcome outcome = Outcome::unfinished;
  std::optional<wisdom::WisdomEntry> entry;  // unless unfinished
  std::vector<TunedKernel> kernels;          // as far as they were searched in this run
  // Why variants and forms cannot win, once each: "fused phase_0 MLFF_TILE=32: needs ...", "form split: ...".
  std::vector<std::string> rejected;
};

struct TuningReport {
  std::vector<TunedSize> sizes;       // as in the request
  std::vector<std::string> warnings;  // of the store and the journals
};

// Entries go to the store as soon as a size is decided. UserError if the store or a journal cannot be written, or if
// the default of a kernel cannot be run.
TuningReport tune(TuningDevice& device, const TuningRequest& request, const wisdom::Store& store,
                  const TuningOptions& options = {});

}  // namespace mlffgen::tuning
