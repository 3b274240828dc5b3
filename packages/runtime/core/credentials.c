/* Ids, capabilities, keyring and labels: what the process may do. No result of a security call is ignored. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "operations.h"
#include "paths.h"
#include "syscalls.h"

#define KEYCTL_JOIN_SESSION_KEYRING_ 1
#define KEYCTL_SETPERM_ 5
#define KEYCTL_DESCRIBE_ 6
#define KEY_OWNER_SEARCH 0x00080000u
#define CAPABILITIES_MAXIMUM 63

static int write_attribute(struct context *context, const char *path, const char *text)
{
	int file CLOSING = openat(context->host_proc, path, O_WRONLY | O_CLOEXEC);
	if (file < 0)
		return -1;
	if (!is_procfs(file)) { /* CVE-2019-16884 */
		errno = EINVAL;
		return -1;
	}
	return write(file, text, strlen(text)) < 0 ? -1 : 0;
}

/* A kernel without keyrings, or a profile that forbids them, is no reason to refuse the container: runc says the same. */
OPERATION(join_session_keyring)
{
	char description[256], *at = description;
	long keyring;
	if (fields->label && write_attribute(context, "thread-self/attr/keycreate", fields->label) < 0)
		return fail("label of the session keyring");
	keyring = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING_, fields->name, 0, 0, 0);
	if (keyring < 0 && (errno == ENOSYS || errno == EPERM || errno == EACCES || errno == EDQUOT)) {
		report(context, MESSAGE_WARNING, -1, errno, 0, 0, "the session keyring is the caller's");
		return 0;
	}
	if (keyring < 0)
		return fail("join a session keyring");
	if (syscall(SYS_keyctl, KEYCTL_DESCRIBE_, keyring, description, sizeof description, 0) < 0)
		return fail("describe the session keyring");
	/* type;uid;gid;permissions;name: the owner may search it from now on, as runc's containers may */
	for (int field = 0; at && field < 3; field++)
		at = strchr(at + (field > 0), ';');
	if (!at)
		return fail_with(EINVAL, "description of the session keyring");
	if (syscall(SYS_keyctl, KEYCTL_SETPERM_, keyring, strtoul(at + 1, NULL, 16) | KEY_OWNER_SEARCH, 0, 0) < 0)
		return fail("permissions of the session keyring");
	return 0;
}

OPERATION(set_exec_label)
{
	char text[1024];
	if (strcmp(fields->lsm, "apparmor") != 0)
		return write_attribute(context, "thread-self/attr/exec", fields->label) < 0 ? fail("label %s", fields->label) : 0;
	snprintf(text, sizeof text, "exec %s", fields->label);
	if (write_attribute(context, "thread-self/attr/apparmor/exec", text) == 0)
		return 0;
	if (errno != ENOENT)
		return fail("apparmor profile %s", fields->label);
	return write_attribute(context, "thread-self/attr/exec", text) < 0 ? fail("apparmor profile %s", fields->label) : 0;
}

OPERATION_WITHOUT_FIELDS(set_no_new_privileges)
{
	(void)context, (void)fields;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? fail("PR_SET_NO_NEW_PRIVS") : 0;
}

OPERATION(limit_bounding_set)
{
	(void)context;
	for (int capability = 0; capability <= CAPABILITIES_MAXIMUM; capability++) {
		if ((uint64_t)fields->mask >> capability & 1)
			continue;
		if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0)
			continue;
		if (errno == EINVAL) /* the kernel knows no more */
			return 0;
		return fail("drop capability %d from the bounding set", capability);
	}
	return 0;
}

/* stdio belongs to the user of the container, so that it can be opened again by /dev/stdout; not what is shared by all. */
static int hand_over_stdio(uid_t uid)
{
	struct stat info;
	for (int number = 0; number < 3; number++) {
		if (fstat(number, &info) < 0) {
			if (errno == EBADF)
				continue;
			return fail("stat of stdio");
		}
		if (info.st_uid == uid || (S_ISCHR(info.st_mode) && info.st_rdev == makedev(1, 3)))
			continue;
		/* EINVAL: its owner has no id here; EPERM, EROFS: it is somebody else's for good */
		if (fchown(number, uid, info.st_gid) < 0 && errno != EINVAL && errno != EPERM && errno != EROFS)
			return fail("chown of stdio");
	}
	return 0;
}

/* An ancestor of this user namespace may have given setgroups up for all below it (user_namespaces(7)). */
static bool setgroups_is_denied(struct context *context)
{
	char text[8] = "";
	int file CLOSING = openat(context->host_proc, "self/setgroups", O_RDONLY | O_CLOEXEC);
	return file >= 0 && read(file, text, sizeof text - 1) > 0 && strncmp(text, "deny", 4) == 0;
}

static int set_groups(struct context *context, const gid_t *groups, size_t count)
{
	if (setgroups(count, groups) == 0)
		return 0;
	if (errno == EPERM && count == 0 && setgroups_is_denied(context))
		return 0;
	errno = EPERM;
	return fail("setgroups");
}

OPERATION(set_user)
{
	size_t count = fields->groups.count;
	gid_t *groups = calloc(count + 1, sizeof *groups);
	if (!groups)
		return fail("no memory for the groups");
	for (size_t i = 0; i < count; i++)
		groups[i] = (gid_t)fields->groups.items[i];
	if (hand_over_stdio((uid_t)fields->uid) < 0)
		return -1;
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return fail("PR_SET_KEEPCAPS");
	if (!(fields->options & OPTION_USER_KEEP_GROUPS) && set_groups(context, groups, count) < 0)
		return -1;
	free(groups);
	if (setresgid((gid_t)fields->gid, (gid_t)fields->gid, (gid_t)fields->gid) < 0)
		return fail("setresgid %lld", (long long)fields->gid);
	if (setresuid((uid_t)fields->uid, (uid_t)fields->uid, (uid_t)fields->uid) < 0)
		return fail("setresuid %lld", (long long)fields->uid);
	return prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0 ? fail("PR_SET_KEEPCAPS") : 0;
}

/* A capability that is not inheritable as well cannot be ambient (capabilities(7)). runc leaves it out and says nothing, and so
 * do we: buildah asks for such sets in every step. The process has less than was asked for, never more. */
static int raise_ambient(uint64_t mask)
{
	for (int capability = 0; capability <= CAPABILITIES_MAXIMUM; capability++) {
		if (!(mask >> capability & 1) || prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) == 0)
			continue;
		if (errno != EPERM)
			return fail("raise ambient capability %d", capability);
	}
	return 0;
}

OPERATION(set_capabilities)
{
	(void)context;
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2];
	for (int half = 0; half < 2; half++) {
		data[half].effective = (uint32_t)((uint64_t)fields->effective >> (32 * half));
		data[half].permitted = (uint32_t)((uint64_t)fields->permitted >> (32 * half));
		data[half].inheritable = (uint32_t)((uint64_t)fields->inheritable >> (32 * half));
	}
	if (sys_capset(&header, data) < 0)
		return fail("capset");
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL) /* EINVAL: before Linux 4.3 */
		return fail("clear the ambient capabilities");
	return raise_ambient((uint64_t)fields->ambient);
}
