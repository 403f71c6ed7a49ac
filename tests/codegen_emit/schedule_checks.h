// The invariants of a schedule, worked out from the graph alone.
#pragma once

#include <string>
#include <vector>

#include "codegen/emit/schedule.h"

namespace mlffgen::test {

// What is wrong with a schedule, one line a defect:
//   a value read before it is kept, or one that no stage can compute where it is used;
//   a gather from the neighbour of a value that its own phase makes;
//   buffers that live together in one slot, or a slot of another size;
//   tile arrays or team arrays that live together and overlap, or that reach beyond the phase's numbers;
//   outputs or buffers that nothing computes, or that are computed twice.
std::vector<std::string> defects(const ir::Graph& graph, const emit::Schedule& schedule);

// Numbers an atom of all values of atoms that a later phase uses than the one that makes them.
int numbers_if_all_were_kept(const ir::Graph& graph, const emit::Schedule& schedule);

}  // namespace mlffgen::test
