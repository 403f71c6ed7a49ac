#include "codegen/emit/stage_phase.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace mlffgen::emit {

using ir::Domain;
using ir::Graph;
using ir::Node;
using ir::Op;

namespace {

// A place in the order of a phase: segment, then stage.
using Site = std::pair<int, int>;

class PhaseStager {
 public:
  PhaseStager(const Graph& graph, const Placement& placement, const std::vector<int>& level, int phase)
      : graph_(graph),
        placement_(placement),
        level_(level),
        number_(phase),
        again_(placement.recomputed[static_cast<std::size_t>(phase)]) {}

  Phase run() {
    find_home();
    for (const NodeId id : home_) place(id);
    force_kept();
    while (keep_shared_values()) {
    }
    build_segments();
    allocate_tile_arrays();
    return std::move(phase_);
  }

 private:
  bool is_home(NodeId id) const { return segment_of_.contains(id); }
  bool is_stored(NodeId id) const { return placement_.stored.contains(id); }

  void find_home() {
    for (std::size_t k = 0; k < graph_.nodes.size(); ++k) {
      const auto id = static_cast<NodeId>(k);
      if (level_[k] != number_) continue;
      if (graph_[id].type.domain == Domain::atom && graph_[id].op != Op::zero) {
        home_.push_back(id);
        segment_of_[id] = 0;
      }
    }
    for (const ir::Output& out : graph_.outputs) {
      if (level_[static_cast<std::size_t>(out.node)] != number_) continue;
      if (graph_[out.node].op == Op::sum_i) {
        energy_ = graph_[out.node].inputs[0];
      } else {
        gradients_.push_back(out.node);
      }
    }
  }

  // Segments of pairs have odd numbers, those of atoms even ones.
  int pair_segment(NodeId pair_value) const {
    int segment = 1;
    for (const NodeId leaf : pair_leaves(graph_, pair_value).centre) {
      if (is_home(leaf)) segment = std::max(segment, segment_of_.at(leaf) + 1);
    }
    return segment;
  }

  static bool is_map(Op op) { return op == Op::linear || op == Op::sum_channels; }

  // Loops have even stages, matrix products and sums over channels odd ones.
  void place(NodeId id) {
    const Node& node = graph_[id];
    int segment = 0, stage = 0;
    if (node.op == Op::sum_j) {
      segment = pair_segment(node.inputs[0]) + 1;
    } else {
      for (const NodeId input : node.inputs) {
        if (is_home(input)) segment = std::max(segment, segment_of_.at(input));
      }
      for (const NodeId input : node.inputs) {
        if (!is_home(input) || segment_of_.at(input) != segment || graph_[input].op == Op::sum_j) continue;
        stage = std::max(stage, stage_of_.at(input) + (is_map(graph_[input].op) ? 1 : 0));
      }
      if (is_map(node.op)) ++stage;
    }
    segment_of_[id] = segment;
    stage_of_[id] = stage;
  }

  Site site_of(NodeId id) const { return {segment_of_.at(id), stage_of_.at(id)}; }

  // Keeps a value that is not computed where it is used; elementwise values of earlier phases and tables are worked
  // out at the beginning of the first segment that wants them kept.
  void keep(NodeId id, Site user) {
    kept_.insert(id);
    if (is_home(id)) return;
    const Site first{user.first, 0};
    const auto found = imported_.find(id);
    imported_[id] = found == imported_.end() ? first : std::min(found->second, first);
  }

  void force_kept() {
    for (const NodeId id : home_) {
      const Node& node = graph_[id];
      if (node.op == Op::sum_j || is_map(node.op)) kept_.insert(id);
      if (node.op == Op::linear) {
        for (const NodeId input : node.inputs) {
          if (wants_operand(graph_, id, input)) {
            want_operand(input, site_of(id));
          } else if (!is_stored(input)) {
            keep(input, site_of(id));
          }
        }
      }
      if (node.op == Op::sum_j) keep_centre_leaves(node.inputs[0]);
    }
    for (const NodeId term : gradients_) keep_centre_leaves(term);
  }

