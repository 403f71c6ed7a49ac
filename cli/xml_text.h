// Text within XML and HTML: any UTF-8, with their own characters escaped and what no text may hold replaced.
#pragma once

#include <string>

namespace mlffgen::cli {

std::string xml_text(const std::string& text);

}  // namespace mlffgen::cli
