// The C interface with arrays in the memory of a GPU. The model's path (a double build) is in the environment.
#include <doctest/doctest.h>
#include <mlffgen.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "runtime/cuda/context.h"
#include "runtime/cuda/memory.h"
#include "runtime/cuda/stream.h"

namespace {

using namespace mlffgen::cuda;

struct Destroy {
  void operator()(mlffgen_model* model) const { mlffgen_destroy(model); }
};
using Model = std::unique_ptr<mlffgen_model, Destroy>;

mlffgen_options options_for(const char* device) {
  mlffgen_options options{};
  options.struct_size = sizeof options;
  options.device = device;
  return options;
}

const char* model_path() {
  const char* path = std::getenv("MLFFGEN_TEST_MODEL");
  REQUIRE(path != nullptr);
  return path;
}

Model open(const mlffgen_options& options) {
  mlffgen_model* model = nullptr;
  const auto status = mlffgen_create(model_path(), &options, &model);
  INFO(mlffgen_last_error());
  REQUIRE(status == MLFFGEN_OK);
  return Model(model);
}

// A batch in host memory.
struct Batch {
  std::vector<double> positions, cells;
  std::vector<std::int32_t> numbers, begin = {0}, periodic;

  void add(const std::vector<double>& atoms, const std::vector<std::int32_t>& elements, double edge = 0) {
    positions.insert(positions.end(), atoms.begin(), atoms.end());
    numbers.insert(numbers.end(), elements.begin(), elements.end());
    begin.push_back(static_cast<std::int32_t>(numbers.size()));
    periodic.push_back(edge > 0 ? MLFFGEN_PERIODIC_ALL : 0);
    for (const double x : {edge, 0.0, 0.0, 0.3, edge, 0.0, 0.0, 0.5, edge}) cells.push_back(edge > 0 ? x : 0);
  }
  std::size_t atoms() const { return numbers.size(); }
  std::size_t systems() const { return periodic.size(); }

  mlffgen_systems view() const {
    mlffgen_systems systems{};
    systems.struct_size = sizeof systems;
    systems.n_systems = static_cast<std::int32_t>(this->systems());
    systems.n_atoms = static_cast<std::int32_t>(atoms());
    systems.system_begin = begin.data();
    systems.positions = positions.data();
    systems.atomic_numbers = numbers.data();
    systems.cells = cells.data();
    systems.periodic = periodic.data();
    return systems;
  }
};

struct Outputs {
  std::vector<double> energies, atom_energies, forces, virials;

  explicit Outputs(const Batch& batch)
      : energies(batch.systems()),
        atom_energies(batch.atoms()),
        forces(3 * batch.atoms()),
        virials(9 * batch.systems()) {}
  mlffgen_results view() {
    mlffgen_results results{};
    results.struct_size = sizeof results;
    results.energies = energies.data();
    results.atom_energies = atom_energies.data();
    results.forces = forces.data();
    results.virials = virials.data();
    return results;
  }
};

Outputs on_host(const Batch& batch) {
  static const Model model = open(options_for("host"));
  Outputs out(batch);
  const mlffgen_systems systems = batch.view();
  const mlffgen_results results = out.view();
  REQUIRE(mlffgen_evaluate(model.get(), &systems, &results) == MLFFGEN_OK);
  return out;
}

// A batch and its results on the GPU, with a stream of the caller's.
class OnDevice {
 public:
  explicit OnDevice(const Batch& batch) : batch_(batch) {
    const CurrentContext current(context_);
    systems_ = batch.view();
    systems_.positions = copied(batch.positions);
    systems_.atomic_numbers = copied(batch.numbers);
    systems_.system_begin = copied(batch.begin);
    systems_.cells = copied(batch.cells);
    systems_.periodic = copied(batch.periodic);
    results_.struct_size = sizeof results_;
    results_.energies = array(batch.systems());
    results_.atom_energies = array(batch.atoms());
    results_.forces = array(3 * batch.atoms());
    results_.virials = array(9 * batch.systems());
    stream_.synchronise();
  }

  const mlffgen_systems& systems() const { return systems_; }
  const mlffgen_results& results() const { return results_; }
  void* stream() const { return stream_.handle(); }

  // In the order of the stream.
  void set_positions(const std::vector<double>& positions) {
    const CurrentContext current(context_);
    copy_to_device(stream_, buffers_[0].address(), positions.data(), positions.size() * sizeof(double));
  }

