#include <algorithm>
#include <chrono>

#include "base/error.h"
#include "runtime/cuda_model/state.h"

namespace mlffgen::cuda_model {
namespace {

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// The times between the parts of calls.
class Timeline {
 public:
  explicit Timeline(const cuda::Stream& stream) : stream_(stream) {}

  void begin() {
    next_ = 0;
    names_.clear();
    record();
  }
  void mark(const std::string& part) {
    names_.push_back(part);
    record();
  }
  // The call is done.
  void end() {
    times_.resize(names_.size());
    for (std::size_t k = 0; k < names_.size(); ++k) {
      times_[k].push_back(static_cast<double>(cuda::Event::milliseconds(events_[k], events_[k + 1])));
    }
  }
  std::vector<Profile::Part> parts() const {
    std::vector<Profile::Part> parts;
    for (std::size_t k = 0; k < names_.size(); ++k) parts.push_back({names_[k], median(times_[k])});
    return parts;
  }

 private:
  void record() {
    if (next_ == events_.size()) events_.emplace_back(stream_.context(), true);
    events_[next_++].record(stream_);
  }

  const cuda::Stream& stream_;
  std::vector<cuda::Event> events_;
  std::size_t next_ = 0;
  std::vector<std::string> names_;
  std::vector<std::vector<double>> times_;  // [parts][calls]
};

}  // namespace

Profile CudaModel::profile(std::span<const runtime::Structure> structures, const runtime::EvaluateOptions& options,
                           int repeats) {
  const cuda::CurrentContext current(state_->context);
  State& state = *state_;
  if (structures.empty()) throw UserError("there is nothing to profile without a structure");
  repeats = std::max(repeats, 1);
  Profile profile;
  std::vector<runtime::Result> results;
  std::vector<double> calls;
  for (int k = 0; k < repeats + 2; ++k) {  // the first two make room and capture
    const auto start = std::chrono::steady_clock::now();
    evaluate(structures, options, results);
    const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - start;
    if (k >= 2) calls.push_back(time.count());
  }
  profile.call_milliseconds = median(calls);

  const CallKey key = state.last_host_call;
  Lane& lane = state.lane(state.last_host_lane);
  Timeline timeline(lane.stream());
  for (int k = 0; k < repeats; ++k) {
    timeline.begin();
    lane.enqueue(key, lane.stream(), [&](const std::string& part) { timeline.mark(part); });
    lane.stream().synchronise();
    timeline.end();
  }
  profile.parts = timeline.parts();
  profile.n_atoms = lane.staged_size().n_atoms;
  profile.n_pairs = static_cast<int>(lane.status().n_pairs);
  profile.tile_atoms = lane.tile_atoms(key);
  return profile;
}

}  // namespace mlffgen::cuda_model
