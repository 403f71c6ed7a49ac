// What the command line says when it is wrong.
#pragma once

#include <CLI/CLI.hpp>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace mlffgen::cli {

// The call is wrong: exit status 2.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Throws UsageError, naming the nearest known one, for an unknown command or an unknown long option.
void check_words(const CLI::App& program, const std::vector<std::string>& words);

// Help with the defaults behind the descriptions.
std::shared_ptr<CLI::FormatterBase> help_formatter();

inline constexpr long long kMaxSeed = std::numeric_limits<long long>::max();

// Accepts whole numbers from low to high.
CLI::Validator whole_number(long long low, long long high);

// One line from CLI11's messages, which differ in style.
std::string parse_message(const CLI::ParseError& error);

// Throws UsageError for an option given together with another that contradicts it, or a value out of range.
void usage_check(bool condition, const std::string& message);

}  // namespace mlffgen::cli
