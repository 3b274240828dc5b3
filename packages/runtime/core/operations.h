/* Every operation's function, by the topic of its file. Each returns 0, or -1 with fail(). */
#ifndef TIFFIN_OPERATIONS_H
#define TIFFIN_OPERATIONS_H

#include "core.h"

/* do_mount, since libc has a mount of its own */
#define OPERATION(name) int do_##name(struct context *context, const struct wire_##name *fields)
#define OPERATION_WITHOUT_FIELDS(name) int do_##name(struct context *context, const void *fields)

/* host_files.c */
OPERATION(make_directory);
OPERATION(write_file);
OPERATION(copy_if_empty);
OPERATION(write_pid);
OPERATION(clone_into_cgroup);
OPERATION(set_oom_score_adj);
/* device_program.c */
OPERATION(attach_device_program);
/* namespaces.c */
OPERATION(join_namespace);
OPERATION(new_namespaces);
OPERATION(map_ids);
OPERATION(time_offsets);
OPERATION(join_process);
OPERATION(unshare_namespaces);
OPERATION(become_root);
/* detached_mounts.c */
OPERATION(open_tree);
/* synchronisation.c */
OPERATION_WITHOUT_FIELDS(ask_launcher);
OPERATION(barrier);
OPERATION(wait_start);
OPERATION_WITHOUT_FIELDS(new_session);
OPERATION(set_parent_death_signal);
/* rootfs.c */
OPERATION(set_propagation);
OPERATION(open_rootfs);
OPERATION(pivot_root);
OPERATION(remount_root);
/* mounts.c, binds.c */
OPERATION(mount);
OPERATION(bind);
OPERATION(set_mount_attributes);
OPERATION(remount_masked);
/* nodes.c */
OPERATION(make_node);
OPERATION(symlink);
OPERATION(make_path);
/* covers.c */
OPERATION(mask_path);
OPERATION(readonly_path);
/* host_names.c */
OPERATION(sysctl);
OPERATION(set_hostname);
OPERATION(set_domainname);
OPERATION_WITHOUT_FIELDS(loopback_up);
/* console.c */
OPERATION(open_console);
/* scheduling.c */
OPERATION(set_rlimit);
OPERATION(set_personality);
OPERATION(set_scheduler);
OPERATION(set_io_priority);
OPERATION(set_cpu_affinity);
OPERATION(set_memory_policy);
OPERATION(set_umask);
/* credentials.c */
OPERATION(join_session_keyring);
OPERATION(set_exec_label);
OPERATION_WITHOUT_FIELDS(set_no_new_privileges);
OPERATION(limit_bounding_set);
OPERATION(set_user);
OPERATION(set_capabilities);
/* seccomp.c */
OPERATION(load_seccomp);
/* program.c */
OPERATION(change_directory);
OPERATION(find_program);
OPERATION(close_descriptors);
OPERATION(execute);
OPERATION(set_environment_home);
/* hooks.c */
OPERATION(run_hook);

#endif
