// A compiled model on this machine's processor: the host code of a bundle, run over a batch of structures.
//
// Throws UserError: on loading, if the bundle has no code for this processor; on evaluation, for structures that
// NeighbourListBuilder refuses, for elements that the model does not know, and for energies or forces that are not
// finite. Atoms and systems in messages count from 0. Memory is kept from call to call: once the largest batch has been
// seen, a call that returns its results in used ones allocates nothing.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/plan.h"
#include "runtime/result.h"
#include "runtime/structure.h"

namespace mlffgen::runtime {

class Bundle;

// Not for use by two threads at once: give each its own.
class HostModel {
 public:
  // The bundle is needed only during the call.
  explicit HostModel(const Bundle& bundle);
  ~HostModel();
  HostModel(HostModel&&) noexcept;
  HostModel& operator=(HostModel&&) noexcept;

  // One result a structure, in their order.
  std::vector<Result> evaluate(std::span<const Structure> structures, const EvaluateOptions& options = {});
  void evaluate(std::span<const Structure> structures, const EvaluateOptions& options, std::vector<Result>& results);

  const Plan& plan() const;
  const std::string& host_section() const;  // the bundle's section whose code runs

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mlffgen::runtime
