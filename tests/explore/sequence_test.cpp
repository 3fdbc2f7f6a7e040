#include "explore/sequence.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "explore/corpus.h"
#include "explore/generate.h"
#include "explore/mutate.h"
#include "explore/random.h"

namespace nsvet::explore {
namespace {

TEST(Sequence, ComesBackFromItsText) {
  for (std::uint64_t number = 0; number < 500; ++number) {
    const auto sequence = generate({.seed = 7, .focus = {}}, number);
    const auto back = sequences_from_text(to_text(sequence), "text");
    ASSERT_TRUE(back) << back.error().message;
    ASSERT_EQ(back->size(), 1U);
    EXPECT_EQ(back->front(), sequence);
  }
}

TEST(Sequence, WrongTextIsRefusedWithItsLine) {
  for (const auto* text :
       {"0 uname", "sequence a nobody", "sequence a root\n9 uname", "sequence a root\n0 nosuch",
        "sequence a root\n0 uname more", "sequence a root\n0 sethostname nosuchword"}) {
    const auto read = sequences_from_text(text, "file");
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().message.substr(0, 5), "file:");
  }
}

TEST(Operations, HaveNamesOfTheirOwnAndSources) {
  std::set<std::string> names;
  for (const op* operation : operations()) {
    EXPECT_TRUE(names.insert(operation->name).second) << operation->name;
    EXPECT_NE(std::string(operation->manual).find('('), std::string::npos) << operation->name;
    for (int i = 0; i < param_count(*operation); ++i) {
      const domain& from = *operation->params[i].domain;
      std::set<std::string> words;
      for (int w = 0; w < from.count; ++w) {
        EXPECT_TRUE(words.insert(from.words[w].name).second) << from.name;
        EXPECT_EQ(std::string(from.words[w].name).find_first_of(" \n#"), std::string::npos);
      }
    }
  }
}

TEST(Generate, IsTheSameForTheSameNumber) {
  EXPECT_EQ(generate({.seed = 1, .focus = {}}, 17), generate({.seed = 1, .focus = {}}, 17));
  EXPECT_NE(generate({.seed = 1, .focus = {}}, 17).steps,
            generate({.seed = 1, .focus = {}}, 18).steps);
  EXPECT_NE(generate({.seed = 2, .focus = {}}, 17).steps,
            generate({.seed = 1, .focus = {}}, 17).steps);
}

TEST(Generate, MutatesTheCorpusInEverySecondSequence) {
  const auto parents =
      sequences_from_text(
          "sequence c root\n0 sethostname alpha\n0 sethostname beta\n0 sethostname alpha\n", "text")
          .value();
  const Source source{.seed = 1, .focus = {}, .corpus = parents};
  int mutations = 0;
  for (std::uint64_t number = 0; number < 1000; ++number) {
    const auto sequence = generate(source, number);
    EXPECT_EQ(sequence, generate(source, number));
    EXPECT_FALSE(sequence.steps.empty());
    EXPECT_LE(sequence.steps.size(), static_cast<std::size_t>(STEPS));
    const auto steps = std::ranges::count_if(sequence.steps, [&](const Step& step) {
      return std::ranges::find(parents[0].steps, step) != parents[0].steps.end();
    });
    mutations += steps >= 2 ? 1 : 0;
  }
  EXPECT_GT(mutations, 300);
  EXPECT_LT(mutations, 600);
}

// What a step left out had made is mostly made again, or another of its kind is used.
TEST(Generate, AMutationMostlyHasWhatItsStepsNeed) {
  const auto parents =
      sequences_from_text(
          "sequence c root\n0 bind_itself /a\n0 umount /a 0\n0 mount_tmpfs /b 0\n0 umount /b 0\n",
          "text")
          .value();
  const std::vector<std::string> focus{"uts"};
  int met = 0;
  int unmet = 0;
  for (std::uint64_t number = 0; number < 2000; ++number) {
    Random random(1, number);
    std::multiset<std::string_view> mounts;
    for (const auto& step : mutated(parents[0], parents[0], random, focus)) {
      for (int i = 0; i < param_count(*step.operation); ++i) {
        const param& p = step.operation->params[i];
        if (std::string_view(p.domain->name) != "mount") continue;
        if (p.role == GIVE) mounts.insert(word_of(step, i).name);
        if (p.role != TAKE) continue;
        const auto found = mounts.find(word_of(step, i).name);
        ++(found == mounts.end() ? unmet : met);
        if (found != mounts.end()) mounts.erase(found);
      }
    }
  }
  EXPECT_GT(met, 9 * unmet);
}

TEST(Generate, MutatesOnlyWhatIsInFocus) {
  const auto parents = sequences_from_text("sequence c root\n0 links\n", "text").value();
  for (std::uint64_t number = 0; number < 100; ++number) {
    EXPECT_EQ(generate({.seed = 1, .focus = {"uts"}, .corpus = parents}, number),
              generate({.seed = 1, .focus = {"uts"}}, number));
    EXPECT_NE(generate({.seed = 1, .focus = {"net"}, .corpus = parents}, number),
              generate({.seed = 1, .focus = {"net"}}, number));
  }
}

// The draws are ours, not the library's: these are SplitMix64's, whatever the machine.
TEST(Random, IsTheSameEverywhere) {
  Random random(1, 0);
  EXPECT_EQ(random.next(), 0x5e41ab087439611eU);
  EXPECT_EQ(Random(1, 17).next(), 0xedb8a747c27a0068U);
}

TEST(Generate, DrawsEveryOperation) {
  std::set<const op*> drawn;
  for (std::uint64_t number = 0; number < 3000; ++number) {
    for (const auto& step : generate({.seed = 1, .focus = {}}, number).steps) {
      drawn.insert(step.operation);
    }
  }
  for (const op* operation : operations())
    EXPECT_TRUE(drawn.contains(operation)) << operation->name;
}

TEST(Generate, NoActorIsMadeTwiceAndNoneActsBeforeItIsMade) {
  for (std::uint64_t number = 0; number < 3000; ++number) {
    std::set<int> made{0};
    for (const auto& step : generate({.seed = 3, .focus = {}, .corpus = corpus()}, number).steps) {
      EXPECT_TRUE(made.contains(step.actor)) << number;
      if (step.operation->params[0].domain == &kActorDomain) {
        EXPECT_TRUE(made.insert(static_cast<int>(word_of(step, 0).n)).second) << number;
      }
    }
  }
}

}  // namespace
}  // namespace nsvet::explore
