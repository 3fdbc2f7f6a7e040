#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "cli/command.h"
#include "cli/programs.h"
#include "cli/reports.h"
#include "render/figures.h"
#include "sys/file.h"
#include "vm/command.h"

namespace nsvet::cli {
namespace {

struct Options {
  std::vector<std::string> paths;
  std::string output = "figures";
};

model::Result<void> write_specs(const std::string& folder,
                                const std::vector<render::Figure>& figures) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return model::bad_input(fmt::format("{}: {}", folder, error.message()));
  for (const auto& figure : figures) {
    const auto path = fmt::format("{}/{}.vl.json", folder, figure.name);
    const auto text =
        figure.spec.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    if (const auto written = sys::replace_file(path, text + "\n"); !written) {
      return model::bad_input(fmt::format("{}: {}", path, to_string(written.error())));
    }
  }
  return {};
}

// SVG by Vega in node, all at once; PDF by rsvg-convert, one by one.
model::Result<void> draw(const std::string& folder, const std::vector<render::Figure>& figures) {
  const auto libexec = libexec_folder();
  if (!libexec) return tl::unexpected(libexec.error());
  std::vector<std::string> words{"node", *libexec + "/web/draw.js"};
  for (const auto& figure : figures)
    words.push_back(fmt::format("{}/{}.vl.json", folder, figure.name));
  if (const auto drawn = vm::run_command(words); !drawn) return tl::unexpected(drawn.error());
  for (const auto& figure : figures) {
    const auto stem = fmt::format("{}/{}", folder, figure.name);
    const auto converted =
        vm::run_command({"rsvg-convert", "-f", "pdf", "-o", stem + ".pdf", stem + ".svg"});
    if (!converted) return tl::unexpected(converted.error());
  }
  return {};
}

int plot(const Options& options) {
  const auto read = read_and_compare(options.paths);
  if (!read) return report_error(read.error());
  const auto figures = render::figures_of(read->reports, read->set);
  if (figures.empty()) {
    return report_error(
        {model::Error::Kind::bad_input, "nothing to plot: no report has a benchmark"});
  }
  if (const auto done = write_specs(options.output, figures); !done)
    return report_error(done.error());
  if (const auto done = draw(options.output, figures); !done) return report_error(done.error());
  fmt::print("{}: {} figures\n", options.output, figures.size());
  return kAllGood;
}

}  // namespace

void add_plot(CLI::App& app, Action& chosen) {
  auto* command = app.add_subcommand("plot", "Figures of costs as SVG and PDF, with their specs");
  command->footer(
      "The paths are as for compare. Each figure is written as a Vega-Lite spec that holds its "
      "data\n"
      "(.vl.json), as SVG and as PDF. Drawing needs node and rsvg-convert; the specs need "
      "neither.\n"
      "Example: nsvet plot results/run -o figures");
  const auto options = std::make_shared<Options>();
  command->add_option("REPORT", options->paths, "BASE NEW..., or a folder")->required();
  command->add_option("-o,--output", options->output, "Folder of the figures")
      ->capture_default_str();
  command->callback([&chosen, options] { chosen = [options] { return plot(*options); }; });
}

}  // namespace nsvet::cli
