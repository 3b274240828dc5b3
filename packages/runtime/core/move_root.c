/* --no-pivot: the rootfs is moved over /, for a host whose root is the ramdisk it was booted from, which cannot be pivoted.
 *
 * What was there stays below it, in the container's mount namespace. As long as a whole procfs or sysfs is among it, the kernel
 * lets a user namespace of the container mount another one, without what the container's own has masked (mount_namespaces(7),
 * "Restrictions"). So those go first. */
#include "move_root.h"

#include <sys/mount.h>
#include <unistd.h>

#include "mount_table.h"

static bool tells_all(const struct mount_entry *entry, const char *rootfs)
{
	return (has_type(entry, "proc") || has_type(entry, "sysfs")) && entry->root[0] == '/' && !entry->root[1] &&
	       !is_below(entry->point, rootfs);
}

/* A slave first, so that the host keeps it. One that came from another user namespace may only be covered. */
static int take_away(const char *point)
{
	if (mount(NULL, point, NULL, MS_SLAVE | MS_REC, NULL) < 0)
		return errno == ENOENT ? 0 : fail("make %s a slave", point); /* it was below one that has gone already */
	if (umount2(point, MNT_DETACH) == 0)
		return 0;
	if (errno != EINVAL && errno != EPERM)
		return fail("unmount %s", point);
	return mount("tmpfs", point, "tmpfs", 0, NULL) < 0 ? fail("cover %s", point) : 0;
}

static int take_away_all(const struct context *context, const char *rootfs)
{
	static struct mount_entry entry;
	FILE *table = open_mount_table(context);
	int result = table ? 0 : -1;
	while (result == 0 && next_mount(table, &entry))
		if (tells_all(&entry, rootfs))
			result = take_away(entry.point);
	if (table)
		fclose(table);
	return result;
}

int move_root(const struct context *context)
{
	const struct operation *opening = find_operation(context->plan, OPERATION_OPEN_ROOTFS);
	if (!opening)
		return fail_with(EINVAL, "the plan has opened no rootfs");
	if (take_away_all(context, ((const struct wire_open_rootfs *)opening->fields)->path) < 0)
		return -1;
	if (fchdir(context->rootfs) < 0)
		return fail("enter the rootfs");
	if (mount(".", "/", NULL, MS_MOVE, NULL) < 0)
		return fail("move the rootfs to /");
	if (chroot(".") < 0)
		return fail("chroot");
	return chdir("/") < 0 ? fail("chdir /") : 0;
}
