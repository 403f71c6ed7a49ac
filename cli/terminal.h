// Progress on the standard error: one line that is written over, only where a person is looking.
#pragma once

#include <string>

namespace mlffgen::cli {

// No progress at all from here on (--quiet).
void silence_progress();

// Shows the text in place of the last one if the standard error is a terminal.
void show_progress(const std::string& text);

// Clears the line, before anything else is printed.
void end_progress();

}  // namespace mlffgen::cli
