#include "explore/drawing.h"

#include <algorithm>

namespace nsvet::explore {
namespace {

constexpr int kDeepest = 3;  ///< Makers of makers.
constexpr int kMended = 85;  ///< Percent of the steps that are repeated.

const op* named(std::string_view name) {
  const auto& all = operations();
  return *std::ranges::find_if(all, [&](const op* o) { return name == o->name; });
}

}  // namespace

// Files that share a domain have a copy each.
bool Drawing::is_same(const domain* a, const domain* b) {
  return a == b || std::string_view(a->name) == b->name;
}

bool Drawing::is_new_actor(const param& p) {
  return p.domain == &kActorDomain || (p.domain == &kUnmappedDomain && p.role == GIVE);
}

bool Drawing::is_target(const param& p) { return std::string_view(p.domain->name) == "target"; }

void Drawing::cast() {
  if (!random_.chance(80)) return;
  commit({0, named("clone"), {0, 0}}, {});
  if (!random_.chance(60)) return;
  commit({0, named("clone"), {1, 0}}, {});
  commit({2, named("become_user"), {1}}, {});
}

void Drawing::draw() {
  const op* operation = choose();
  prepare(*operation, able_or_any(*operation), 0);
  add(*operation);
}

// What the step needs may have gone with another: mostly it gets one that is there, or a new one.
void Drawing::repeat(Step step) {
  const bool mend = random_.chance(kMended);
  if (!is_there(step.actor)) step.actor = mend ? able_or_any(*step.operation) : draw_actor();
  if (mend) prepare(*step.operation, step.actor, 0);
  std::vector<Resource> taken;
  for (int i = 0; i < param_count(*step.operation); ++i) {
    const param& p = step.operation->params[i];
    int& word = step.words[static_cast<std::size_t>(i)];
    if (is_new_actor(p)) word = actors_ - 1;
    if (mend && is_target(p) && word < ACTORS && !is_there(word)) word = draw_target(step.actor);
    if (!is_needed(p)) continue;
    const Resource* found = find(p.domain, word, step.actor);
    if (found == nullptr && mend) found = draw_resource(p.domain, step.actor);
    if (found == nullptr) continue;
    word = found->word;
    if (p.role == TAKE) taken.push_back(*found);
  }
  commit(step, taken);
}

void Drawing::epilogue() {
  for (const char* look : {"mountinfo", "ns_links", "proc_status", "uname", "links"}) {
    if (random_.chance(40)) add(*named(look));
  }
}

bool Drawing::have(const domain* kind) const {
  return std::ranges::any_of(made_, [&](const Resource& r) { return is_same(r.kind, kind); });
}

bool Drawing::has(int actor, const domain* kind) const {
  return std::ranges::any_of(
      made_, [&](const Resource& r) { return is_same(r.kind, kind) && r.actor == actor; });
}

// Rather what the actor itself has made.
const Drawing::Resource* Drawing::find(const domain* kind, int word, int actor) const {
  const Resource* found = nullptr;
  for (const auto& resource : made_) {
    if (!is_same(resource.kind, kind) || resource.word != word) continue;
    if (resource.actor == actor) return &resource;
    if (kind->per_actor == 0) found = &resource;
  }
  return found;
}

bool Drawing::is_there(int actor) const {
  return actor < actors_ && !gone_[static_cast<std::size_t>(actor)];
}

// The actors that have all that only its maker has: descriptors.
std::vector<int> Drawing::able(const op& operation) const {
  std::vector<int> all;
  if (!needs_descriptor(operation)) return all;
  for (int actor = 0; actor < actors_; ++actor) {
    bool fits = is_there(actor);
    for (int i = 0; i < param_count(operation); ++i) {
      const param& p = operation.params[i];
      fits &= !is_needed(p) || p.domain->per_actor == 0 || has(actor, p.domain);
    }
    if (fits) all.push_back(actor);
  }
  return all;
}

int Drawing::able_or_any(const op& operation) {
  const auto all = able(operation);
  return all.empty() ? draw_actor() : random_.pick(all);
}

const op* Drawing::choose() {
  // What is there already is to be used, too: else nothing would meet.
  const bool use = !made_.empty() && random_.chance(30);
  for (int tries = 0;; ++tries) {
    const op* operation = random_.pick(operations());
    if (tries < 200 && !touches(*operation, focus_) && !random_.chance(10)) continue;
    if (makes_actor(*operation) && actors_ == ACTORS) continue;
    if ((operation->flags & ENDS) != 0 && !random_.chance(30)) continue;
    if (use && tries < 50 && !uses_what_is_there(*operation)) continue;
    return operation;
  }
}

bool Drawing::needs_descriptor(const op& operation) {
  return std::any_of(operation.params, operation.params + param_count(operation),
                     [](const param& p) { return is_needed(p) && p.domain->per_actor != 0; });
}

bool Drawing::uses_what_is_there(const op& operation) const {
  bool any = false;
  for (int i = 0; i < param_count(operation); ++i) {
    const param& p = operation.params[i];
    if (!is_needed(p)) continue;
    if (!have(p.domain)) return false;
    any = true;
  }
  return any;
}

// Seldom an operation whose needs are not met; else what makes what it needs comes before it.
void Drawing::prepare(const op& operation, int actor, int depth) {
  if (depth == kDeepest || random_.chance(4)) return;
  for (int i = 0; i < param_count(operation); ++i) {
    const param& p = operation.params[i];
    if (!is_needed(p)) continue;
    if (p.domain->per_actor != 0 ? has(actor, p.domain) : have(p.domain)) continue;
    const op* maker = maker_of(p.domain);
    if (maker == nullptr) continue;
    prepare(*maker, actor, depth + 1);
    sure_ = true;
    add(*maker, actor);
    sure_ = false;
  }
}

const op* Drawing::maker_of(const domain* kind) {
  std::vector<const op*> makers;
  for (const op* operation : operations()) {
    for (int i = 0; i < param_count(*operation); ++i) {
      const param& p = operation->params[i];
      // Not what turns one into another.
      if (is_needed(p) && is_same(p.domain, kind)) break;
      if (p.role == GIVE && is_same(p.domain, kind)) makers.push_back(operation);
    }
  }
  return makers.empty() ? nullptr : random_.pick(makers);
}

int Drawing::draw_actor() {
  std::vector<int> weighted;
  for (int actor = 0; actor < actors_; ++actor) {
    if (!is_there(actor)) continue;
    for (int weight = actor == 2 ? 1 : 2; weight > 0; --weight) weighted.push_back(actor);
  }
  return weighted.empty() ? 0 : random_.pick(weighted);
}

// Early words are the usual ones, late ones the odd ones.
int Drawing::draw_word(const domain& from) {
  const auto count = static_cast<std::size_t>(from.count);
  if (sure_ && random_.chance(70)) return 0;
  return random_.below(random_.chance(50) ? std::max<std::size_t>(count / 2, 1) : count);
}

// Others are more often refused, and see more.
int Drawing::draw_target(int actor) {
  if (actors_ == 1 || random_.chance(20)) return random_.below(static_cast<std::size_t>(actors_));
  return (actor + 1 + random_.below(static_cast<std::size_t>(actors_ - 1))) % actors_;
}

// Mostly by an actor that has what it needs; a maker by the actor that it is for.
void Drawing::add(const op& operation, int by) {
  Step step{by < 0 ? able_or_any(operation) : by, &operation, {}};
  bool bound = by >= 0 || needs_descriptor(operation);
  std::vector<Resource> taken;
  for (int i = 0; i < param_count(operation); ++i) {
    const param& p = operation.params[i];
    int& word = step.words[static_cast<std::size_t>(i)];
    word = draw_word(*p.domain);
    if (is_needed(p)) {
      if (const auto found = draw_resource(p.domain, bound ? step.actor : -1)) {
        word = found->word;
        // The maker knows where to find it; whoever else may be elsewhere.
        if (!bound && random_.chance(75)) {
          step.actor = found->actor;
          bound = true;
        }
        if (p.role == TAKE) taken.push_back(*found);
      }
    } else if (is_new_actor(p)) {
      word = actors_ - 1;
    } else if (is_target(p) && word < ACTORS) {
      word = draw_target(step.actor);
    }
  }
  if (!is_there(step.actor)) step.actor = draw_actor();
  commit(step, taken);
}

const Drawing::Resource* Drawing::draw_resource(const domain* kind, int actor) {
  std::vector<const Resource*> all;
  for (const auto& resource : made_) {
    const bool fits = actor < 0 || kind->per_actor == 0 || resource.actor == actor;
    if (is_same(resource.kind, kind) && fits) all.push_back(&resource);
  }
  return all.empty() ? nullptr : random_.pick(all);
}

void Drawing::commit(const Step& step, const std::vector<Resource>& taken) {
  if (steps_.size() == STEPS || (makes_actor(*step.operation) && actors_ == ACTORS)) return;
  steps_.push_back(step);
  for (const auto& resource : taken) std::erase(made_, resource);
  for (int i = 0; i < param_count(*step.operation); ++i) {
    const param& p = step.operation->params[i];
    if (p.role != GIVE) continue;
    if (p.domain != &kActorDomain) {
      made_.push_back({p.domain, step.words[static_cast<std::size_t>(i)], step.actor});
      continue;
    }
    const int child = actors_++;
    // It has what its maker has.
    const auto inherited = made_;
    for (Resource resource : inherited) {
      if (resource.actor != step.actor) continue;
      resource.actor = child;
      made_.push_back(resource);
    }
  }
  if ((step.operation->flags & ENDS) != 0 && step.actor != 0) {
    gone_[static_cast<std::size_t>(step.actor)] = true;
  }
}

bool touches(const op& operation, const std::vector<std::string>& types) {
  return types.empty() || std::ranges::any_of(types, [&](const std::string& type) {
           return std::string_view(operation.types).find(type) != std::string_view::npos;
         });
}

}  // namespace nsvet::explore
