#include "schedule_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

namespace mlffgen::test {

using emit::Loop;
using emit::Phase;
using emit::Schedule;
using emit::Segment;
using emit::Stage;
using ir::Domain;
using ir::Graph;
using ir::Node;
using ir::NodeId;
using ir::Op;

namespace {

// Runs through a schedule as a kernel would and notes what each step reads and writes.
class Walk {
 public:
  Walk(const Graph& graph, const Schedule& schedule) : graph_(graph), schedule_(schedule) {}

  std::vector<std::string> run() {
    for (phase_ = 0; phase_ < static_cast<int>(schedule_.phases.size()); ++phase_) walk_phase();
    check_slots();
    check_everything_is_written();
    return defects_;
  }

 private:
  // First and last step of a tile array, and the loops over its own channels that make it and read it last, if there
  // are such: a loop reads all it needs of a channel before it writes.
  struct Life {
    int born = 0, dies = 0;
    const Loop* made_by = nullptr;
    const Loop* read_last_by = nullptr;
  };

  // Where numbers of an atom or a pair lie in shared memory, and when; null: always.
  struct Array {
    std::string name;
    int offset, size;
    const ir::Type* type;
    const Life* life;
  };

  const Phase& phase() const { return schedule_.phases[static_cast<std::size_t>(phase_)]; }

  template <typename... Arguments>
  void defect(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
    defects_.push_back(fmt::format("phase {}: ", phase_) + fmt::format(text, std::forward<Arguments>(arguments)...));
  }

  void walk_phase() {
    ready_.clear();
    tile_.clear();
    operands_.clear();
    scales_.clear();
    operands_ready_.clear();
    step_ = 0;
    for (const Segment& segment : phase().segments) {
      if (segment.pairs) {
        walk_pairs(segment);
      } else {
        for (const Stage& stage : segment.stages) walk_atoms(stage);
      }
    }
    check_tile();
    for (const Segment& segment : phase().segments) {
      std::vector<Array> arrays;
      for (const auto& [id, offset] : segment.team_arrays) {
        arrays.push_back(
            {fmt::format("team array %{}", id), offset, graph_[id].type.size(), &graph_[id].type, nullptr});
      }
      check_arrays(arrays, phase().team_numbers);
    }
  }

  void check_tile() {
    std::vector<Array> arrays;
    const auto add = [&](const char* what, const std::map<NodeId, int>& places, const std::map<NodeId, Life>& lives) {
      for (const auto& [id, offset] : places) {
        const ir::Type& type = graph_[id].type;
        const int size = &places == &phase().scales ? type.components() : type.size();
        const auto life = lives.find(id);
        if (life == lives.end()) continue;  // of no use
        arrays.push_back({fmt::format("{} %{}", what, id), offset, size, &type, &life->second});
      }
    };
    add("tile array", phase().tile_arrays, tile_);
    add("operand", phase().operands, operands_);
    add("scale", phase().scales, scales_);
    check_arrays(arrays, phase().tile_numbers);
  }

  // Whether a loop puts each number of one array where it has read the last use of the other's.
  static bool replaces(const Array& made, const Array& other) {
    const Life &later = *made.life, &earlier = *other.life;
    return later.made_by != nullptr && later.made_by == earlier.read_last_by && later.born == earlier.dies &&
           *made.type == *other.type && made.offset == other.offset;
  }

  static bool together(const Array& a, const Array& b) {
    if (a.life == nullptr || b.life == nullptr) return true;
    return a.life->born <= b.life->dies && b.life->born <= a.life->dies && !replaces(a, b) && !replaces(b, a);
  }

  void check_arrays(const std::vector<Array>& arrays, int numbers) {
    for (auto a = arrays.begin(); a != arrays.end(); ++a) {
      const int end = a->offset + a->size;
      if (end > numbers) defect("{} ends at {} of {}", a->name, end, numbers);
      for (auto b = std::next(a); b != arrays.end(); ++b) {
        const bool overlap = a->offset < b->offset + b->size && b->offset < end;
        if (overlap && together(*a, *b)) defect("{} and {} overlap", a->name, b->name);
      }
    }
  }

  // ---- atoms

  void walk_atoms(const Stage& stage) {
    for (const Loop& loop : stage.loops) {
      loop_ = &loop;
      for (const NodeId id : loop.results) read_operands(id);
      for (const NodeId id : loop.operands) read(id);
      for (const NodeId id : loop.reductions) read(graph_[id].inputs[0]);
    }
    loop_ = nullptr;
    for (const NodeId id : stage.maps) {
      for (const NodeId input : graph_[id].inputs) {
        const bool kept = emit::wants_operand(graph_, id, input) ? use_operand(input) : use_kept(input);
        if (!kept) defect("product %{} reads %{}, which is not kept", id, input);
      }
    }
    for (const Loop& loop : stage.loops) {
      for (const NodeId id : loop.operands) write_operand(id, &loop);
      for (const NodeId id : loop.results) write(id, &loop);
      for (const NodeId id : loop.reductions) write(id);
    }
    for (const NodeId id : stage.maps) write(id);
    ++step_;
  }

