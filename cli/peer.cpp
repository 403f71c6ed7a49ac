#include "cli/peer.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>

#include "base/text.h"
#include "cli/child_process.h"
#include "cli/stop_signal.h"
#include "runtime/extxyz.h"
#include "runtime/jit/environment.h"

namespace mlffgen::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using runtime::Vector3;

constexpr const char* kScript = "peer.py";
constexpr double kStartSeconds = 180, kAnswerSeconds = 900;  // a cold PyTorch from a slow disk; the largest cell

// Removed with all that is in it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "mlffgen-bench-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) {
      throw UserError(fmt::format("cannot make the folder {}: {}", quote(name), std::strerror(errno)));
    }
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::string last_line(const fs::path& path) {
  std::ifstream file(path);
  std::string last;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) last = line;
  }
  return last;
}

std::vector<std::string> command_of(const PeerOptions& options) {
  const std::string python = jit::environment_variable(jit::kPythonVariable).value_or("python3");
  std::vector<std::string> words = {
      python,      (peer_folder() / kScript).string(),
      "--weights", options.weights.string(),
      "--cutoff",  fmt::format("{}", options.cutoff),
      "--device",  options.device.cuda ? fmt::format("cuda:{}", options.device.index) : "cpu"};
  if (options.threads > 0) words.insert(words.end(), {"--threads", std::to_string(options.threads)});
  return words;
}

template <class T>
void write_array(std::ofstream& file, const std::vector<T>& values) {
  file.write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(T)));
}

void check_written(std::ofstream& file, const fs::path& path) {
  file.close();
  if (!file) throw UserError(fmt::format("cannot write {}: {}", quote(path.string()), std::strerror(errno)));
}

void write_structures(const fs::path& path, std::span<const runtime::Structure> structures) {
  std::ofstream file(path);
  runtime::Frame frame;
  for (const runtime::Structure& structure : structures) {
    frame.structure = structure;
    runtime::write_extxyz(file, frame);
  }
  check_written(file, path);
}

// What peer.py reads: row bounds, neighbours, displacements.
void write_pairs(const fs::path& path, const runtime::NeighbourList& pairs) {
  std::ofstream file(path, std::ios::binary);
  write_array(file, pairs.begin);
  write_array(file, pairs.neighbour);
  write_array(file, pairs.displacement);
  check_written(file, path);
}

}  // namespace

struct Peer::State {
  TemporaryFolder folder;
  std::unique_ptr<ChildProcess> child;
  json facts;
  fs::path errors() const { return folder.path() / "errors.txt"; }
};

fs::path peer_folder() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  const fs::path folder = program.parent_path().parent_path() / "share" / "mlffgen" / "bench";
  if (error || !fs::exists(folder / kScript, error)) {
    throw PeerError(fmt::format("no {} in {}: mlffgen is not wholly installed", kScript, quote(folder.string(), 300)));
  }
  return folder;
}

Peer::Peer(const PeerOptions& options) : state_(std::make_unique<State>()) {
  try {
    state_->child = std::make_unique<ChildProcess>(command_of(options), state_->errors());
  } catch (const PeerError&) {
    throw;
  } catch (const UserError& error) {
    throw PeerError(fmt::format("{}; MLFFGEN_PYTHON may name an interpreter that has PyTorch", error.what()));
  }
  state_->facts = ask(nullptr, kStartSeconds);
}

Peer::~Peer() = default;

const json& Peer::facts() const { return state_->facts; }

void Peer::fail(const std::string& what) { throw PeerError("the comparison with PyTorch failed: " + what); }

// The first answer comes without a request.
json Peer::ask(const json& request, double seconds) {
  ChildProcess& child = *state_->child;
  if (!request.is_null()) child.write_line(request.dump());
  std::optional<std::string> line;
  try {
    line = child.read_line(seconds, [] { return StopSignal::received() != 0; });
  } catch (const UserError& error) {
    fail(error.what());
  }
  if (!line) {
    if (StopSignal::received() != 0) fail("stopped by a signal");
    const std::string outcome = child.outcome(), words = last_line(state_->errors());
    fail(outcome + (words.empty() ? "" : ": " + quote(words, 300)));
  }
  json answer = json::parse(*line, nullptr, false);
  if (!answer.is_object()) fail("it answered what is no JSON object: " + quote(*line));
  if (const auto missing = answer.find("missing"); missing != answer.end() && missing->is_string()) {
    throw PeerError(missing->get<std::string>());
  }
  return answer;
}

void Peer::set_structures(std::span<const runtime::Structure> structures, const runtime::NeighbourList& pairs) {
  const fs::path folder = state_->folder.path();
  write_structures(folder / "structures.extxyz", structures);
  write_pairs(folder / "pairs.bin", pairs);
  ask({{"structures", (folder / "structures.extxyz").string()}, {"pairs", (folder / "pairs.bin").string()}},
      kAnswerSeconds);
}

BenchSide Peer::measure(const std::string& way, const BenchLimits& limits) {
  const json answer = ask({{"time", way},
                           {"repeats", limits.repeats},
                           {"warm_up", limits.warm_up},
                           {"seconds", limits.seconds},
                           {"least", limits.least}},
                          kAnswerSeconds);
  BenchSide side{way == "graph" ? kPeerGraph : kPeerEager, {}, {}, {}, {}};
  try {
    if (answer.contains("problem")) {
      side.problem = answer.at("problem").get<std::string>();
    } else {
      side.milliseconds = answer.at("milliseconds").get<std::vector<double>>();
      if (side.milliseconds.empty()) fail("it timed no call");
    }
  } catch (const json::exception& error) {
    fail(error.what());
  }
  return side;
}

std::vector<Vector3> Peer::forces(const std::string& precision) {
  const json answer = ask({{"forces", precision}}, kAnswerSeconds);
  try {
    if (answer.contains("problem")) return {};
    return answer.at("forces").get<std::vector<Vector3>>();
  } catch (const json::exception& error) {
    fail(error.what());
  }
}

}  // namespace mlffgen::cli
