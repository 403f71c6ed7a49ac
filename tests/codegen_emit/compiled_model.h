// A model compiled for this machine beside the graph that it was compiled from, and the comparison of the two.
#pragma once

#include <string>
#include <vector>

#include "codegen/driver/compile.h"
#include "runtime/host_model.h"
#include "tests/base/temporary_folder.h"
#include "tests/codegen/samples.h"

namespace mlffgen::test {

// From the text of a spec, with untrained weights: through the driver, a bundle in a file, and the runtime.
class CompiledModel {
 public:
  CompiledModel(const std::string& spec, bool double_precision, passes::RadialForm form,
                const std::string& code_form = "fused");

  const driver::Model& front() const { return front_; }
  runtime::HostModel& host() { return host_; }

 private:
  CompiledModel(const TemporaryFolder& folder, const std::string& spec, bool double_precision, passes::RadialForm form,
                const std::string& code_form);

  driver::Model front_;
  runtime::HostModel host_;
};

// Energies and forces by the interpreter, from pairs found one by one over all images of the cell.
runtime::Result interpreted(const driver::Model& model, const runtime::Structure& structure);

// A molecule, an atom alone, two atoms beyond the cutoff, boxes with three and with two periodic directions (one
// smaller than the cutoff, so that atoms see their own images), and a cluster of more than one tile.
std::vector<runtime::Structure> varied_structures(std::uint64_t seed);

// Largest differences: of energies over the sum of the atoms' magnitudes, of forces over the largest force of the
// structure.
struct Difference {
  double energy = 0, force = 0;
};
Difference difference(const std::vector<runtime::Result>& a, const std::vector<runtime::Result>& b);

}  // namespace mlffgen::test