  // Whether a product finds a value in the form that it wants; notes that it is read here.
  bool use_operand(NodeId id) {
    if (!operands_ready_.contains(id)) return false;
    operands_[id].dies = scales_[id].dies = step_;
    return true;
  }

  void write_operand(NodeId id, const Loop* loop) {
    if (!operands_ready_.insert(id).second) defect("operand %{} is written twice", id);
    if (!phase().operands.contains(id) || !phase().scales.contains(id)) return defect("operand %{} lies nowhere", id);
    operands_[id] = {step_, step_, loop, nullptr};
    scales_[id] = {step_, step_, nullptr, nullptr};
  }

  // Whether a value of an atom lies in memory; notes that it is read here.
  bool use_kept(NodeId id) {
    const emit::Buffer* buffer = schedule_.buffer_of(id);
    if (buffer != nullptr && written_.contains(id)) {
      if (buffer->first_phase > phase_ || buffer->last_phase < phase_) {
        defect("buffer of %{} is read outside its phases {} to {}", id, buffer->first_phase, buffer->last_phase);
      }
      return true;
    }
    if (!ready_.contains(id) || !phase().tile_arrays.contains(id)) return false;
    Life& life = tile_[id];
    const Loop* const by = loop_ != nullptr && loop_->channels == graph_[id].type.channels ? loop_ : nullptr;
    life.read_last_by = life.dies < step_ || life.read_last_by == by ? by : nullptr;
    life.dies = step_;
    return true;
  }

  void read(NodeId id) {
    if (!use_kept(id)) read_operands(id);
  }

  void read_operands(NodeId id) {
    const Node& node = graph_[id];
    if (node.op == Op::zero || node.op == Op::constant || node.op == Op::element_table) return;
    if (!emit::is_elementwise(node.op)) {
      if (!use_kept(id)) defect("%{} ({}) is read before it is kept", id, ir::name_of(node.op));
      return;
    }
    for (const NodeId input : node.inputs) read(input);
  }

  void write(NodeId id, const Loop* loop = nullptr) {
    const bool is_energy = graph_[graph_.output("energy")].inputs[0] == id;
    const emit::Buffer* buffer = schedule_.buffer_of(id);
    if (is_energy && schedule_.level[static_cast<std::size_t>(graph_.output("energy"))] == phase_)
      energy_written_ = true;
    if (buffer != nullptr) {
      if (written_.contains(id) && !is_energy) defect("buffer of %{} is written twice", id);
      if (buffer->first_phase != phase_)
        defect("buffer of %{} is written outside its first phase {}", id, buffer->first_phase);
      written_.insert(id);
    } else if (phase().tile_arrays.contains(id)) {
      if (ready_.contains(id) && !is_energy) defect("tile array of %{} is written twice", id);
      if (!tile_.contains(id)) tile_[id] = {step_, step_, loop, nullptr};
    } else if (!is_energy) {
      defect("%{} is kept nowhere", id);
    }
    ready_.insert(id);
  }

  // ---- pairs: one step

  void walk_pairs(const Segment& segment) {
    team_ready_.clear();
    std::vector<NodeId> sums;
    for (const Stage& stage : segment.stages) {
      for (const Loop& loop : stage.loops) {
        for (const NodeId id : loop.results) read_pair_operands(id);
        for (const NodeId id : loop.reductions) read_pair(graph_[id].inputs[0]);
        for (const NodeId id : loop.sums) read_pair(graph_[id].inputs[0]);
        for (const NodeId id : loop.gradients) read_pair(id);
        gradients_.insert(loop.gradients.begin(), loop.gradients.end());
        sums.insert(sums.end(), loop.sums.begin(), loop.sums.end());
      }
      for (const NodeId id : stage.maps) {
        for (const NodeId input : graph_[id].inputs) {
          if (!team_ready_.contains(input)) defect("product %{} of pairs reads %{} before it is kept", id, input);
        }
      }
      for (const Loop& loop : stage.loops) {
        team_ready_.insert(loop.results.begin(), loop.results.end());
        team_ready_.insert(loop.reductions.begin(), loop.reductions.end());
      }
      team_ready_.insert(stage.maps.begin(), stage.maps.end());
    }
    for (const NodeId id : sums) write(id);
    ++step_;
  }

  void read_pair(NodeId id) {
    if (!team_ready_.contains(id)) read_pair_operands(id);
  }

