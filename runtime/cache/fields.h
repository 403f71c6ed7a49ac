// Named texts one behind the other, `name length\nvalue\n` each: any value is allowed, and a person can read it. For
// this folder only.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mlffgen::cache {

using Fields = std::vector<std::pair<std::string, std::string>>;  // names are single words

std::string encode_fields(const Fields& fields);

// Nothing if the text is not what encode_fields writes.
std::optional<Fields> decode_fields(std::string_view text);

}  // namespace mlffgen::cache
