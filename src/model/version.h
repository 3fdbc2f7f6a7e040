// Kernel versions, ordered by their numbers: 6.12 after 6.2.
#pragma once

#include <string_view>
#include <vector>

namespace nsvet::model {

/// The numbers in front: "6.12.117+deb13-cloud" gives 6, 12, 117.
std::vector<long> version_numbers(std::string_view text);

/// @return negative, zero or positive, as strcmp(3)
int compare_versions(std::string_view a, std::string_view b);

}  // namespace nsvet::model