  Outputs read() const {
    const CurrentContext current(context_);
    Outputs out(batch_);
    std::size_t k = kInputs;
    for (auto* array : {&out.energies, &out.atom_energies, &out.forces, &out.virials}) {
      copy_to_host(stream_, array->data(), buffers_[k++].address(), array->size() * sizeof(double));
    }
    stream_.synchronise();
    return out;
  }

 private:
  static constexpr std::size_t kInputs = 5;

  template <class T>
  const T* copied(const std::vector<T>& values) {
    buffers_.emplace_back(context_);
    copy_to_device(stream_, buffers_.back().at_least(values.size() * sizeof(T)), values.data(),
                   values.size() * sizeof(T));
    return buffers_.back().as<T>();
  }
  double* array(std::size_t size) {
    buffers_.emplace_back(context_);
    fill_bytes(stream_, buffers_.back().at_least(size * sizeof(double)), 0, size * sizeof(double));
    return buffers_.back().as<double>();
  }

  const Batch& batch_;
  Context context_;
  CurrentContext during_construction_{context_};
  Stream stream_{context_};
  std::vector<DeviceBuffer> buffers_;
  mlffgen_systems systems_{};
  mlffgen_results results_{};
};

bool near(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t k = 0; k < a.size(); ++k) {
    if (!(std::abs(a[k] - b[k]) <= 1e-9)) return false;
  }
  return true;
}

void check_near(const Outputs& a, const Outputs& b) {
  CHECK(near(a.energies, b.energies));
  CHECK(near(a.atom_energies, b.atom_energies));
  CHECK(near(a.forces, b.forces));
  CHECK(near(a.virials, b.virials));
}

const std::vector<double> kWater = {0, 0, 0.1193, 0, 0.7632, -0.477, 0, -0.7832, -0.477};
const std::vector<std::int32_t> kWaterNumbers = {8, 1, 1};

Batch three_systems() {
  Batch batch;
  batch.add(kWater, kWaterNumbers);
  batch.add({0, 0, 0}, {6});
  batch.add({0.1, 0.2, 0.3, 1.2, 0.4, 0.1, 2.5, 2.6, 2.4, 0.2, 2.2, 1.9}, {6, 8, 6, 1}, 4.5);
  return batch;
}

TEST_CASE("arrays on the GPU give what arrays on the host give") {
  const Batch batch = three_systems();
  const Model model = open(options_for("cuda"));
  OnDevice device(batch);
  CHECK(mlffgen_evaluate_on_device(model.get(), &device.systems(), &device.results(), device.stream()) == MLFFGEN_OK);
  const Outputs found = device.read();
  check_near(found, on_host(batch));

  // The same model with the same batch in host memory.
  Outputs copied(batch);
  const mlffgen_systems systems = batch.view();
  const mlffgen_results results = copied.view();
  CHECK(mlffgen_evaluate(model.get(), &systems, &results) == MLFFGEN_OK);
  check_near(copied, found);

  // Energies alone, into an array of their own: the same bits, and nothing else is written.
  OnDevice alone(batch);
  mlffgen_results energies{};
  energies.struct_size = sizeof energies;
  energies.energies = alone.results().energies;
  CHECK(mlffgen_evaluate_on_device(model.get(), &alone.systems(), &energies, alone.stream()) == MLFFGEN_OK);
  const Outputs only = alone.read();
  CHECK(only.energies == found.energies);
  CHECK(only.forces == std::vector<double>(found.forces.size()));
}

TEST_CASE("the default stream will do, and one system needs no beginnings") {
  Batch batch;
  batch.add(kWater, kWaterNumbers);
  const Model model = open(options_for("cuda:0"));
  OnDevice device(batch);
  mlffgen_systems systems = device.systems();
  systems.system_begin = nullptr;
  systems.cells = nullptr;
  systems.periodic = nullptr;
  systems.largest_system = 3;
  CHECK(mlffgen_evaluate_on_device(model.get(), &systems, &device.results(), nullptr) == MLFFGEN_OK);
  check_near(device.read(), on_host(batch));
}

TEST_CASE("enqueued calls keep to the order of the caller's stream") {
  Batch batch = three_systems();
  const Model model = open(options_for("cuda"));
  OnDevice device(batch);
  std::vector<Outputs> found;
  std::vector<std::vector<double>> positions;
  for (int step = 0; step < 4; ++step) {
    positions.push_back(batch.positions);
    for (double& x : positions.back()) x *= 1 + 0.01 * step;
  }
  for (const auto& step : positions) {
    device.set_positions(step);
    CHECK(mlffgen_enqueue(model.get(), &device.systems(), &device.results(), device.stream()) == MLFFGEN_OK);
    found.push_back(device.read());
  }
  CHECK(mlffgen_check(model.get()) == MLFFGEN_OK);
  for (std::size_t step = 0; step < positions.size(); ++step) {
    batch.positions = positions[step];
    check_near(found[step], on_host(batch));
  }
}

