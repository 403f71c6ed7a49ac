// Small text helpers for messages: quoting what a user wrote, and finding the name that they may have meant.
//
// Everything that comes from a file or a command line goes through quote() before it enters a message, so that a
// message is always one printable line.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlffgen {

// The candidate nearest to word by edit distance (a swap of neighbours counts once, a letter in the wrong case a
// sixteenth), or nothing if none is near enough to be a slip of the keyboard. The first of equals wins.
std::optional<std::string> nearest_name(std::string_view word, const std::vector<std::string>& candidates);

// "; did you mean 'x'?" with the nearest candidate, or "".
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

// The text between single quotes, with control characters, backslashes and bytes outside ASCII escaped (\n, \t, \xNN)
// and cut after max_characters (then "..." stands before the closing quote).
std::string quote(std::string_view user_text, std::size_t max_characters = 60);

// True if every byte is printable ASCII (space to tilde).
bool is_printable_ascii(std::string_view text);

// True for [A-Za-z_][A-Za-z0-9_]*.
bool is_identifier(std::string_view text);

std::string join(const std::vector<std::string>& parts, std::string_view separator);

// What stands between separators; nothing for an empty text, and no empty part behind a last separator.
std::vector<std::string> split(const std::string& text, char separator);

}  // namespace mlffgen
