/* The container's terminal: a pty of its own devpts, whose master goes to the caller by the console socket. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "descriptor_passing.h"
#include "operations.h"
#include "paths.h"

#define DEVPTS_MAGIC 0x1cd1 /* statfs(2): DEVPTS_SUPER_MAGIC */
#ifndef TIOCGPTPEER
#define TIOCGPTPEER 0x5441 /* ioctl_tty(2), Linux 4.13: the other side without a path, so that no link can be in the way */
#endif

static int open_master(struct context *context)
{
	struct statfs info;
	int unlocked = 0;
	int master = open_in_root(context, "/dev/pts/ptmx", O_RDWR | O_NOCTTY);
	if (master < 0)
		return fail("open /dev/pts/ptmx");
	if (fstatfs(master, &info) < 0 || info.f_type != DEVPTS_MAGIC) {
		close_descriptor(&master);
		return fail_with(EINVAL, "/dev/pts of the container is not devpts");
	}
	if (ioctl(master, TIOCSPTLCK, &unlocked) < 0)
		return fail("unlock the console");
	return master;
}

/* /dev/console is a bind of the pty, onto a descriptor: what the image has there is not followed (CVE-2025-52565). */
static int mount_console(struct context *context, int follower)
{
	struct stat info;
	int target CLOSING = make_target(context, "/dev/console", true, false);
	if (target < 0)
		return -1;
	if (fstat(target, &info) < 0 || S_ISLNK(info.st_mode))
		return fail_with(ELOOP, "/dev/console of the container is a link");
	return mount(path_of(follower).text, path_of(target).text, NULL, MS_BIND, NULL) < 0 ? fail("bind the console") : 0;
}

OPERATION(open_console)
{
	struct winsize size = {.ws_row = (unsigned short)fields->height, .ws_col = (unsigned short)fields->width};
	char name[32];
	unsigned number = 0;
	int master CLOSING = open_master(context);
	int follower CLOSING = -1;
	if (master < 0)
		return -1;
	if ((size.ws_row || size.ws_col) && ioctl(master, TIOCSWINSZ, &size) < 0)
		return fail("size of the console");
	follower = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (follower < 0)
		return fail("open the console");
	if (fields->mount && mount_console(context, follower) < 0)
		return -1;
	ioctl(master, TIOCGPTN, &number);
	snprintf(name, sizeof name, "/dev/pts/%u", number);
	if (send_descriptor(context->console, master, name, strlen(name)) < 0)
		return fail("send the console to its socket");
	if (ioctl(follower, TIOCSCTTY, 0) < 0)
		return fail("make the console the controlling terminal");
	for (int number_of_stdio = 0; number_of_stdio < 3; number_of_stdio++)
		if (dup2(follower, number_of_stdio) < 0)
			return fail("make the console stdio");
	close_descriptor(&context->console);
	context->console = -1;
	return 0;
}
