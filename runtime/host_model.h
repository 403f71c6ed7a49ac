// A compiled model on this machine's processor: the host code of a bundle, run over a batch of structures.
//
// Throws UserError: on loading, if the bundle has no code for this processor; on evaluation StructureError, for
// structures that NeighbourListBuilder refuses, for elements that the model does not know, and for energies or forces
// that are not finite, and MemoryError. Atoms and systems in messages count from 0. Memory is kept from call to call:
// once the largest batch has been seen, a call that returns its results in used ones allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/evaluator.h"
#include "runtime/plan.h"
#include "runtime/result.h"
#include "runtime/structure.h"

namespace mlffgen::runtime {

class Bundle;

// Not for use by two threads at once: give each its own.
class HostModel : public Evaluator {
 public:
  // The bundle is needed only during the call.
  explicit HostModel(const Bundle& bundle);
  ~HostModel() override;
  HostModel(HostModel&&) noexcept;
  HostModel& operator=(HostModel&&) noexcept;

  using Evaluator::evaluate;
  void evaluate(std::span<const Structure> structures, const EvaluateOptions& options,
                std::vector<Result>& results) override;

  // Steps are the wall clock of the first thread between the barriers of the phases, the wait for the others included.
  Profile profile(std::span<const Structure> structures, const EvaluateOptions& options = {},
                  const ProfileOptions& profile_options = {}) override;

  const Plan& plan() const override;
  std::string device() const override;
  const std::string& host_section() const;  // the bundle's section whose code runs

  // Bytes. A call takes so many for each atom of all its structures, and for each ordered pair within the cutoff.
  struct Memory {
    std::size_t held = 0;  // now: the constants, and the workspace of the largest call so far
    std::size_t per_atom = 0;
    std::size_t per_pair = 0;
  };
  Memory memory() const;
  std::int64_t pairs() const;  // ordered pairs within the cutoff in the last call that succeeded

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mlffgen::runtime
