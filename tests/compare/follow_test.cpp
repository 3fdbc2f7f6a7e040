#include "compare/follow.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "compare/compare.h"
#include "compare/groups.h"
#include "model/statistics.h"

namespace nsvet::compare {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Benchmarks that cost 100 000 before and this much more after.
using Changes = std::map<std::string, int>;

class Rows {
 public:
  explicit Rows(const Changes& changes) {
    for (const auto& [id, more] : changes) {
      const auto verdict = more > 0 ? Verdict::regression : Verdict::improvement;
      rows_[id] = {.id = id,
                   .before = 100000,
                   .after = 100000.0 + more,
                   .floor = 20,
                   .verdict = more == 0 ? Verdict::same : verdict};
      index_[id] = &rows_[id];
    }
  }
  std::vector<std::string> followed_by(const std::string& id) const {
    return compare::followed_by(id, index_);
  }

 private:
  std::map<std::string, CostRow> rows_;
  std::map<std::string, const CostRow*> index_;
};

TEST(Follow, ASumOfChangesIsNoChangeOfItsOwn) {
  const Rows rows({{"clone3/none", 300}, {"unshare/uts", 200}, {"clone3/uts", 515}});
  EXPECT_THAT(rows.followed_by("clone3/uts"), ElementsAre("clone3/none", "unshare/uts"));
}

TEST(Follow, AnythingBeyondTheFloorIsItsOwn) {
  const Rows rows({{"clone3/none", 300}, {"unshare/uts", 200}, {"clone3/uts", 521}});
  EXPECT_THAT(rows.followed_by("clone3/uts"), IsEmpty());
}

TEST(Follow, NamesOnlyWhatChanged) {
  const Rows rows({{"clone3/none", 0}, {"unshare/uts", 200}, {"clone3/uts", 200}});
  EXPECT_THAT(rows.followed_by("clone3/uts"), ElementsAre("unshare/uts"));
}

TEST(Follow, NothingFollowsWhatDidNotChange) {
  const Rows rows({{"clone3/none", 0}, {"unshare/uts", 0}, {"clone3/uts", 21}});
  EXPECT_THAT(rows.followed_by("clone3/uts"), IsEmpty());
}

TEST(Follow, OperationsFollowThoseThatTheyAreMadeOf) {
  struct Pair {
    const char* id;
    const char* of;
  };
  for (const auto& [id, of] : std::initializer_list<Pair>{
           {"inside/open/pid", "inside/open/outside"},
           {"inside/fork/all", "inside/fork/outside"},
           {"inside/fork/outside", "clone3/none"},
           {"unshare/pid/pid_depth:30", "unshare/pid"},
           {"unshare/pid", "unshare/uts"},
           {"unshare/uts", "syscall/empty"},
           {"unshare/container", "unshare/net"},
           {"setns_pidfd/mnt", "setns/mnt"},
           {"nsenter/all", "setns/net"},
           {"fork/none", "clone3/none"},
           {"end/uts", "end/none"},
           {"look/open/pid", "look/open/uts"},
       }) {
    EXPECT_THAT(Rows({{of, 200}, {id, 200}}).followed_by(id), ElementsAre(of)) << id;
    EXPECT_THAT(Rows({{of, 200}, {id, 200}}).followed_by(of), IsEmpty()) << id;
  }
}

TEST(Follow, ALifeIsThatOfItsProcessAndTheMakingOfItsNamespaces) {
  const Rows rows({{"life/none", 300}, {"unshare/uts", 200}, {"life/uts", 500}, {"life/ipc", 300}});
  EXPECT_THAT(rows.followed_by("life/uts"), ElementsAre("life/none", "unshare/uts"));
  EXPECT_THAT(rows.followed_by("life/ipc"), ElementsAre("life/none"));
}

// Whatever changes by however much: no chain of followers comes back to its start.
TEST(Follow, NeverGoesInACircle) {
  Changes changes;
  for (const char* operation :
       {"unshare",       "clone",       "clone3",      "vfork",       "fork",
        "setns",         "setns_pidfd", "nsenter",     "end",         "life",
        "deferred",      "memory",      "leave",       "close",       "setup",
        "scenario",      "syscall",     "inside/open", "inside/fork", "inside/fork_exit",
        "inside/thread", "look/open"}) {
    for (const char* of :
         {"none", "outside", "empty", "uts", "ipc", "mnt", "pid", "net", "user", "cgroup", "time",
          "all", "container", "rootless", "sandbox", "uts/mib:16", "pid/pid_depth:8"}) {
      changes[std::string(operation) + '/' + of] = 200;
    }
  }
  const Rows rows(changes);
  for (const auto& [start, more] : changes) {
    std::set<std::string> seen;
    std::vector<std::string> next{start};
    while (!next.empty()) {
      const std::string id = next.back();
      next.pop_back();
      if (!seen.insert(id).second) continue;
      for (auto& followed : rows.followed_by(id)) {
        ASSERT_NE(followed, start) << id;
        next.push_back(std::move(followed));
      }
    }
  }
}

TEST(AtLarge, AreCallsThatInvolveNoNamespace) {
  for (const char* id : {"syscall/empty", "inside/open/outside", "clone3/none", "end/none"}) {
    EXPECT_TRUE(at_large(id)) << id;
  }
  for (const char* id : {"inside/open/pid", "unshare/uts", "setns/uts", "fork/depth:8"}) {
    EXPECT_FALSE(at_large(id)) << id;
  }
}

model::Report report(const std::string& release, const Changes& changes) {
  model::Report report;
  report.cell = {"k", {}, "root", model::Clock::insn};
  report.environment.kernel["release"] = release;
  const std::vector<std::string> labels{"0", "1", "2"};
  for (const auto& [id, more] : changes) {
    std::vector<model::Samples> rounds;
    for (int round = 0; round < 3; ++round) {
      const std::int64_t cost = 100000 + more;
      rounds.push_back({id, model::Clock::insn, cost, {cost, cost}, 0, "", ""});
    }
    report.benchmarks.push_back(model::summarise(rounds, labels));
  }
  return report;
}

Comparison compared(const Changes& changes, const std::vector<KnownChange>& known) {
  Changes nothing = changes;
  for (auto& [id, more] : nothing) more = 0;
  return compare(report("6.12.1-a", nothing), report("6.12.1-b", changes), known).value();
}

TEST(Follow, StandsBehindWhatItFollows) {
  const auto c = compared({{"clone3/none", 300}, {"unshare/uts", 200}, {"clone3/uts", 500}}, {});
  EXPECT_EQ(c.unexpected(), 2U);
  EXPECT_EQ(c.following(), 1U);
  const auto groups = grouped(c);
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0].section, Section::own);
  EXPECT_THAT(groups[0].followers, ElementsAre("clone3/uts"));
  EXPECT_EQ(groups[1].section, Section::at_large);
}

TEST(Follow, IsExpectedWhereAllThatItFollowsIs) {
  const auto known = known_changes_from(R"(
[[change]]
since = "6.12"
affects = "bench:unshare/uts"
direction = "up"
why = "a reason"
source = "a source"
)");
  ASSERT_TRUE(known) << known.error().message;
  // Versions decide what an entry explains, so these are of two.
  Changes changes{{"clone3/none", 0}, {"unshare/uts", 2000}, {"clone3/uts", 2000}};
  Changes nothing = changes;
  for (auto& [id, more] : nothing) more = 0;
  const auto c = compare(report("6.11.1", nothing), report("6.12.1", changes), *known).value();
  EXPECT_EQ(c.unexpected(), 0U);
  EXPECT_EQ(c.expected(), 2U);
  changes["clone3/none"] = 3000;
  changes["clone3/uts"] = 5000;
  const auto d = compare(report("6.11.1", nothing), report("6.12.1", changes), *known).value();
  EXPECT_EQ(d.unexpected(), 1U);
  EXPECT_EQ(d.following(), 1U);
}

}  // namespace
}  // namespace nsvet::compare
