#include <doctest/doctest.h>

#include <string>

#include "base/elements.h"
#include "base/error.h"

using namespace mlffgen;

TEST_CASE("symbol and atomic number are each other's inverse for all 118 elements") {
  for (int number = 1; number <= kMaxAtomicNumber; ++number) CHECK(atomic_number(element_symbol(number)) == number);
  CHECK(atomic_number("H") == 1);
  CHECK(atomic_number("C") == 6);
  CHECK(atomic_number("Fe") == 26);
  CHECK(atomic_number("Xe") == 54);
  CHECK(atomic_number("Lu") == 71);
  CHECK(atomic_number("Au") == 79);
  CHECK(atomic_number("U") == 92);
  CHECK(atomic_number("Og") == 118);
}

TEST_CASE("masses are the standard ones") {
  CHECK(atomic_mass(1) == 1.008);
  CHECK(atomic_mass(6) == 12.011);
  CHECK(atomic_mass(8) == 15.999);
  CHECK(atomic_mass(26) == 55.845);
  CHECK(atomic_mass(79) == 196.966569);
  CHECK(atomic_mass(92) == 238.02891);
}

TEST_CASE("masses grow with the atomic number but at the known inversions") {
  for (int number = 2; number <= 94; ++number) {
    const std::string pair = element_symbol(number - 1) + element_symbol(number);
    const bool inverted = pair == "ArK" || pair == "CoNi" || pair == "TeI" || pair == "ThPa" || pair == "UNp";
    CHECK_MESSAGE((atomic_mass(number) < atomic_mass(number - 1)) == inverted, pair);
  }
}

TEST_CASE("an unknown symbol is refused with the nearest one") {
  CHECK_THROWS_WITH_AS(atomic_number("CL"),
                       "unknown element 'CL'; did you mean 'Cl'? (elements are written as chemical symbols, such as H, "
                       "C or Cl)",
                       UserError);
  for (const char* bad : {"", "Hydrogen", "6", "h", " H", "Xx", "H\n"}) CHECK_THROWS_AS(atomic_number(bad), UserError);
  CHECK_FALSE(find_element("h").has_value());
}

TEST_CASE("a number that no element has is refused") {
  for (const int bad : {0, -1, 119, 2147483647}) {
    CHECK_THROWS_AS(element_symbol(bad), UserError);
    CHECK_THROWS_AS(atomic_mass(bad), UserError);
  }
}
