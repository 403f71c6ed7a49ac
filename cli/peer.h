// PyTorch on the same weights and structures: bench/peer.py in a process of its own, asked cell by cell.
#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/bench_model.h"
#include "runtime/neighbour_list.h"
#include "runtime/structure.h"

namespace mlffgen::cli {

// There is no such peer (no Python, no PyTorch, weights that it does not know), or it has failed. It must not be asked
// again.
class PeerError : public UserError {
 public:
  using UserError::UserError;
};

struct PeerOptions {
  std::filesystem::path weights;  // safetensors
  api::Device device;
  int threads = 0;    // of the host; 0: PyTorch's own choice
  double cutoff = 0;  // of the model, its length unit
};

// The folder of peer.py, found from this program's: in a build and where it is installed. Throws PeerError.
std::filesystem::path peer_folder();

class Peer {
 public:
  // Returns when PyTorch is loaded, within a minute or two. Throws PeerError. The interpreter is that of
  // MLFFGEN_PYTHON, or python3.
  explicit Peer(const PeerOptions& options);
  ~Peer();

  const nlohmann::json& facts() const;  // BenchBaseline::facts

  // The structures and their pairs for the calls that follow. Throws UserError where they cannot be written.
  void set_structures(std::span<const runtime::Structure> structures, const runtime::NeighbourList& pairs);

  // Milliseconds of each call; what the peer cannot do (such as a graph, or for want of memory) is a problem. `way`:
  // "eager" and "graph" have inputs and pairs on the device, "upload" brings them there in every call, from the host's
  // memory, and takes the forces back.
  BenchSide measure(const std::string& way, const BenchLimits& limits);

  // Forces by "float32" or "float64"; empty for want of memory.
  std::vector<runtime::Vector3> forces(const std::string& precision);

 private:
  struct State;
  nlohmann::json ask(const nlohmann::json& request, double seconds);
  [[noreturn]] void fail(const std::string& what);

  std::unique_ptr<State> state_;
};

}  // namespace mlffgen::cli
