// The rule divergent-barrier. For this folder only.
//
// A barrier hangs, or lets data race, when only some of the threads that it waits for arrive. So its control conditions
// must agree across those threads. Every value has a level: equal across the block, equal across the team that serves
// one atom, or different from lane to lane. Lanes differ in threadIdx and in the results of lane() and thread(); teams
// differ in the result of team(). A value is as varying as what it is computed from and as the conditions under which
// it is assigned; memory contents count as varying as their address. Functions named team_* (such as team_sum) return
// one value to a whole team, block_* one value to the whole block. A barrier is a call of __syncthreads* or of a
// function whose name ends in _barrier; team_*barrier waits for its team, any other for the block. An early return,
// break or continue counts as a condition on what follows it.
#pragma once

#include <functional>
#include <string>

#include "codegen/clang/device_ast.h"

namespace mlffgen::clang {

// Receives the function that holds the barrier, the line of the barrier and the message.
using DivergenceReport = std::function<void(const std::string& function, int line, const std::string& message)>;

void find_divergent_barriers(const DeviceAst& ast, const ::clang::FunctionDecl* kernel, const DivergenceReport& report);

}  // namespace mlffgen::clang
