// Writes down what a program calls, one line a call: what find_lies makes its mutations from.
#pragma once

#include <cstdio>
#include <memory>
#include <vector>

#include "lie.h"
#include "tell.h"

namespace nsvet::liar {

class Record {
 public:
  /// Writes when one of the lies says so.
  explicit Record(const std::vector<Lie>& lies);
  bool wants() const { return file_ != nullptr; }
  void write(const Tracee& tracee, const Call& call);

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace nsvet::liar
