// Calls from device memory on a caller's stream.
#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <string>

#include "base/error.h"
#include "runtime/cuda/graph.h"
#include "runtime/cuda_model/cuda_model.h"
#include "tests/cuda_model/small_models.h"

using namespace mlffgen;
using cuda_model::Outcome;
using runtime::Result;
using runtime::Structure;

namespace {

// Structures in device memory with room for their results, as a caller would keep them.
class Caller {
 public:
  Caller(const cuda::Context& context, const std::vector<Structure>& structures) : current_(context), stream_(context) {
    for (std::size_t b = 0; b < 9; ++b) buffers_.emplace_back(context);
    begin_.push_back(0);
    for (const Structure& s : structures) begin_.push_back(begin_.back() + static_cast<int>(s.positions.size()));
    batch_.n_systems = static_cast<int>(structures.size());
    batch_.n_atoms = begin_.back();
    batch_.energies = buffers_[5].at_least(structures.size() * 8);
    batch_.atom_energies = buffers_[6].at_least(n_atoms() * 8);
    batch_.forces = buffers_[7].at_least(n_atoms() * 24);
    batch_.virials = buffers_[8].at_least(structures.size() * 72);
    set(structures);
  }

  void set(const std::vector<Structure>& structures) {
    std::vector<runtime::Vector3> positions;
    std::vector<int> numbers, periodic;
    std::vector<std::array<runtime::Vector3, 3>> cells;
    for (const Structure& s : structures) {
      positions.insert(positions.end(), s.positions.begin(), s.positions.end());
      numbers.insert(numbers.end(), s.atomic_numbers.begin(), s.atomic_numbers.end());
      cells.push_back(s.cell);
      periodic.push_back((s.periodic[0] ? 1 : 0) + (s.periodic[1] ? 2 : 0) + (s.periodic[2] ? 4 : 0));
    }
    batch_.positions = put(0, positions);
    batch_.atomic_numbers = put(1, numbers);
    batch_.system_begin = put(2, begin_);
    batch_.cells = put(3, cells);
    batch_.periodic = put(4, periodic);
  }

  std::vector<Result> results() {
    std::vector<double> energies(static_cast<std::size_t>(batch_.n_systems)), atom_energies(n_atoms());
    std::vector<runtime::Vector3> forces(n_atoms());
    std::vector<std::array<double, 9>> virials(energies.size());
    get(5, energies);
    get(6, atom_energies);
    get(7, forces);
    get(8, virials);
    std::vector<Result> results(energies.size());
    for (std::size_t s = 0; s < results.size(); ++s) {
      results[s].energy = energies[s];
      results[s].atom_energies.assign(atom_energies.begin() + begin_[s], atom_energies.begin() + begin_[s + 1]);
      results[s].forces.assign(forces.begin() + begin_[s], forces.begin() + begin_[s + 1]);
      results[s].virial = virials[s];
    }
    return results;
  }

  cuda_model::DeviceBatch& batch() { return batch_; }
  const cuda::Stream& stream() const { return stream_; }

 private:
  std::size_t n_atoms() const { return static_cast<std::size_t>(batch_.n_atoms); }
  template <class T>
  cuda::DevicePointer put(std::size_t b, const std::vector<T>& values) {
    const cuda::DevicePointer address = buffers_[b].at_least(values.size() * sizeof(T));
    cuda::copy_to_device(stream_, address, values.data(), values.size() * sizeof(T));
    stream_.synchronise();
    return address;
  }
  template <class T>
  void get(std::size_t b, std::vector<T>& values) {
    cuda::copy_to_host(stream_, values.data(), buffers_[b].address(), values.size() * sizeof(T));
    stream_.synchronise();
  }

  cuda::CurrentContext current_;
  cuda::Stream stream_;
  std::vector<cuda::DeviceBuffer> buffers_;
  std::vector<int> begin_;
  cuda_model::DeviceBatch batch_;
};

std::vector<Structure> structures_of(unsigned seed) {
  return {test::molecule(4, seed), test::crystal(2, 1, 1, 7, seed + 1), test::molecule(1, seed + 2)};
}

bool all_nan(const std::vector<Result>& results) {
  bool nan = true;
  for (const Result& r : results) {
    nan = nan && std::isnan(r.energy) && std::isnan(r.virial[8]);
    for (const double e : r.atom_energies) nan = nan && std::isnan(e);
    for (const auto& f : r.forces) nan = nan && std::isnan(f[0]) && std::isnan(f[2]);
  }
  return nan;
}

}  // namespace

