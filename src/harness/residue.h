// What a run left behind on its kernel: what was not there before it.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace nsvet::harness {

/// The parts of the initial namespaces that a check or benchmark might alter, by name.
using Surroundings = std::map<std::string, std::string>;

Surroundings surroundings();

/// @return one line for each difference; must be empty
std::vector<std::string> residue(const Surroundings& before, const Surroundings& after);

}  // namespace nsvet::harness
