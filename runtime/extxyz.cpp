#include "runtime/extxyz.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <istream>
#include <limits>
#include <ostream>

#include "base/elements.h"
#include "base/error.h"
#include "base/text.h"
#include "runtime/extxyz_header.h"

namespace mlffgen::runtime {
namespace {

enum class Role { species, atomic_number, position, force, other };

struct ColumnPlan {
  Role role;
  int first;  // word of the line
  int extra;  // index in Frame::columns, for Role::other
  int width;
};

constexpr int kMaxWidth = 1000;

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

// Reads one frame; clears the parts of the frame that the file may leave out.
class FrameParser {
 public:
  FrameParser(Frame& frame, SourceLocation where) : frame_(frame), where_(std::move(where)) {}

  void begin(std::string_view count_line) {
    frame_.line = where_.line;
    const auto words = split_words(count_line);
    const auto count = words.size() == 1 ? parse_integer(words[0]) : std::nullopt;
    if (!count || *count < 1 || *count > std::numeric_limits<int>::max()) {
      fail(fmt::format("a frame begins with its number of atoms (1 or more) alone on a line, not {}",
                       quote(count_line)));
    }
    n_atoms_ = static_cast<int>(*count);
    frame_.name.clear();
    frame_.energy.reset();
    frame_.virial.reset();
    frame_.stress.reset();
    frame_.info.clear();
    frame_.columns.clear();
    frame_.forces.clear();
    frame_.structure.atomic_numbers.clear();
    frame_.structure.positions.clear();
    frame_.structure.cell = {};
    frame_.structure.periodic = {};
  }

  int n_atoms() const { return n_atoms_; }

  void header(std::string_view line) {
    ++where_.line;
    const bool plain = line.find('=') == std::string_view::npos;
    std::string properties = "species:S:1:pos:R:3";
    std::optional<std::string> pbc;
    bool has_lattice = false;
    std::vector<std::string> seen;
    // A title may hold a lone apostrophe: without any '=' there is nothing to parse.
    if (plain) {
      for (const auto word : split_words(line)) {
        frame_.info.emplace_back(word.starts_with('"') ? quoted_value(std::string(word)) : std::string(word), "");
      }
    } else {
      for (auto& entry : parse_header(line, where_)) {
        const auto key = lower(entry.key);
        const bool known = entry.has_value && understand(key, entry, properties, pbc, has_lattice);
        if (!known) {
          frame_.info.emplace_back(entry.has_value ? entry.key : entry.raw, entry.has_value ? entry.raw : "");
        } else if (std::find(seen.begin(), seen.end(), key) != seen.end()) {
          fail(fmt::format("{} is given twice", entry.key));
        } else {
          seen.push_back(key);
        }
      }
    }
    set_periodicity(pbc, has_lattice);
    plan_columns(properties);
  }

  void atom(std::string_view line) {
    ++where_.line;
    words_ = split_words(line);
    if (static_cast<int>(words_.size()) != n_words_) {
      fail(fmt::format("atom {} (counting from 0) of {} has {} columns and should have {}",
                       frame_.structure.positions.size(), n_atoms_, words_.size(), n_words_));
    }
    int number = 0;
    for (const auto& column : plan_) number = read_column(column, number);
    frame_.structure.atomic_numbers.push_back(number);
  }

 private:
  [[noreturn]] void fail(const std::string& message) const { throw UserError(where_, message); }

  bool understand(const std::string& key, const HeaderEntry& entry, std::string& properties,
                  std::optional<std::string>& pbc, bool& has_lattice) {
    if (key == "lattice") {
      const auto numbers = tensor(entry, false);
      for (std::size_t k = 0; k < 9; ++k) frame_.structure.cell[k / 3][k % 3] = numbers[k];
      has_lattice = true;
    } else if (key == "pbc") {
      pbc = entry.value;
    } else if (key == "properties") {
      properties = entry.value;
    } else if (entry.key == "energy") {
      frame_.energy = parse_real(entry.value, "energy", where_);
    } else if (entry.key == "virial") {
      frame_.virial = tensor(entry, true);
    } else if (entry.key == "stress") {
      frame_.stress = tensor(entry, true);
    } else if (entry.key == "name") {
      frame_.name = entry.value;
    } else {
      return false;
    }
    return true;
  }

  // Nine numbers by rows (brackets and commas between them are ignored), or six of a symmetric tensor.
  std::array<double, 9> tensor(const HeaderEntry& entry, bool symmetric) const {
    std::string text = entry.value.starts_with("_JSON ") ? entry.value.substr(6) : entry.value;
    std::replace_if(text.begin(), text.end(), [](char c) { return c == ',' || c == '[' || c == ']'; }, ' ');
    const auto words = split_words(text);
    if (words.size() != 9 && !(symmetric && words.size() == 6)) {
      fail(fmt::format("{} must have nine numbers{}, not {}", entry.key, symmetric ? " (or six)" : "", words.size()));
    }
    static constexpr std::array<std::size_t, 9> kFromSix = {0, 5, 4, 5, 1, 3, 4, 3, 2};
    std::array<double, 9> result{};
    for (std::size_t k = 0; k < 9; ++k) {
      result[k] = parse_real(words[words.size() == 6 ? kFromSix[k] : k], entry.key, where_);
    }
    return result;
  }

