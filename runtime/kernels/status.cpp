#include "runtime/kernels/status.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/elements.h"
#include "base/error.h"
#include "base/text.h"
#include "runtime/neighbour_list.h"

namespace mlffgen::kernels {
namespace {

constexpr std::uint64_t kNoKey = ~std::uint64_t{0};

FaultReport report_of_value(Fault fault, std::uint64_t key) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  FaultReport report;
  report.fault = fault;
  report.atom = static_cast<int>(key >> 2);
  const auto kind = key & 3;
  report.value = kind == 0 ? std::numeric_limits<double>::quiet_NaN() : (kind == 1 ? kInfinity : -kInfinity);
  return report;
}

// An atom or a system as messages name it.
struct Place {
  int system = 0;
  std::string prefix;  // "system 3 (counting from 0): ", or nothing where there is one system only
  int first_atom = 0;
};

Place place_of(const FaultReport& report, std::span<const int> begin) {
  Place place;
  place.system = report.system;
  if (report.atom >= 0) {
    place.system = static_cast<int>(std::upper_bound(begin.begin(), begin.end(), report.atom) - begin.begin()) - 1;
  }
  place.first_atom = begin[static_cast<std::size_t>(place.system)];
  if (begin.size() > 2) place.prefix = fmt::format("system {} (counting from 0): ", place.system);
  return place;
}

std::string position_text(const FaultReport& report) {
  return std::isfinite(report.value) ? fmt::format("has a coordinate of {}: coordinates must be within +-{:g}",
                                                   report.value, runtime::kLargestCoordinate)
                                     : fmt::format("has a coordinate of {}: coordinates must be finite", report.value);
}

std::string element_text(const FaultReport& report, const FaultContext& context) {
  std::vector<std::string> known;
  for (const int number : context.elements) known.push_back(element_symbol(number));
  const int number = static_cast<int>(report.value);
  const bool exists = number >= 1 && number <= kMaxAtomicNumber;
  return fmt::format("the model {} does not know element {}; it knows {}", quote(context.model_name),
                     exists ? element_symbol(number) : fmt::format("number {}", number), join(known, ", "));
}

std::string value_text(const FaultReport& report, const FaultContext& context) {
  return fmt::format("the model {} gives {} of {}, which is not a finite number; is the structure physical, and in {}?",
                     quote(context.model_name), report.fault == Fault::energy ? "an energy" : "a force", report.value,
                     context.length_unit);
}

}  // namespace

FaultReport report_of(const Status& status) {
  const auto fault = static_cast<Fault>(status.list_fault);
  if (fault != Fault::none) return {fault, status.atom, status.other, status.system, status.value};
  if (status.bad_energy != kNoKey) return report_of_value(Fault::energy, status.bad_energy);
  if (status.bad_force != kNoKey) return report_of_value(Fault::force, status.bad_force);
  return {};
}

void throw_fault(const FaultReport& report, const FaultContext& context) {
  if (report.fault == Fault::none) return;
  internal_check(report.fault != Fault::capacity, "a list without room was taken for a result");
  const Place place = place_of(report, context.system_begin);
  const int atom = report.atom < 0 ? -1 : report.atom - place.first_atom;
  const std::string where = fmt::format("{}atom {} (counting from 0)", place.prefix, atom);
  const auto refuse = [&](const std::string& text) { throw StructureError(text, place.system, atom); };
  switch (report.fault) {
    case Fault::none:
    case Fault::capacity:
      return;
    case Fault::position:
      refuse(fmt::format("{} {}", where, position_text(report)));
      return;
    case Fault::cell:
      refuse(
          fmt::format("{}the lattice vectors along the periodic directions are not finite, zero or nearly so, "
                      "parallel, or in one plane (singular cell); give a valid cell, or mark the direction as not "
                      "periodic",
                      place.prefix));
      return;
    case Fault::images:
      refuse(fmt::format("{}the cutoff {:g} reaches more than 2^31 images of the cell, too many; is the cell in {}?",
                         place.prefix, context.cutoff, context.length_unit));
      return;
    case Fault::empty:
      refuse(fmt::format("{}a structure must have at least one atom, this one has none", place.prefix));
      return;
    case Fault::element:
      refuse(fmt::format("{}: {}", where, element_text(report, context)));
      return;
    case Fault::overlap:
      refuse(fmt::format("{} and {} {} are {:.3g} apart, nearer than {:g}: they overlap", where,
                         report.other == report.atom ? "an image of atom" : "atom", report.other - place.first_atom,
                         report.value, runtime::kOverlapDistance));
      return;
    case Fault::energy:
    case Fault::force:
      refuse(fmt::format("{}: {}", where, value_text(report, context)));
      return;
  }
}

}  // namespace mlffgen::kernels
