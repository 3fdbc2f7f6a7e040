// Reports side by side: one view for each user, boot parameters and clock, its kernels in order.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "model/report.h"

namespace nsvet::render {

struct View {
  std::string label;                 ///< "as root, with init_on_alloc=1"
  std::string name;                  ///< The same for a file: "root-init_on_alloc=1"
  std::vector<std::size_t> reports;  ///< Positions in the reports, oldest kernel first.
  std::vector<std::string> kernels;  ///< What to call the kernel of each: no two alike.
  std::vector<std::string> colours;  ///< Of each kernel, in every chart.
  model::Clock clock = model::Clock::wall;
};

/// @return a view for each kind of cell, root first; every report is in one
std::vector<View> views_of(std::span<const model::Report> reports);

}  // namespace nsvet::render
