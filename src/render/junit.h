// JUnit XML, as CI services read it.
#pragma once

#include <span>
#include <string>

#include "render/suite.h"

namespace nsvet::render {

/// @return one document: a testsuite for each suite
std::string junit(std::span<const Suite> suites);

}  // namespace nsvet::render
