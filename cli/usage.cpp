#include "cli/usage.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace mlffgen::cli {
namespace {

std::vector<std::string> command_names(const CLI::App& program) {
  std::vector<std::string> names;
  for (const CLI::App* command : program.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

bool holds(const std::vector<std::string>& names, const std::string& word) {
  return std::find(names.begin(), names.end(), word) != names.end();
}

// "LIST" of "LIST:{a,b}": the choices are in the description.
std::string type_word(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  return type.substr(0, type.find(':'));
}

class HelpFormatter : public CLI::Formatter {
 public:
  HelpFormatter() { column_width(kColumn); }

  std::string make_option_name(const CLI::Option* option, bool is_positional) const override {
    return is_positional ? type_word(*option) : CLI::Formatter::make_option_name(option, false);
  }

  std::string make_option_opts(const CLI::Option* option) const override {
    const bool takes_value = option->get_type_size() != 0 && !option->get_positional();
    return takes_value ? " " + type_word(*option) : "";
  }

  std::string make_option_desc(const CLI::Option* option) const override {
    const std::string value = option->get_default_str();
    return option->get_description() + (value.empty() ? "" : " (default: " + value + ")");
  }

  std::string make_option_usage(const CLI::Option* option) const override {
    return option->get_required() ? type_word(*option) : "[" + type_word(*option) + "]";
  }

 private:
  static constexpr std::size_t kColumn = 34;
};

}  // namespace

std::shared_ptr<CLI::FormatterBase> help_formatter() { return std::make_shared<HelpFormatter>(); }

CLI::Validator whole_number(long long low, long long high) {
  const auto check = [low, high](const std::string& text) -> std::string {
    long long value = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, value);
    if (error == std::errc() && rest == end && value >= low && value <= high) return {};
    return fmt::format("expected a whole number from {} to {}, not {}", low, high, quote(text));
  };
  return CLI::Validator(check, "");
}

void check_words(const CLI::App& program, const std::vector<std::string>& words) {
  const CLI::App* app = &program;
  const std::vector<std::string> commands = command_names(program);
  for (const std::string& word : words) {
    if (word == "--") return;
    if (word.starts_with("--")) {
      const std::string name = word.substr(0, word.find('='));
      const std::vector<std::string> known = option_names(*app);
      if (holds(known, name)) continue;
      throw UsageError(fmt::format("unknown option {}{}", quote(name), did_you_mean(name, known)));
    }
    if (app != &program || word.starts_with("-")) continue;
    if (!holds(commands, word)) {
      throw UsageError(fmt::format("unknown command {}{}", quote(word), did_you_mean(word, commands)));
    }
    app = program.get_subcommand(word);
  }
}

std::string parse_message(const CLI::ParseError& error) {
  std::string text = error.what();
  while (!text.empty() && (text.back() == '\n' || text.back() == '.')) text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  // "Could not convert": our messages begin in lower case, but names of options and arguments stay as they are.
  if (text.size() > 1 && text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'a' && text[1] <= 'z') {
    text[0] = static_cast<char>(text[0] - 'A' + 'a');
  }
  return text;
}

void usage_check(bool condition, const std::string& message) {
  if (!condition) throw UsageError(message);
}

}  // namespace mlffgen::cli
