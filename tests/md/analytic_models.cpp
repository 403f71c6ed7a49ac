#include "tests/md/analytic_models.h"

#include <cmath>

#include "runtime/md/velocities.h"

namespace mlffgen::md {

AnalyticModel::AnalyticModel(Field field, const std::string& length, const std::string& energy)
    : field_(std::move(field)) {
  plan_.name = "paper";
  plan_.length_unit = length;
  plan_.energy_unit = energy;
}

void AnalyticModel::evaluate(std::span<const runtime::Structure> structures, const runtime::EvaluateOptions&,
                             std::vector<runtime::Result>& results) {
  ++calls;
  results.assign(structures.size(), {});
  for (std::size_t s = 0; s < structures.size(); ++s) {
    results[s].forces.assign(structures[s].positions.size(), Vector3{});
    field_(structures[s], results[s]);
    if (std::isfinite(results[s].energy)) continue;
    throw StructureError("atom 1 (counting from 0): the energy is not finite", static_cast<long long>(s), 1);
  }
}

Field wells(double k) {
  return [k](const runtime::Structure& structure, runtime::Result& result) {
    for (std::size_t i = 0; i < structure.positions.size(); ++i) {
      for (std::size_t d = 0; d < 3; ++d) {
        const double x = structure.positions[i][d];
        result.energy += 0.5 * k * x * x;
        result.forces[i][d] = -k * x;
      }
    }
  };
}

Field spring(double k, double rest) {
  return [k, rest](const runtime::Structure& structure, runtime::Result& result) {
    const Vector3 &a = structure.positions[0], &b = structure.positions[1];
    const double r = std::hypot(b[0] - a[0], b[1] - a[1], b[2] - a[2]);
    result.energy = 0.5 * k * (r - rest) * (r - rest);
    for (std::size_t d = 0; d < 3; ++d) {
      result.forces[0][d] = k * (r - rest) * (b[d] - a[d]) / r;
      result.forces[1][d] = -result.forces[0][d];
    }
  };
}

Field lennard_jones(double epsilon, double sigma) {
  return [=](const runtime::Structure& structure, runtime::Result& result) {
    const auto& x = structure.positions;
    for (std::size_t i = 0; i < x.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        const Vector3 r = {x[i][0] - x[j][0], x[i][1] - x[j][1], x[i][2] - x[j][2]};
        const double square = r[0] * r[0] + r[1] * r[1] + r[2] * r[2];
        const double six = std::pow(sigma * sigma / square, 3);
        result.energy += 4 * epsilon * (six * six - six);
        for (std::size_t d = 0; d < 3; ++d) {
          const double force = 24 * epsilon * (2 * six * six - six) / square * r[d];
          result.forces[i][d] += force;
          result.forces[j][d] -= force;
        }
      }
    }
  };
}

runtime::Structure molecule(const std::vector<int>& numbers, const std::vector<Vector3>& positions) {
  runtime::Structure structure;
  structure.atomic_numbers = numbers;
  structure.positions = positions;
  return structure;
}

runtime::Structure argon_cluster() {
  constexpr double a = 3.8;
  return molecule(
      {18, 18, 18, 18, 18},
      {{0, 0, 0}, {a, 0, 0}, {a / 2, 0.9 * a, 0}, {a / 2, 0.3 * a, 0.8 * a}, {0.4 * a, 0.3 * a, -0.85 * a}});
}

State start_state(const Systems& systems, const Dynamics& dynamics) {
  State state;
  const auto n = static_cast<std::size_t>(systems.n_atoms());
  for (const auto& structure : systems.structures) {
    state.positions.insert(state.positions.end(), structure.positions.begin(), structure.positions.end());
  }
  state.velocities.resize(n);
  state.heat.resize(n);
  for (int s = 0; s < systems.n_systems(); ++s) draw_velocities(systems, s, dynamics, state.velocities);
  return state;
}

}  // namespace mlffgen::md
