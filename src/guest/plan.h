// What a guest is told to do: /plan.json in its initramfs.
#pragma once

#include <string>
#include <string_view>

#include "harness/runner.h"
#include "model/error.h"

namespace nsvet::guest {

std::string plan_to_json(const harness::RunPlan& plan);
model::Result<harness::RunPlan> plan_from_json(std::string_view text);

}  // namespace nsvet::guest
