// The commands of the program: each file adds one to the command line and says how to run it.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace mlffgen::cli {

struct Command {
  CLI::App* app = nullptr;
  std::function<int()> run;  // the exit status; called once the command line is parsed
};

Command add_compile(CLI::App& program);
Command add_eval(CLI::App& program);
Command add_profile(CLI::App& program);
Command add_bench(CLI::App& program);
Command add_autotune(CLI::App& program);
Command add_md(CLI::App& program);
Command add_check(CLI::App& program);
Command add_verify(CLI::App& program);
Command add_explain(CLI::App& program);
Command add_import(CLI::App& program);
Command add_info(CLI::App& program);
Command add_cache(CLI::App& program);
Command add_doctor(CLI::App& program);

}  // namespace mlffgen::cli
