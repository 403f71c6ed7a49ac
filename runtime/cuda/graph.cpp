#include "runtime/cuda/graph.h"

#include <fmt/format.h>

#include <utility>

#include "runtime/cuda/stream_state.h"

namespace mlffgen::cuda {
namespace {

// CU_STREAM_CAPTURE_MODE_THREAD_LOCAL: other threads may allocate while this one records.
constexpr int kThreadLocal = 1;

// Between the begin and the end of a recording; one that is not finished is dropped.
class Capture {
 public:
  explicit Capture(StreamState& stream) : stream_(stream), api_(stream.context.state().api) {
    stream.check(api_.capture_begin(stream.handle, kThreadLocal), "beginning to record a graph");
  }
  ~Capture() {
    if (!open_) return;
    Handle graph = nullptr;
    if (api_.capture_end(stream_.handle, &graph) == kSuccess && graph != nullptr) api_.graph_destroy(graph);
  }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  Handle finish() {
    open_ = false;
    Handle graph = nullptr;
    stream_.check(api_.capture_end(stream_.handle, &graph), "recording a graph");
    return graph;
  }

 private:
  StreamState& stream_;
  const DriverApi& api_;
  bool open_ = true;
};

}  // namespace

struct Graph::Recording {
  Recording(const Context& its_context, Handle its_graph) : context(its_context), graph(its_graph) {}
  ~Recording() {
    const QuietContext current(context.state());
    context.state().api.graph_destroy(graph);
  }
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  Context context;
  Handle graph;
};

Graph Graph::capture(const Stream& stream, const std::function<void()>& enqueue) {
  Capture capture(stream.state());
  enqueue();
  return {stream.context(), std::make_shared<const Recording>(stream.context(), capture.finish())};
}

Graph::Graph(const Context& context, std::shared_ptr<const Recording> recording)
    : context_(context), recording_(std::move(recording)) {
  const ContextState& state = context_.state();
  state.check(state.api.graph_instantiate(&executable_, recording_->graph, 0), "making a graph ready to run");
}

Graph::Graph(Graph&& other) noexcept
    : context_(other.context_),
      recording_(std::move(other.recording_)),
      executable_(std::exchange(other.executable_, nullptr)) {}

Graph& Graph::operator=(Graph&& other) noexcept {
  std::swap(context_, other.context_);
  std::swap(recording_, other.recording_);
  std::swap(executable_, other.executable_);
  return *this;
}

Graph::~Graph() { release(); }

void Graph::release() noexcept {
  if (executable_ == nullptr) return;
  const QuietContext current(context_.state());
  context_.state().api.graph_executable_destroy(executable_);
  executable_ = nullptr;
}

void Graph::launch(const Stream& stream) const {
  stream.state().check(context_.state().api.graph_launch(executable_, stream.handle()), "starting a graph");
  stream.state().remember("a graph", {0, 0, 0});
  stream.state().tell({"a graph"});
}

std::size_t Graph::nodes() const {
  const ContextState& state = context_.state();
  std::size_t count = 0;
  state.check(state.api.graph_nodes(recording_->graph, nullptr, &count), "counting the nodes of a graph");
  return count;
}

bool Graph::update(const Graph& like) {
  const ContextState& state = context_.state();
  GraphUpdateResult result{};
  const Status status = state.api.graph_update(executable_, like.recording_->graph, &result);
  if (status == kGraphUpdateFailed) return false;
  state.check(status, "updating a graph");
  recording_ = like.recording_;
  return true;
}

}  // namespace mlffgen::cuda
