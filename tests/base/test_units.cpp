#include <doctest/doctest.h>

#include <string>

#include "base/error.h"
#include "base/units.h"

using namespace mlffgen;

TEST_CASE("factors are those of CODATA 2018") {
  CHECK(length_in_angstrom("bohr") == 0.529177210903);
  CHECK(length_in_angstrom("nm") == 10.0);
  CHECK(energy_in_ev("hartree") == 27.211386245988);
  CHECK(energy_in_ev("meV") == 1e-3);
  CHECK(energy_in_ev("kcal/mol") == doctest::Approx(0.043364104241800934).epsilon(1e-14));
  CHECK(energy_in_ev("kJ/mol") == doctest::Approx(0.010364269656262174).epsilon(1e-14));
}

TEST_CASE("a conversion and its inverse cancel, and equal units change no bit") {
  for (const std::string& from : energy_units()) {
    for (const std::string& to : energy_units()) {
      CHECK(convert_energy(convert_energy(1.7, from, to), to, from) == doctest::Approx(1.7).epsilon(1e-15));
    }
    CHECK(convert_energy(0.1, from, from) == 0.1);
  }
  for (const std::string& from : length_units()) {
    for (const std::string& to : length_units()) {
      CHECK(convert_length(convert_length(1.7, from, to), to, from) == doctest::Approx(1.7).epsilon(1e-15));
    }
  }
  CHECK(convert_energy(1, "hartree", "kcal/mol") == doctest::Approx(627.5094740631).epsilon(1e-10));
}

TEST_CASE("an unknown unit is refused with the nearest and all known ones") {
  CHECK_THROWS_WITH_AS(energy_in_ev("ev"),
                       "unknown unit of energy 'ev'; did you mean 'eV'? (known: eV, meV, kcal/mol, kJ/mol, hartree)",
                       UserError);
  CHECK_THROWS_AS(length_in_angstrom("eV"), UserError);
  CHECK_THROWS_AS(convert_length(1, "nm", "metre"), UserError);
}
