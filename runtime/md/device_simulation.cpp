#include "runtime/md/device_simulation.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "runtime/cuda/graph.h"
#include "runtime/kernels/kernel_library.h"
#include "runtime/md/device_state.h"
#include "runtime/md/step_constants.h"

namespace mlffgen::md {
namespace {

constexpr unsigned kThreads = 256;
constexpr const char* kText = "dynamics.cu";
constexpr long long kLongestSegment = 32;     // steps of a graph
constexpr std::size_t kLogNumbers = 1 << 16;  // of samples and systems between two looks of the host
constexpr runtime::Precision kPrecision = runtime::Precision::double_precision;

int log_samples(const Systems& systems) {
  return static_cast<int>(std::max<std::size_t>(kLogNumbers / systems.structures.size(), 1));
}

// Steps that are queued together, a sample behind the last of them or not.
struct Segment {
  int steps = 1;
  bool sampled = false;
  auto operator<=>(const Segment&) const = default;
};

// The longest segment that a sampling interval is made of; a prime interval is made of single steps.
int segment_steps(long long sample_every) {
  if (sample_every <= 0) return static_cast<int>(kLongestSegment);
  long long steps = std::min(sample_every, kLongestSegment);
  while (sample_every % steps != 0) --steps;
  return static_cast<int>(steps);
}

}  // namespace

struct DeviceSimulation::Work {
  Work(cuda_model::CudaModel& cuda_model, double model_skin, const Systems& all, const Dynamics& dynamics)
      : model(cuda_model),
        skin(model_skin),
        systems(all),
        timestep(dynamics.timestep),
        constants(step_constants(dynamics, all.units)),
        stream(model.context()),
        library(model.context()),
        move(library.kernel(kText, "dynamics_move", kPrecision)),
        sample(library.kernel(kText, "dynamics_sample", kPrecision)),
        tick(library.kernel(kText, "dynamics_tick", kPrecision)),
        state(stream, all, log_samples(all)) {}

  cuda_model::CudaModel& model;
  double skin;
  const Systems& systems;
  double timestep;
  MlffDynamics constants;
  cuda::Stream stream;
  kernels::KernelLibrary library;
  cuda::Kernel move, sample, tick;
  DeviceState state;
  std::map<Segment, cuda::Graph> graphs;
  bool use_graphs = true, warm = false;
  std::size_t graphs_of = 0;  // CudaModel's regrowths when the graphs were captured
  long long step = 0, rollbacks = 0;

  void enqueue_move(int ahead, bool ends, bool begins) {
    const auto blocks = (static_cast<unsigned>(systems.n_atoms()) + kThreads - 1) / kThreads;
    move.launch(stream, {blocks, kThreads}, state.arrays(), constants, ahead, ends ? 1 : 0, begins ? 1 : 0);
  }

  void enqueue_sample() {
    sample.launch(stream, {static_cast<unsigned>(systems.n_systems()), kThreads}, state.arrays(), constants);
  }

  void enqueue(const Segment& segment) {
    for (int k = 0; k < segment.steps; ++k) {
      enqueue_move(k, k > 0, true);
      if (segment.sampled && k == segment.steps - 1) state.keep_forces();
      model.launch(state.batch(), {}, stream);
    }
    enqueue_move(segment.steps, true, false);
    if (segment.sampled) enqueue_sample();
    tick.launch(stream, {1, 1}, state.arrays().clock, segment.steps, segment.sampled ? 1 : 0);
  }

  void run(const Segment& segment) {
    // What the driver loads with a kernel's first launch must not be loaded within a capture.
    if (!std::exchange(warm, true)) return enqueue(segment);
    if (graphs_of != model.statistics().regrowths) graphs.clear();
    graphs_of = model.statistics().regrowths;
    auto found = graphs.find(segment);
    if (use_graphs && found == graphs.end()) {
      try {
        found = graphs.emplace(segment, cuda::Graph::capture(stream, [&] { enqueue(segment); })).first;
      } catch (const DeviceError&) {
        use_graphs = false;
      }
    }
    if (found != graphs.end()) {
      found->second.launch(stream);
    } else {
      enqueue(segment);
    }
  }

  void evaluate(const cuda_model::DeviceBatch& batch) {
    try {
      model.evaluate(batch, {}, stream);
    } catch (const StructureError& error) {
      throw failure(step, error);
    }
  }

