#include "emitted_operations.h"

#include <cstdlib>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <vector>

namespace mlffgen::test {

namespace {

std::string without_brackets(const std::string& line) {
  std::string result;
  int depth = 0;
  for (const char c : line) {
    if (c == '[') ++depth;
    if (depth == 0) result += c;
    if (c == ']') --depth;
  }
  return result;
}

int occurrences(const std::string& text, const std::string& part) {
  int count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

int products_of_power(int exponent) {
  if (exponent < 0) return 1 + products_of_power(-exponent);
  if (exponent < 2) return 0;
  return 1 + products_of_power(exponent % 2 ? exponent - 1 : exponent / 2);
}

// Operations of a statement done once.
double of_statement(const std::string& line) {
  const std::string text = without_brackets(line);
  double count =
      occurrences(text, " + ") + occurrences(text, " - ") + occurrences(text, " * ") + occurrences(text, " += ");
  static const std::vector<std::pair<std::string, double>> kCalls = {
      {"m_exp(", 8},        {"m_log(", 8},       {"m_sin(", 8},        {"m_cos(", 8},   {"m_sqrt(", 1},
      {"m_reciprocal(", 1}, {"m_rsqrt(", 3},     {"add_multiple<", 2}, {"m_tanh(", 10}, {"m_sigmoid(", 10},
      {"m_silu(", 10},      {"m_softplus(", 19}, {"m_power(", 17}};
  for (const auto& [call, operations] : kCalls) count += operations * occurrences(text, call);
  static const std::regex kPower("power<(-?[0-9]+)>");
  for (std::sregex_iterator at(text.begin(), text.end(), kPower), end; at != end; ++at) {
    count += products_of_power(std::atoi((*at)[1].str().c_str()));
  }
  return count;
}

class Counter {
 public:
  void line(const std::string& text) {
    std::smatch match;
    static const std::regex kProduct(
        "linear_(tile|team)<([0-9]+), ([0-9]+)(?:, ([0-9]+), [13])?>\\((?:rows|E)( \\* 3)?,");
    static const std::regex kChannels("MLFF_EACH_GROUP\\(c, f, ([0-9]+)\\)");
    static const std::regex kInner("for \\(int k = 0; k < ([0-9]+); \\+\\+k\\) \\{");
    const bool per_pair_line = text.find("for (int e = 0; e < E; ++e)") != std::string::npos;
    static const std::regex kEachPair("MLFF_EACH_PAIR(_CHANNEL\\(e, f, count, ([0-9]+)\\))?");
    if (text.find("batch = [&]") != std::string::npos) {
      open(1, in_e(), true);
    } else if (std::regex_search(text, match, kEachPair)) {
      open(match[2].matched ? std::atof(match[2].str().c_str()) : 1, true, true);
    } else if (std::regex_search(text, match, kProduct)) {
      const double work = 2.0 * std::atof(match[2].str().c_str()) * std::atof(match[3].str().c_str()) *
                          (match[4].matched ? std::atof(match[4].str().c_str()) : 1);
      (match[1] == "tile" ? total_.atom : total_.pair) += work * (match[5].matched ? 3 : 1);
    } else if (std::regex_search(text, match, kChannels)) {
      open(std::atof(match[1].str().c_str()), in_e(), in_pairs());
    } else if (std::regex_search(text, match, kInner)) {
      open(std::atof(match[1].str().c_str()), in_e(), in_pairs());
    } else if (per_pair_line && text.back() == '{') {
      open(1, true, in_pairs());
    } else if (text.back() == '{') {
      open(1, in_e(), in_pairs());
    } else if (text.find("};") == text.find_first_not_of(' ') || text.find('}') == text.find_first_not_of(' ')) {
      if (scopes_.empty()) throw std::runtime_error("unbalanced kernel");
      scopes_.pop_back();
    } else {
      statement(text, per_pair_line);
    }
  }

  Operations total() const { return total_; }

 private:
  struct Scope {
    double times;
    bool in_e, in_pairs;
  };

  bool in_e() const { return !scopes_.empty() && scopes_.back().in_e; }
  bool in_pairs() const { return !scopes_.empty() && scopes_.back().in_pairs; }
  void open(double times, bool e, bool pairs) {
    scopes_.push_back({(scopes_.empty() ? 1 : scopes_.back().times) * times, e, pairs});
  }

  void statement(const std::string& text, bool per_pair_line) {
    // Address arithmetic stands outside the loops over channels, in the geometry of a pair, and where groups of
    // channels are read and written.
    static const std::regex kAddress(
        "pair_geometry|constexpr|const int |_sum|Record|barrier|for \\(;|\\(void\\)|whole_quads|"
        "= pair_neighbour|group_at|put_group|split_rows");
    if (scopes_.size() < 2 || std::regex_search(text, kAddress)) return;
    const std::size_t body = per_pair_line ? text.find("++e)") + 4 : 0;
    const double count = of_statement(text.substr(body)) * scopes_.back().times;
    (in_e() || per_pair_line ? total_.pair : in_pairs() ? total_.batch : total_.atom) += count;
  }

  std::vector<Scope> scopes_;
  Operations total_;
};

}  // namespace

Operations count_operations(const std::string& kernel) {
  Counter counter;
  std::istringstream lines(kernel);
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.find("constexpr int kTileNumbers") != std::string::npos) inside = true;
    if (line == "}") break;
    if (inside && line.find_first_not_of(' ') != std::string::npos && line.find("real* const") == std::string::npos)
      counter.line(line);
  }
  return counter.total();
}

std::string kernel_text(const std::string& source, int phase) {
  const std::size_t begin = source.find("MLFF_KERNEL(phase_" + std::to_string(phase) + ",");
  if (begin == std::string::npos) throw std::runtime_error("no such kernel");
  const std::size_t end = source.find("MLFF_KERNEL(phase_", begin + 1);
  return source.substr(begin, end == std::string::npos ? end : end - begin);
}

}  // namespace mlffgen::test
