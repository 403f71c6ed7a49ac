#include "cli/document.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>

#include "cli/xml_text.h"

namespace mlffgen::cli {
namespace {

constexpr const char* kStyle =
    "body{font:15px/1.5 sans-serif;max-width:70em;margin:2em auto;padding:0 1em;color:#222;background:#fff}"
    "h1{font-size:1.6em}h2{font-size:1.25em;margin-top:2em}table{border-collapse:collapse;font-size:.9em;margin:1em 0}"
    "th,td{padding:.25em .7em;border-bottom:1px solid #ccc;text-align:left}.number{text-align:right}"
    "code{background:#eee;padding:0 .2em}img{max-width:100%;height:auto}"
    "@media (prefers-color-scheme:dark){body{color:#ddd;background:#16181c}th,td{border-color:#444}"
    "code{background:#2a2d33}}";

std::string html_of(const std::string& paragraph) {
  std::string out;
  bool code = false;
  for (std::size_t begin = 0; begin <= paragraph.size();) {
    const std::size_t end = std::min(paragraph.find('`', begin), paragraph.size());
    out += xml_text(paragraph.substr(begin, end - begin));
    if (end < paragraph.size()) {
      out += code ? "</code>" : "<code>";
      code = !code;
    }
    begin = end + 1;
  }
  return code ? out + "</code>" : out;
}

// A chart as an image of its own, so that its styles and names stay within it.
std::string image_of(const std::string& title, const std::string& svg) {
  std::string address = "data:image/svg+xml,";
  for (const char c : svg) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       std::string_view(" -._:/,;=()@!*").find(c) != std::string_view::npos;
    address += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return fmt::format("<figure><img alt=\"{}\" src=\"{}\"></figure>\n", xml_text(title), address);
}

}  // namespace

Document::Document(std::string title) : title_(std::move(title)) {
  markdown_.push_back(fmt::format("# {}\n", title_));
  html_.push_back(fmt::format("<h1>{}</h1>\n", xml_text(title_)));
}

void Document::heading(const std::string& text) {
  markdown_.push_back(fmt::format("## {}\n", text));
  html_.push_back(fmt::format("<h2>{}</h2>\n", xml_text(text)));
}

void Document::paragraph(const std::string& text) {
  markdown_.push_back(text + '\n');
  html_.push_back(fmt::format("<p>{}</p>\n", html_of(text)));
}

void Document::table(const Table& table) {
  if (table.empty()) return;
  markdown_.push_back(table.markdown());
  html_.push_back(table.html());
}

void Document::chart(const std::string& file, const std::string& title, const std::string& svg) {
  markdown_.push_back(fmt::format("![{}]({})\n", title, file));
  html_.push_back(image_of(title, svg));
}

std::string Document::markdown() const { return fmt::format("{}", fmt::join(markdown_, "\n")); }

std::string Document::html() const {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{}</title>\n<style>{}</style></head>\n"
      "<body>\n{}</body></html>\n",
      xml_text(title_), kStyle, fmt::join(html_, ""));
}

}  // namespace mlffgen::cli
