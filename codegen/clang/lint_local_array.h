// The rule no-dynamic-local-array. For this folder only.
//
// A local array lives in registers only if every subscript is known once the code is unrolled and inlined; otherwise
// the compiler moves the whole array to local memory, a slow surprise that no test of the numbers shows. A subscript
// counts as known when it is built from constants, from the variables of loops that have constant bounds and an unroll
// pragma, from local variables that are set once to such a value, and from parameters that every call gives such a
// value. Arrays are followed through pointers, references and members into the functions that receive them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "codegen/clang/device_ast.h"

namespace mlffgen::clang {

// Receives the function that holds the subscript, its line and the message.
using LocalArrayReport = std::function<void(const std::string& function, int line, const std::string& message)>;

// `functions` are a kernel and all functions below it.
void find_dynamic_local_arrays(const DeviceAst& ast, const std::vector<const ::clang::FunctionDecl*>& functions,
                               const LocalArrayReport& report);

}  // namespace mlffgen::clang