  // The loops before the products make operands.
  void want_operand(NodeId id, Site user) {
    const Site made{user.first, user.second - 1};
    const auto found = operands_.try_emplace(id, made, user).first;
    found->second.first = std::min(found->second.first, made);
    found->second.second = std::max(found->second.second, user);
  }

  // A pair reads values of its centre that this phase makes from where they are kept.
  void keep_centre_leaves(NodeId pair_value) {
    for (const NodeId leaf : pair_leaves(graph_, pair_value).centre) {
      if (is_home(leaf)) kept_.insert(leaf);
    }
  }

  bool is_kept(NodeId id) const { return kept_.contains(id) || is_stored(id); }

  // What is worked out at a site, by the nodes whose expressions are expanded there.
  std::vector<std::pair<Site, NodeId>> results() const {
    std::vector<std::pair<Site, NodeId>> all;
    for (const NodeId id : home_) {
      const Op op = graph_[id].op;
      if (op == Op::sum_channels) all.emplace_back(site_of(id), graph_[id].inputs[0]);
      if (is_elementwise(op) && is_kept(id)) all.emplace_back(site_of(id), id);
    }
    for (const auto& [id, site] : imported_) all.emplace_back(site, id);
    if (energy_ != ir::kNoNode) all.emplace_back(energy_site(), energy_);
    return all;
  }

  // A loop stage after the energy's last operation.
  Site energy_site() const {
    if (!is_home(energy_)) return {2, 0};
    const Site site = site_of(energy_);
    return {site.first, site.second + (is_map(graph_[energy_].op) ? 1 : 0)};
  }

  // Whether a value is kept before a stage begins: its own loops work it out again.
  bool is_kept_before(NodeId id, const Site& site) const {
    if (!is_kept(id)) return false;
    if (is_home(id)) return site_of(id) != site;
    return !imported_.contains(id) || imported_.at(id) != site;
  }

  // Calls visit(leaf or inner node) over the expression below a result of a stage, stopping at what is kept before it.
  void expand(const Site& site, NodeId root, const std::function<void(NodeId, bool inner)>& visit,
              bool with_root = false) const {
    std::set<NodeId> seen;
    const std::function<void(NodeId, bool)> walk = [&](NodeId id, bool top) {
      if (!seen.insert(id).second) return;
      const bool leaf = !is_elementwise(graph_[id].op) || (!top && is_kept_before(id, site));
      if (!top) visit(id, !leaf);
      if (leaf) return;
      for (const NodeId input : graph_[id].inputs) walk(input, false);
    };
    walk(root, !with_root);
  }

  bool is_cheap(NodeId id) const {
    const Node& node = graph_[id];
    if (node.op == Op::negate || node.op == Op::broadcast) return true;
    if (node.op != Op::add && node.op != Op::multiply) return false;
    return std::all_of(node.inputs.begin(), node.inputs.end(),
                       [&](NodeId input) { return !is_elementwise(graph_[input].op) || is_kept(input); });
  }

  // Keeps values that several stages would work out again.
  bool keep_shared_values() {
    std::map<NodeId, std::set<Site>> sites;
    for (const auto& [site, root] : results()) {
      expand(site, root, [&, at = site](NodeId id, bool inner) {
        if (inner) sites[id].insert(at);
      });
    }
    for (const auto& [operand, when] : operands_) {
      const auto visit = [&, at = when.first](NodeId id, bool inner) {
        if (inner) sites[id].insert(at);
      };
      expand(when.first, operand, visit, true);
    }
    bool changed = false;
    for (const auto& [id, where] : sites) {
      if (where.size() < 2 || is_cheap(id)) continue;
      if (is_home(id) || again_.contains(id)) {
        keep(id, *where.begin());
        changed = true;
      }
    }
    return changed;
  }

