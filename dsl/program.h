// The program language in which an architecture is written: its syntax tree and its parser.
//
// Grammar (line based, blocks by indentation as in Python, '#' starts a comment; a line goes on inside brackets):
//
//   program    := statement*
//   statement  := targets '=' expression | name '+=' expression
//               | 'for' name 'in' expression ':' block      (name runs over 0 .. expression - 1, unrolled)
//               | 'if' expression ':' block ['else' ':' block]   (decided when the model is compiled)
//               | 'def' name '(' [name (',' name)*] ')' ':' block  (block ends with 'return expression (','
//               expression)*')
//   targets    := name (',' name)*
//   expression := comparison (== != < <= > >=) of sums, products, '-' unary, '**' powers, and postfix forms
//   postfix    := name '(' arguments ')' | postfix '[' expression [':' expression] ']'
//   atom       := number | "string" | name | '(' expression ')'
//
// Strings may contain {name}, replaced by the value of an integer or text.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"

namespace mlffgen::dsl {

struct Expression {
  enum class Kind {
    number,  // number, is_integer
    string,  // text (braces not yet replaced)
    name,    // text
    unary,   // text = "-"; operands[0]
    binary,  // text = + - * / ** == != < <= > >=; operands[0], operands[1]
    call,    // text = function; operands = positional; keywords = names of the trailing operands given by keyword
    index,   // operands[0] [ operands[1] ]
    slice,   // operands[0] [ operands[1] : operands[2] ]
  };
  Kind kind = Kind::number;
  SourceLocation where;
  std::string text;
  double number = 0;
  bool is_integer = false;
  std::vector<Expression> operands;
  std::vector<std::string> keywords;  // call only: the last keywords.size() operands were written name=value
};

struct Statement {
  enum class Kind { assign, add_assign, for_loop, if_else, define, return_value };
  Kind kind = Kind::assign;
  SourceLocation where;
  std::vector<std::string> targets;  // assign, add_assign: left-hand names; for: the loop variable
                                     // define: the function's name, then its parameters
  std::vector<SourceLocation> target_locations;
  std::vector<Expression> values;    // assign, add_assign, for, if: one; return: one or more
  std::vector<Statement> body;       // for, if, define
  std::vector<Statement> else_body;  // if
};

struct Program {
  std::vector<Statement> statements;
};

// Where a program's text lies in the file it came from, so that errors point into that file.
struct TextOrigin {
  std::string file;
  int first_line = 1;  // line of the text's first line, counted from 1
  int indent = 0;      // columns removed from the front of each line
};

// Parses a program; throws UserError at the first mistake. Bounds: 100,000 characters, 64 levels of nesting.
Program parse_program(const std::string& text, const TextOrigin& origin);

}  // namespace mlffgen::dsl
