#include "base/error.h"

namespace mlffgen {

std::string SourceLocation::str() const {
  std::string out = file;
  for (const int number : {line, column}) {
    if (number <= 0) break;
    if (!out.empty()) out += ':';
    out += std::to_string(number);
  }
  return out;
}

namespace {

std::string with_location(const SourceLocation& where, const std::string& message) {
  const std::string place = where.str();
  return place.empty() ? message : place + ": " + message;
}

}  // namespace

UserError::UserError(const SourceLocation& where, const std::string& message)
    : std::runtime_error(with_location(where, message)) {}

std::string Diagnostic::str() const {
  const char* word = severity == Severity::warning ? "warning: " : "note: ";
  return with_location(where, word + message + (code.empty() ? "" : " [" + code + "]"));
}

}  // namespace mlffgen
