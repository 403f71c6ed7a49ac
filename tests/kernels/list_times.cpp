// Times of the neighbour list and of the reductions on a GPU, by events around replayed graphs: no test, a program to
// run by hand. `list_times [repeats]`; cutoff 5, 53 neighbours an atom where the system is periodic.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <string>

#include "runtime/cuda/graph.h"
#include "runtime/kernels/pair_reductions.h"
#include "tests/kernels/device_list.h"
#include "tests/kernels/random_structures.h"

using namespace mlffgen;
using namespace mlffgen::kernels;
using runtime::Precision;
using runtime::Structure;

namespace {

constexpr double kCutoff = 5, kSkin = 1, kDensity = 0.1012;

// A periodic cube of atoms on a shaken grid, in random order.
Structure crystal(Random& random, int edge) {
  const double spacing = std::cbrt(1 / kDensity);
  Structure structure;
  structure.periodic = {true, true, true};
  for (std::size_t d = 0; d < 3; ++d) structure.cell[d][d] = spacing * edge;
  for (int k = 0; k < edge * edge * edge; ++k) {
    runtime::Vector3 r = {spacing * (k % edge), spacing * (k / edge % edge), spacing * (k / edge / edge)};
    for (double& x : r) x += uniform(random, -0.3, 0.3) * spacing;
    structure.positions.push_back(r);
    structure.atomic_numbers.push_back(1 + k % 3);
  }
  std::shuffle(structure.positions.begin(), structure.positions.end(), random);
  return structure;
}

// The median time of one replay in microseconds; `prepare` goes before each and is not timed.
double microseconds(int repeats, const std::function<void()>& enqueue, const std::function<void()>& prepare = {}) {
  enqueue();
  const auto graph = cuda::Graph::capture(gpu().stream, enqueue);
  cuda::Event before(gpu().context, true), after(gpu().context, true);
  std::vector<float> times;
  const int warm_up = std::min(10, repeats);
  for (int run = 0; run < repeats + warm_up; ++run) {
    if (prepare) prepare();
    before.record(gpu().stream);
    graph.launch(gpu().stream);
    after.record(gpu().stream);
    after.synchronise();
    if (run >= warm_up) times.push_back(1e3F * cuda::Event::milliseconds(before, after));
  }
  std::nth_element(times.begin(), times.begin() + repeats / 2, times.end());
  return static_cast<double>(times[static_cast<std::size_t>(repeats / 2)]);
}

void print_list(const std::string& system, ListRunner& runner, ListPath path, const char* what, int repeats,
                const std::function<void()>& prepare = {}) {
  const auto batch = runner.uploaded().batch();
  const double time = microseconds(repeats, [&] { runner.list().enqueue(gpu().stream, batch, path); }, prepare);
  const auto atoms = static_cast<double>(runner.uploaded().n_atoms());
  fmt::print("{:>12} {:<28} {:10.1f} us {:8.2f} ns/atom\n", system, what, time, 1e3 * time / atoms);
}

void print_reductions(const std::string& system, ListRunner& runner, std::size_t n_pairs, int repeats) {
  const auto atoms = static_cast<std::size_t>(runner.uploaded().n_atoms());
  const auto systems = static_cast<std::size_t>(runner.uploaded().n_systems());
  PairReductions reductions(gpu().library, Precision::single_precision);
  reductions.reserve(gpu().stream, runner.list().capacity().atoms, runner.list().capacity().systems);
  cuda::DeviceBuffer energy(gpu().context), offsets(gpu().context), gradient(gpu().context), out(gpu().context);
  upload(energy, std::vector<float>(atoms, 1.5F));
  upload(offsets, std::vector<double>{1, 2, 3});
  upload(gradient, std::vector<float>(3 * n_pairs, 0.25F));
  const cuda::DevicePointer energies = out.at_least((10 * systems + 4 * atoms) * sizeof(double));
  const cuda::DevicePointer atom_energies = energies + systems * sizeof(double);
  const cuda::DevicePointer forces = atom_energies + atoms * sizeof(double);
  const cuda::DevicePointer virials = forces + 3 * atoms * sizeof(double);
  const auto batch = runner.uploaded().batch();
  for (const bool with_forces : {true, false}) {
    const ReductionOutputs outputs{energies, atom_energies, with_forces ? forces : 0, with_forces ? virials : 0};
    const double time = microseconds(repeats, [&] {
      reductions.enqueue(gpu().stream, batch, runner.list().pairs(),
                         {energy.address(), offsets.address(), gradient.address()}, outputs);
    });
    fmt::print("{:>12} {:<28} {:10.1f} us {:8.2f} ns/atom\n", system,
               with_forces ? "reductions, forces" : "reductions, energies", time,
               1e3 * time / static_cast<double>(atoms));
  }
}

void print_times(const std::string& name, const std::vector<Structure>& systems, bool all_pairs, int repeats) {
  const ListOptions plain{Precision::single_precision, kCutoff, 0, {1, 2, 3}};
  ListRunner exact(plain);
  const auto pairs = exact.run(systems, ListPath::cells);
  const auto atoms = static_cast<double>(exact.uploaded().n_atoms());
  std::fflush(stdout);
  fmt::print("{:>12} {:.1f} neighbours, {:.0f} bytes an atom for the list\n", name, pairs.n_pairs() / atoms,
             static_cast<double>(exact.list().bytes()) / atoms);
  if (all_pairs) print_list(name, exact, ListPath::all_pairs, "all pairs", repeats);
  print_list(name, exact, ListPath::cells, "cells", repeats);
  print_reductions(name, exact, static_cast<std::size_t>(pairs.n_pairs()), repeats);
  ListRunner skinned({Precision::single_precision, kCutoff, kSkin, {1, 2, 3}});
  skinned.run(systems, ListPath::cells);
  print_list(name, skinned, ListPath::cells, "skin 1, refined", repeats);
  print_list(name, skinned, ListPath::cells, "skin 1, rebuilt", repeats,
             [&] { skinned.list().enqueue_forget(gpu().stream); });
}

void run(int repeats) {
  const auto& device = gpu().context.device();
  fmt::print("{} ({}), cutoff {}, single precision, median of {}\n", device.name, device.arch, kCutoff, repeats);
  Random random(1);
  const auto molecules = [&](int n, int count) {
    std::vector<Structure> systems;
    for (int k = 0; k < count; ++k) systems.push_back(random_structure(random, n, 3, 0, false));
    return systems;
  };
  print_times("9", molecules(9, 1), true, repeats);
  if (gpu().is_real()) {
    print_times("1024 x 9", molecules(9, 1024), true, repeats);
    print_times("256 x 21", molecules(21, 256), true, repeats);
  }
  for (const int edge : {6, 8, 10, 13, 16, 20, 30, 40, 100}) {
    const int n = edge * edge * edge;
    if (!gpu().is_real() && n > 300) break;
    print_times(std::to_string(n), {crystal(random, edge)}, n <= 8000, repeats);
  }
}

}  // namespace

int main(int count, char** arguments) {
  try {
    run(count > 1 ? std::max(1, std::atoi(arguments[1])) : 100);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
