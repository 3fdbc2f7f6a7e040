// Tells lies to a thread that has stopped: before a call, after it, and when a signal comes.
#pragma once

#include <map>
#include <vector>

#include "lie.h"
#include "sys/fd.h"
#include "tracee.h"

namespace nsvet::liar {

/// A call from its beginning to its end.
struct Call {
  int number = 0;
  user_regs_struct entered{};       ///< As the program called.
  user_regs_struct registers{};     ///< As they are now.
  std::vector<const Lie*> later{};  ///< To be told when the call ends.
};

class Teller {
 public:
  explicit Teller(const std::vector<Lie>& lies) : lies_(lies) {}

  void before(const Tracee& tracee, Call& call);
  void after(const Tracee& tracee, Call& call);
  /// @return the signal to deliver, 0 for none
  int signal(const Tracee& tracee, int signal);
  /// Writes how often each lie was told, when one of them asks for that.
  /// @return false when the file cannot be written
  bool report() const;

 private:
  bool fits(const Tracee& tracee, const Lie& lie, Call& call);
  bool hold(const Tracee& tracee, const Lie& lie);

  const std::vector<Lie>& lies_;
  std::map<const Lie*, std::uint64_t> seen_;  ///< Calls that fit all but [#K].
  std::map<const Lie*, std::uint64_t> told_;
  std::vector<sys::Fd> held_;  ///< Namespaces.
};

}  // namespace nsvet::liar
