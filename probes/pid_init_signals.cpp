// Which signals reach PID 1: every signal, by whom it is sent, and what PID 1 does with it.
#include <unistd.h>

#include <string>

#include "pid_process.h"
#include "pid_signal.h"

namespace nsvet::probe {
namespace {

enum class From { inside, itself, parent, grandparent };

struct Row {
  const char* id;
  const char* text;
  From from;
  pid_t sender;  ///< Of the sender, as PID 1 sees it.
};
constexpr Row kRows[] = {
    {"inside", "a member of its namespace", From::inside, 2},
    {"itself", "PID 1 itself", From::itself, 1},
    {"parent", "a process of the parent namespace", From::parent, 0},
    {"grandparent", "a process two namespaces above", From::grandparent, 0},
};

bool forces(const Row& row) { return row.from == From::parent || row.from == From::grandparent; }

// PID 1 of a namespace in a namespace, and whoever may send it something.
struct Scene {
  Actor above;
  Actor outer;
  Actor init;
  Actor inside;
  pid_t init_from_above;

  Actor& sender(From from) {
    switch (from) {
      case From::inside:
        return inside;
      case From::itself:
        return init;
      case From::parent:
        return outer;
      case From::grandparent:
        return above;
    }
    return inside;
  }
  /// PID 1 as the sender must call it.
  pid_t target(From from) const {
    if (from == From::parent) return init.pid();
    return from == From::grandparent ? init_from_above : 1;
  }
  /// Another PID 1 in a new namespace.
  void start_init() {
    init = outer.spawn({.flags = CLONE_NEWPID});
    init_from_above = setup(pid_of_pidfd(init.pidfd()));
  }
};

Scene make_scene(const Check& t) {
  Actor above = t.spawn();
  Actor outer = above.spawn({.flags = CLONE_NEWPID});
  Actor init = outer.spawn({.flags = CLONE_NEWPID});
  Actor inside = init.spawn();
  const pid_t seen = setup(pid_of_pidfd(init.pidfd()));
  return {std::move(above), std::move(outer), std::move(init), std::move(inside), seen};
}

std::string send_from(Scene& scene, From from, Way way, Which which) {
  return scene.sender(from)(
      [way, which, target = scene.target(from)] { return send_errors(way, target, which); });
}

void dispose(Scene& scene, Disposition disposition) {
  scene.init([disposition] { set_disposition(disposition); });
}

std::string pending_in(Scene& scene) {
  return scene.init([] { return pending_names(); });
}

// Neither delivered nor left waiting, and PID 1 goes on.
void expect_nothing(Check& t, Scene& scene, std::string_view after) {
  t.expect(fmt::format("waiting in PID 1 after {}", after), pending_in(scene), "none");
}

void dropped(Check& t, const Row& row, Disposition disposition) {
  Scene scene = make_scene(t);
  dispose(scene, disposition);
  for (const Way way : kWays) {
    for (const Which which : {forces(row) ? Which::catchable : Which::all, Which::cont}) {
      t.expect(fmt::format("errors of {}", name_of(way)), send_from(scene, row.from, way, which),
               "none");
      expect_nothing(t, scene, name_of(way));
    }
  }
  dispose(scene, Disposition::handler);
  t.expect("came later to a handler", scene.init([] { return caught_summary(Which::catchable); }),
           uniform_summary(Which::catchable, {}));
}

Receipt expected_receipt(const Row& row, Way way) {
  return {.count = 1,
          .code = code_of(way),
          .pid = row.sender,
          .uid = 0,
          .value = code_of(way) == SI_QUEUE ? kSignalValue : 0};
}

void handled(Check& t, const Row& row, Disposition disposition) {
  Scene scene = make_scene(t);
  for (const Way way : kWays) {
    dispose(scene, disposition);
    for (const Which which : {Which::catchable, Which::cont}) {
      t.expect(fmt::format("errors of {}", name_of(way)), send_from(scene, row.from, way, which),
               "none");
      t.expect(fmt::format("arrived by {}", name_of(way)), scene.init([which, disposition] {
        return disposition == Disposition::handler ? caught_summary(which) : waiting_summary(which);
      }),
               uniform_summary(which, expected_receipt(row, way)));
    }
  }
  if (disposition == Disposition::handler) return;
  send_from(scene, row.from, Way::kill, Which::catchable);
  dispose(scene, Disposition::standard);
  expect_nothing(t, scene, "unblocking all");
}

// How PID 1 changed its state, as its parent is told: "stopped by SIGSTOP", "killed by SIGKILL".
std::string next_state(Actor& parent, pid_t child) {
  return parent([child] { return wait_state(child); });
}

void forced(Check& t, const Row& row, int signal) {
  Scene scene = make_scene(t);
  for (const Way way : kWays) {
    dispose(scene, Disposition::blocked);
    require(scene.sender(row.from)(
        [way, signal, target = scene.target(row.from)] { return send(way, target, signal); }));
    const pid_t init = scene.init.pid();
    t.expect(fmt::format("after {}", name_of(way)), next_state(scene.outer, init),
             fmt::format("{} by {}", signal == SIGKILL ? "killed" : "stopped",
                         sys::signal_name(signal)));
    if (signal == SIGSTOP) {
      require(scene.outer([init] { return send(init, SIGCONT); }));
      t.expect("after SIGCONT", next_state(scene.outer, init), "continued");
    } else {
      scene.start_init();
    }
  }
}

void register_row(const Row& row) {
  auto add = [&row](std::string_view topic, const std::string& title, const char* rule, auto body) {
    register_check(pid_rule(fmt::format("pid.init.signals.{}_{}", row.id, topic), title, rule,
                            "pid_namespaces(7)"),
                   body);
  };
  add("default", fmt::format("PID 1 without handlers gets no signal from {}", row.text),
      "init gets only signals for which it has a handler, however they are sent; only SIGKILL and "
      "SIGSTOP from an ancestor namespace are exceptions",
      [&row](Check& t) { dropped(t, row, Disposition::standard); });
  add("ignored", fmt::format("PID 1 that ignores all signals gets none from {}", row.text),
      "a signal that init ignores is discarded, SIGKILL and SIGSTOP of members too",
      [&row](Check& t) { dropped(t, row, Disposition::ignored); });
  add("handler", fmt::format("PID 1 gets the signals that it handles from {}", row.text),
      "a signal that init has a handler for is delivered; si_pid is the sender's PID, and 0 when "
      "the sender is in an ancestor namespace",
      [&row](Check& t) { handled(t, row, Disposition::handler); });
  add("blocked", fmt::format("Signals that PID 1 blocks wait for it, from {}", row.text),
      "blocked signals wait, can be taken with sigtimedwait(2), and have no effect when they are "
      "unblocked without a handler",
      [&row](Check& t) { handled(t, row, Disposition::blocked); });
  if (!forces(row)) return;
  for (const int signal : {SIGKILL, SIGSTOP}) {
    add(signal == SIGKILL ? "sigkill" : "sigstop",
        fmt::format("{} reaches PID 1 from {}", sys::signal_name(signal), row.text),
        "SIGKILL and SIGSTOP from an ancestor namespace are forced, however they are sent",
        [&row, signal](Check& t) { forced(t, row, signal); });
  }
}

const bool registered = [] {
  for (const Row& row : kRows) register_row(row);
  return true;
}();

}  // namespace
}  // namespace nsvet::probe
