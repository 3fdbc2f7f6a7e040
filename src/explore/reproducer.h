// A finding as a C program that needs nothing of ours.
#pragma once

#include <string>

#include "explore/sequence.h"

namespace nsvet::explore {

/// A program made of the very sources that ran: it builds with `cc FILE.c`, runs the sequence in a
/// sandbox of its own as root, and prints its trace.
/// @param comment lines for its head
std::string reproducer(const Sequence& sequence, const std::string& comment);

}  // namespace nsvet::explore
