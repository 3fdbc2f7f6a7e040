// KTAP version 1, as Documentation/dev-tools/ktap.rst has it and kunit.py parses it.
#pragma once

#include <span>
#include <string>

#include "render/suite.h"

namespace nsvet::render {

/// @return one document: a subtest for each suite, with its cases
std::string ktap(std::span<const Suite> suites);

}  // namespace nsvet::render
