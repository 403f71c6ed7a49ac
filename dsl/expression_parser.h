// Recursive-descent parser of expressions, and the token stream that it shares with the statement parser.
//
// Bounds: 64 levels of recursion and trees of at most 200 levels (a sum of 200 terms), so that neither this parser nor
// any recursive walk over its result can exhaust the stack.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "dsl/lexer.h"

namespace mlffgen::dsl {

class TokenStream {
 public:
  explicit TokenStream(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  // The next token, without taking it. Throws UserError where the lexer found a mistake.
  const Token& peek() const;
  // The token after the next; never throws.
  const Token& peek_second() const;
  Token take();

  bool at(Token::Kind kind) const { return peek().kind == kind; }
  bool at_op(const char* op) const { return at(Token::Kind::op) && peek().text == op; }
  bool at_keyword(const char* word) const { return at(Token::Kind::keyword) && peek().text == word; }
  bool take_op_if(const char* op);

  // Takes the token or throws "expected WHAT, found ...".
  Token expect_op(const char* op, const std::string& what);
  Token expect_name(const std::string& what);
  [[noreturn]] void fail_expected(const std::string& what) const;

 private:
  std::vector<Token> tokens_;
  std::size_t next_ = 0;
};

// Parses one expression from the stream.
Expression parse_expression(TokenStream& tokens);

}  // namespace mlffgen::dsl
