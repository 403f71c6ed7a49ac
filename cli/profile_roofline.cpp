#include "cli/profile_roofline.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"

namespace mlffgen::cli {
namespace {

using runtime::KernelWork;
using runtime::Profile;

constexpr double kPerSecond = 1e6;  // microseconds

// Bytes of the arrays of templates/pair_reductions.cu, each read or written once. What a pair's reverse is searched by
// and reads is in caches and not counted, nor are the sums in double.
std::optional<KernelWork> reduction_work(const std::string& kernel, const Profile& profile, double real) {
  constexpr double kIndex = 4, kNumber = sizeof(double);
  KernelWork work;
  const double of_energies = kIndex + real;  // element, energy
  if (kernel == "reduce_energies") {
    work.streamed = of_energies * profile.n_atoms;
    return work;
  }
  if (kernel != "reduce_forces") return std::nullopt;
  // Begin of the pairs, order, system; forces written, virials written and read.
  const double of_atom = of_energies + 3 * kIndex + 3 * kNumber + 2 * 6 * kNumber;
  const double of_pair = kIndex + 4 * real + 3 * real;  // neighbour, geometry, gradient
  work.streamed = of_atom * profile.n_atoms + of_pair * static_cast<double>(profile.n_pairs);
  return work;
}

double blocks_of(const Profile& profile) {
  return std::ceil(static_cast<double>(profile.n_atoms) / std::max(1, profile.tile_atoms));
}

StepWork step_work(const KernelWork& work, double microseconds) {
  const double per = microseconds > 0 ? kPerSecond / microseconds : 0;
  return {work, work.flops * per, work.tensor_flops * per, work.bytes() * per};
}

StepFloor step_floor(const KernelWork& work, double blocks, double time, const kernels::DeviceLimits& limits) {
  const double part = std::min(1.0, blocks / std::max(1, limits.multiprocessors));
  const auto least = [](double amount, const kernels::Rate& rate, double of_rate) {
    return amount > 0 ? kPerSecond * amount / (rate.median * of_rate) : 0.0;
  };
  StepFloor floor;
  const auto set = [&](Limit limit, double microseconds) {
    floor.least[static_cast<std::size_t>(limit)] = microseconds;
  };
  set(Limit::launch, limits.node.median);
  set(Limit::multiply_adds, least(work.flops, limits.multiply_adds, part));
  set(Limit::products, least(work.tensor_flops, limits.products, part));
  set(Limit::memory, least(work.streamed, limits.copy, 1));
  set(Limit::gathers, least(work.gathered, limits.gather, part));
  set(Limit::l1, least(work.gathered + work.tables + work.weights, limits.table, part));
  // A block reads all weights of its kernel, however few blocks there are.
  set(Limit::weights,
      std::max(least(work.weights, limits.weights, 1), least(work.block_weights, limits.block_weights, 1)));
  const auto most = std::max_element(floor.least.begin(), floor.least.end());
  floor.bound = static_cast<Limit>(most - floor.least.begin());
  floor.floor = *most;
  floor.of_limit = time > 0 ? floor.floor / time : 0;
  floor.potential = std::max(0.0, time - floor.floor);
  return floor;
}

void add_totals(Roofline& roofline, const Profile& profile) {
  for (std::size_t k = 0; k < roofline.steps.size(); ++k) {
    const StepRoof& step = roofline.steps[k];
    if (!step.work) continue;
    roofline.time += profile.steps[k].time.median;
    roofline.flops += step.work->work.flops;
    roofline.tensor_flops += step.work->work.tensor_flops;
    roofline.bytes += step.work->work.bytes();
    if (!step.floor) continue;
    roofline.floor += step.floor->floor;
    roofline.potential += step.floor->potential;
    roofline.priorities.push_back(k);
  }
  std::stable_sort(roofline.priorities.begin(), roofline.priorities.end(), [&](std::size_t a, std::size_t b) {
    return roofline.steps[a].floor->potential > roofline.steps[b].floor->potential;
  });
}

}  // namespace

const char* limit_name(Limit limit) {
  switch (limit) {
    case Limit::launch:
      return "launch";
    case Limit::multiply_adds:
      return "float arithmetic";
    case Limit::products:
      return "tensor cores";
    case Limit::memory:
      return "device memory";
    case Limit::gathers:
      return "gathers";
    case Limit::l1:
      return "L1 reads";
    case Limit::weights:
      return "weights from L2";
  }
  throw InternalError("a limit without a name");
}

const char* limit_key(Limit limit) {
  constexpr const char* kKeys[kLimits] = {"launch", "multiply_adds", "products", "memory", "gathers", "l1", "weights"};
  return kKeys[static_cast<std::size_t>(limit)];
}

Roofline roofline_of(const Profile& profile, const std::map<std::string, runtime::KernelCost>& costs,
                     runtime::Precision precision, const std::optional<kernels::DeviceLimits>& limits) {
  Roofline roofline;
  roofline.limits = limits;
  roofline.counted = !costs.empty();
  const runtime::CallSize size{.atoms = static_cast<double>(profile.n_atoms),
                               .pairs = static_cast<double>(profile.n_pairs),
                               .tile_atoms = std::max(1, profile.tile_atoms),
                               .precision = precision};
  const double real = precision == runtime::Precision::single_precision ? 4 : 8;
  for (const Profile::Step& step : profile.steps) {
    StepRoof& roof = roofline.steps.emplace_back();
    const auto cost = costs.find(step.name);
    const bool of_model = cost != costs.end();
    const std::optional<KernelWork> work =
        of_model ? runtime::evaluate(cost->second, size) : reduction_work(step.name, profile, real);
    if (!work) continue;
    roof.work = step_work(*work, step.time.median);
    const double blocks = of_model ? blocks_of(profile) : step.blocks;
    if (limits) roof.floor = step_floor(*work, blocks, step.time.median, *limits);
  }
  add_totals(roofline, profile);
  return roofline;
}

}  // namespace mlffgen::cli
