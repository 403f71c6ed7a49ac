#include "dsl/expression_parser.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"

namespace mlffgen::dsl {
namespace {

constexpr int kMaxRecursion = 64;
constexpr int kMaxHeight = 200;

// What a message calls a token.
std::string describe(const Token& token) {
  switch (token.kind) {
    case Token::Kind::name:
    case Token::Kind::number:
    case Token::Kind::op:
      return quote(token.text);
    case Token::Kind::keyword:
      return "the reserved word " + quote(token.text);
    case Token::Kind::string:
      return "the string \"" + token.text.substr(0, 40) + (token.text.size() > 40 ? "...\"" : "\"");
    case Token::Kind::newline:
      return "the end of the line";
    case Token::Kind::indent:
      return "an indented line";
    case Token::Kind::dedent:
      return "the end of the block";
    case Token::Kind::end:
      return "the end of the program";
    case Token::Kind::error:
      return token.text;
  }
  throw InternalError("unknown token kind");
}

// A tree and its number of levels.
struct Parsed {
  Expression expression;
  int height = 1;
};

class ExpressionParser {
 public:
  explicit ExpressionParser(TokenStream& tokens) : tokens_(tokens) {}

  Parsed comparison() {
    const Depth depth(*this);
    Parsed left = sum();
    if (!at_comparison()) return left;
    const Token op = tokens_.take();
    left = combine(Expression::Kind::binary, op, std::move(left), sum());
    if (at_comparison()) {
      throw UserError(tokens_.peek().where, "a comparison cannot be chained; put one of them in parentheses");
    }
    return left;
  }

 private:
  // Counts the levels of recursion that are open.
  class Depth {
   public:
    explicit Depth(ExpressionParser& parser) : parser_(parser) {
      // The outermost expression is level 0.
      if (parser.depth_ > kMaxRecursion) {
        throw UserError(parser.tokens_.peek().where,
                        "the expression is nested too deeply (at most " + std::to_string(kMaxRecursion) + " levels)");
      }
      ++parser.depth_;
    }
    Depth(const Depth&) = delete;
    Depth& operator=(const Depth&) = delete;
    ~Depth() { --parser_.depth_; }

   private:
    ExpressionParser& parser_;
  };

  bool at_comparison() const {
    static constexpr std::array<const char*, 6> kOps = {"==", "!=", "<", "<=", ">", ">="};
    return std::any_of(kOps.begin(), kOps.end(), [this](const char* op) { return tokens_.at_op(op); });
  }

  static void add_operand(Parsed& parent, Parsed operand) {
    parent.height = std::max(parent.height, operand.height + 1);
    if (parent.height > kMaxHeight) {
      throw UserError(parent.expression.where, "the expression is too long (at most " + std::to_string(kMaxHeight) +
                                                   " operations in a row); give its parts names");
    }
    parent.expression.operands.push_back(std::move(operand.expression));
  }

  static Parsed node(Expression::Kind kind, const Token& token) {
    Parsed parsed;
    parsed.expression.kind = kind;
    parsed.expression.where = token.where;
    parsed.expression.text = token.text;
    return parsed;
  }

  static Parsed combine(Expression::Kind kind, const Token& op, Parsed left, Parsed right) {
    Parsed parsed = node(kind, op);
    add_operand(parsed, std::move(left));
    add_operand(parsed, std::move(right));
    return parsed;
  }

  Parsed sum() {
    Parsed left = product();
    while (tokens_.at_op("+") || tokens_.at_op("-")) {
      const Token op = tokens_.take();
      left = combine(Expression::Kind::binary, op, std::move(left), product());
    }
    return left;
  }

  Parsed product() {
    Parsed left = unary();
    while (tokens_.at_op("*") || tokens_.at_op("/")) {
      const Token op = tokens_.take();
      left = combine(Expression::Kind::binary, op, std::move(left), unary());
    }
    return left;
  }

  Parsed unary() {
    if (!tokens_.at_op("-")) return power();
    const Depth depth(*this);
    Parsed negated = node(Expression::Kind::unary, tokens_.take());
    add_operand(negated, unary());
    return negated;
  }

  // The exponent may be negated, and itself a power: 2 ** -3 ** 2 is 2 ** (-(3 ** 2)).
  Parsed power() {
    Parsed base = postfix();
    if (!tokens_.at_op("**")) return base;
    const Depth depth(*this);
    const Token op = tokens_.take();
    return combine(Expression::Kind::binary, op, std::move(base), unary());
  }

