#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "runtime/kernels/pair_reductions.h"
#include "tests/kernels/device_list.h"
#include "tests/kernels/random_structures.h"

using namespace mlffgen;
using namespace mlffgen::kernels;
using runtime::Precision;
using runtime::Structure;

namespace {

constexpr double kCutoff = 3;

struct Results {
  std::vector<double> energies, atom_energies, forces, virials;
  Status status;
  bool operator==(const Results& other) const {
    const auto same = [](const auto& a, const auto& b) {
      return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0;
    };
    return same(energies, other.energies) && same(atom_energies, other.atom_energies) && same(forces, other.forces) &&
           same(virials, other.virials);
  }
};

// A list, made-up energies and pair gradients, and their reduction.
class Reduction {
 public:
  Reduction(std::span<const Structure> systems, ListPath path, Precision precision, ListCapacity room = {})
      : precision_(precision),
        runner_({precision, kCutoff, 0, {1, 2, 3}}),
        reductions_(gpu().library, precision),
        atom_energy_(gpu().context),
        element_energy_(gpu().context),
        gradient_(gpu().context),
        out_(gpu().context) {
    runner_.list().reserve(gpu().stream, room);
    pairs = runner_.run(systems, path);
    n_atoms = static_cast<std::size_t>(runner_.uploaded().n_atoms());
    n_systems = static_cast<std::size_t>(runner_.uploaded().n_systems());
    reductions_.reserve(gpu().stream, runner_.list().capacity().atoms, runner_.list().capacity().systems);
    // As an atom and a pair are numbered in the input, so that every order of the atoms means the same.
    for (std::size_t s = 0; s < n_atoms; ++s) {
      energy.push_back(std::sin(1.0 + pairs.order[s]));
      for (int q = pairs.begin[s]; q < pairs.begin[s + 1]; ++q) {
        const int j = pairs.order[static_cast<std::size_t>(pairs.neighbour[static_cast<std::size_t>(q)])];
        for (int k = 0; k < 3; ++k) gradient.push_back(std::cos(0.37 * pairs.order[s] + 1.7 * j + k));
      }
    }
    upload(element_energy_, element_energy);
  }

  Results run(bool with_forces) {
    upload_real(atom_energy_, energy);
    upload_real(gradient_, gradient);
    const std::size_t sizes[4] = {n_systems, n_atoms, 3 * n_atoms, 9 * n_systems};
    const std::vector<double> poison(sizes[0] + sizes[1] + sizes[2] + sizes[3], 777.0);
    upload(out_, poison);
    cuda::DevicePointer at[5] = {out_.address()};
    for (int k = 0; k < 4; ++k) at[k + 1] = at[k] + sizes[k] * sizeof(double);
    const ReductionInputs inputs{atom_energy_.address(), element_energy_.address(), gradient_.address()};
    const ReductionOutputs outputs{at[0], at[1], with_forces ? at[2] : 0, with_forces ? at[3] : 0};
    reductions_.enqueue(gpu().stream, runner_.uploaded().batch(), runner_.list().pairs(), inputs, outputs);
    return {download<double>(at[0], sizes[0]), download<double>(at[1], sizes[1]), download<double>(at[2], sizes[2]),
            download<double>(at[3], sizes[3]), download<Status>(runner_.list().pairs().status, 1).front()};
  }

  double real(double x) const { return precision_ == Precision::single_precision ? static_cast<float>(x) : x; }

  HostPairs pairs;
  std::size_t n_atoms = 0, n_systems = 0;
  std::vector<double> energy, gradient;  // sorted order
  const std::vector<double> element_energy = {-10.25, 3.5, 1000.125};

 private:
  void upload_real(cuda::DeviceBuffer& to, const std::vector<double>& values) const {
    if (values.empty()) {
      to.at_least(8);
    } else if (precision_ == Precision::double_precision) {
      upload(to, values);
    } else {
      upload(to, std::vector<float>(values.begin(), values.end()));
    }
  }

  Precision precision_;
  ListRunner runner_;
  PairReductions reductions_;
  cuda::DeviceBuffer atom_energy_, element_energy_, gradient_, out_;
};

// The same sums on the host, atom by atom.
Results expected_of(const Reduction& r) {
  Results out;
  out.energies.assign(r.n_systems, 0);
  out.atom_energies.assign(r.n_atoms, 0);
  out.forces.assign(3 * r.n_atoms, 0);
  out.virials.assign(9 * r.n_systems, 0);
  for (std::size_t s = 0; s < r.n_atoms; ++s) {
    const auto atom = static_cast<std::size_t>(r.pairs.order[s]);
    const auto system = static_cast<std::size_t>(r.pairs.system_of_atom[s]);
    out.atom_energies[atom] = r.real(r.energy[s]) + r.element_energy[static_cast<std::size_t>(r.pairs.element[s])];
    out.energies[system] += out.atom_energies[atom];
    for (auto q = static_cast<std::size_t>(r.pairs.begin[s]); q < static_cast<std::size_t>(r.pairs.begin[s + 1]); ++q) {
      const auto back = static_cast<std::size_t>(r.pairs.reverse[q]);
      const double* const g = r.pairs.geometry.data() + 4 * q;
      for (std::size_t k = 0; k < 3; ++k) {
        out.forces[3 * atom + k] += r.real(r.gradient[3 * back + k]) - r.real(r.gradient[3 * q + k]);
        for (std::size_t l = 0; l < 3; ++l) {
          const double share = 0.5 * g[k] * g[3] * r.real(r.gradient[3 * q + l]);
          out.virials[9 * system + 3 * k + l] += share;
          out.virials[9 * system + 3 * l + k] += share;
        }
      }
    }
  }
  return out;
}

double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size()) return 1e300;
  double largest = 0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    const double difference = std::abs(a[k] - b[k]);
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}

