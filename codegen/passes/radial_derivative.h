// Derivatives of functions: the rules that reverse mode and forward mode share.
#pragma once

#include <map>

#include "codegen/ir/build.h"

namespace mlffgen::passes {

// function'(x), built from x and y = function(x).
ir::NodeId derivative_of(ir::Builder& build, ir::Function function, ir::NodeId x, ir::NodeId y);

// d(x ** exponent)/dx.
ir::NodeId derivative_of_power(ir::Builder& build, double exponent, ir::NodeId x);

// d(value)/d(distance) of radial values by forward mode; a spline table gives its own exact derivative.
class RadialDerivative {
 public:
  explicit RadialDerivative(ir::Builder& build) : build_(build) {}

  // The derivative of a radial value; its channels may be one where all are equal.
  ir::NodeId of(ir::NodeId id);

 private:
  ir::NodeId compute(ir::NodeId id);
  ir::NodeId widened(ir::NodeId id, int channels);

  ir::Builder& build_;
  std::map<ir::NodeId, ir::NodeId> known_;
};

}  // namespace mlffgen::passes
