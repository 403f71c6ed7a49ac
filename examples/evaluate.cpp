// Energy and forces of a molecule, a batch, an error, and the time of a step, from C++.
//
//   evaluate_cpp MODEL.mlff [host|cuda|cuda:N]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <mlffgen.hpp>
#include <string>
#include <vector>

namespace {

const std::vector<std::int32_t> kWater = {8, 1, 1};
const std::vector<double> kWaterPositions = {0, 0, 0.1193, 0, 0.7632, -0.477, 0, -0.7632, -0.477};  // angstrom

void evaluate_molecule(mlffgen::Model& model, const std::vector<double>& positions) {
  const mlffgen::Results results = model.evaluate({positions, kWater});
  std::printf("water: %.6f %s\n", results.energies[0], model.info().energy_unit.c_str());
  for (std::size_t i = 0; i < kWater.size(); ++i) {
    const double* f = &results.forces[3 * i];
    std::printf("  force on atom %zu: %10.6f %10.6f %10.6f\n", i, f[0], f[1], f[2]);
  }
}

// Many molecules in one call take much less time than as many calls.
void evaluate_batch(mlffgen::Model& model, const std::vector<double>& positions) {
  constexpr int kCopies = 16;
  std::vector<double> all;
  std::vector<std::int32_t> numbers, begin = {0};
  for (int copy = 0; copy < kCopies; ++copy) {
    for (const double x : positions) all.push_back(x * (1 + 0.002 * copy));
    numbers.insert(numbers.end(), kWater.begin(), kWater.end());
    begin.push_back(static_cast<std::int32_t>(numbers.size()));
  }
  const mlffgen::Results results = model.evaluate({all, numbers, begin});
  const auto [lowest, highest] = std::minmax_element(results.energies.begin(), results.energies.end());
  std::printf("%d molecules in one call: energies from %.6f to %.6f\n", kCopies, *lowest, *highest);
}

// Errors name the first system and atom at fault, and leave the model usable.
void provoke_error(mlffgen::Model& model, const std::vector<double>& positions) {
  const std::vector<std::int32_t> with_gold = {8, 1, 79};
  try {
    model.evaluate({positions, with_gold});
  } catch (const mlffgen::Error& error) {
    std::printf("as expected, atom %d is refused: %s\n", static_cast<int>(error.atom()), error.what());
  }
}

// A few steps down the forces: results go into the same memory, so that a step allocates nothing.
void relax(mlffgen::Model& model, std::vector<double> positions) {
  constexpr int kSteps = 100;
  constexpr double kStep = 1e-3, kLargest = 1e-2;  // length unit / force, length unit
  mlffgen::Results results;
  const double before = model.evaluate({positions, kWater}, false).energies[0];
  const auto start = std::chrono::steady_clock::now();
  for (int step = 0; step < kSteps; ++step) {
    model.evaluate({positions, kWater}, results);
    for (std::size_t k = 0; k < positions.size(); ++k) {
      positions[k] += std::clamp(kStep * results.forces[k], -kLargest, kLargest);
    }
  }
  const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - start;
  std::printf("%d steps, %.3f ms each: energy %.6f -> %.6f\n", kSteps, time.count() / kSteps, before,
              model.evaluate({positions, kWater}, false).energies[0]);
}

// Where the time of a call goes: medians over 100 calls.
void profile_molecule(mlffgen::Model& model, const std::vector<double>& positions) {
  const mlffgen::Profile profile = model.profile({positions, kWater});
  for (const mlffgen::Step& step : profile.steps) {
    std::printf("  %-12s %-20s %8.1f us\n", step.part.c_str(), step.name.c_str(), step.time.median);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    std::fprintf(stderr, "usage: %s MODEL.mlff [host|cuda|cuda:N]\n", argv[0]);
    return 1;
  }
  try {
    mlffgen::Options options;
    if (argc > 2) options.device = argv[2];
    mlffgen::Model model(argv[1], options);

    const mlffgen::Info info = model.info();
    std::printf("%s on %s, cutoff %g %s\n", info.name.c_str(), info.device.c_str(), info.cutoff,
                info.length_unit.c_str());
    std::vector<double> positions = kWaterPositions;
    for (double& x : positions) x /= info.length_in_angstrom;

    evaluate_molecule(model, positions);
    evaluate_batch(model, positions);
    provoke_error(model, positions);
    relax(model, positions);
    profile_molecule(model, positions);
    const mlffgen_memory memory = model.memory();
    std::printf("memory: %.1f MB held, %.1f kB an atom, %.0f bytes a pair\n", 1e-6 * static_cast<double>(memory.held),
                1e-3 * static_cast<double>(memory.per_atom), static_cast<double>(memory.per_pair));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
