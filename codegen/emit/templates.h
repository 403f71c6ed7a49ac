// Access to the skeletons of templates/phase.cu and the shims, embedded in the compiler.
#pragma once

#include <map>
#include <string>

namespace mlffgen::emit {

// The whole text of a template file.
std::string template_file(const std::string& name);

// The skeleton between "//@begin NAME" and "//@end NAME" of templates/phase.cu with each hole filled by the text of its
// name. Throws InternalError unless every hole is filled exactly once. Filled lines take the indentation of their hole.
std::string fill_skeleton(const std::string& name, const std::map<std::string, std::string>& holes);

// Each line of a text moved right.
std::string indented(const std::string& text, int columns);

}  // namespace mlffgen::emit
