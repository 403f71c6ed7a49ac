// Constructors that simplify as they build: the one place of the algebraic rules.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "codegen/ir/build.h"
#include "codegen/ir/graph.h"

namespace mlffgen::passes {

// Appends simplified nodes to a graph and never the same node twice. Guarantees about what it builds from simplified
// inputs: no slice; concat only where a part cannot be moved out of it (never as the input of another operation that
// works channel by channel); no reverse; no zero as an operand.
class Simplifier {
 public:
  explicit Simplifier(ir::Graph& graph) : graph_(graph), build_(graph) {}

  // The node's operation on already simplified inputs.
  ir::NodeId make(const ir::Node& node, const std::vector<ir::NodeId>& inputs);

  ir::NodeId add(ir::NodeId a, ir::NodeId b);
  ir::NodeId multiply(ir::NodeId a, ir::NodeId b);
  ir::NodeId negate(ir::NodeId a);
  ir::NodeId dot(ir::NodeId a, ir::NodeId b);
  ir::NodeId slice(ir::NodeId a, int begin, int channels);
  ir::NodeId broadcast(ir::NodeId a, int channels);
  ir::NodeId at(ir::Op op, ir::NodeId a);
  ir::NodeId sum_j(ir::NodeId a);

 private:
  const ir::Node& node(ir::NodeId id) const { return graph_[id]; }
  bool is(ir::NodeId id, ir::Op op) const { return node(id).op == op; }
  bool is_filled(ir::NodeId id, double value) const;
  bool is_scaled_vector(ir::NodeId id) const;
  std::pair<ir::NodeId, ir::NodeId> scalar_and_vector(ir::NodeId product) const;
  ir::Node like(ir::Op op, std::vector<ir::NodeId> inputs) const;

  ir::NodeId intern(ir::Node node);
  ir::NodeId fold_constant(ir::NodeId id);
  ir::NodeId zero(ir::Type type);
  ir::NodeId constant(ir::TensorPtr tensor);
  ir::NodeId map_parts(ir::NodeId concat, const std::function<ir::NodeId(ir::NodeId)>& function);
  ir::NodeId combine_parts(ir::Op op, ir::NodeId a, ir::NodeId b);
  ir::NodeId combine(ir::Op op, ir::NodeId a, ir::NodeId b);
  bool strip_broadcasts(ir::NodeId& a, ir::NodeId& b, int& repeat) const;
  ir::NodeId function_of(const ir::Node& original, ir::NodeId a);
  ir::NodeId linear(const ir::Node& original, const std::vector<ir::NodeId>& inputs);
  ir::NodeId cartesian_mix(const ir::Node& original, ir::NodeId a);
  ir::NodeId concat(const std::vector<ir::NodeId>& inputs);
  ir::NodeId slice_uncached(ir::NodeId a, int begin, int channels);
  ir::NodeId sum_channels(ir::NodeId a);
  ir::NodeId sum_i(ir::NodeId a);
  ir::NodeId anchored(ir::NodeId a, ir::Domain domain);
  ir::NodeId reverse(ir::NodeId a);
  ir::NodeId reverse_uncached(ir::NodeId a);

  ir::Graph& graph_;
  ir::Builder build_;
  SourceLocation where_;
  std::string name_;
  std::unordered_map<std::uint64_t, std::vector<ir::NodeId>> interned_;
  std::map<std::tuple<ir::NodeId, int, int>, ir::NodeId> slices_;
  std::map<ir::NodeId, ir::NodeId> reversed_;
};

}  // namespace mlffgen::passes
