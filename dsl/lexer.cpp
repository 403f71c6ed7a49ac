#include "dsl/lexer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/text.h"

namespace mlffgen::dsl {
namespace {

constexpr std::size_t kMaxTextCharacters = 100'000;
constexpr std::size_t kMaxNameCharacters = 64;
constexpr std::size_t kMaxIndentLevels = 64;
constexpr double kMaxInteger = 9007199254740992.0;  // 2^53: every integer up to it has its own double

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name_character(char c) { return is_name_start(c) || is_digit(c); }

class Lexer {
 public:
  Lexer(const std::string& text, const TextOrigin& origin) : text_(text), origin_(origin) {}

  std::vector<Token> run() {
    try {
      if (text_.size() > kMaxTextCharacters) {
        fail(0, "the program has " + std::to_string(text_.size()) + " characters; at most " +
                    std::to_string(kMaxTextCharacters) + " are allowed");
      }
      while (at_ < text_.size()) read_line();
      finish();
    } catch (const Mistake& mistake) {
      tokens_.push_back({Token::Kind::error, mistake.where, mistake.message, 0, false});
    }
    return std::move(tokens_);
  }

 private:
  struct Mistake {
    SourceLocation where;
    std::string message;
  };

  SourceLocation location(std::size_t offset) const {
    return {origin_.file, origin_.first_line + line_, origin_.indent + static_cast<int>(offset - line_start_) + 1};
  }

  [[noreturn]] void fail(std::size_t offset, const std::string& message) const {
    throw Mistake{location(offset), message};
  }

  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  // A line break is \n or \r\n.
  bool at_line_end() const { return at_ >= text_.size() || peek() == '\n' || (peek() == '\r' && peek(1) == '\n'); }

  void add(Token::Kind kind, std::size_t from, std::string text) {
    tokens_.push_back({kind, location(from), std::move(text), 0, false});
  }

  void read_line() {
    read_indentation();
    while (!at_line_end()) read_token();
    const bool ends_statement =
        open_brackets_ == 0 && !tokens_.empty() && tokens_.back().kind != Token::Kind::newline &&
        tokens_.back().kind != Token::Kind::indent && tokens_.back().kind != Token::Kind::dedent;
    if (ends_statement) add(Token::Kind::newline, at_, "");
    skip_line_break();
  }

  void skip_line_break() {
    if (at_ >= text_.size()) return;
    at_ += peek() == '\r' ? 2 : 1;
    ++line_;
    line_start_ = at_;
  }

  void read_indentation() {
    while (peek() == ' ') ++at_;
    if (open_brackets_ > 0 || at_line_end() || peek() == '#') return;
    if (peek() == '\t') fail(at_, "a tab is not allowed in a program; indent with spaces");
    const std::size_t width = at_ - line_start_;
    if (width > indents_.back()) {
      if (indents_.size() > kMaxIndentLevels) {
        fail(at_, "blocks are nested too deeply (at most " + std::to_string(kMaxIndentLevels) + " levels)");
      }
      indents_.push_back(width);
      add(Token::Kind::indent, at_, "");
    }
    while (width < indents_.back()) {
      indents_.pop_back();
      add(Token::Kind::dedent, at_, "");
    }
    if (width != indents_.back()) {
      fail(at_, "this indentation of " + std::to_string(width) + " spaces fits no enclosing block");
    }
  }

  void read_token() {
    const char c = peek();
    if (c == ' ') {
      ++at_;
    } else if (c == '#') {
      read_comment();
    } else if (is_name_start(c)) {
      read_name();
    } else if (is_digit(c) || (c == '.' && is_digit(peek(1)))) {
      read_number();
    } else if (c == '"') {
      read_string();
    } else {
      read_operator();
    }
  }

  void read_comment() {
    while (!at_line_end()) {
      const auto byte = static_cast<unsigned char>(peek());
      if ((byte < ' ' && byte != '\t') || byte == 0x7f) {
        fail(at_, "control character " + quote(text_.substr(at_, 1)) + " in a comment");
      }
      ++at_;
    }
  }

  void read_name() {
    const std::size_t from = at_;
    while (is_name_character(peek())) ++at_;
    std::string name = text_.substr(from, at_ - from);
    if (name.size() > kMaxNameCharacters) {
      fail(from, "the name " + quote(name) + " has " + std::to_string(name.size()) + " characters; at most " +
                     std::to_string(kMaxNameCharacters) + " are allowed");
    }
    const auto& keywords = program_keywords();
    const bool keyword = std::find(keywords.begin(), keywords.end(), name) != keywords.end();
    add(keyword ? Token::Kind::keyword : Token::Kind::name, from, std::move(name));
  }