std::vector<Structure> mixed_systems() {
  Random random(41);
  std::vector<Structure> systems;
  for (int k = 0; k < 12; ++k) {
    const int n = k == 5 ? 300 : 1 + static_cast<int>(random() % 20);
    systems.push_back(random_structure(random, n, k % 4 == 0 ? 2 : 8, k % 8, k % 3 == 0));
  }
  return systems;
}

// More atoms than one part of a sum takes, with few neighbours.
std::vector<Structure> large_system() {
  Random random(42);
  return {random_structure(random, 20, 8, 0, false), random_structure(random, 1300, 40, 7, false)};
}

}  // namespace

TEST_CASE("forces, virials and energies are the sums of the host, in the input's order") {
  for (const auto& systems : {mixed_systems(), large_system()}) {
    for (const Precision precision : {Precision::single_precision, Precision::double_precision}) {
      for (const ListPath path : {ListPath::all_pairs, ListPath::cells}) {
        Reduction reduction(systems, path, precision);
        const auto results = reduction.run(true);
        const auto expected = expected_of(reduction);
        CHECK(report_of(results.status).fault == Fault::none);
        CHECK(largest_difference(results.atom_energies, expected.atom_energies) == 0);
        CHECK(largest_difference(results.energies, expected.energies) < 1e-9);
        CHECK(largest_difference(results.forces, expected.forces) < 1e-11);
        CHECK(largest_difference(results.virials, expected.virials) < 1e-9);
      }
    }
  }
}

TEST_CASE("energies have the same bits with forces and without, which then are left alone") {
  for (const auto& systems : {mixed_systems(), large_system()}) {
    Reduction reduction(systems, ListPath::cells, Precision::single_precision);
    const auto with = reduction.run(true), without = reduction.run(false);
    CHECK(with.energies == without.energies);
    CHECK(with.atom_energies == without.atom_energies);
    CHECK(std::all_of(without.forces.begin(), without.forces.end(), [](double f) { return f == 777.0; }));
    CHECK(std::all_of(without.virials.begin(), without.virials.end(), [](double v) { return v == 777.0; }));
  }
}

TEST_CASE("the reductions' bits are the same twenty times over, and with room for more") {
  const auto systems = large_system();
  Reduction reduction(systems, ListPath::cells, Precision::single_precision);
  Reduction roomy(systems, ListPath::cells, Precision::single_precision, {5000, 40, 100000, 0});
  const auto expected = reduction.run(true);
  bool same = true;
  for (int run = 0; run < 10; ++run) same &= reduction.run(true) == expected && roomy.run(true) == expected;
  CHECK(same);
}

TEST_CASE("of energies and forces that are not finite, the first atom in the input's order is found") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const auto systems = large_system();
  for (const bool with_forces : {false, true}) {
    Reduction reduction(systems, ListPath::cells, Precision::single_precision);
    const auto sorted = [&](int original) {
      const auto& order = reduction.pairs.order;
      return static_cast<std::size_t>(std::find(order.begin(), order.end(), original) - order.begin());
    };
    reduction.energy[sorted(901)] = nan;
    reduction.energy[sorted(333)] = -infinity;
    const auto report = report_of(reduction.run(with_forces).status);
    CHECK(report.fault == Fault::energy);
    CHECK(report.atom == 333);
    CHECK(report.value == -infinity);
  }
  Reduction reduction(systems, ListPath::cells, Precision::single_precision);
  const auto& pairs = reduction.pairs;
  // The gradient of a pair reaches the forces on both of its atoms.
  int first = 1 << 30;
  for (const std::size_t q : {pairs.neighbour.size() / 2, pairs.neighbour.size() / 3}) {
    reduction.gradient[3 * q + 1] = nan;
    first = std::min(first, pairs.order[static_cast<std::size_t>(pairs.neighbour[q])]);
    first = std::min(
        first, pairs.order[static_cast<std::size_t>(pairs.neighbour[static_cast<std::size_t>(pairs.reverse[q])])]);
  }
  CHECK(report_of(reduction.run(false).status).fault == Fault::none);
  const auto report = report_of(reduction.run(true).status);
  CHECK(report.fault == Fault::force);
  CHECK(report.atom == first);
  CHECK(std::isnan(report.value));
}

TEST_CASE("after a call that failed, the reductions write nothing") {
  auto systems = mixed_systems();
  systems[3].positions[0][0] = std::numeric_limits<double>::quiet_NaN();
  for (const bool with_forces : {false, true}) {
    Reduction reduction(systems, ListPath::cells, Precision::single_precision);
    const auto results = reduction.run(with_forces);
    CHECK(report_of(results.status).fault == Fault::position);
    CHECK(std::all_of(results.energies.begin(), results.energies.end(), [](double e) { return e == 777.0; }));
    CHECK(std::all_of(results.forces.begin(), results.forces.end(), [](double f) { return f == 777.0; }));
  }
}
