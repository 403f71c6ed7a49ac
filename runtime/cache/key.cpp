#include "runtime/cache/key.h"

#include <fmt/format.h>

#include "base/hash.h"
#include "runtime/cache/fields.h"

namespace mlffgen::cache {

std::string key_text(const KeyFields& key) {
  Fields fields = {{"schema", std::to_string(kSchema)},
                   {"generator", key.generator_version},
                   {"arch", key.arch},
                   {"nvrtc", key.nvrtc_version},
                   {"driver", key.driver_version}};
  for (const std::string& option : key.options) fields.emplace_back("option", option);
  fields.emplace_back("source", key.source);
  return encode_fields(fields);
}

std::string entry_name(const std::string& key_text) {
  return fmt::format("{}.v{}.cubin", hash128_hex(key_text), kSchema);
}

}  // namespace mlffgen::cache
