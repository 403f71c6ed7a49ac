// The chemical elements: symbols, atomic numbers 1 to 118, and standard atomic masses.
//
// Masses are the IUPAC (CIAAW) conventional standard atomic weights in unified atomic mass units; for an element
// without stable isotopes, the mass number of its longest-lived one.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mlffgen {

inline constexpr int kMaxAtomicNumber = 118;

std::optional<int> find_element(std::string_view symbol);

// Throws UserError naming the nearest symbol.
int atomic_number(std::string_view symbol);

// Throw UserError for a number outside 1 .. 118.
const std::string& element_symbol(int number);
double atomic_mass(int number);  // u

}  // namespace mlffgen
