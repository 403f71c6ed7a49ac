#include "runtime/md/velocities.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/elements.h"
#include "base/error.h"
#include "base/text.h"
#include "runtime/extxyz_header.h"
#include "templates/dynamics_step.h"

namespace mlffgen::md {
namespace {

using Matrix3 = std::array<Vector3, 3>;

constexpr double kLinear = 1e-8;  // a moment of inertia below this share of the largest is that of a line

Vector3 cross(const Vector3& a, const Vector3& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

Vector3 centre_of_mass(const std::vector<Vector3>& positions, const std::vector<double>& masses) {
  Vector3 sum{};
  double mass = 0;
  for (std::size_t i = 0; i < positions.size(); ++i) {
    for (std::size_t d = 0; d < 3; ++d) sum[d] += masses[i] * positions[i][d];
    mass += masses[i];
  }
  for (double& x : sum) x /= mass;
  return sum;
}

Matrix3 inertia(const std::vector<Vector3>& positions, const std::vector<double>& masses, const Vector3& centre) {
  Matrix3 tensor{};
  for (std::size_t i = 0; i < positions.size(); ++i) {
    Vector3 r{};
    for (std::size_t d = 0; d < 3; ++d) r[d] = positions[i][d] - centre[d];
    const double square = r[0] * r[0] + r[1] * r[1] + r[2] * r[2];
    for (std::size_t a = 0; a < 3; ++a) {
      for (std::size_t b = 0; b < 3; ++b) tensor[a][b] += masses[i] * ((a == b ? square : 0) - r[a] * r[b]);
    }
  }
  return tensor;
}

// Eigenvalues of a symmetric matrix, and its eigenvectors as rows, by Jacobi rotations.
struct Eigen3 {
  Vector3 values{};
  Matrix3 vectors = {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
};

Eigen3 eigen(Matrix3 a) {
  Eigen3 result;
  constexpr int kSweeps = 30;  // converges in about six
  for (int sweep = 0; sweep < kSweeps; ++sweep) {
    for (const auto& [p, q] : {std::pair<std::size_t, std::size_t>{0, 1}, {0, 2}, {1, 2}}) {
      if (a[p][q] == 0) continue;
      const double theta = 0.5 * std::atan2(2 * a[p][q], a[q][q] - a[p][p]);
      const double c = std::cos(theta), s = std::sin(theta);
      for (Vector3& row : a) {
        const double x = row[p], y = row[q];
        row[p] = c * x - s * y;
        row[q] = s * x + c * y;
      }
      for (auto* matrix : {&a, &result.vectors}) {
        const Vector3 x = (*matrix)[p], y = (*matrix)[q];
        for (std::size_t d = 0; d < 3; ++d) {
          (*matrix)[p][d] = c * x[d] - s * y[d];
          (*matrix)[q][d] = s * x[d] + c * y[d];
        }
      }
    }
  }
  for (std::size_t d = 0; d < 3; ++d) result.values[d] = a[d][d];
  return result;
}

bool turns(const Eigen3& axes, std::size_t axis) {
  const double largest = *std::max_element(axes.values.begin(), axes.values.end());
  return largest > 0 && axes.values[axis] > kLinear * largest;
}

const runtime::Frame::Column* find_column(const runtime::Frame& frame, const std::string& name, int width,
                                          const SourceLocation& where) {
  for (const auto& column : frame.columns) {
    if (column.name != name) continue;
    if ((column.type == 'R' || column.type == 'I') && column.width == width) return &column;
    throw UserError(where, fmt::format("column {} must be {}:R:{}", quote(name), name, width));
  }
  return nullptr;
}

template <std::size_t N>
std::vector<std::array<double, N>> read_column(const runtime::Frame::Column& column, const SourceLocation& where) {
  std::vector<std::array<double, N>> rows;
  for (std::size_t i = 0; i < column.text.size(); ++i) {
    const auto words = runtime::split_words(column.text[i]);
    // Two lines stand before the first atom.
    const SourceLocation line{where.file, where.line + 2 + static_cast<int>(i), 0};
    std::array<double, N> row{};
    for (std::size_t d = 0; d < N; ++d) row[d] = runtime::parse_real(words.at(d), column.name, line);
    rows.push_back(row);
  }
  return rows;
}

double kinetic_energy(const std::vector<double>& masses, const std::vector<Vector3>& velocities) {
  double sum = 0;
  for (std::size_t i = 0; i < masses.size(); ++i) sum += mlff_kinetic(masses[i], velocities[i].data());
  return sum;
}

}  // namespace

FileVelocities read_velocities(const runtime::Frame& frame, const Units& units, const std::string& file) {
  const SourceLocation where{file, frame.line, 0};
  FileVelocities result;
  if (const auto* column = find_column(frame, "masses", 1, where)) {
    for (const auto& row : read_column<1>(*column, where)) result.masses.push_back(row[0]);
  }
  if (const auto* column = find_column(frame, "velocities", 3, where)) {
    result.velocities = read_column<3>(*column, where);
  } else if (const auto* momenta = find_column(frame, "momenta", 3, where)) {
    result.velocities = read_column<3>(*momenta, where);
    for (std::size_t i = 0; i < result.velocities.size(); ++i) {
      const double mass = result.masses.empty() ? atomic_mass(frame.structure.atomic_numbers[i]) : result.masses[i];
      for (double& x : result.velocities[i]) x /= mass;
    }
  }
  for (Vector3& v : result.velocities) {
    for (double& x : v) x *= units.ase_velocity;
  }
  return result;
}

void remove_translation(const std::vector<double>& masses, std::vector<Vector3>& velocities) {
  const Vector3 drift = centre_of_mass(velocities, masses);
  for (Vector3& v : velocities) {
    for (std::size_t d = 0; d < 3; ++d) v[d] -= drift[d];
  }
}

int rotations(const std::vector<Vector3>& positions, const std::vector<double>& masses) {
  const Eigen3 axes = eigen(inertia(positions, masses, centre_of_mass(positions, masses)));
  return static_cast<int>(turns(axes, 0)) + static_cast<int>(turns(axes, 1)) + static_cast<int>(turns(axes, 2));
}

void remove_rotation(const std::vector<Vector3>& positions, const std::vector<double>& masses,
                     std::vector<Vector3>& velocities) {
  const Vector3 centre = centre_of_mass(positions, masses);
  const Eigen3 axes = eigen(inertia(positions, masses, centre));
  Vector3 momentum{};
  std::vector<Vector3> arms = positions;
  for (std::size_t i = 0; i < arms.size(); ++i) {
    for (std::size_t d = 0; d < 3; ++d) arms[i][d] -= centre[d];
    const Vector3 l = cross(arms[i], velocities[i]);
    for (std::size_t d = 0; d < 3; ++d) momentum[d] += masses[i] * l[d];
  }
  Vector3 turn{};  // angular velocity
  for (std::size_t k = 0; k < 3; ++k) {
    if (!turns(axes, k)) continue;
    const Vector3& axis = axes.vectors[k];
    const double along = axis[0] * momentum[0] + axis[1] * momentum[1] + axis[2] * momentum[2];
    for (std::size_t d = 0; d < 3; ++d) turn[d] += along / axes.values[k] * axis[d];
  }
  for (std::size_t i = 0; i < arms.size(); ++i) {
    const Vector3 v = cross(turn, arms[i]);
    for (std::size_t d = 0; d < 3; ++d) velocities[i][d] -= v[d];
  }
}

void draw_velocities(const Systems& systems, int system, const Dynamics& dynamics, std::vector<Vector3>& velocities) {
  const auto s = static_cast<std::size_t>(system);
  const auto first = static_cast<std::size_t>(systems.begin[s]), last = static_cast<std::size_t>(systems.begin[s + 1]);
  std::vector<double> masses;
  std::vector<Vector3> drawn(last - first);
  const double thermal = systems.units.boltzmann * dynamics.temperature;
  for (std::size_t i = first; i < last; ++i) {
    masses.push_back(systems.masses[i] * systems.units.mass);
    Vector3& v = drawn[i - first];
    mlff_normals(static_cast<unsigned>(dynamics.seed), static_cast<unsigned>(dynamics.seed >> 32), 0,
                 static_cast<int>(i - first), system, v.data());
    for (double& x : v) x *= std::sqrt(thermal / masses.back());
  }
  remove_translation(masses, drawn);
  const auto& periodic = systems.structures[s].periodic;
  const bool isolated = std::none_of(periodic.begin(), periodic.end(), [](bool p) { return p; });
  if (isolated) remove_rotation(systems.structures[s].positions, masses, drawn);
  const double kinetic = kinetic_energy(masses, drawn);
  const double wanted = 0.5 * systems.degrees_of_freedom[s] * thermal;
  const double scale = kinetic > 0 && last - first > 1 ? std::sqrt(wanted / kinetic) : 0;
  for (std::size_t i = first; i < last; ++i) {
    for (std::size_t d = 0; d < 3; ++d) velocities[i][d] = scale * drawn[i - first][d];
  }
}

}  // namespace mlffgen::md
