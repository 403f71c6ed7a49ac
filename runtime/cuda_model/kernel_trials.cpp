#include "runtime/cuda_model/kernel_trials.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/error.h"
#include "runtime/cuda/graph.h"
#include "runtime/cuda_model/capacity.h"
#include "runtime/cuda_model/state.h"
#include "runtime/cuda_model/step_timer.h"

namespace mlffgen::cuda_model {
namespace {

constexpr double kSampleMicroseconds = 100;  // a sample takes about so long, so that its ends do not count
constexpr int kMostLaunches = 32;            // of a sample
constexpr int kFirstLooks = 3;               // to learn how long a kernel takes

// Differences of float sums taken in another order, relative to the RMS force and to the sum of the atoms' energies.
constexpr double kForceTolerance = 2e-5, kVirialTolerance = 1e-4, kEnergyTolerance = 2e-6;
constexpr double kDoubleTolerance = 1e-9;

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

struct Scale {
  double rms_force = 0, energy = 0;
};

Scale scale_of(const std::vector<runtime::Result>& results) {
  Scale scale;
  double squares = 0;
  std::size_t numbers = 0;
  for (const runtime::Result& result : results) {
    for (const auto& force : result.forces) {
      for (const double f : force) squares += f * f, ++numbers;
    }
    for (const double energy : result.atom_energies) scale.energy += std::abs(energy);
  }
  scale.rms_force = numbers > 0 ? std::sqrt(squares / static_cast<double>(numbers)) : 0;
  return scale;
}

// Not a number counts as infinitely far.
double distance(double a, double b) {
  const double d = std::abs(a - b);
  return std::isnan(d) ? std::numeric_limits<double>::infinity() : d;
}

}  // namespace

struct KernelTrials::Call {
  std::vector<runtime::Structure> structures;
  CallKey key;
  std::vector<runtime::Result> expected;       // of the defaults
  std::map<std::string, cuda::Graph> kernels;  // launches of a sample, by the variant
  std::map<std::string, int> launches;         // of that
  std::map<std::string, cuda::Graph> calls;    // by the configuration
};

// Of a kernel.
struct KernelTrials::Loaded {
  Recipe recipe;  // with the one kernel that matters in its place
  std::size_t number = 0;
};

namespace {

std::string name_of(const KernelTrials::Variant& variant) {
  return fmt::format("{} {} {}", variant.form, variant.kernel, wisdom::describe(variant.configuration));
}

const runtime::Plan::Kernel& kernel_of(const runtime::Plan& plan, const KernelTrials::Variant& variant) {
  const runtime::Plan::Form* const form = plan.form_named(variant.form);
  internal_check(form != nullptr, "a trial of a form that the model does not have");
  const auto found = std::find_if(form->kernels.begin(), form->kernels.end(),
                                  [&](const auto& kernel) { return kernel.name == variant.kernel; });
  internal_check(found != form->kernels.end(), "a trial of a kernel that the form does not have");
  return *found;
}

}  // namespace

KernelTrials::KernelTrials(const runtime::Bundle& bundle, CudaOptions options) {
  options.wisdom = false;
  options.atoms_per_batch = std::numeric_limits<int>::max();
  model_ = std::make_unique<CudaModel>(bundle, options);
  model_->state_->program.keep_room_for_all_forms();
}
KernelTrials::~KernelTrials() {
  const cuda::CurrentContext current(model_->context());
  calls_.clear();
  loaded_.clear();
}

const CudaModel& KernelTrials::model() const { return *model_; }
wisdom::WisdomKey KernelTrials::key() const {
  return wisdom_key(model_->context(), model_->state_->program.fingerprint());
}
wisdom::Choices KernelTrials::choices() const { return model_->state_->program.choices(); }
const wisdom::ModelConfiguration& KernelTrials::heuristic() const { return model_->state_->program.defaults(); }

KernelTrials::Size KernelTrials::add_call(std::vector<runtime::Structure> structures) {
  auto call = std::make_unique<Call>();
  model_->use(heuristic());
  current_ = nullptr;
  call->expected = model_->evaluate(structures);
  call->key = model_->state_->last_host_call;
  call->structures = std::move(structures);
  const int atoms = static_cast<int>(call->key.atoms);
  const std::int64_t systems = call->key.systems;
  if (!calls_.try_emplace(atoms, std::move(call)).second) {
    throw UserError(fmt::format("two of the sizes count as {} atoms; tune one of them", atoms));
  }
  return {atoms, are_small_systems(atoms, systems), model_->state_->lane(0).status().n_pairs};
}

std::optional<std::string> KernelTrials::unfit(const Variant& variant) const {
  const Program& program = model_->state_->program;
  const runtime::Plan::Kernel& kernel = kernel_of(model_->plan(), variant);
  if (std::string problem = program.problem_with(kernel, variant.configuration); !problem.empty()) return problem;
  std::vector<const char*> idle;  // tunables that the kernel does not know
  if (kernel.shared.products) {
    idle.push_back("MLFF_MIN_PAIR_BLOCKS");
  } else {
    idle.insert(idle.end(), {"MLFF_MIN_BLOCKS", "MLFF_WEIGHT_STEPS"});
  }
  if (kernel.shared.record_bytes == 0) idle.insert(idle.end(), {"MLFF_PAIR_CHUNK", "MLFF_PAIR_BATCH"});
  for (const char* define : idle) {
    if (variant.configuration.contains(define)) return fmt::format("the kernel does not depend on {}", define);
  }
  return std::nullopt;
}

void KernelTrials::announce(const std::vector<Variant>& variants) {
  for (const Variant& variant : variants) {
    if (!loaded_.contains(name_of(variant))) model_->state_->program.start(variant.kernel, variant.configuration);
  }
}

KernelTrials::Loaded& KernelTrials::loaded(const Variant& variant) {
  auto& place = loaded_[name_of(variant)];
  if (place) return *place;
  const Program& program = model_->state_->program;
  const runtime::Plan::Form& form = *model_->plan().form_named(variant.form);
  const runtime::Plan::Kernel& kernel = kernel_of(model_->plan(), variant);
  auto made = std::make_unique<Loaded>();
  made->number = static_cast<std::size_t>(&kernel - form.kernels.data());
  made->recipe.form = static_cast<std::size_t>(&form - model_->plan().forms.data());
  made->recipe.kernels.assign(form.kernels.size(), program.loaded(kernel, variant.configuration));
  place = std::move(made);
  return *place;
}

std::vector<std::optional<std::string>> KernelTrials::prepare(const std::vector<Variant>& variants) {
  const cuda::CurrentContext current(model_->context());
  announce(variants);
  std::vector<std::optional<std::string>> problems;
  for (const Variant& variant : variants) {
    std::optional<std::string>& problem = problems.emplace_back(unfit(variant));
    if (problem) continue;
    try {
      loaded(variant);
    } catch (const InternalError& error) {
      problem = error.what();
    } catch (const DeviceError& error) {
      problem = error.what();
    }
    if (problem) loaded_.erase(name_of(variant));
  }
  return problems;
}

// Brings a call's inputs and pairs onto the GPU.
KernelTrials::Call& KernelTrials::focus(int atoms) {
  const auto found = calls_.find(atoms);
  internal_check(found != calls_.end(), "a trial of a call that was not added");
  Call& call = *found->second;
  if (current_ == &call) return call;
  ready_.clear();
  for (auto& [number, other] : calls_) {
    other->kernels.clear();
    other->launches.clear();
    other->calls.clear();
  }
  model_->use(heuristic());
  std::vector<runtime::Result> results;
  model_->evaluate(call.structures, {}, results);
  current_ = &call;
  return call;
}

// Runs what comes before the kernel: its inputs share memory with what comes later.
void KernelTrials::run_before(Call& call, const Variant& variant) {
  const std::string wanted = variant.form + " " + variant.kernel;
  if (ready_ == wanted) return;
  CudaModel::State& state = *model_->state_;
  Lane& lane = state.lane(0);
  const Recipe& recipe = state.program.recipe({variant.form, {}});
  lane.poison(lane.stream());
  for (std::size_t k = 0; k < loaded(variant).number; ++k) lane.enqueue_kernel(recipe, k, call.key, lane.stream());
  lane.stream().synchronise();
  ready_ = wanted;
}

std::vector<double> KernelTrials::sample(int atoms, const Variant& variant, int count) {
  const cuda::CurrentContext current(model_->context());
  Call& call = focus(atoms);
  run_before(call, variant);
  Lane& lane = model_->state_->lane(0);
  const cuda::Stream& stream = lane.stream();
  const Loaded& own = loaded(variant);
  const std::string name = name_of(variant);
  const auto launch = [&] { lane.enqueue_kernel(own.recipe, own.number, call.key, stream); };
  if (!call.kernels.contains(name)) {
    const double once = median(samples_on_gpu(stream, kFirstLooks, launch));
    const int launches = std::clamp(static_cast<int>(kSampleMicroseconds / std::max(once, 1.0)), 1, kMostLaunches);
    call.launches[name] = launches;
    call.kernels.emplace(name, cuda::Graph::capture(stream, [&] {
                           for (int k = 0; k < launches; ++k) launch();
                         }));
  }
  const cuda::Graph& graph = call.kernels.at(name);
  std::vector<double> times = samples_on_gpu(stream, count, [&] { graph.launch(stream); });
  for (double& time : times) time /= call.launches.at(name);
  return times;
}

std::vector<double> KernelTrials::sample_call(int atoms, const wisdom::ModelConfiguration& configuration, int count) {
  const cuda::CurrentContext current(model_->context());
  Call& call = focus(atoms);
  ready_.clear();
  Lane& lane = model_->state_->lane(0);
  const cuda::Stream& stream = lane.stream();
  const std::string name = wisdom::describe(configuration);
  if (!call.calls.contains(name)) {
    model_->use(configuration);
    lane.enqueue(call.key, stream);  // the driver loads late, which must not happen within a capture
    stream.synchronise();
    call.calls.emplace(name, cuda::Graph::capture(stream, [&] { lane.enqueue(call.key, stream); }));
  }
  const cuda::Graph& graph = call.calls.at(name);
  return samples_on_gpu(stream, count, [&] { graph.launch(stream); });
}

std::optional<std::string> KernelTrials::check(int atoms, const wisdom::ModelConfiguration& configuration) {
  const cuda::CurrentContext current(model_->context());
  Call& call = focus(atoms);
  ready_.clear();
  model_->use(configuration);
  Lane& lane = model_->state_->lane(0);
  lane.poison(lane.stream());
  lane.stream().synchronise();
  std::vector<runtime::Result> results;
  try {
    results = model_->evaluate(call.structures);
  } catch (const StructureError& error) {  // not finite, of structures that the defaults could do
    return error.what();
  }
  const Scale scale = scale_of(call.expected);
  const bool in_double = model_->plan().precision == runtime::Precision::double_precision;
  double squares = 0, energy = 0, virial = 0, virial_scale = 0;
  std::size_t numbers = 0;
  for (std::size_t s = 0; s < results.size(); ++s) {
    for (std::size_t c = 0; c < results[s].virial.size(); ++c) {
      virial = std::max(virial, distance(results[s].virial[c], call.expected[s].virial[c]));
      virial_scale = std::max(virial_scale, std::abs(call.expected[s].virial[c]));
    }
    energy = std::max(energy, distance(results[s].energy, call.expected[s].energy));
    for (std::size_t i = 0; i < results[s].forces.size(); ++i) {
      for (std::size_t c = 0; c < 3; ++c, ++numbers) {
        const double d = distance(results[s].forces[i][c], call.expected[s].forces[i][c]);
        squares += d * d;
      }
    }
  }
  const double force = numbers > 0 ? std::sqrt(squares / static_cast<double>(numbers)) : 0;
  if (force > scale.rms_force * (in_double ? kDoubleTolerance : kForceTolerance)) {
    return fmt::format("forces are off by {:.1e} of the RMS force", force / scale.rms_force);
  }
  if (virial > virial_scale * (in_double ? kDoubleTolerance : kVirialTolerance)) {
    return fmt::format("virials are off by {:.1e} of the largest", virial / virial_scale);
  }
  if (energy > scale.energy * (in_double ? kDoubleTolerance : kEnergyTolerance)) {
    return fmt::format("energies are off by {:.1e}", energy / scale.energy);
  }
  return std::nullopt;
}

}  // namespace mlffgen::cuda_model
