// A compiled model ready to run, on whatever device: energies, forces and virials of batches of structures.
//
// Throws UserError for what the caller can mend: StructureError names the first structure and atom at fault,
// MemoryError says how much was wanted. Throws DeviceError for failures of a GPU. After an error the evaluator is as
// usable as before. Results come in the model's units.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/load_times.h"
#include "runtime/plan.h"
#include "runtime/profile.h"
#include "runtime/result.h"
#include "runtime/structure.h"

namespace mlffgen::runtime {

// Not for use by two threads at once: give each its own.
class Evaluator {
 public:
  virtual ~Evaluator() = default;

  virtual const Plan& plan() const = 0;

  // For humans: "host (x86-64-v4)" or "cuda:0 (NVIDIA H100 80GB HBM3)".
  virtual std::string device() const = 0;

  // One result a structure, in their order; the memory of used results is used again. On an error results are
  // unspecified.
  virtual void evaluate(std::span<const Structure> structures, const EvaluateOptions& options,
                        std::vector<Result>& results) = 0;

  std::vector<Result> evaluate(std::span<const Structure> structures, const EvaluateOptions& options = {}) {
    std::vector<Result> results;
    evaluate(structures, options, results);
    return results;
  }

  // Times the calls of one batch: the call as a whole and, where the device tells, its steps. Errors are those of
  // evaluate; UserError for an empty batch, one that does not fit into a single call of the device, or counts out of
  // range.
  virtual Profile profile(std::span<const Structure> structures, const EvaluateOptions& options = {},
                          const ProfileOptions& profile_options = {});

  // Of a model on a GPU.
  virtual std::optional<LoadTimes> load_times() const { return std::nullopt; }

 protected:
  Evaluator() = default;
  Evaluator(const Evaluator&) = default;
  Evaluator& operator=(const Evaluator&) = default;
  Evaluator(Evaluator&&) = default;
  Evaluator& operator=(Evaluator&&) = default;
};

}  // namespace mlffgen::runtime
