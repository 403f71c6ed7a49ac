// What a compiled model is run with: one of its forms, and the values of the tunables that each kernel of the form is
// compiled with. Kernels of a call are independent, so each may have values of its own.
//
// Any values out of the tunables' choices give right results, some sooner: a configuration from a file is checked
// against the model at hand before it is used (problem_of), and can cost time but not correctness.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mlffgen::wisdom {

// Values of tunables by their defines ("MLFF_LANES" -> 64). Those that are not named have their defaults.
using Configuration = std::map<std::string, int>;

struct ModelConfiguration {
  std::string form;                              // "": the one that the runtime takes when it knows nothing
  std::map<std::string, Configuration> kernels;  // by name; a kernel that is absent has the defaults

  bool operator==(const ModelConfiguration&) const = default;
};

// A constant of the kernels' source that is set when the source is compiled.
struct Tunable {
  std::string define;
  int value = 0;  // the default
  std::vector<int> choices;
};

struct Form {
  std::string name;
  std::vector<std::string> kernels;
};

// What a model lets one choose from.
struct Choices {
  std::vector<Tunable> tunables;
  std::vector<Form> forms;
};

// Why the model cannot be run with the configuration, or nothing. The default of a tunable is always allowed.
std::optional<std::string> problem_of(const ModelConfiguration& configuration, const Choices& choices);

// Without the values that are defaults anyway, so that equal code has one name.
Configuration canonical(Configuration configuration, const std::vector<Tunable>& tunables);

// "MLFF_LANES=64 MLFF_TILE=8", "defaults" for none; "fused; phase_0: MLFF_LANES=64; phase_2: MLFF_TILE=8".
std::string describe(const Configuration& configuration);
std::string describe(const ModelConfiguration& configuration);

}  // namespace mlffgen::wisdom
