// The dense layers of a phase: calls of linear_tile (templates/tile_product.cuh), in order.
#pragma once

#include <string>
#include <vector>

#include "codegen/emit/context.h"

namespace mlffgen::emit {

class TileProducts {
 public:
  explicit TileProducts(Context& context);

  // What stands at the kernel's start, before the first product is wanted.
  std::string start();
  // The calls for a stage's linear nodes; stages are asked for in order.
  std::string stage(const Stage& stage);

 private:
  // Up to kMostAtOnce linear nodes of one input, or one input of a node that adds up several.
  struct Call {
    std::vector<NodeId> ids;
    std::size_t input = 0;
  };

  std::vector<Call> calls_of(const Stage& stage) const;
  std::string text(const Call& call);
  std::pair<std::string, int> matrix(const Call& call);
  std::string bias(const Call& call);
  std::string shape(const Call& call) const;
  std::string rows_of(NodeId id);
  std::string input_rows(const Call& call);
  // The first weights of the call that comes next, which are fetched ahead.
  std::string next_steps();
  NodeId input_of(const Call& call) const { return context_.graph[call.ids[0]].inputs[call.input]; }

  Context& context_;
  std::vector<Call> calls_;  // of the phase
  std::size_t next_ = 0;
};

}  // namespace mlffgen::emit