  StepError failure(long long at, const StructureError& error) const {
    return StepError(at, fmt::format("{}: {}", step_label(at, timestep), error.what()));
  }

  // Queues the steps and their samples; returns the samples' number.
  int queue(long long steps, long long every) {
    const int longest = segment_steps(every);
    int samples = 0;
    for (long long at = step; at < step + steps;) {
      const long long left = step + steps - at;
      const long long to_sample = every > 0 ? every - at % every : left;
      const int length = std::min(left, to_sample) >= longest ? longest : 1;
      at += length;
      const bool sampled = every > 0 && at % every == 0;
      run({length, sampled});
      samples += sampled ? 1 : 0;
    }
    return samples;
  }

  // All of the steps or, with an exception, none of them.
  void advance(long long steps, long long every, std::vector<Sample>& out) {
    state.save();
    for (;;) {
      state.set_clock(step);
      const int samples = queue(steps, every);
      stream.synchronise();
      try {
        if (model.check() == cuda_model::Outcome::done) {
          append(samples, every, out);
          step += steps;
          return;
        }
      } catch (const StructureError& error) {
        state.restore();
        // A call that lacked room leaves NaN, which is a fault of the next: then there is nothing wrong but the room.
        if (model.check() == cuda_model::Outcome::repeat) {
          ++rollbacks;
          continue;
        }
        if (steps == 1) throw failure(step + 1, error);
        // Which step it was is found by making them one by one.
        for (long long k = 0; k < steps; ++k) advance(1, every, out);
        return;
      }
      ++rollbacks;
      state.restore();
    }
  }

  void append(int samples, long long every, std::vector<Sample>& out) {
    if (samples == 0) return;
    const double* row = state.read_log(samples);
    for (int k = 0; k < samples; ++k) {
      const long long at = (step / every + 1 + k) * every;
      out.push_back(read_sample(at, row));
      row += 4 * systems.structures.size();
    }
  }

  Sample read_sample(long long at, const double* row) const {
    Sample result{at, {}};
    for (std::size_t s = 0; s < systems.structures.size(); ++s, row += 4) {
      result.systems.push_back({row[0], row[1], row[2], row[3]});
    }
    return result;
  }
};

DeviceSimulation::DeviceSimulation(cuda_model::CudaModel& model, double skin, Systems all, const Dynamics& dynamics)
    : Simulation(std::move(all), dynamics) {
  const cuda::CurrentContext current(model.context());
  work_ = std::make_unique<Work>(model, skin, systems(), this->dynamics());
}

DeviceSimulation::~DeviceSimulation() = default;

std::string DeviceSimulation::device() const { return work_->model.device(); }
long long DeviceSimulation::step() const { return work_->step; }
long long DeviceSimulation::rollbacks() const { return work_->rollbacks; }

void DeviceSimulation::load(State state) {
  check_sizes(state);
  const cuda::CurrentContext current(work_->model.context());
  work_->step = state.step;
  work_->state.upload(state);
  forget_history();
}

State DeviceSimulation::state() {
  const cuda::CurrentContext current(work_->model.context());
  State state = work_->state.download();
  state.step = work_->step;
  return state;
}

Sample DeviceSimulation::sample() {
  const cuda::CurrentContext current(work_->model.context());
  work_->state.set_clock(work_->step);
  work_->enqueue_sample();
  return without_correction(work_->read_sample(work_->step, work_->state.read_log(1)));
}

void DeviceSimulation::forget_history() {
  const cuda::CurrentContext current(work_->model.context());
  if (work_->skin > 0) {
    // A list of atoms that are all elsewhere is good for nothing: the next call builds one.
    std::vector<Vector3> positions = work_->state.download().positions;
    for (Vector3& position : positions) position[0] += 2 * work_->skin;
    work_->evaluate(work_->state.scratch_batch(positions));
  }
  work_->evaluate(work_->state.batch());
}

void DeviceSimulation::advance(long long steps, long long sample_every, std::vector<Sample>& samples) {
  const cuda::CurrentContext current(work_->model.context());
  const long long piece = sample_every > 0 ? sample_every * log_samples(systems()) : steps;
  for (long long left = steps; left > 0;) {
    const long long now = std::min(left, piece);
    work_->advance(now, sample_every, samples);
    left -= now;
  }
}

}  // namespace mlffgen::md
