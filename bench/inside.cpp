#include "inside.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "sys/file.h"

namespace nsvet::bench {
namespace {

using measure::Measurement;
using model::NsType;

struct Place {
  std::string name;
  std::string where;
  std::vector<std::uint64_t> levels;  ///< What is entered, one after the other.
  std::vector<NsType> types;
  measure::Profile profile = measure::Profile::quick;
};

Place depth_of(NsType type, int depth) {
  const auto& set = measure::single_type(type);
  return {fmt::format("{}:{}", set.name, depth),
          fmt::format("{} {} namespaces down", depth, set.name),
          std::vector<std::uint64_t>(static_cast<std::size_t>(depth), set.flags), set.types,
          depth < 30 ? measure::Profile::full : measure::Profile::quick};
}

std::vector<Place> places_of(const Operation& operation) {
  std::vector<Place> places{{"outside", "outside", {}, {}, measure::Profile::quick}};
  for (const NsType type : operation.types) {
    const auto& set = measure::single_type(type);
    places.push_back({set.name,
                      "in a new " + set.name + " namespace",
                      {set.flags},
                      set.types,
                      measure::Profile::quick});
  }
  const auto& all = measure::ns_sets().back();
  places.push_back({all.name,
                    "in new namespaces of all types",
                    {all.flags},
                    all.types,
                    measure::Profile::quick});
  if (operation.deep) {
    // An ordinary user is one user namespace down already, and 32 is the most.
    for (const int depth : {8, 30}) {
      places.push_back(depth_of(NsType::pid, depth));
      places.push_back(depth_of(NsType::user, depth));
    }
  }
  return places;
}

void take(Measurement& m, const Operation& operation, const Place& place) {
  if (operation.needs != nullptr && !sys::exists(operation.needs).value_or(false)) {
    return m.skip(fmt::format("this kernel has no {}", operation.needs));
  }
  for (const std::uint64_t flags : place.levels) {
    if (auto in = measure::enter_new(flags); !in) return m.fail(in.error());
  }
  const auto prepared = operation.prepare();
  if (!prepared) return m.fail(prepared.error());
  const auto sample = [&] {
    const auto taken = measure::timed([&] { return prepared->call(); });
    if (prepared->undo) prepared->undo();
    return taken;
  };
  if (prepared->undo || prepared->leaves_work) {
    m.take(sample);
  } else {
    m.take_at_once(sample);
  }
}

}  // namespace

sys::Result<> own(std::uint64_t flag) {
  if (::syscall(SYS_unshare, flag) == 0) return {};
  return sys::last_error("unshare({})", sys::clone_flags_text(flag));
}

bool register_operations(const std::vector<Operation>& operations) {
  for (const Operation& operation : operations) {
    for (const Place& place : places_of(operation)) {
      measure::register_benchmark(
          {.id = fmt::format("inside/{}/{}", operation.name, place.name),
           .title = fmt::format("{} {}", operation.name, place.where),
           .timed = operation.timed,
           .source = operation.source,
           .types = place.types,
           .profile = place.profile},
          [operation, place](Measurement& m) { take(m, operation, place); });
    }
  }
  return true;
}

}  // namespace nsvet::bench