TEST_CASE("device pointers on a borrowed stream give the bits of host data") {
  cuda_model::CudaModel model(test::small_bundle(false));
  Caller caller(model.context(), structures_of(1));
  const cuda::Stream borrowed = cuda::Stream::borrow(model.context(), caller.stream().handle());
  for (unsigned seed = 1; seed < 5; ++seed) {
    caller.set(structures_of(seed));
    model.enqueue(caller.batch(), {}, borrowed);
    CHECK(test::same_bits(caller.results(), model.evaluate(structures_of(seed))));
    CHECK(model.check() == Outcome::done);
  }
  CHECK(model.statistics().replays >= 2);
}

TEST_CASE("arrays that are not given stand for one system without a cell, and results that are not wanted are left") {
  cuda_model::CudaModel model(test::small_bundle(true));
  const std::vector<Structure> structures = {test::molecule(6, 3)};
  Caller caller(model.context(), structures);
  cuda_model::DeviceBatch batch = caller.batch();
  batch.system_begin = batch.cells = batch.periodic = 0;
  model.evaluate(batch, {}, caller.stream());
  CHECK(test::same_bits(caller.results(), model.evaluate(structures)));
  // Energies only, into the same arrays: forces and virials stay.
  model.evaluate(batch, {.forces = false}, caller.stream());
  CHECK(test::same_bits(caller.results(), model.evaluate(structures)));
  batch.atom_energies = batch.forces = batch.virials = 0;
  model.evaluate(batch, {}, caller.stream());
  CHECK(test::same_bits(caller.results(), model.evaluate(structures)));
}

TEST_CASE("a fault spoils its own call, is told once with its system and atom, and the next call is good") {
  cuda_model::CudaModel model(test::small_bundle(false));
  std::vector<Structure> structures = structures_of(1);
  Caller caller(model.context(), structures);
  model.evaluate(caller.batch(), {}, caller.stream());
  const std::vector<Result> expected = caller.results();
  std::vector<Structure> broken = structures;
  broken[1].positions[1][2] = std::nan("");
  caller.set(broken);
  model.enqueue(caller.batch(), {}, caller.stream());
  CHECK(all_nan(caller.results()));
  for (int k = 0; k < 2; ++k) {
    try {
      if (k == 0) {
        model.check();
      } else {
        model.enqueue(caller.batch(), {}, caller.stream());
        caller.stream().synchronise();
        model.enqueue(caller.batch(), {}, caller.stream());
      }
      FAIL("no error");
    } catch (const StructureError& error) {
      CHECK(error.system() == 1);
      CHECK(error.atom() == 1);
      CHECK(
          std::string(error.what()).find("system 1 (counting from 0): atom 1 (counting from 0) has a coordinate of ") ==
          0);
    }
    CHECK(model.check() == Outcome::done);
  }
  caller.set(structures);
  model.enqueue(caller.batch(), {}, caller.stream());
  CHECK(test::same_bits(caller.results(), expected));
  CHECK(model.check() == Outcome::done);
}

TEST_CASE("too little room for the pairs gives NaN, is told, and the call can be repeated") {
  cuda_model::CudaModel model(test::small_bundle(true));
  std::vector<Structure> sparse = {test::molecule(40, 1)}, dense = sparse;
  for (auto& r : sparse[0].positions) {
    for (double& x : r) x *= 2.5;
  }
  const std::vector<Result> expected = cuda_model::CudaModel(test::small_bundle(true)).evaluate(dense);
  Caller caller(model.context(), sparse);
  model.enqueue(caller.batch(), {}, caller.stream());
  CHECK(model.check() == Outcome::done);
  caller.set(dense);
  SUBCASE("asynchronously") {
    model.enqueue(caller.batch(), {}, caller.stream());
    CHECK(all_nan(caller.results()));
    CHECK(model.check() == Outcome::repeat);
    CHECK(model.check() == Outcome::done);
    model.enqueue(caller.batch(), {}, caller.stream());
    CHECK(model.check() == Outcome::done);
  }
  SUBCASE("seen by the next call") {
    model.enqueue(caller.batch(), {}, caller.stream());
    caller.stream().synchronise();
    model.enqueue(caller.batch(), {}, caller.stream());
    CHECK(model.check() == Outcome::repeat);
  }
  SUBCASE("waiting") { model.evaluate(caller.batch(), {}, caller.stream()); }
  CHECK(test::same_bits(caller.results(), expected));
}

