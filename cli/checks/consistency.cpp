// Ways of asking for the same thing, and what must be exactly nothing.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "cli/checks/checks.h"
#include "cli/checks/measure.h"

namespace mlffgen::cli {
namespace {

using runtime::Result;
using runtime::Structure;
using runtime::Vector3;

bool same_bits(double a, double b) { return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b); }

// The numbers of which the bits differ.
double count_differences(const Result& a, const Result& b) {
  double count = same_bits(a.energy, b.energy) ? 0 : 1;
  for (std::size_t i = 0; i < a.forces.size(); ++i) {
    for (std::size_t d = 0; d < 3; ++d) count += same_bits(a.forces[i][d], b.forces[i][d]) ? 0 : 1;
  }
  for (std::size_t k = 0; k < 9; ++k) count += same_bits(a.virial[k], b.virial[k]) ? 0 : 1;
  return count;
}

void check_sum(const CheckContext& context, std::vector<CheckRow>& rows) {
  Worst worst("sum of forces", "forces", context.bounds.force_sum);
  for (std::size_t s = 0; s < context.samples.size(); ++s) {
    Vector3 sum{};
    for (const Vector3& force : context.results[s].forces) {
      for (std::size_t d = 0; d < 3; ++d) sum[d] += force[d];
    }
    const double largest = std::max({std::abs(sum[0]), std::abs(sum[1]), std::abs(sum[2])});
    const double scale = largest_force(context.results[s]);
    worst.add(scale > 0 ? largest / scale : largest, context.samples[s].label);
  }
  rows.push_back(worst.row());
}

void check_energy_alone(CheckContext& context, std::vector<CheckRow>& rows) {
  Worst worst("energy without forces", "energy", 0);
  for (std::size_t s = 0; s < context.samples.size(); ++s) {
    const Result alone = context.model.evaluate({&context.samples[s].structure, 1}, {false, 1}).front();
    worst.add(same_bits(alone.energy, context.results[s].energy) ? 0 : 1, context.samples[s].label);
  }
  rows.push_back(worst.row());
}

// On a GPU the order of a sum may depend on the batch, so that rounding is allowed for.
void check_batch(CheckContext& context, std::vector<CheckRow>& rows) {
  const std::string name = "one batch of all";
  std::vector<Structure> structures;
  for (const Sample& sample : context.samples) structures.push_back(sample.structure);
  const std::vector<Result> results = evaluate_all(context, structures);
  Worst bits(name, "all", 0);
  WorstResult rounding(context, name);
  for (std::size_t s = 0; s < results.size(); ++s) {
    if (context.on_gpu) {
      rounding.add(context.samples[s], context.results[s], results[s]);
    } else {
      bits.add(count_differences(context.results[s], results[s]), context.samples[s].label);
    }
  }
  if (context.on_gpu) {
    rounding.add_to(rows);
  } else {
    rows.push_back(bits.row());
  }
}

// The same call again, on the host with other numbers of threads.
void check_repeats(CheckContext& context, std::vector<CheckRow>& rows) {
  Worst worst(context.on_gpu ? "called again" : "1, 2, 3 and 7 threads", "all", 0);
  for (std::size_t s = 0; s < context.samples.size(); ++s) {
    for (const int threads : {1, 2, 3, 7}) {
      const Result result = context.model.evaluate({&context.samples[s].structure, 1}, {true, threads}).front();
      worst.add(count_differences(context.results[s], result), context.samples[s].label);
    }
  }
  rows.push_back(worst.row());
}

// A structure and its copy, farther apart than the cutoff; the copy is turned round so that no two pairs are alike.
Structure apart(const Structure& structure, double cutoff) {
  Structure out = structure;
  out.periodic = {};
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const Vector3& position : structure.positions) {
    low = std::min(low, position[0]);
    high = std::max(high, position[0]);
  }
  constexpr double kMargin = 1.001;
  for (std::size_t i = 0; i < structure.positions.size(); ++i) {
    const Vector3& p = structure.positions[i];
    out.positions.push_back({2 * high - p[0] + kMargin * cutoff, -p[1], -p[2]});
    out.atomic_numbers.push_back(structure.atomic_numbers[i]);
  }
  return out;
}

void check_beyond_cutoff(CheckContext& context, std::vector<CheckRow>& rows) {
  WorstResult worst(context, "beyond the cutoff");
  for (const Sample& sample : context.samples) {
    const Structure both = apart(sample.structure, context.model.plan().cutoff);
    const std::size_t n = sample.structure.positions.size();
    Structure first = both, second = both;
    first.positions.resize(n);
    first.atomic_numbers.resize(n);
    second.positions.erase(second.positions.begin(), second.positions.begin() + static_cast<std::ptrdiff_t>(n));
    second.atomic_numbers.resize(n);
    const std::vector<Structure> structures = {first, second, both};
    std::vector<Result> results = evaluate_all(context, structures);
    Result& sum = results[0];
    sum.energy += results[1].energy;
    sum.forces.insert(sum.forces.end(), results[1].forces.begin(), results[1].forces.end());
    sum.atom_energies.insert(sum.atom_energies.end(), results[1].atom_energies.begin(), results[1].atom_energies.end());
    for (std::size_t k = 0; k < 9; ++k) sum.virial[k] += results[1].virial[k];
    worst.add({sample.label, both}, sum, results[2]);
  }
  worst.add_to(rows);
}

}  // namespace

void check_consistency(CheckContext& context, std::vector<CheckRow>& rows) {
  context.progress("sums, batches, repeated calls");
  check_sum(context, rows);
  check_energy_alone(context, rows);
  check_batch(context, rows);
  check_repeats(context, rows);
  check_beyond_cutoff(context, rows);
}

}  // namespace mlffgen::cli
