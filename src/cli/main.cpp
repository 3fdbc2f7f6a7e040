#include <fmt/core.h>

#include "cli/command.h"

namespace nsvet::cli {

int report_error(const model::Error& error) {
  fmt::print(stderr, "nsvet: {}\n", error.message);
  return error.kind == model::Error::Kind::bad_input ? kBadInput : kCannotRun;
}

namespace {

constexpr const char* kFooter =
    "Exit codes: 0 all as it should be, 1 failed checks or unexpected changes,\n"
    "2 bad call or bad input, 3 a cell could not be run.";

int run(int argc, char** argv) {
  CLI::App app("Vets the namespaces of a Linux kernel: what they guarantee, and what they cost.",
               "nsvet");
  app.set_version_flag("--version", NSVET_VERSION);
  app.require_subcommand(1);
  app.footer(kFooter);
  app.failure_message(CLI::FailureMessage::simple);
  Action chosen;
  add_list(app, chosen);
  add_run(app, chosen);
  add_inspect(app, chosen);
  add_kernels(app, chosen);
  add_matrix(app, chosen);
  add_compare(app, chosen);
  add_report(app, chosen);
  add_plot(app, chosen);
  add_explain(app, chosen);
  add_bisect(app, chosen);
  add_explore(app, chosen);
  add_coverage(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& wanted) {  // --help, --version
    return app.exit(wanted);
  } catch (const CLI::ParseError& wrong) {
    return report_error(
        {model::Error::Kind::bad_input, fmt::format("{} (see: nsvet --help)", wrong.what())});
  }
  return chosen();
}

}  // namespace
}  // namespace nsvet::cli

int main(int argc, char** argv) { return nsvet::cli::run(argc, argv); }
