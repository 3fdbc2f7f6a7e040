// ^C and kill(1): the first one ends what runs in good order, the second one at once.
#pragma once

namespace nsvet::cli {

/// From now on SIGINT and SIGTERM are noted, once each; again, they kill.
void catch_interrupts();

/// @return whether one has come
bool interrupted();

}  // namespace nsvet::cli
