// The program `mlffgen`: parses the command line, runs one command, and turns errors into messages and exit statuses.
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/command.h"
#include "cli/output_file.h"
#include "cli/terminal.h"
#include "cli/usage.h"

namespace {

using namespace mlffgen;

enum Status { kFine = 0, kUserError = 1, kUsageError = 2, kInternalError = 70 };

constexpr const char* kFooter = R"(examples:
  mlffgen compile spec.yaml --weights weights.safetensors -o model.mlff
  mlffgen eval model.mlff structures.extxyz -o results.extxyz
  mlffgen check model.mlff
  mlffgen COMMAND --help

exit status: 0 success, 1 an error in the input or a failed check, 2 a wrong call, 70 an error in mlffgen itself
environment: 'mlffgen doctor' lists the variables and says what is found
)";

int fail(Status status, const std::string& message) {
  cli::end_progress();
  fmt::print(stderr, "mlffgen: error: {}\n", message);
  if (status == kInternalError) {
    fmt::print(stderr,
               "mlffgen: this is a defect of mlffgen: please report it with the command, its input and the output of "
               "'mlffgen doctor --json'\n");
  }
  return status;
}

int run(const std::vector<std::string>& words) {
  CLI::App program("mlffgen: a compiler for machine-learned force fields", "mlffgen");
  program.set_version_flag("--version", std::string("mlffgen ") + MLFFGEN_VERSION);
  program.set_help_flag("-h,--help", "print this help and exit");
  program.footer(kFooter);
  program.formatter(cli::help_formatter());
  program.require_subcommand(0, 1);
  const std::vector<cli::Command> commands = {
      cli::add_compile(program),  cli::add_eval(program),   cli::add_profile(program), cli::add_bench(program),
      cli::add_autotune(program), cli::add_md(program),     cli::add_check(program),   cli::add_verify(program),
      cli::add_explain(program),  cli::add_import(program), cli::add_info(program),    cli::add_cache(program),
      cli::add_doctor(program)};
  try {
    cli::check_words(program, words);
    std::vector<std::string> reversed(words.rbegin(), words.rend());
    program.parse(std::move(reversed));
  } catch (const CLI::ParseError& error) {
    // Help and version arrive as errors of status 0.
    if (error.get_exit_code() == 0) return program.exit(error);
    throw cli::UsageError(cli::parse_message(error));
  }
  for (const cli::Command& command : commands) {
    if (command.app->parsed()) return command.run();
  }
  throw cli::UsageError("no command given");
}

}  // namespace

int main(int argc, char** argv) {
  try {
    cli::install_interrupt_handler();
    const int status = run(std::vector<std::string>(argv + 1, argv + argc));
    // What was printed counts only if it arrived.
    if (std::fflush(stdout) != 0) throw UserError("cannot write to the standard output");
    return status;
  } catch (const cli::UsageError& error) {
    fail(kUsageError, error.what());
    fmt::print(stderr, "mlffgen: see 'mlffgen {}--help'\n", argc > 1 && argv[1][0] != '-' ? "COMMAND " : "");
    return kUsageError;
  } catch (const UserError& error) {
    return fail(kUserError, error.what());
  } catch (const DeviceError& error) {
    return fail(kUserError, error.what());
  } catch (const InternalError& error) {
    return fail(kInternalError, error.what());
  } catch (const std::bad_alloc&) {
    return fail(kUserError, "not enough memory");
  } catch (const std::exception& error) {
    return fail(kInternalError, error.what());
  }
}
