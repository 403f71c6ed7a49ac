#include "runtime/cache/entry.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/hash.h"
#include "base/text.h"
#include "runtime/cache/fields.h"
#include "runtime/cache/key.h"

namespace mlffgen::cache {
namespace {

constexpr std::string_view kMagic = "mlffgen cubin";
constexpr std::size_t kChecksumBytes = 32;

struct Header {
  std::uint64_t facts = 0, key = 0, cubin = 0;  // bytes

  // Of fixed length, so that a header is recognised by writing it again.
  std::string str() const { return fmt::format("{} {:04} {:012} {:012} {:012}\n", kMagic, kSchema, facts, key, cubin); }
};

const std::size_t kHeaderBytes = Header{}.str().size();

std::uint64_t number(std::string_view text, std::size_t begin, std::size_t digits) {
  std::uint64_t value = 0;
  std::from_chars(text.data() + begin, text.data() + begin + digits, value);
  return value;
}

Header read_header(std::string_view bytes, std::uint64_t file_bytes) {
  if (bytes.size() < kHeaderBytes) throw DamagedEntry("is cut short");
  constexpr std::size_t kSchemaEnd = kMagic.size() + 5, kDigits = 12;
  const Header header = {number(bytes, kSchemaEnd + 1, kDigits), number(bytes, kSchemaEnd + kDigits + 2, kDigits),
                         number(bytes, kSchemaEnd + 2 * kDigits + 3, kDigits)};
  if (bytes.substr(0, kHeaderBytes) != header.str()) throw DamagedEntry("does not begin as an entry of this version");
  if (header.facts > kMaxFactsBytes - kHeaderBytes) throw DamagedEntry("has too long a description");
  const std::uint64_t expected = kHeaderBytes + header.facts + header.key + header.cubin + kChecksumBytes;
  if (file_bytes != expected) throw DamagedEntry(fmt::format("has {} bytes instead of {}", file_bytes, expected));
  return header;
}

// Options are the only fact that there may be several of.
Facts decode_facts(std::string_view text) {
  const auto fields = decode_fields(text);
  if (!fields) throw DamagedEntry("has an unreadable description");
  Facts facts;
  for (const auto& [name, value] : *fields) {
    if (name == "model") facts.model = value;
    if (name == "arch") facts.arch = value;
    if (name == "generator") facts.generator = value;
    if (name == "option") facts.options.push_back(value);
    if (name == "created") std::from_chars(value.data(), value.data() + value.size(), facts.created);
  }
  return facts;
}

std::string encode_facts(const Facts& facts) {
  Fields fields = {{"model", facts.model},
                   {"arch", facts.arch},
                   {"generator", facts.generator},
                   {"created", std::to_string(facts.created)}};
  for (const std::string& option : facts.options) fields.emplace_back("option", option);
  const std::string text = encode_fields(fields);
  // Nothing but a listing needs them.
  return text.size() <= kMaxFactsBytes - kHeaderBytes ? text : std::string();
}

}  // namespace

std::string write_entry(const Facts& facts, std::string_view key, std::span<const std::byte> cubin) {
  const std::string facts_text = encode_facts(facts);
  std::string bytes = Header{facts_text.size(), key.size(), cubin.size()}.str();
  bytes.reserve(bytes.size() + facts_text.size() + key.size() + cubin.size() + kChecksumBytes);
  bytes += facts_text;
  bytes += key;
  bytes.append(reinterpret_cast<const char*>(cubin.data()), cubin.size());
  bytes += hash128_hex(bytes);
  return bytes;
}

EntryView read_entry(std::string_view bytes) {
  const Header header = read_header(bytes, bytes.size());
  const std::size_t end = bytes.size() - kChecksumBytes;
  if (bytes.substr(end) != hash128_hex(bytes.substr(0, end))) throw DamagedEntry("does not match its checksum");
  EntryView entry;
  std::size_t begin = kHeaderBytes;
  entry.facts = decode_facts(bytes.substr(begin, header.facts));
  begin += header.facts;
  entry.key = bytes.substr(begin, header.key);
  begin += header.key;
  entry.cubin = std::as_bytes(std::span(bytes.data() + begin, header.cubin));
  return entry;
}

Facts read_facts(std::string_view beginning, std::uint64_t file_bytes) {
  const Header header = read_header(beginning, file_bytes);
  if (beginning.size() < kHeaderBytes + header.facts) throw DamagedEntry("is cut short");
  return decode_facts(beginning.substr(kHeaderBytes, header.facts));
}

}  // namespace mlffgen::cache
