#include "cli/interrupt.h"

#include <csignal>
#include <initializer_list>

namespace nsvet::cli {
namespace {

volatile std::sig_atomic_t noted = 0;

}  // namespace

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = [](int) { noted = 1; };
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  for (const int signal : {SIGINT, SIGTERM}) ::sigaction(signal, &action, nullptr);
}

bool interrupted() { return noted != 0; }

}  // namespace nsvet::cli
