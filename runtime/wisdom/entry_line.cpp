#include "runtime/wisdom/entry_line.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "runtime/wisdom/store.h"

namespace mlffgen::wisdom {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostCharacters = 200;  // of a name

const Json& member(const Json& object, const char* key) {
  const auto it = object.find(key);
  if (it == object.end()) throw DamagedLine(fmt::format("has no '{}'", key));
  return *it;
}

const Json& object(const Json& parent, const char* key) {
  const Json& value = member(parent, key);
  if (!value.is_object()) throw DamagedLine(fmt::format("has no object '{}'", key));
  return value;
}

std::string text(const Json& parent, const char* key) {
  const Json& value = member(parent, key);
  if (!value.is_string() || value.get_ref<const std::string&>().size() > kMostCharacters ||
      !is_printable_ascii(value.get_ref<const std::string&>())) {
    throw DamagedLine(fmt::format("has no printable text '{}'", key));
  }
  return value.get<std::string>();
}

int whole(const Json& value, const std::string& key, int low) {
  const double number = value.is_number_integer() ? value.get<double>() : std::nan("");
  if (!(number >= low && number <= std::numeric_limits<int>::max())) {
    throw DamagedLine(fmt::format("has no whole number {}", quote(key)));
  }
  return value.get<int>();
}

int whole(const Json& parent, const char* key) { return whole(member(parent, key), key, 1); }

double microseconds(const Json& parent, const char* key) {
  const Json& value = member(parent, key);
  if (!value.is_number() || !std::isfinite(value.get<double>()) || value.get<double>() < 0) {
    throw DamagedLine(fmt::format("has no number '{}'", key));
  }
  return value.get<double>();
}

bool truth(const Json& parent, const char* key) {
  const Json& value = member(parent, key);
  if (!value.is_boolean()) throw DamagedLine(fmt::format("has no truth value '{}'", key));
  return value.get<bool>();
}

Json key_json(const WisdomKey& key) {
  return {{"gpu", key.gpu},
          {"compute_capability", key.compute_capability},
          {"multiprocessors", key.multiprocessors},
          {"driver", key.driver},
          {"nvrtc", key.nvrtc},
          {"generator", key.generator},
          {"model", key.model},
          {"atoms", key.atoms},
          {"small_systems", key.small_systems}};
}

WisdomKey read_key(const Json& json) {
  return {text(json, "gpu"),
          text(json, "compute_capability"),
          whole(json, "multiprocessors"),
          text(json, "driver"),
          text(json, "nvrtc"),
          text(json, "generator"),
          text(json, "model"),
          whole(json, "atoms"),
          truth(json, "small_systems")};
}

ModelConfiguration read_best(const Json& json) {
  ModelConfiguration best;
  best.form = text(json, "form");
  for (const auto& [kernel, values] : object(json, "kernels").items()) {
    if (!is_identifier(kernel) || !values.is_object()) throw DamagedLine("has a kernel without name or values");
    for (const auto& [define, value] : values.items()) {
      if (!is_identifier(define)) throw DamagedLine("has a tunable without name");
      best.kernels[kernel][define] = whole(value, define, std::numeric_limits<int>::min());
    }
  }
  return best;
}

// A model may be called anything.
std::string printable(const std::string& name) {
  std::string kept = name.substr(0, kMostCharacters);
  for (char& character : kept) {
    if (!is_printable_ascii({&character, 1})) character = '?';
  }
  return kept;
}

}  // namespace

std::string write_entry(const WisdomEntry& entry) {
  Json kernels = Json::object();
  for (const auto& [kernel, values] : entry.best.kernels) {
    if (!values.empty()) kernels[kernel] = values;
  }
  const Json json = {{"schema", kSchema},
                     {"key", key_json(entry.key)},
                     {"best", {{"form", entry.best.form}, {"kernels", kernels}}},
                     {"heuristic_us", entry.heuristic_us},
                     {"tuned_us", entry.tuned_us},
                     {"heuristic_error_us", entry.heuristic_error_us},
                     {"tuned_error_us", entry.tuned_error_us},
                     {"model_name", printable(entry.model_name)},
                     {"when", entry.when}};
  const std::string line = json.dump();
  internal_check(read_entry(line).has_value(), "an entry of wisdom that cannot be read again");
  return line;
}

std::optional<WisdomEntry> read_entry(const std::string& line) {
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object()) throw DamagedLine("is not a JSON object");
  if (whole(json, "schema") != kSchema) return std::nullopt;
  WisdomEntry entry;
  entry.key = read_key(object(json, "key"));
  entry.best = read_best(object(json, "best"));
  entry.heuristic_us = microseconds(json, "heuristic_us");
  entry.tuned_us = microseconds(json, "tuned_us");
  entry.heuristic_error_us = microseconds(json, "heuristic_error_us");
  entry.tuned_error_us = microseconds(json, "tuned_error_us");
  entry.model_name = text(json, "model_name");
  const Json& when = member(json, "when");
  if (!when.is_number_integer() || when < 0) throw DamagedLine("has no time 'when'");
  entry.when = when.get<std::int64_t>();
  return entry;
}

}  // namespace mlffgen::wisdom