  Stage& stage_at(const Site& site) {
    Segment& segment = segments_[site.first];
    segment.pairs = site.first % 2 == 1;
    while (segment.stages.size() <= static_cast<std::size_t>(site.second)) segment.stages.emplace_back();
    return segment.stages[static_cast<std::size_t>(site.second)];
  }

  Loop& loop_at(const Site& site, int channels) {
    Stage& stage = stage_at(site);
    for (Loop& loop : stage.loops) {
      if (loop.channels == channels) return loop;
    }
    stage.loops.push_back({});
    stage.loops.back().channels = channels;
    return stage.loops.back();
  }

  void build_segments() {
    std::map<int, PairRoots> roots;
    for (const NodeId id : home_) {
      const Node& node = graph_[id];
      if (node.op == Op::sum_j) roots[segment_of_.at(id) - 1].sums.push_back(id);
      if (node.op == Op::linear) {
        stage_at(site_of(id)).maps.push_back(id);
        phase_.has_products = true;
      }
      if (node.op == Op::sum_channels) {
        loop_at(site_of(id), graph_[node.inputs[0]].type.channels).reductions.push_back(id);
      }
      if (is_elementwise(node.op) && is_kept(id)) loop_at(site_of(id), node.type.channels).results.push_back(id);
    }
    for (const auto& [id, site] : imported_) loop_at(site, graph_[id].type.channels).results.push_back(id);
    for (const auto& [id, when] : operands_) loop_at(when.first, graph_[id].type.channels).operands.push_back(id);
    if (energy_ != ir::kNoNode) loop_at(energy_site(), 1).results.push_back(energy_);
    for (const NodeId term : gradients_) roots[pair_segment(term)].gradients.push_back(term);
    for (const auto& [number, list] : roots) {
      segments_[number] = stage_pairs(graph_, list, phase_);
      phase_.has_pairs = true;
    }
    for (auto& [number, segment] : segments_) {
      for (Stage& stage : segment.stages) {
        for (Loop& loop : stage.loops) std::sort(loop.results.begin(), loop.results.end());
        std::sort(stage.maps.begin(), stage.maps.end());
      }
      phase_.segments.push_back(segment);
    }
  }

  // First and last use of a tile array; pairs as one unit of time.
  struct Life {
    Site born, dies;
    bool made_by_loop = false, dies_in_loop = false;  // a loop over its own channels, number by number
  };

  std::map<NodeId, Life> lifetimes() const {
    std::map<NodeId, Life> lives;
    for (const NodeId id : kept_) {
      if (is_stored(id)) continue;
      Site born = is_home(id) ? site_of(id) : imported_.at(id);
      if (graph_[id].op == Op::sum_j) born = {segment_of_.at(id) - 1, 0};
      lives[id] = {born, born, !is_home(id) || is_elementwise(graph_[id].op), false};
    }
    const auto use = [&](NodeId id, const Site& site, bool in_loop = false) {
      const auto found = lives.find(id);
      if (found == lives.end() || site < found->second.dies) return;
      Life& life = found->second;
      life.dies_in_loop = in_loop && (life.dies_in_loop || site > life.dies);
      life.dies = site;
    };
    for (const auto& [site, root] : results()) {
      expand(site, root, [&, at = site, channels = graph_[root].type.channels](NodeId id, bool) {
        use(id, at, graph_[id].type.channels == channels);
      });
    }
    for (const auto& [operand, when] : operands_) {
      const auto visit = [&, at = when.first, channels = graph_[operand].type.channels](NodeId id, bool) {
        use(id, at, graph_[id].type.channels == channels);
      };
      expand(when.first, operand, visit, true);
    }
    if (energy_ != ir::kNoNode) use(energy_, energy_site());
    for (const NodeId id : home_) {
      if (graph_[id].op == Op::linear) {
        for (const NodeId input : graph_[id].inputs) {
          if (!wants_operand(graph_, id, input)) use(input, site_of(id));
        }
      }
      if (graph_[id].op == Op::sum_channels) use(graph_[id].inputs[0], site_of(id));
      if (graph_[id].op == Op::sum_j) use_centre(graph_[id].inputs[0], segment_of_.at(id) - 1, use);
    }
    for (const NodeId term : gradients_) use_centre(term, pair_segment(term), use);
    return lives;
  }

