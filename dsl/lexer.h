// The lexer of the program language (grammar in dsl/program.h).
//
// Lines and blocks become tokens of their own: newline ends a logical line (never inside brackets), indent and dedent
// bracket a block. Blank lines and comments leave no token. The list always ends with an end token, or with an error
// token where the text cannot be read further: its message is thrown when the parser gets there, so that the mistake
// reported is the first one in the text.
#pragma once

#include <string>
#include <vector>

#include "dsl/program.h"

namespace mlffgen::dsl {

struct Token {
  enum class Kind { name, keyword, number, string, op, newline, indent, dedent, end, error };
  Kind kind = Kind::end;
  SourceLocation where;
  std::string text;         // as written; a string's without its quotes; an error's message
  double number = 0;        // number
  bool is_integer = false;  // number
};

std::vector<Token> tokenize(const std::string& text, const TextOrigin& origin);

// Words that the language keeps for itself: for, in, if, else, def, return.
const std::vector<std::string>& program_keywords();

}  // namespace mlffgen::dsl
