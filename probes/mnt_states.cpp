#include "mnt_states.h"

#include <sys/mount.h>

namespace nsvet::probe {

void make_mount(const std::string& twin, const std::string& point, State state) {
  for (const auto& folder : {twin, point}) setup(sys::make_directory(folder));
  setup(sys::mount("tmpfs", twin, "tmpfs", 0));
  for (const char* folder : {"/b", "/kid"}) setup(sys::make_directory(twin + folder));
  setup(sys::mount("", twin, "", MS_SHARED));
  setup(sys::mount(twin, point, "", MS_BIND));
  switch (state) {
    case State::shared:
      break;
    case State::private_:
      setup(sys::mount("", point, "", MS_PRIVATE));
      break;
    case State::slave:
      setup(sys::mount("", point, "", MS_SLAVE));
      break;
    case State::slave_shared:
      setup(sys::mount("", point, "", MS_SLAVE));
      setup(sys::mount("", point, "", MS_SHARED));
      break;
    case State::unbindable:
      setup(sys::mount("", point, "", MS_UNBINDABLE));
      break;
  }
}

void make_mount(Actor& actor, const char* twin, const char* point, State state) {
  actor([=] { make_mount(std::string(twin), std::string(point), state); });
}

void name_groups(Groups& groups, const sys::MountInfo& mount) {
  groups.name(mount.shared, "A");
  groups.name(mount.master, "A.master");
}

}  // namespace nsvet::probe
