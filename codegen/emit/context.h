// What the emission of one kernel collects: its arguments.
#pragma once

#include <set>
#include <string>

#include "codegen/emit/constant_pool.h"
#include "codegen/emit/emit.h"

namespace mlffgen::emit {

// The state of one kernel's emission.
struct Context {
  const ir::Graph& graph;
  const Schedule& schedule;
  const Phase& phase;
  int number = 0;                    // of the phase
  const Segment* segment = nullptr;  // the one being emitted
  bool double_precision = false;
  ConstantPool& constants;
  std::set<std::string> used;     // argument names
  std::set<std::string> written;  // arguments that the kernel writes
  std::set<NodeId> ready;         // values of this phase kept so far

  std::string use(const std::string& argument) {
    used.insert(argument);
    return argument;
  }
  std::string write(const std::string& argument) {
    written.insert(argument);
    return use(argument);
  }
  // The name of a node's buffer, or empty.
  std::string buffer_name(NodeId id) const;
  // A number of the model's precision.
  std::string literal(double value) const;
};

// A row-major index: "row_of(ITEM, SIZE) + OFFSET + CHANNEL" without needless terms.
std::string index_text(const std::string& item, int size, int offset, const std::string& channel);

}  // namespace mlffgen::emit