  void set_periodicity(const std::optional<std::string>& pbc, bool has_lattice) {
    auto& periodic = frame_.structure.periodic;
    periodic.fill(has_lattice && !pbc);
    if (!pbc) return;
    std::string text = *pbc;
    std::replace_if(text.begin(), text.end(), [](char c) { return c == ',' || c == '[' || c == ']'; }, ' ');
    auto words = split_words(text);
    if (words.size() == 1) words.resize(3, words[0]);
    if (words.size() != 3) fail(fmt::format("pbc must be three of T and F, not {}", quote(*pbc)));
    for (std::size_t d = 0; d < 3; ++d) {
      const auto word = lower(std::string(words[d]));
      const bool yes = word == "t" || word == "true" || word == "1";
      if (!yes && word != "f" && word != "false" && word != "0") {
        fail(fmt::format("pbc must be three of T and F, not {}", quote(*pbc)));
      }
      periodic[d] = yes;
    }
    if (!has_lattice && (periodic[0] || periodic[1] || periodic[2])) {
      fail(fmt::format("pbc={} needs a Lattice", quote(*pbc)));
    }
  }

  void plan_columns(const std::string& properties) {
    std::vector<std::string> parts;
    for (std::size_t at = 0; at <= properties.size();) {
      const auto end = std::min(properties.find(':', at), properties.size());
      parts.push_back(properties.substr(at, end - at));
      at = end + 1;
    }
    if (parts.size() % 3 != 0)
      fail(fmt::format("Properties must be name:type:count triples, not {}", quote(properties)));
    for (std::size_t k = 0; k < parts.size(); k += 3) plan_column(parts[k], parts[k + 1], parts[k + 2]);
    if (!has(Role::position)) fail(fmt::format("Properties={} lacks pos:R:3", quote(properties)));
    if (!has(Role::species) && !has(Role::atomic_number)) {
      fail(fmt::format("Properties={} lacks species:S:1 (or Z:I:1)", quote(properties)));
    }
  }

  void plan_column(const std::string& name, const std::string& type, const std::string& width_text) {
    const auto width = parse_integer(width_text);
    if (name.empty() || type.size() != 1 || std::string("RISL").find(type) == std::string::npos || !width ||
        *width < 1 || *width > kMaxWidth) {
      fail(fmt::format("column {} of Properties must be a name, R, I, S or L, and a count from 1 to {}",
                       quote(name + ":" + type + ":" + width_text), kMaxWidth));
    }
    Role role = Role::other;
    int expected = 3;
    if (name == "species" || name == "Z") {
      role = name == "Z" ? Role::atomic_number : Role::species;
      expected = 1;
    } else if (name == "pos") {
      role = Role::position;
    } else if (name == "forces" || name == "force") {
      role = Role::force;
    }
    if (role != Role::other && *width != expected) fail(fmt::format("column {} must have {} values", name, expected));
    if (role != Role::other && has(role)) fail(fmt::format("column {} is given twice", name));
    plan_.push_back({role, n_words_, static_cast<int>(frame_.columns.size()), static_cast<int>(*width)});
    if (role == Role::other) frame_.columns.push_back({name, type[0], static_cast<int>(*width), {}});
    n_words_ += static_cast<int>(*width);
  }

  bool has(Role role) const {
    return std::any_of(plan_.begin(), plan_.end(), [&](const ColumnPlan& column) { return column.role == role; });
  }

  // Returns the atomic number as known after this column.
  int read_column(const ColumnPlan& column, int number) {
    const auto first = static_cast<std::size_t>(column.first);
    switch (column.role) {
      case Role::species:
        return agree(number, species(words_[first]));
      case Role::atomic_number:
        return agree(number, charge(words_[first]));
      case Role::position:
        frame_.structure.positions.push_back(vector(first, "a position"));
        return number;
      case Role::force:
        frame_.forces.push_back(vector(first, "a force"));
        return number;
      case Role::other: {
        std::string text;
        for (int k = 0; k < column.width; ++k) {
          if (k > 0) text += ' ';
          text += words_[first + static_cast<std::size_t>(k)];
        }
        frame_.columns[static_cast<std::size_t>(column.extra)].text.push_back(std::move(text));
        return number;
      }
    }
    throw InternalError("a column has no role");
  }

  int species(std::string_view word) const {
    if (const auto number = find_element(word)) return *number;
    if (parse_integer(word)) return charge(word);
    try {
      return atomic_number(word);
    } catch (const UserError& error) {
      fail(error.what());
    }
  }

  int charge(std::string_view word) const {
    const auto number = parse_integer(word);
    if (!number || *number < 1 || *number > kMaxAtomicNumber) {
      fail(fmt::format("an atomic number must be 1 to {}, not {}", kMaxAtomicNumber, quote(word)));
    }
    return static_cast<int>(*number);
  }