  template <class Use>
  void use_centre(NodeId pair_value, int segment, const Use& use) const {
    for (const NodeId leaf : pair_leaves(graph_, pair_value).centre) use(leaf, {segment, 0});
  }

  struct Array {
    NodeId id;
    std::map<NodeId, int>* places;
    Life life;
    int offset, size;
  };

  // Whether the loop that makes one array can put each number where it reads one of the other for the last time.
  bool can_replace(const Array& made, const Array& other) const {
    return made.life.born == other.life.dies && made.life.made_by_loop && other.life.dies_in_loop &&
           made.size == other.size && graph_[made.id].type == graph_[other.id].type;
  }

  // The lowest place that nothing alive at the same time holds, but for what the array replaces.
  int first_fit(const Array& array, const std::vector<Array>& placed) const {
    std::vector<int> candidates = {0};
    for (const Array& other : placed) {
      candidates.push_back(other.offset);
      candidates.push_back(other.offset + other.size);
    }
    std::sort(candidates.begin(), candidates.end());
    for (const int offset : candidates) {
      const bool free = std::all_of(placed.begin(), placed.end(), [&](const Array& other) {
        const bool apart = other.life.dies < array.life.born || other.life.born > array.life.dies ||
                           offset + array.size <= other.offset || other.offset + other.size <= offset;
        return apart || (offset == other.offset && can_replace(array, other));
      });
      if (free) return offset;
    }
    throw InternalError("no place for a tile array");
  }

  // In order of birth.
  void allocate_tile_arrays() {
    std::vector<Array> arrays, placed;
    for (const auto& [id, life] : lifetimes()) {
      arrays.push_back({id, &phase_.tile_arrays, life, 0, graph_[id].type.size()});
    }
    for (const auto& [id, when] : operands_) {
      arrays.push_back({id, &phase_.operands, {when.first, when.second, true, false}, 0, graph_[id].type.size()});
    }
    std::stable_sort(arrays.begin(), arrays.end(), [](const Array& a, const Array& b) {
      return std::pair(a.life.born, a.id) < std::pair(b.life.born, b.id);
    });
    // Last, into the gaps between the large ones.
    for (const auto& [id, when] : operands_) {
      arrays.push_back({id, &phase_.scales, {when.first, when.second}, 0, graph_[id].type.components()});
    }
    for (Array& array : arrays) {
      array.offset = first_fit(array, placed);
      placed.push_back(array);
      (*array.places)[array.id] = array.offset;
      phase_.tile_numbers = std::max(phase_.tile_numbers, array.offset + array.size);
    }
  }

  const Graph& graph_;
  const Placement& placement_;
  const std::vector<int>& level_;
  int number_;
  const std::set<NodeId>& again_;
  Phase phase_;
  std::vector<NodeId> home_, gradients_;
  NodeId energy_ = ir::kNoNode;
  std::map<NodeId, int> segment_of_, stage_of_;
  std::set<NodeId> kept_;
  std::map<NodeId, Site> imported_;
  std::map<NodeId, std::pair<Site, Site>> operands_;  // where they are made, and used last
  std::map<int, Segment> segments_;
};

}  // namespace

Phase stage_phase(const Graph& graph, const Placement& placement, const std::vector<int>& level, int phase) {
  return PhaseStager(graph, placement, level, phase).run();
}

}  // namespace mlffgen::emit
