// How texts and figures are written in every format that people read.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compare/compare.h"
#include "compare/groups.h"
#include "model/growth.h"

namespace nsvet::render {

/// @return the text without control characters, as UTF-8: what reports hold is not trusted
std::string printable(std::string_view text);

/// @return the number with thin groups: 1234567 as "1 234 567"
std::string grouped(std::int64_t number);

/// @return a share as a change in per cent: 0.1 as "+10.0 %", 41.2 as "x 42.2"
std::string percent(double change);

/// @return what each step of a curve costs; empty where it costs nothing
std::string slope_of(const model::Growth& growth);

/// @return "1 change", "2 changes"
std::string counted(std::size_t n, std::string_view noun);

/// @return the text in lines of at most `width` columns, broken between words where that can be
std::vector<std::string> wrapped(std::string_view text, std::size_t width);

/// @return "1 784 -> 6 724  +276.9 %", or "pass -> fail"
std::string change_of(const compare::Finding& finding);

/// @return what there is beside the unexpected: "3 that follow these, 1 expected, 9 checks as
/// before"
std::string beside(const compare::Comparison& comparison);

/// @return the heading of a section of findings; empty for those of their own
std::string_view heading(compare::Section section);

/// @return "inside/open/{all, pid, user:30}, unshare/pid"; of ids in this order
std::string in_braces(std::span<const std::string> ids);

/// @return "and 3 more, +1.2 % to +3.4 %: inside/open/{all, pid, user:30}"
std::string rest_of(std::span<const compare::Finding> findings);

/// @return "followed by 3: inside/open/{all,pid,user:30}"; empty for a group without followers
std::string followers_of(const compare::Group& group);

/// @return the change of a cost in per cent; "from 0" where there is no such share
std::string share_of(const compare::CostRow& row);

/// @return "in strlen +1186, find_entry +533, others +1458"; empty when the reports do not
/// explain it. "; together +3177" follows where that is not the change of the figures
std::string functions_of(const compare::Finding& finding);

/// @return what is said of a cost that did not change: "=", or "?" and what could have gone unseen
std::string no_change_of(const compare::CostRow& row);

/// @return one line on what the figures of a clock are, and are not
std::string_view clock_note(model::Clock clock);

}  // namespace nsvet::render
