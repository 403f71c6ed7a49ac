#include "runtime/cuda_model/step_timer.h"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <utility>

#include "base/error.h"
#include "runtime/cuda/stream_watch.h"

namespace mlffgen::cuda_model {
namespace {

constexpr std::size_t kCallsAhead = 8;

// Points in a stream and the times between them.
class Timeline {
 public:
  explicit Timeline(const cuda::Stream& stream) : stream_(stream) {}

  void clear() { n_marks_ = 0; }
  void mark() {
    if (n_marks_ == events_.size()) events_.emplace_back(stream_.context(), true);
    events_[n_marks_++].record(stream_);
  }

  // Once the stream has passed the marks.
  std::size_t gaps() const { return n_marks_ - 1; }
  double microseconds(std::size_t gap) const { return between(gap, gap + 1); }
  double microseconds() const { return between(0, gaps()); }

 private:
  double between(std::size_t from, std::size_t to) const {
    return 1e3 * static_cast<double>(cuda::Event::milliseconds(events_[from], events_[to]));
  }

  cuda::Stream stream_;
  std::vector<cuda::Event> events_;
  std::size_t n_marks_ = 0;
};

// `call` marks what it puts into the stream on a timeline, which `read` gets when the stream has passed it.
void time_calls_ahead(const cuda::Stream& stream, int repeats, const std::function<void(Timeline&)>& call,
                      const std::function<void(const Timeline&)>& read) {
  std::deque<Timeline> timelines;
  for (std::size_t k = 0; k <= kCallsAhead; ++k) timelines.emplace_back(stream);
  for (std::size_t left = static_cast<std::size_t>(repeats); left > 0;) {
    const std::size_t timed = std::min(left, kCallsAhead);
    for (std::size_t k = 0; k <= timed; ++k) {
      timelines[k].clear();
      timelines[k].mark();
      call(timelines[k]);
    }
    stream.synchronise();
    for (std::size_t k = 1; k <= timed; ++k) read(timelines[k]);
    left -= timed;
  }
}

}  // namespace

StepTimes time_steps(const cuda::Stream& stream, int repeats, const std::function<void(const PartMark&)>& enqueue) {
  StepTimes result;
  std::vector<runtime::Profile::Step> steps;  // of the latest call
  std::string part;
  Timeline* timeline = nullptr;
  const cuda::StreamWatch watch(stream, [&](const cuda::Work& work) {
    timeline->mark();
    steps.push_back(
        {part, std::string(work.name), {}, work.shape.blocks, work.shape.threads, work.shape.shared_bytes, work.bytes});
  });
  std::vector<std::vector<double>> times;  // [n_steps][repeats]
  std::vector<double> whole;
  time_calls_ahead(
      stream, repeats,
      [&](Timeline& own) {
        timeline = &own;
        steps.clear();
        enqueue([&](const char* name) { part = name; });
      },
      [&](const Timeline& own) {
        times.resize(steps.size());
        internal_check(own.gaps() == steps.size(), "calls of the same kind have different steps");
        for (std::size_t k = 0; k < steps.size(); ++k) times[k].push_back(own.microseconds(k));
        whole.push_back(own.microseconds());
      });
  for (std::size_t k = 0; k < steps.size(); ++k) steps[k].time = runtime::spread_of(std::move(times[k]));
  return {std::move(steps), runtime::spread_of(std::move(whole))};
}

std::vector<double> samples_on_gpu(const cuda::Stream& stream, int repeats, const std::function<void()>& enqueue) {
  std::vector<double> times;
  time_calls_ahead(
      stream, repeats,
      [&](Timeline& timeline) {
        enqueue();
        timeline.mark();
      },
      [&](const Timeline& timeline) { times.push_back(timeline.microseconds()); });
  return times;
}

runtime::Spread time_on_gpu(const cuda::Stream& stream, int repeats, const std::function<void()>& enqueue) {
  return runtime::spread_of(samples_on_gpu(stream, repeats, enqueue));
}

}  // namespace mlffgen::cuda_model