TEST_CASE("launches that a caller captures in a graph of his own follow the data") {
  cuda_model::CudaModel model(test::small_bundle(true), {.skin = 0.3});
  Caller caller(model.context(), structures_of(1));
  CHECK_THROWS_AS(model.launch(caller.batch(), {}, caller.stream()), UserError);
  model.evaluate(caller.batch(), {}, caller.stream());
  const cuda::Graph graph =
      cuda::Graph::capture(caller.stream(), [&] { model.launch(caller.batch(), {}, caller.stream()); });
  for (unsigned seed = 1; seed < 4; ++seed) {
    caller.set(structures_of(seed));
    graph.launch(caller.stream());
    const std::vector<Result> results = caller.results();
    CHECK(model.check() == Outcome::done);
    cuda_model::CudaModel other(test::small_bundle(true));
    const std::vector<Result> expected = other.evaluate(structures_of(seed));
    for (std::size_t s = 0; s < results.size(); ++s) {
      CHECK(test::deviation(results[s], expected[s]).force <= 1e-12);
      CHECK(test::deviation(results[s], expected[s]).energy <= 1e-12);
    }
  }
}

TEST_CASE("nothing is compiled or loaded within a caller's capture") {
  cuda_model::CudaModel model(test::small_bundle(true));
  Caller caller(model.context(), structures_of(1));
  model.evaluate(caller.batch(), {}, caller.stream());
  const std::vector<Result> expected = caller.results();
  model.use({"fused", {{"phase_1", {{"MLFF_TILE", 4}}}}});
  CHECK_THROWS_AS(model.launch(caller.batch(), {}, caller.stream()), UserError);
  model.evaluate(caller.batch(), {}, caller.stream());
  const cuda::Graph graph =
      cuda::Graph::capture(caller.stream(), [&] { model.launch(caller.batch(), {}, caller.stream()); });
  graph.launch(caller.stream());
  CHECK(test::nearly_same(caller.results(), expected));
}

TEST_CASE("a profile of device pointers has every node of the call's graph as a step, and delivers results") {
  cuda_model::CudaModel model(test::small_bundle(true));
  Caller caller(model.context(), structures_of(1));
  const runtime::Profile profile = model.profile(caller.batch(), {}, caller.stream(), {.repeats = 2, .warm_up = 0});
  CHECK(test::nearly_same(caller.results(), model.evaluate(structures_of(1))));
  CHECK(model.check() == Outcome::done);
  const cuda::Graph graph =
      cuda::Graph::capture(caller.stream(), [&] { model.launch(caller.batch(), {}, caller.stream()); });
  CHECK(profile.steps.size() == graph.nodes());
  std::string parts;
  for (const auto& step : profile.steps) {
    CHECK(step.time.median > 0);
    if (!parts.ends_with(step.part)) parts += (parts.empty() ? "" : ", ") + step.part;
  }
  CHECK(parts == "copy in, list, model, reductions, copy out");
  CHECK(profile.steps.front().name == "begin_call");
  CHECK(profile.steps.back().name == "finish_call");
  CHECK(profile.graph);
  CHECK(profile.n_atoms == caller.batch().n_atoms);
  CHECK(profile.n_pairs > 0);
}

TEST_CASE("room that was reserved suffices for calls that never wait") {
  cuda_model::CudaModel model(test::small_bundle(false));
  const std::vector<Structure> structures = {test::molecule(30, 1)};
  model.reserve(30, 1, 30 * 29);
  CHECK(model.statistics().regrowths == 1);
  Caller caller(model.context(), structures);
  model.enqueue(caller.batch(), {}, caller.stream());
  CHECK(model.check() == Outcome::done);
  CHECK(model.statistics().regrowths == 1);
  CHECK(test::same_bits(caller.results(), model.evaluate(structures)));
  CHECK_THROWS_AS(model.reserve(0, 1), UserError);
}

TEST_CASE("batches that make no sense are refused") {
  cuda_model::CudaModel model(test::small_bundle(true));
  Caller caller(model.context(), structures_of(1));
  const auto refused = [&](const std::function<void(cuda_model::DeviceBatch&)>& spoil) {
    cuda_model::DeviceBatch batch = caller.batch();
    spoil(batch);
    CHECK_THROWS_AS(model.enqueue(batch, {}, caller.stream()), UserError);
  };
  refused([](auto& b) { b.n_atoms = 0; });
  refused([](auto& b) { b.n_systems = -1; });
  refused([](auto& b) { b.n_systems = b.n_atoms + 1; });
  refused([](auto& b) { b.positions = 0; });
  refused([](auto& b) { b.atomic_numbers = 0; });
  refused([](auto& b) { b.system_begin = 0; });
  refused([](auto& b) { b.cells = 0; });
  model.evaluate(caller.batch(), {}, caller.stream());
  CHECK(test::same_bits(caller.results(), model.evaluate(structures_of(1))));
}