  // digits [. digits] [e [+-] digits], or . digits; whatever clings to it belongs to the mistake.
  void read_number() {
    const std::size_t from = at_;
    const auto skip_digits = [this] {
      while (is_digit(peek())) ++at_;
    };
    skip_digits();
    bool integer = true;
    if (peek() == '.') {
      integer = false;
      ++at_;
      skip_digits();
    }
    const bool has_sign = peek(1) == '+' || peek(1) == '-';
    if ((peek() == 'e' || peek() == 'E') && is_digit(peek(has_sign ? 2 : 1))) {
      integer = false;
      at_ += has_sign ? 2 : 1;
      skip_digits();
    }
    if (is_name_character(peek()) || peek() == '.') {
      while (is_name_character(peek()) || peek() == '.') ++at_;
      fail(from, quote(text_.substr(from, at_ - from)) + " is not a number (write 12, 0.5 or 1e-8)");
    }
    add_number(from, integer);
  }

  void add_number(std::size_t from, bool integer) {
    const std::string word = text_.substr(from, at_ - from);
    double value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc() || end != word.data() + word.size()) {
      fail(from, "the number " + quote(word) + " is outside the range of double precision");
    }
    if (integer && word.size() > 1 && word.front() == '0') {
      fail(from, "the integer " + quote(word) + " has leading zeros; write it without them");
    }
    if (integer && value > kMaxInteger) fail(from, "the integer " + quote(word) + " is larger than 2**53");
    tokens_.push_back({Token::Kind::number, location(from), word, value, integer});
  }

  void read_string() {
    const std::size_t from = at_++;
    while (peek() != '"') {
      if (at_line_end()) fail(from, "this string has no closing '\"' on its line");
      if (peek() < ' ' || peek() > '~') {
        fail(at_, "character " + quote(text_.substr(at_, 1)) + " in a string; only printable ASCII is allowed");
      }
      if (peek() == '\\') fail(at_, "a backslash in a string; strings have no escapes");
      if (peek() == '{' || peek() == '}') check_braces();
      ++at_;
    }
    add(Token::Kind::string, from, text_.substr(from + 1, at_ - from - 1));
    ++at_;
  }

  // {name} is the only use of braces; leaves at_ on the closing one.
  void check_braces() {
    const std::size_t from = at_;
    std::size_t end = at_ + 1;
    while (end < text_.size() && is_name_character(text_[end])) ++end;
    const std::string_view name = std::string_view(text_).substr(from + 1, end - from - 1);
    if (peek() == '}' || !is_identifier(name) || end >= text_.size() || text_[end] != '}') {
      fail(from, "a brace in a string must be part of {name}, replaced by the value of an integer");
    }
    at_ = end;
  }

  void read_operator() {
    // Longest first.
    static constexpr std::array<std::string_view, 22> kOperators = {
        "**", "+=", "==", "!=", "<=", ">=", "-=", "*=", "/=", "+", "-",
        "*",  "/",  "(",  ")",  "[",  "]",  ",",  ":",  "=",  "<", ">"};
    const std::string_view rest = std::string_view(text_).substr(at_);
    for (const std::string_view op : kOperators) {
      if (!rest.starts_with(op)) continue;
      if (op == "-=" || op == "*=" || op == "/=") {
        fail(at_, quote(op) + " is not an operator of this language; write '+=' or name = name " + op.front() + " ...");
      }
      if (op == "(" || op == "[") ++open_brackets_;
      if ((op == ")" || op == "]") && open_brackets_ > 0) --open_brackets_;
      add(Token::Kind::op, at_, std::string(op));
      at_ += op.size();
      return;
    }
    if (peek() == '\t') fail(at_, "a tab is not allowed in a program; write spaces");
    if (peek() == '\'') fail(at_, "a string is written between double quotes");
    fail(at_, "unexpected character " + quote(rest.substr(0, 1)));
  }

  void finish() {
    // read_line() has ended the last statement, unless a bracket is open: then the end itself is the mistake.
    for (; indents_.size() > 1; indents_.pop_back()) add(Token::Kind::dedent, at_, "");
    add(Token::Kind::end, at_, "");
  }

  const std::string& text_;
  const TextOrigin& origin_;
  std::vector<Token> tokens_;
  std::vector<std::size_t> indents_ = {0};
  std::size_t at_ = 0;
  std::size_t line_start_ = 0;
  int line_ = 0;
  int open_brackets_ = 0;
};

}  // namespace

std::vector<Token> tokenize(const std::string& text, const TextOrigin& origin) { return Lexer(text, origin).run(); }

const std::vector<std::string>& program_keywords() {
  static const std::vector<std::string> list = {"for", "in", "if", "else", "def", "return"};
  return list;
}

}  // namespace mlffgen::dsl