  Parsed postfix() {
    Parsed value = atom();
    for (;;) {
      if (tokens_.at_op("[")) {
        value = subscript(std::move(value));
      } else if (tokens_.at_op("(")) {
        throw UserError(tokens_.peek().where, "only a function's name can be called");
      } else {
        return value;
      }
    }
  }

  Parsed subscript(Parsed value) {
    const Token open = tokens_.take();
    Parsed parsed = node(Expression::Kind::index, open);
    parsed.expression.text.clear();
    if (tokens_.at_op(":")) tokens_.fail_expected("the first bound of the slice");
    add_operand(parsed, std::move(value));
    add_operand(parsed, comparison());
    if (tokens_.take_op_if(":")) {
      parsed.expression.kind = Expression::Kind::slice;
      if (tokens_.at_op("]")) tokens_.fail_expected("the second bound of the slice");
      add_operand(parsed, comparison());
    }
    close(open, "]");
    return parsed;
  }

  Parsed atom() {
    if (tokens_.at(Token::Kind::number)) {
      const Token token = tokens_.take();
      Parsed parsed = node(Expression::Kind::number, token);
      parsed.expression.number = token.number;
      parsed.expression.is_integer = token.is_integer;
      return parsed;
    }
    if (tokens_.at(Token::Kind::string)) return node(Expression::Kind::string, tokens_.take());
    if (tokens_.at(Token::Kind::name)) {
      const Token token = tokens_.take();
      return tokens_.at_op("(") ? call(token) : node(Expression::Kind::name, token);
    }
    if (!tokens_.at_op("(")) tokens_.fail_expected("an expression");
    const Token open = tokens_.take();
    Parsed inner = comparison();
    close(open, ")");
    return inner;
  }

  Parsed call(const Token& function) {
    Parsed parsed = node(Expression::Kind::call, function);
    const Token open = tokens_.take();
    while (!tokens_.at_op(")")) {
      const bool is_keyword = tokens_.at(Token::Kind::name) && tokens_.peek_second().kind == Token::Kind::op &&
                              tokens_.peek_second().text == "=";
      if (is_keyword) {
        add_keyword(parsed.expression);
      } else if (!parsed.expression.keywords.empty()) {
        throw UserError(tokens_.peek().where, "an argument without a name cannot follow one given by name");
      }
      add_operand(parsed, comparison());
      if (!tokens_.take_op_if(",")) break;
    }
    close(open, ")");
    return parsed;
  }

  void add_keyword(Expression& function) {
    const Token name = tokens_.take();
    tokens_.take();
    auto& keywords = function.keywords;
    if (std::find(keywords.begin(), keywords.end(), name.text) != keywords.end()) {
      throw UserError(name.where, "the argument " + quote(name.text) + " is given twice");
    }
    keywords.push_back(name.text);
  }

  void close(const Token& open, const char* bracket) {
    tokens_.expect_op(bracket, quote(bracket) + " to close the " + quote(open.text) + " opened at line " +
                                   std::to_string(open.where.line) + " column " + std::to_string(open.where.column));
  }

  TokenStream& tokens_;
  int depth_ = 0;
};

}  // namespace

const Token& TokenStream::peek() const {
  const Token& token = tokens_[next_];
  if (token.kind == Token::Kind::error) throw UserError(token.where, token.text);
  return token;
}

const Token& TokenStream::peek_second() const { return tokens_[std::min(next_ + 1, tokens_.size() - 1)]; }

Token TokenStream::take() {
  Token token = peek();
  if (next_ + 1 < tokens_.size()) ++next_;
  return token;
}

bool TokenStream::take_op_if(const char* op) {
  const bool found = at_op(op);
  if (found) take();
  return found;
}

Token TokenStream::expect_op(const char* op, const std::string& what) {
  if (!at_op(op)) fail_expected(what);
  return take();
}

Token TokenStream::expect_name(const std::string& what) {
  if (at(Token::Kind::keyword)) {
    throw UserError(peek().where, "expected " + what + ", but " + quote(peek().text) + " is a reserved word");
  }
  if (!at(Token::Kind::name)) fail_expected(what);
  return take();
}

void TokenStream::fail_expected(const std::string& what) const {
  throw UserError(peek().where, "expected " + what + ", found " + describe(peek()));
}

Expression parse_expression(TokenStream& tokens) { return ExpressionParser(tokens).comparison().expression; }

}  // namespace mlffgen::dsl
