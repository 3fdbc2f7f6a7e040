// One lie: which system calls or signals it concerns, and what it makes of them. README.md has the
// vocabulary.
#pragma once

#include <array>
#include <cstdint>
#include <regex>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace nsvet::liar {

struct Condition {
  enum class Test { equals, differs, bits, contains, inside, outside, init, nth };
  Test test = Test::equals;
  unsigned argument = 0;    ///< 0 to 5
  std::uint64_t value = 0;  ///< nth: counted from 1
  std::string text{};       ///< contains: part of a path; inside, outside: a namespace type
};

struct Lie {
  enum class Verb {
    answer,    ///< Not done; the caller gets `to`.
    argument,  ///< An argument of the call is changed: `change`.
    before,    ///< Memory that an argument points to is changed before the call.
    after,     ///< The same, after a call that succeeded.
    strip,     ///< CLONE_* flags are taken away.
    add,       ///< CLONE_* flags are added.
    hold,      ///< The caller's namespace of the type `text` is never freed.
    error,     ///< `from` becomes `to`; no error when `to` is 0.
    result,    ///< `from`, or any success, becomes `to`.
    read,      ///< Text that comes back is changed: `pattern`, `text`.
    link,      ///< All namespaces of the type `text` have the same identity.
    signal,    ///< A signal `from` is delivered as `to`, or not at all (0).
    siginfo,   ///< A field of what is delivered with a signal (`from`, or any) is changed.
    record,    ///< No lie: all calls are written to the file `text`.
    told,      ///< No lie: how often each lie was told is written to the file `text`.
    attach,    ///< No lie: only traced.
  };
  enum class Change { set, add, set_bits, keep_bits };

  std::string source;  ///< As it was written.
  Verb verb = Verb::answer;
  std::vector<int> calls;
  std::vector<Condition> conditions;
  bool forced = false;  ///< An answer through ptrace although seccomp could.
  bool any = false;     ///< `from` is anything.
  std::int64_t from = 0;
  std::int64_t to = 0;
  Change change = Change::set;
  /// Of `before`, `after`: the argument, then offsets at which pointers stand, then the place.
  /// Of `argument`: the argument.
  std::vector<std::uint64_t> place;
  unsigned width = 0;  ///< In bytes.
  std::regex pattern;
  std::string text;

  /// Whether it needs ptrace, or a seccomp filter alone can tell it.
  bool traced() const;
};

/// @return the lie, or what is wrong with the text
tl::expected<Lie, std::string> parse_lie(std::string_view text);

/// The value after a change.
std::uint64_t changed(const Lie& lie, std::uint64_t value);

}  // namespace nsvet::liar
