// Helpers of the dsl tests: the message of a user error, and whether it begins with a place.
#pragma once

#include <charconv>
#include <string>
#include <system_error>

#include "base/error.h"

// what() of the UserError that the call throws, or "no error". Any other exception is the test's failure.
template <typename Call>
std::string error_of(Call&& call) {
  try {
    static_cast<void>(call());
  } catch (const mlffgen::UserError& error) {
    return error.what();
  }
  return "no error";
}

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// "file:line:column: message", all of it one printable line.
inline bool has_position(const std::string& message, const std::string& file) {
  for (const char c : message) {
    if (c < ' ' || c > '~') return false;
  }
  if (!message.starts_with(file)) return false;
  const char* at = message.data() + file.size();
  const char* end = message.data() + message.size();
  for (int field = 0; field < 2; ++field) {
    int number = 0;
    if (at == end || *at != ':') return false;
    const auto [next, error] = std::from_chars(at + 1, end, number);
    if (error != std::errc() || number < 1) return false;
    at = next;
  }
  return end - at > 2 && at[0] == ':' && at[1] == ' ' && at[2] != ' ';
}
