/* Names and settings of the new namespaces: host name, sysctl, loopback. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "operations.h"
#include "paths.h"
#include "syscalls.h"

/* Through the host's procfs, not the container's, and through no link or other mount: what is written is that file of
 * /proc/sys and nothing that was put in its place (CVE-2025-52881). Which namespace it belongs to depends on the writer. */
OPERATION(sysctl)
{
	char path[PATH_MAX];
	struct open_how_arguments how = {
		.flags = O_WRONLY | O_CLOEXEC | O_NOFOLLOW,
		.resolve = RESOLVE_BENEATH_ | RESOLVE_NO_XDEV_ | RESOLVE_NO_SYMLINKS_,
	};
	int file CLOSING = -1;
	if (strncmp(fields->path, "/proc/sys/", 10) != 0 || strstr(fields->path, ".."))
		return fail_with(EINVAL, "%s is not below /proc/sys", fields->path);
	snprintf(path, sizeof path, "%s", fields->path + strlen("/proc/"));
	file = sys_openat2(context->host_proc, path, &how);
	if (file < 0 && errno == ENOSYS)
		file = openat(context->host_proc, path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (file < 0)
		return fail("open %s", fields->path);
	if (!is_procfs(file))
		return fail_with(EINVAL, "%s is not in procfs", fields->path);
	return write(file, fields->value, strlen(fields->value)) < 0 ? fail("write %s", fields->path) : 0;
}

OPERATION(set_hostname)
{
	(void)context;
	return sethostname(fields->name, strlen(fields->name)) < 0 ? fail("sethostname %s", fields->name) : 0;
}

OPERATION(set_domainname)
{
	(void)context;
	return setdomainname(fields->name, strlen(fields->name)) < 0 ? fail("setdomainname %s", fields->name) : 0;
}

OPERATION_WITHOUT_FIELDS(loopback_up)
{
	struct ifreq request = {.ifr_name = "lo"};
	int any CLOSING = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	(void)context, (void)fields;
	if (any < 0 || ioctl(any, SIOCGIFFLAGS, &request) < 0)
		return fail("flags of the loopback interface");
	if (request.ifr_flags & IFF_UP)
		return 0;
	request.ifr_flags |= IFF_UP;
	return ioctl(any, SIOCSIFFLAGS, &request) < 0 ? fail("bring the loopback interface up") : 0;
}
