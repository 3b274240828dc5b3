/* From an operation's number to the function that executes it, and how long it took. */
#include <errno.h>
#include <time.h>

#include "operations.h"

typedef int run(struct context *, const void *);

#pragma GCC diagnostic ignored "-Wcast-function-type" /* each takes its own struct by pointer; the layout table says which */
static const struct {
	enum wire_operation number;
	run *run;
} functions[] = {
	{OPERATION_MAKE_DIRECTORY, (run *)do_make_directory},
	{OPERATION_WRITE_FILE, (run *)do_write_file},
	{OPERATION_COPY_IF_EMPTY, (run *)do_copy_if_empty},
	{OPERATION_WRITE_PID, (run *)do_write_pid},
	{OPERATION_ATTACH_DEVICE_PROGRAM, (run *)do_attach_device_program},
	{OPERATION_CLONE_INTO_CGROUP, (run *)do_clone_into_cgroup},
	{OPERATION_JOIN_NAMESPACE, (run *)do_join_namespace},
	{OPERATION_NEW_NAMESPACES, (run *)do_new_namespaces},
	{OPERATION_MAP_IDS, (run *)do_map_ids},
	{OPERATION_TIME_OFFSETS, (run *)do_time_offsets},
	{OPERATION_JOIN_PROCESS, (run *)do_join_process},
	{OPERATION_UNSHARE_NAMESPACES, (run *)do_unshare_namespaces},
	{OPERATION_OPEN_TREE, (run *)do_open_tree},
	{OPERATION_ASK_LAUNCHER, (run *)do_ask_launcher},
	{OPERATION_BARRIER, (run *)do_barrier},
	{OPERATION_WAIT_START, (run *)do_wait_start},
	{OPERATION_BECOME_ROOT, (run *)do_become_root},
	{OPERATION_NEW_SESSION, (run *)do_new_session},
	{OPERATION_SET_PARENT_DEATH_SIGNAL, (run *)do_set_parent_death_signal},
	{OPERATION_SET_PROPAGATION, (run *)do_set_propagation},
	{OPERATION_OPEN_ROOTFS, (run *)do_open_rootfs},
	{OPERATION_MOUNT, (run *)do_mount},
	{OPERATION_BIND, (run *)do_bind},
	{OPERATION_SET_MOUNT_ATTRIBUTES, (run *)do_set_mount_attributes},
	{OPERATION_MAKE_NODE, (run *)do_make_node},
	{OPERATION_SYMLINK, (run *)do_symlink},
	{OPERATION_MAKE_PATH, (run *)do_make_path},
	{OPERATION_PIVOT_ROOT, (run *)do_pivot_root},
	{OPERATION_REMOUNT_ROOT, (run *)do_remount_root},
	{OPERATION_MASK_PATH, (run *)do_mask_path},
	{OPERATION_READONLY_PATH, (run *)do_readonly_path},
	{OPERATION_SYSCTL, (run *)do_sysctl},
	{OPERATION_SET_HOSTNAME, (run *)do_set_hostname},
	{OPERATION_SET_DOMAINNAME, (run *)do_set_domainname},
	{OPERATION_LOOPBACK_UP, (run *)do_loopback_up},
	{OPERATION_REMOUNT_MASKED, (run *)do_remount_masked},
	{OPERATION_OPEN_CONSOLE, (run *)do_open_console},
	{OPERATION_SET_RLIMIT, (run *)do_set_rlimit},
	{OPERATION_SET_OOM_SCORE_ADJ, (run *)do_set_oom_score_adj},
	{OPERATION_SET_PERSONALITY, (run *)do_set_personality},
	{OPERATION_SET_SCHEDULER, (run *)do_set_scheduler},
	{OPERATION_SET_IO_PRIORITY, (run *)do_set_io_priority},
	{OPERATION_SET_CPU_AFFINITY, (run *)do_set_cpu_affinity},
	{OPERATION_SET_MEMORY_POLICY, (run *)do_set_memory_policy},
	{OPERATION_SET_UMASK, (run *)do_set_umask},
	{OPERATION_JOIN_SESSION_KEYRING, (run *)do_join_session_keyring},
	{OPERATION_SET_EXEC_LABEL, (run *)do_set_exec_label},
	{OPERATION_SET_NO_NEW_PRIVILEGES, (run *)do_set_no_new_privileges},
	{OPERATION_LIMIT_BOUNDING_SET, (run *)do_limit_bounding_set},
	{OPERATION_SET_USER, (run *)do_set_user},
	{OPERATION_SET_CAPABILITIES, (run *)do_set_capabilities},
	{OPERATION_LOAD_SECCOMP, (run *)do_load_seccomp},
	{OPERATION_CHANGE_DIRECTORY, (run *)do_change_directory},
	{OPERATION_FIND_PROGRAM, (run *)do_find_program},
	{OPERATION_CLOSE_DESCRIPTORS, (run *)do_close_descriptors},
	{OPERATION_RUN_HOOK, (run *)do_run_hook},
	{OPERATION_EXECUTE, (run *)do_execute},
	{OPERATION_SET_ENVIRONMENT_HOME, (run *)do_set_environment_home},
};

static run *function_of(uint16_t number)
{
	for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
		if (functions[i].number == number)
			return functions[i].run;
	return NULL;
}

static int64_t now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int execute_operation(struct context *context, const struct operation *operation)
{
	run *execute = function_of(operation->number);
	int64_t begin;
	if (!execute)
		return fail_with(ENOSYS, "no code for this operation");
	if (!(context->plan->flags & PLAN_TRACE))
		return execute(context, operation->fields);
	begin = now();
	if (execute(context, operation->fields) < 0)
		return -1;
	report(context, MESSAGE_TRACE, index_of(context, operation), 0, begin, now(), NULL);
	return 0;
}
