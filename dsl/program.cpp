#include "dsl/program.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "dsl/expression_parser.h"
#include "dsl/lexer.h"

namespace mlffgen::dsl {
namespace {

// Block nesting is bounded by the lexer, which refuses the indentation of a 65th level.
class StatementParser {
 public:
  explicit StatementParser(TokenStream& tokens) : tokens_(tokens) {}

  Program program() {
    Program out;
    while (!tokens_.at(Token::Kind::end)) out.statements.push_back(statement());
    return out;
  }

 private:
  Statement statement() {
    if (tokens_.at(Token::Kind::indent)) {
      throw UserError(tokens_.peek().where,
                      "unexpected indentation; only the line after 'for', 'if', 'else' or 'def' is indented");
    }
    if (tokens_.at_keyword("for")) return for_loop();
    if (tokens_.at_keyword("if")) return if_else();
    if (tokens_.at_keyword("def")) return define();
    if (tokens_.at_keyword("else")) {
      throw UserError(tokens_.peek().where, "'else' without an 'if' at the same indentation before it");
    }
    if (tokens_.at_keyword("return")) {
      throw UserError(tokens_.peek().where, "'return' is only allowed as the last statement of a 'def'");
    }
    return assignment();
  }

  static Statement start(Statement::Kind kind, const Token& token) {
    Statement out;
    out.kind = kind;
    out.where = token.where;
    return out;
  }

  static void add_target(Statement& statement, const Token& name) {
    statement.targets.push_back(name.text);
    statement.target_locations.push_back(name.where);
  }

  void end_line(const char* after) {
    if (!tokens_.at(Token::Kind::newline)) tokens_.fail_expected(std::string("the end of the line after ") + after);
    tokens_.take();
  }

  Statement assignment() {
    Statement out = start(Statement::Kind::assign, tokens_.peek());
    do {
      const Token name = tokens_.expect_name("a statement or a name to assign to");
      // '_' is the customary name of what is not needed.
      const bool repeated = std::find(out.targets.begin(), out.targets.end(), name.text) != out.targets.end();
      if (repeated && name.text != "_") {
        throw UserError(name.where, "the name " + quote(name.text) + " is assigned twice in one statement");
      }
      add_target(out, name);
    } while (tokens_.take_op_if(","));

    if (tokens_.at_op("+=")) {
      out.kind = Statement::Kind::add_assign;
      if (out.targets.size() > 1) throw UserError(tokens_.peek().where, "'+=' adds to one name at a time");
      tokens_.take();
    } else if (tokens_.at_op("[")) {
      throw UserError(tokens_.peek().where,
                      "only whole names can be assigned to, not a part of " + quote(out.targets.back()));
    } else {
      tokens_.expect_op("=", "'=' or '+=' after " + quote(out.targets.back()));
    }
    out.values.push_back(parse_expression(tokens_));
    end_line("the assigned expression");
    return out;
  }

  // ':' line break, then at least one statement indented more than the line before.
  std::vector<Statement> block(const std::string& owner) {
    expect_block_start(owner);
    std::vector<Statement> out;
    while (!tokens_.at(Token::Kind::dedent)) out.push_back(statement());
    end_block();
    return out;
  }

  void expect_block_start(const std::string& owner) {
    ++open_blocks_;
    tokens_.expect_op(":", "':' before the block of " + owner);
    if (!tokens_.at(Token::Kind::newline)) {
      tokens_.fail_expected("the end of the line after ':' (the block of " + owner +
                            " is indented on the lines below)");
    }
    tokens_.take();
    if (!tokens_.at(Token::Kind::indent)) tokens_.fail_expected("an indented block after " + owner);
    tokens_.take();
  }

  void end_block() {
    tokens_.take();
    --open_blocks_;
  }

  Statement for_loop() {
    Statement out = start(Statement::Kind::for_loop, tokens_.take());
    add_target(out, tokens_.expect_name("the loop's variable after 'for'"));
    if (!tokens_.at_keyword("in")) tokens_.fail_expected("'in' after the loop's variable");
    tokens_.take();
    out.values.push_back(parse_expression(tokens_));
    out.body = block("'for'");
    return out;
  }

  Statement if_else() {
    Statement out = start(Statement::Kind::if_else, tokens_.take());
    out.values.push_back(parse_expression(tokens_));
    out.body = block("'if'");
    if (tokens_.at_keyword("else")) {
      tokens_.take();
      out.else_body = block("'else'");
    }
    return out;
  }

  Statement define() {
    Statement out = start(Statement::Kind::define, tokens_.take());
    if (open_blocks_ > 0) throw UserError(out.where, "a function is defined at the top level, not inside a block");
    add_target(out, tokens_.expect_name("the function's name after 'def'"));
    tokens_.expect_op("(", "'(' after the function's name");
    if (!tokens_.at_op(")")) {
      do {
        const Token name = tokens_.expect_name("a parameter's name");
        if (std::find(out.targets.begin() + 1, out.targets.end(), name.text) != out.targets.end()) {
          throw UserError(name.where, "the parameter " + quote(name.text) + " is declared twice");
        }
        add_target(out, name);
      } while (tokens_.take_op_if(","));
    }
    tokens_.expect_op(")", "',' or ')' after a parameter's name");
    expect_block_start("'def'");
    while (!tokens_.at_keyword("return")) {
      if (tokens_.at(Token::Kind::dedent)) {
        throw UserError(out.where, "the function " + quote(out.targets.front()) + " does not end with 'return'");
      }
      out.body.push_back(statement());
    }
    out.body.push_back(return_value());
    if (!tokens_.at(Token::Kind::dedent)) tokens_.fail_expected("the end of the function after its 'return'");
    end_block();
    return out;
  }

  Statement return_value() {
    Statement out = start(Statement::Kind::return_value, tokens_.take());
    do {
      out.values.push_back(parse_expression(tokens_));
    } while (tokens_.take_op_if(","));
    end_line("the returned expressions");
    return out;
  }

  TokenStream& tokens_;
  int open_blocks_ = 0;
};

}  // namespace

Program parse_program(const std::string& text, const TextOrigin& origin) {
  TokenStream tokens(tokenize(text, origin));
  return StatementParser(tokens).program();
}

}  // namespace mlffgen::dsl