  void read_pair_operands(NodeId id) {
    const Node& node = graph_[id];
    switch (node.op) {
      case Op::zero:
      case Op::constant:
      case Op::distance:
      case Op::direction:
      case Op::spline:
        return;
      case Op::at_i:
        return read_end(node.inputs[0]);
      case Op::at_j:
        if (graph_[node.inputs[0]].type.domain == Domain::atom) check_gather(node.inputs[0]);
        return;
      default:
        break;
    }
    if (node.op == Op::linear && emit::is_inline_map(graph_, id)) {
      for (const NodeId input : node.inputs) {
        if (!team_ready_.contains(input)) defect("%{} reads %{} before it is kept for the pair", id, input);
      }
      return;
    }
    if (!emit::is_elementwise(node.op))
      return defect("%{} ({}) of a pair is read before it is kept", id, ir::name_of(node.op));
    for (const NodeId input : node.inputs) read_pair(input);
  }

  void read_end(NodeId id) {
    if (graph_[id].type.domain == Domain::atom) read(id);
  }

  void check_gather(NodeId id) {
    if (graph_[id].op == Op::zero) return;
    const emit::Buffer* buffer = schedule_.buffer_of(id);
    if (buffer == nullptr || !written_.contains(id)) return defect("%{} is gathered but not in a buffer", id);
    if (buffer->first_phase >= phase_) defect("%{} is gathered in the phase that makes it", id);
    if (buffer->last_phase < phase_) defect("%{} is gathered after its last phase", id);
  }

  // ---- all phases

  void check_slots() {
    const auto& buffers = schedule_.buffers;
    for (std::size_t a = 0; a < buffers.size(); ++a) {
      if (schedule_.slots[static_cast<std::size_t>(buffers[a].slot)] != graph_[buffers[a].node].type.size()) {
        defect("the slot of %{} has another size", buffers[a].node);
      }
      for (std::size_t b = a + 1; b < buffers.size(); ++b) {
        const bool together =
            buffers[a].first_phase <= buffers[b].last_phase && buffers[b].first_phase <= buffers[a].last_phase;
        if (together && buffers[a].slot == buffers[b].slot) {
          defect("buffers of %{} and %{} live together in slot {}", buffers[a].node, buffers[b].node, buffers[a].slot);
        }
      }
    }
  }

  void check_everything_is_written() {
    for (const emit::Buffer& buffer : schedule_.buffers) {
      if (!written_.contains(buffer.node)) defect("buffer of %{} is never written", buffer.node);
    }
    if (!energy_written_) defect("the energy is never {}", "written");
    for (const ir::Output& out : graph_.outputs) {
      if (out.name == "pair_gradient" && !gradients_.contains(out.node))
        defect("gradient %{} is never added", out.node);
    }
  }

  const Graph& graph_;
  const Schedule& schedule_;
  int phase_ = 0, step_ = 0;
  bool energy_written_ = false;
  const Loop* loop_ = nullptr;   // the one over atoms that reads
  std::set<NodeId> written_;     // buffers
  std::set<NodeId> ready_;       // values that this phase keeps
  std::set<NodeId> team_ready_;  // values of pairs that this segment keeps
  std::set<NodeId> gradients_;
  std::map<NodeId, Life> tile_, operands_, scales_;
  std::set<NodeId> operands_ready_;
  std::vector<std::string> defects_;
};

}  // namespace

std::vector<std::string> defects(const Graph& graph, const Schedule& schedule) { return Walk(graph, schedule).run(); }

int numbers_if_all_were_kept(const Graph& graph, const Schedule& schedule) {
  const auto level = [&](NodeId id) { return schedule.level[static_cast<std::size_t>(id)]; };
  std::set<NodeId> kept;
  // A use by a node of an atom or of the system; values of pairs pass on to what sums them, or to the gradient.
  const std::function<void(NodeId, int)> use = [&](NodeId id, int phase) {
    const Node& node = graph[id];
    if (node.type.domain == Domain::atom) {
      if (node.op != Op::zero && level(id) < phase) kept.insert(id);
    } else if (ir::is_per_pair(node.type.domain)) {
      for (const NodeId input : node.inputs) use(input, phase);
    }
  };
  for (std::size_t k = 0; k < graph.nodes.size(); ++k) {
    if (graph.nodes[k].type.domain != Domain::atom && graph.nodes[k].op != Op::sum_i) continue;
    for (const NodeId input : graph.nodes[k].inputs) use(input, level(static_cast<NodeId>(k)));
  }
  for (const ir::Output& out : graph.outputs) {
    if (out.name == "pair_gradient") use(out.node, level(out.node));
  }
  int numbers = 0;
  for (const NodeId id : kept) numbers += graph[id].type.size();
  return numbers;
}

}  // namespace mlffgen::test