  int agree(int known, int read) const {
    if (known != 0 && known != read) {
      fail(fmt::format("species and Z disagree: {} and {}", element_symbol(known), element_symbol(read)));
    }
    return read;
  }

  Vector3 vector(std::size_t first, std::string_view what) const {
    return {parse_real(words_[first], what, where_), parse_real(words_[first + 1], what, where_),
            parse_real(words_[first + 2], what, where_)};
  }

  Frame& frame_;
  SourceLocation where_;
  int n_atoms_ = 0;
  int n_words_ = 0;
  std::vector<ColumnPlan> plan_;
  std::vector<std::string_view> words_;
};

template <class Numbers>
std::string numbers_text(const Numbers& numbers) {
  std::string text = "\"";
  for (const double value : numbers)
    fmt::format_to(std::back_inserter(text), "{}{:.16g}", text.size() > 1 ? " " : "", value);
  return text + '"';
}

std::string header_text(const Frame& frame) {
  const auto& structure = frame.structure;
  std::string text;
  const bool has_cell = structure.cell != std::array<Vector3, 3>{};
  if (has_cell) {
    std::array<double, 9> cell{};
    for (std::size_t k = 0; k < 9; ++k) cell[k] = structure.cell[k / 3][k % 3];
    const auto& pbc = structure.periodic;
    text = fmt::format("Lattice={} pbc=\"{} {} {}\" ", numbers_text(cell), pbc[0] ? 'T' : 'F', pbc[1] ? 'T' : 'F',
                       pbc[2] ? 'T' : 'F');
  }
  text += "Properties=species:S:1:pos:R:3";
  if (!frame.forces.empty()) text += ":forces:R:3";
  for (const auto& column : frame.columns) text += fmt::format(":{}:{}:{}", column.name, column.type, column.width);
  if (frame.energy) text += fmt::format(" energy={:.16g}", *frame.energy);
  if (frame.virial) text += " virial=" + numbers_text(*frame.virial);
  if (frame.stress) text += " stress=" + numbers_text(*frame.stress);
  if (!frame.name.empty()) text += " name=" + quoted_value(frame.name);
  for (const auto& [key, raw] : frame.info) text += raw.empty() ? " " + key : " " + quoted_value(key) + "=" + raw;
  return text;
}

}  // namespace

ExtxyzReader::ExtxyzReader(const std::filesystem::path& path)
    : file_(std::make_unique<std::ifstream>(path, std::ios::binary)), stream_(file_.get()), name_(path.string()) {
  if (!*file_) throw UserError(fmt::format("{}: cannot open the file for reading", name_));
}

ExtxyzReader::ExtxyzReader(std::istream& stream, std::string name) : stream_(&stream), name_(std::move(name)) {}

bool ExtxyzReader::read(Frame& frame) {
  const auto next_line = [&] {
    if (!std::getline(*stream_, text_)) return false;
    ++line_;
    if (text_.ends_with('\r')) text_.pop_back();
    return true;
  };
  // Blank lines may follow a frame.
  do {
    if (!next_line()) {
      if (stream_->bad()) throw UserError(fmt::format("{}: the file cannot be read", name_));
      return false;
    }
  } while (split_words(text_).empty());
  FrameParser parser(frame, {name_, line_, 0});
  parser.begin(text_);
  const auto require_line = [&](int atoms_read) {
    if (next_line()) return;
    throw UserError({name_, line_, 0}, fmt::format("the file ends within the frame of line {}: {} of {} atoms",
                                                   frame.line, atoms_read, parser.n_atoms()));
  };
  require_line(0);
  parser.header(text_);
  for (int atom = 0; atom < parser.n_atoms(); ++atom) {
    require_line(atom);
    parser.atom(text_);
  }
  return true;
}

std::vector<Frame> read_extxyz(const std::filesystem::path& path) {
  ExtxyzReader reader(path);
  std::vector<Frame> frames;
  for (Frame frame; reader.read(frame);) frames.push_back(std::move(frame));
  return frames;
}

void write_extxyz(std::ostream& stream, const Frame& frame) {
  const auto& structure = frame.structure;
  const std::size_t n_atoms = structure.positions.size();
  internal_check(structure.atomic_numbers.size() == n_atoms, "a frame's atomic numbers and positions differ in number");
  internal_check(frame.forces.empty() || frame.forces.size() == n_atoms, "a frame's forces differ in number");
  std::string text = fmt::format("{}\n{}\n", n_atoms, header_text(frame));
  const auto put = [&](const Vector3& v) {
    fmt::format_to(std::back_inserter(text), " {:.16g} {:.16g} {:.16g}", v[0], v[1], v[2]);
  };
  for (std::size_t i = 0; i < n_atoms; ++i) {
    text += element_symbol(structure.atomic_numbers[i]);
    put(structure.positions[i]);
    if (!frame.forces.empty()) put(frame.forces[i]);
    for (const auto& column : frame.columns) text += ' ' + column.text.at(i);
    text += '\n';
  }
  stream.write(text.data(), static_cast<std::streamsize>(text.size()));
}

}  // namespace mlffgen::runtime
