// For every operation and every function, small energy graphs that depend on it, so that no rule goes untested.
#pragma once

#include <vector>

#include "codegen/ir/build.h"

namespace mlffgen::test {

// All enumerators, found by their names: an operation that is added is in the list without further ado.
std::vector<ir::Op> all_ops();
std::vector<ir::Function> all_functions();

// Where the operation's operands live.
inline const std::vector<ir::Domain> kOperandDomains = {ir::Domain::element, ir::Domain::radial, ir::Domain::atom,
                                                        ir::Domain::pair};

// A graph whose energy depends on the operation, applied to operands of the domain; without outputs if the operation
// has no such form. Three elements, cutoff 5.
ir::Graph energy_using(ir::Op op, ir::Domain operands, ir::Function function = ir::Function::exp);

ir::TensorPtr random_tensor(std::vector<std::int64_t> shape, std::uint64_t seed);

}  // namespace mlffgen::test