TEST_CASE("what the GPU finds wrong is told by the check, with the place, and the model works on") {
  const Batch batch = three_systems();
  const Model model = open(options_for("cuda"));
  OnDevice device(batch);
  CHECK(mlffgen_enqueue(model.get(), &device.systems(), &device.results(), device.stream()) == MLFFGEN_OK);
  CHECK(mlffgen_check(model.get()) == MLFFGEN_OK);
  std::vector<double> spoilt = batch.positions;
  spoilt[3 * 6 + 1] = std::nan("");
  device.set_positions(spoilt);
  CHECK(mlffgen_enqueue(model.get(), &device.systems(), &device.results(), device.stream()) == MLFFGEN_OK);
  CHECK(mlffgen_check(model.get()) == MLFFGEN_BAD_INPUT);
  CHECK(mlffgen_error_system() == 2);
  CHECK(mlffgen_error_atom() == 2);
  CHECK(std::isnan(device.read().energies[0]));
  device.set_positions(batch.positions);
  CHECK(mlffgen_enqueue(model.get(), &device.systems(), &device.results(), device.stream()) == MLFFGEN_OK);
  CHECK(mlffgen_check(model.get()) == MLFFGEN_OK);
  check_near(device.read(), on_host(batch));
}

TEST_CASE("a model that is destroyed first delivers what was enqueued") {
  const Batch batch = three_systems();
  Model model = open(options_for("cuda"));
  OnDevice device(batch);
  for (int call = 0; call < 2; ++call) {
    CHECK(mlffgen_enqueue(model.get(), &device.systems(), &device.results(), device.stream()) == MLFFGEN_OK);
  }
  model.reset();
  check_near(device.read(), on_host(batch));
}

// As many atoms far apart at first, then near each other.
TEST_CASE("too little room for pairs is told, never cut short, and mended") {
  Batch batch;
  std::vector<double> apart, close;
  for (int i = 0; i < 40; ++i) {
    for (const double x : {double(i % 4), double(i / 4 % 4), double(i / 16)}) {
      apart.push_back(7 * x);
      close.push_back(1.4 * x);
    }
  }
  batch.add(apart, std::vector<std::int32_t>(40, 6));
  const Model model = open(options_for("cuda"));
  OnDevice device(batch);
  CHECK(mlffgen_enqueue(model.get(), &device.systems(), &device.results(), device.stream()) == MLFFGEN_OK);
  CHECK(mlffgen_check(model.get()) == MLFFGEN_OK);
  device.set_positions(close);
  CHECK(mlffgen_enqueue(model.get(), &device.systems(), &device.results(), device.stream()) == MLFFGEN_OK);
  CHECK(mlffgen_check(model.get()) == MLFFGEN_TRY_AGAIN);
  CHECK(std::isnan(device.read().energies[0]));
  CHECK(mlffgen_enqueue(model.get(), &device.systems(), &device.results(), device.stream()) == MLFFGEN_OK);
  CHECK(mlffgen_check(model.get()) == MLFFGEN_OK);
  batch.positions = close;
  check_near(device.read(), on_host(batch));

  // Room made beforehand is enough at once.
  const Model prepared = open(options_for("cuda"));
  CHECK(mlffgen_reserve(prepared.get(), 40, 1, 40 * 39) == MLFFGEN_OK);
  CHECK(mlffgen_enqueue(prepared.get(), &device.systems(), &device.results(), device.stream()) == MLFFGEN_OK);
  CHECK(mlffgen_check(prepared.get()) == MLFFGEN_OK);
  check_near(device.read(), on_host(batch));
}

TEST_CASE("calls of one size are recorded as a graph once, unless that is not wanted") {
  const Batch batch = three_systems();
  for (const bool graphs : {true, false}) {
    mlffgen_options options = options_for("cuda");
    options.no_graphs = graphs ? 0 : 1;
    const Model model = open(options);
    OnDevice device(batch);
    for (int call = 0; call < 3; ++call) {
      CHECK(mlffgen_evaluate_on_device(model.get(), &device.systems(), &device.results(), device.stream()) ==
            MLFFGEN_OK);
    }
    mlffgen_statistics statistics{};
    statistics.struct_size = sizeof statistics;
    CHECK(mlffgen_get_statistics(model.get(), &statistics) == MLFFGEN_OK);
    CHECK(statistics.calls == 3);
    CHECK((statistics.graph_replays > 0) == graphs);
    CHECK((statistics.graph_captures > 0) == graphs);
    CHECK(statistics.regrowths > 0);
    check_near(device.read(), on_host(batch));
  }
}

