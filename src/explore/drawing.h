// A sequence that is being drawn, step by step.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "explore/random.h"
#include "explore/sequence.h"

namespace nsvet::explore {

/// Arguments are drawn mostly from what the steps before have made: queues, listeners, mounts,
/// descriptors, actors, and by whom. A sequence that is full stays as it is.
class Drawing {
 public:
  /// @param focus namespace types; none: all
  Drawing(Random& random, const std::vector<std::string>& focus) : random_(random), focus_(focus) {}

  /// Often a second process, and one without privilege.
  void cast();
  /// One more operation, and before it what makes what it needs.
  void draw();
  /// A step of another sequence: by an actor that is there, mostly with what it needs, and a new
  /// actor is the next one.
  void repeat(Step step);
  /// What has changed without any answer saying so.
  void epilogue();

  const std::vector<Step>& steps() const { return steps_; }

 private:
  // Something that a step has made: a word of a domain, and who made it.
  struct Resource {
    const domain* kind;
    int word;
    int actor;
    bool operator==(const Resource&) const = default;
  };

  static bool is_same(const domain* a, const domain* b);
  static bool is_needed(const param& p) { return p.role == NEED || p.role == TAKE; }
  static bool is_new_actor(const param& p);
  static bool is_target(const param& p);
  static bool makes_actor(const op& operation) {
    return operation.params[0].domain == &kActorDomain;
  }
  static bool needs_descriptor(const op& operation);
  bool have(const domain* kind) const;
  bool has(int actor, const domain* kind) const;
  const Resource* find(const domain* kind, int word, int actor) const;
  bool is_there(int actor) const;
  std::vector<int> able(const op& operation) const;
  bool uses_what_is_there(const op& operation) const;

  int able_or_any(const op& operation);
  const op* choose();
  void prepare(const op& operation, int actor, int depth);
  const op* maker_of(const domain* kind);
  int draw_actor();
  int draw_target(int actor);
  int draw_word(const domain& from);
  const Resource* draw_resource(const domain* kind, int actor);
  void add(const op& operation, int by = -1);
  void commit(const Step& step, const std::vector<Resource>& taken);

  Random& random_;
  const std::vector<std::string>& focus_;
  std::vector<Step> steps_;
  std::vector<Resource> made_;
  std::array<bool, ACTORS> gone_{};
  int actors_ = 1;
  bool sure_ = false;  ///< What is added shall succeed.
};

/// @return whether the operation touches one of the namespace types; of none: true
bool touches(const op& operation, const std::vector<std::string>& types);

}  // namespace nsvet::explore
