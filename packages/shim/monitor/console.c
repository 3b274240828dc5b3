/* How the master of a pty comes to us: by a socket at NAME/console.sock, which an OCI runtime connects to, or by one that the
 * program was given; it is sent by SCM_RIGHTS. The master is an output and an input of the process from then on. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"
#include "process.h"
#include "text.h"

void console_init(struct process *process)
{
	process->console = (struct console){.listener.descriptor = -1, .connection.descriptor = -1, .terminal = -1, .other_end = -1};
}

static struct process *process_of(struct console *console)
{
	return owner_of(console, struct process, console);
}

static void close_terminal(struct console *console)
{
	if (console->terminal >= 0)
		close(console->terminal);
	if (console->other_end >= 0)
		close(console->other_end);
	console->terminal = console->other_end = -1;
}

static void hang_up(struct process *process)
{
	input_free(process);
	close_terminal(&process->console);
}

/* Each use has a descriptor of its own, since epoll knows a descriptor once. */
static void take_terminal(struct process *process, int master)
{
	int number, input;
	if (process->console.terminal >= 0 || !process->terminal || ioctl(master, TIOCGPTN, &number) < 0) {
		warn(process->name, "what came by the console socket is not wanted:", "descriptor", 0);
		close(master);
		return;
	}
	process->console.terminal = master;
	input = fcntl(master, F_DUPFD_CLOEXEC, 3);
	if (input < 0 || input_start(process, input) < 0 || output_start(&process->outputs[0], fcntl(master, F_DUPFD_CLOEXEC, 3)) < 0) {
		warn(process->name, "the terminal is not usable:", "dup", errno);
		hang_up(process); /* as if none had come: nobody would read it, and the process would wait for ever */
	}
}

static int receive_descriptor(int socket)
{
	char name[256];
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = {name, sizeof name};
	/* room for one descriptor: with its padding there would be room for two, and the second would stay open */
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_LEN(sizeof(int))};
	struct cmsghdr *header;
	int descriptor;
	if (recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0)
		return -1;
	header = CMSG_FIRSTHDR(&message);
	errno = ENODATA;
	if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS || header->cmsg_len != CMSG_LEN(sizeof(int)))
		return -1;
	memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
	return descriptor;
}

static void has_message(struct watch *watch, uint32_t events)
{
	struct console *console = owner_of(watch, struct console, connection);
	int master = receive_descriptor(watch->descriptor);
	(void)events;
	if (master < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	watch_close(watch);
	if (master >= 0)
		take_terminal(process_of(console), master);
}

static void use_connection(struct console *console, int descriptor)
{
	watch_close(&console->connection);
	console->connection = (struct watch){.descriptor = descriptor, .ready = has_message};
	if (watch_for(&console->connection, EPOLLIN) < 0)
		watch_close(&console->connection);
}

static void has_connection(struct watch *watch, uint32_t events)
{
	int descriptor = accept4(watch->descriptor, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	(void)events;
	if (descriptor >= 0)
		use_connection(owner_of(watch, struct console, listener), descriptor);
	else if (errno == EMFILE || errno == ENFILE)
		watch_for(watch, 0); /* it would wake us for ever; adopt and the end look again */
}

static const char *socket_path(const struct process *process, struct sockaddr_un *address)
{
	struct text text = {address->sun_path, 0, sizeof address->sun_path};
	address->sun_family = AF_UNIX;
	add_text(&text, process->name);
	add_text(&text, "/console.sock");
	return text_end(&text);
}

int console_listen(struct process *process)
{
	struct watch *listener = &process->console.listener;
	struct sockaddr_un address = {0};
	unlink(socket_path(process, &address)); /* first, since errno is of what comes after it */
	listener->descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	listener->ready = has_connection;
	if (listener->descriptor < 0 || bind(listener->descriptor, (struct sockaddr *)&address, sizeof address) < 0 ||
	    listen(listener->descriptor, 4) < 0)
		return -1;
	return watch_for(listener, EPOLLIN);
}

int console_connect(struct process *process)
{
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return -1;
	use_connection(&process->console, ends[0]);
	return ends[1];
}

/* The kernel says EIO to us while nobody has the other end open, or when it was hung up. getty and systemd close it and open it
 * again, and it is the process's end that ends it: so we have it open ourselves from then on (Linux 4.13). */
bool console_keep(struct process *process)
{
	struct console *console = &process->console;
	if (console->terminal < 0 || process->stage == STAGE_ENDED)
		return false;
	if (console->other_end >= 0)
		close(console->other_end);
	console->other_end = ioctl(console->terminal, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	return console->other_end >= 0;
}

void console_finish(struct process *process)
{
	struct console *console = &process->console;
	struct sockaddr_un address = {0};
	if (console->listener.descriptor >= 0) {
		if (console->terminal < 0 && console->connection.descriptor < 0)
			has_connection(&console->listener, EPOLLIN);
		watch_close(&console->listener);
		unlink(socket_path(process, &address));
	}
	if (console->connection.descriptor >= 0)
		has_message(&console->connection, EPOLLIN);
	watch_close(&console->connection);
}

void console_free(struct process *process)
{
	watch_close(&process->console.listener);
	watch_close(&process->console.connection);
	close_terminal(&process->console);
}