TEST_CASE("a profile of arrays on the GPU or the host times every kernel and delivers the results") {
  const Batch batch = three_systems();
  const Model model = open(options_for("cuda"));
  OnDevice device(batch);
  mlffgen_profile_options options{};
  options.struct_size = sizeof options;
  options.repeats = 2;
  options.warm_up = 1;
  const auto steps = [&](const mlffgen_profile_report& report) {
    std::string names;
    double sum = 0;
    for (std::int32_t k = 0; k < report.n_steps; ++k) {
      mlffgen_step step{};
      step.struct_size = sizeof step;
      REQUIRE(mlffgen_get_step(model.get(), k, &step) == MLFFGEN_OK);
      names += std::string(step.name) + " ";
      sum += step.time.median;
      CHECK(step.time.median > 0);
      CHECK((step.blocks > 0) == (step.bytes == 0));
    }
    CHECK(sum == doctest::Approx(report.all_steps.median).epsilon(0.5));
    return names;
  };
  const std::string kernels = "all_pairs_count all_pairs_fill phase_0 phase_1 phase_2 phase_3 reduce_forces ";
  mlffgen_profile_report report{};
  report.struct_size = sizeof report;
  REQUIRE(mlffgen_profile_on_device(model.get(), &device.systems(), &device.results(), device.stream(), &options,
                                    &report) == MLFFGEN_OK);
  CHECK(steps(report) == "begin_call " + kernels + "finish_call ");
  CHECK(report.graph.median > 0);
  CHECK(report.plain_call.median > 0);
  CHECK(report.call.median > 0);
  CHECK(report.n_pairs > 0);
  CHECK(report.tile_atoms > 0);
  check_near(device.read(), on_host(batch));

  Outputs out(batch);
  const mlffgen_systems systems = batch.view();
  const mlffgen_results results = out.view();
  REQUIRE(mlffgen_profile(model.get(), &systems, &results, &options, &report) == MLFFGEN_OK);
  CHECK(steps(report) == "copy to the device " + kernels + "copy to the host copy to the host ");
  check_near(out, on_host(batch));
}

TEST_CASE("memory is the GPU's, and a limit on it is kept") {
  const Batch batch = three_systems();
  mlffgen_options options = options_for("cuda");
  options.memory_limit = 8 << 20;
  const Model model = open(options);
  const mlffgen_systems systems = batch.view();
  Outputs out(batch);
  const mlffgen_results results = out.view();
  CHECK(mlffgen_evaluate(model.get(), &systems, &results) == MLFFGEN_OK);
  mlffgen_memory memory{};
  memory.struct_size = sizeof memory;
  CHECK(mlffgen_get_memory(model.get(), &memory) == MLFFGEN_OK);
  CHECK(memory.held > 0);
  CHECK(memory.held <= options.memory_limit);
  CHECK(memory.device_total >= memory.device_free);
  CHECK(memory.device_free > 0);
  CHECK(memory.per_atom > 0);
  CHECK(memory.per_pair > 0);

  constexpr int kMany = 20000;
  Batch large;
  std::vector<double> far_apart;
  for (int i = 0; i < kMany; ++i) far_apart.insert(far_apart.end(), {6.0 * i, 0, 0});
  large.add(far_apart, std::vector<std::int32_t>(kMany, 1));
  Outputs none(large);
  const mlffgen_systems too_many = large.view();
  const mlffgen_results unused = none.view();
  CHECK(mlffgen_evaluate(model.get(), &too_many, &unused) == MLFFGEN_OUT_OF_MEMORY);
  CHECK(std::string(mlffgen_last_error()).find("bytes") != std::string::npos);
  CHECK(mlffgen_reserve(model.get(), kMany, 1, kMany) == MLFFGEN_OUT_OF_MEMORY);
  CHECK(mlffgen_evaluate(model.get(), &systems, &results) == MLFFGEN_OK);
  check_near(out, on_host(batch));
}

TEST_CASE("a GPU that is not there is refused by its number") {
  mlffgen_model* model = nullptr;
  const mlffgen_options options = options_for("cuda:97");
  CHECK(mlffgen_create(model_path(), &options, &model) == MLFFGEN_UNSUPPORTED);
  CHECK(std::string(mlffgen_last_error()).find("97") != std::string::npos);
  CHECK(model == nullptr);
}

}  // namespace
