#include "table.h"

#include <stddef.h>

#define GROUP(name)                      \
  extern const struct op k##name##Ops[]; \
  extern const int k##name##OpCount
GROUP(Ns);
GROUP(Ipc);
GROUP(Mnt);
GROUP(File);
GROUP(Pid);
GROUP(User);
GROUP(Net);
GROUP(Misc);
GROUP(Task);

const struct group kGroups[] = {
    {"ops_ns.c", kNsOps, &kNsOpCount},       {"ops_ipc.c", kIpcOps, &kIpcOpCount},
    {"ops_mnt.c", kMntOps, &kMntOpCount},    {"ops_file.c", kFileOps, &kFileOpCount},
    {"ops_pid.c", kPidOps, &kPidOpCount},    {"ops_user.c", kUserOps, &kUserOpCount},
    {"ops_net.c", kNetOps, &kNetOpCount},    {"ops_misc.c", kMiscOps, &kMiscOpCount},
    {"ops_task.c", kTaskOps, &kTaskOpCount},
};
const int kGroupCount = COUNT(kGroups);
