#include "runtime/md/checkpoint.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/text.h"
#include "runtime/bundle.h"
#include "runtime/plan.h"

namespace mlffgen::md {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kFirstLine = "mlffgen checkpoint 1\n";
constexpr std::size_t kHashDigits = 32;

// Shown in full: a path in a message is for copying.
std::string quoted(const std::filesystem::path& path) {
  const std::string text = path.string();
  return quote(text, 4 * text.size());
}

template <class Number>
void append(std::string& bytes, const std::vector<Number>& numbers) {
  const std::size_t old = bytes.size(), count = numbers.size() * sizeof(Number);
  if (count == 0) return;
  bytes.resize(old + count);
  std::memcpy(bytes.data() + old, numbers.data(), count);
}

// Takes arrays from the front of bytes.
class Arrays {
 public:
  explicit Arrays(std::string_view bytes) : bytes_(bytes) {}
  std::size_t left() const { return bytes_.size(); }

  template <class Number>
  std::vector<Number> take(std::size_t count) {
    std::vector<Number> numbers(count);
    if (count > 0) std::memcpy(numbers.data(), bytes_.data(), count * sizeof(Number));
    bytes_.remove_prefix(count * sizeof(Number));
    return numbers;
  }

 private:
  std::string_view bytes_;
};

Json header_of(const Checkpoint& checkpoint) {
  const Dynamics& dynamics = checkpoint.dynamics;
  Json outputs = Json::array();
  for (const OutputMark& mark : checkpoint.outputs) outputs.push_back({{"path", mark.path}, {"bytes", mark.bytes}});
  return {{"model", checkpoint.model},
          {"structures", checkpoint.structures},
          {"ensemble", ensemble_name(dynamics.ensemble)},
          {"timestep", dynamics.timestep},
          {"temperature", dynamics.temperature},
          {"friction", dynamics.friction},
          {"seed", dynamics.seed},
          {"step", checkpoint.state.step},
          {"atoms", checkpoint.state.positions.size()},
          {"systems", checkpoint.state.energies.size()},
          {"outputs", outputs}};
}

Checkpoint from_header(const Json& header) {
  Checkpoint checkpoint;
  checkpoint.model = header.at("model").get<std::string>();
  checkpoint.structures = header.at("structures").get<std::string>();
  checkpoint.dynamics.ensemble = find_ensemble(header.at("ensemble").get<std::string>());
  checkpoint.dynamics.timestep = header.at("timestep").get<double>();
  checkpoint.dynamics.temperature = header.at("temperature").get<double>();
  checkpoint.dynamics.friction = header.at("friction").get<double>();
  checkpoint.dynamics.seed = header.at("seed").get<std::uint64_t>();
  checkpoint.state.step = header.at("step").get<long long>();
  for (const Json& mark : header.at("outputs")) {
    checkpoint.outputs.push_back({mark.at("path").get<std::string>(), mark.at("bytes").get<long long>()});
  }
  return checkpoint;
}

}  // namespace

std::string fingerprint(const runtime::Plan& plan, const runtime::Bundle& bundle) {
  std::string text = fmt::format("{}\n{}\n{}\n{}\n{}\n", plan.name, plan.length_unit, plan.energy_unit, plan.cutoff,
                                 plan.real_bytes());
  for (std::size_t k = 0; k < plan.elements.size(); ++k) {
    text += fmt::format("{} {}\n", plan.elements[k], plan.element_energy[k]);
  }
  if (bundle.has("constants")) text += bundle.text("constants");
  return hash128_hex(text);
}

std::string fingerprint(const Systems& systems) {
  std::string bytes;
  append(bytes, systems.begin);
  append(bytes, systems.masses);
  for (const runtime::Structure& structure : systems.structures) {
    append(bytes, structure.atomic_numbers);
    for (std::size_t d = 0; d < 3; ++d) {
      // A lattice vector along a direction that is not periodic means nothing.
      const Vector3 row = structure.periodic[d] ? structure.cell[d] : Vector3{};
      append(bytes, std::vector<double>(row.begin(), row.end()));
    }
  }
  return hash128_hex(bytes);
}

void write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint) {
  const State& state = checkpoint.state;
  internal_check(state.forces.size() == state.positions.size(), "a checkpoint without forces");
  std::string bytes(kFirstLine);
  bytes += header_of(checkpoint).dump() + '\n';
  append(bytes, state.positions);
  append(bytes, state.velocities);
  append(bytes, state.forces);
  append(bytes, state.heat);
  append(bytes, state.energies);
  bytes += hash128_hex(bytes);
  write_file_atomically(path, bytes);
}

Checkpoint read_checkpoint(const std::filesystem::path& path) {
  const std::string bytes = read_text_file(path, kMaxBinaryFileBytes);
  if (!bytes.starts_with(kFirstLine)) {
    throw UserError(fmt::format("{} is not a checkpoint of mlffgen md", quoted(path)));
  }
  const auto damaged = [&] {
    return UserError(fmt::format("{}: the checkpoint is damaged; take an older one", quoted(path)));
  };
  if (bytes.size() < kFirstLine.size() + kHashDigits) throw damaged();
  const std::string_view body = std::string_view(bytes).substr(0, bytes.size() - kHashDigits);
  if (hash128_hex(body) != std::string_view(bytes).substr(body.size())) throw damaged();
  const std::size_t end = body.find('\n', kFirstLine.size());
  if (end == std::string_view::npos) throw damaged();
  try {
    const Json header = Json::parse(body.substr(kFirstLine.size(), end - kFirstLine.size()));
    Checkpoint checkpoint = from_header(header);
    const auto n = header.at("atoms").get<std::size_t>(), n_systems = header.at("systems").get<std::size_t>();
    Arrays arrays(body.substr(end + 1));
    const std::size_t numbers = arrays.left() / sizeof(double);
    if (n > numbers || n_systems > numbers || (10 * n + n_systems) * sizeof(double) != arrays.left()) throw damaged();
    State& state = checkpoint.state;
    state.positions = arrays.take<Vector3>(n);
    state.velocities = arrays.take<Vector3>(n);
    state.forces = arrays.take<Vector3>(n);
    state.heat = arrays.take<double>(n);
    state.energies = arrays.take<double>(n_systems);
    return checkpoint;
  } catch (const Json::exception&) {
    throw damaged();
  }
}

void check_same(const Checkpoint& checkpoint, const std::string& model, const std::string& structures,
                const std::filesystem::path& path) {
  if (checkpoint.model != model) {
    throw UserError(
        fmt::format("{}: the checkpoint is of another model (or of another precision or compilation of it); "
                    "go on with the model that it was made with",
                    quoted(path)));
  }
  if (checkpoint.structures != structures) {
    throw UserError(
        fmt::format("{}: the checkpoint is of other structures: the number of systems, their elements, "
                    "masses or cells differ; give the start file that it was made with",
                    quoted(path)));
  }
}

}  // namespace mlffgen::md
