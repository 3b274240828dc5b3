/* descriptors.h tells what this is. */
#include "descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text.h"

const char *link_of(int descriptor, char path[LINK_SPACE])
{
	struct text text = {path, 0, LINK_SPACE};
	add_text(&text, "/proc/self/fd/");
	add_number(&text, (uint64_t)descriptor, 0);
	return text_end(&text);
}

const char *proc_path(pid_t pid, const char *file, char path[PROC_SPACE])
{
	struct text text = {path, 0, PROC_SPACE};
	add_text(&text, "/proc/");
	add_number(&text, (uint64_t)pid, 0);
	add_text(&text, "/");
	add_text(&text, file);
	return text_end(&text);
}

int make_nonblocking(int descriptor)
{
	int flags = fcntl(descriptor, F_GETFL);
	return flags < 0 ? -1 : fcntl(descriptor, F_SETFL, flags | O_NONBLOCK);
}

/* Whether the other side gave a descriptor that allows this access: a new description would not ask for it again. */
static bool allows(int descriptor, int access)
{
	int flags = fcntl(descriptor, F_GETFL), mode = flags & O_ACCMODE;
	return flags >= 0 && !(flags & O_PATH) && (mode == access || mode == O_RDWR);
}

/* A socket cannot be, a file need not be, and what is opened anew of a pty's master is another pty. */
static bool should_be_opened_anew(int descriptor, mode_t mode)
{
	int number;
	return S_ISFIFO(mode) || (S_ISCHR(mode) && ioctl(descriptor, TIOCGPTN, &number) < 0);
}

int own_description(int descriptor, int access, bool *socket)
{
	struct stat info;
	char path[LINK_SPACE];
	int own = -1;
	if (fstat(descriptor, &info) < 0)
		return -1;
	*socket = S_ISSOCK(info.st_mode);
	if (!allows(descriptor, access)) {
		errno = EBADF;
		return -1;
	}
	if (should_be_opened_anew(descriptor, info.st_mode))
		own = open(link_of(descriptor, path), access | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (own >= 0)
		return own;
	own = fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
	if (own >= 0 && !*socket && !S_ISREG(info.st_mode) && make_nonblocking(own) < 0) {
		close(own);
		return -1;
	}
	return own;
}
