// What the wisdom of earlier tunings says about a model on its GPU.
#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <utility>

#include "base/error.h"
#include "runtime/cuda_model/state.h"
#include "runtime/jit/environment.h"
#include "runtime/jit/nvrtc.h"
#include "runtime/wisdom/store.h"

namespace mlffgen::cuda_model {
namespace {

std::vector<wisdom::WisdomEntry> entries_of(const wisdom::Reading& reading, const std::string& model) {
  std::vector<wisdom::WisdomEntry> own;
  for (const auto& entry : reading.entries) {
    if (entry.key.model == model) own.push_back(entry);
  }
  return own;
}

}  // namespace

wisdom::WisdomKey wisdom_key(const cuda::Context& context, const std::string& model) {
  const cuda::DeviceInfo& device = context.device();
  wisdom::WisdomKey key;
  key.gpu = device.name;
  key.compute_capability = fmt::format("{}.{}", device.major, device.minor);
  key.multiprocessors = device.multiprocessors;
  key.driver = std::to_string(context.driver_version());
  const jit::NvrtcVersion nvrtc = jit::Nvrtc().version();
  key.nvrtc = fmt::format("{}.{}", nvrtc.major, nvrtc.minor);
  key.generator = MLFFGEN_VERSION;
  key.model = model;
  return key;
}

void CudaModel::State::follow_wisdom() {
  advice.clear();
  program.follow({});
  if (!options.wisdom || !options.form.empty()) return;
  const wisdom::Reading users = wisdom::Store(wisdom::environment_folder()).read();
  for (const std::string& warning : users.warnings) warn(warning);
  auto known = std::make_shared<wisdom::Wisdom>();
  known->add(entries_of(users, program.fingerprint()));
  known->add(entries_of(wisdom::shipped(), program.fingerprint()));
  if (known->entries().empty()) return;  // NVRTC's version need not be asked for
  try {
    wisdom::WisdomKey key = wisdom_key(context, program.fingerprint());
    const bool log = jit::environment_variable(jit::kLogVariable) == "1";
    const auto advise = [this, known, key](std::int64_t atoms, bool small_systems) mutable -> Advice {
      key.atoms = static_cast<int>(atoms);
      key.small_systems = small_systems;
      wisdom::Advice found = known->advise(key);
      const std::string problem = program.problem_with(found.configuration);
      if (problem.empty()) return {found.configuration, found.reason};
      return {{}, found.reason + "; not used: " + problem};
    };
    program.follow(advise, [this, log](const std::string& reason) {
      advice.push_back(reason);
      if (log) std::fputs(("mlffgen: " + plan.name + ": " + advice.back() + "\n").c_str(), stderr);
    });
  } catch (const UserError& error) {
    warn(fmt::format("what was tuned cannot be used without NVRTC: {}", error.what()));
  }
}

}  // namespace mlffgen::cuda_model
