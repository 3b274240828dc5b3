/* orphan [-c SOCKET | -C DESCRIPTOR] PIDFILE PROGRAM ARGUMENTS...: stands in for an OCI runtime. It starts the program, writes
 * its pid and ends, so that the program goes to the nearest subreaper. With -c and -C the program has a pty, whose master is
 * sent to a socket. Unlike a shell it never reaps. */
#include <fcntl.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <utmp.h>

static int connected(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
	strncpy(address.sun_path, path, sizeof address.sun_path - 1);
	if (connect(descriptor, (struct sockaddr *)&address, sizeof address) < 0)
		exit(3);
	return descriptor;
}

static int send_master(int to, int master)
{
	char space[CMSG_SPACE(sizeof(int))] = {0}, name[] = "/dev/ptmx";
	struct iovec part = {name, sizeof name};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &master, sizeof master);
	return sendmsg(to, &message, 0) < 0 ? 4 : 0;
}

int main(int argc, char **argv)
{
	int console = -1, master = -1, slave = -1, option;
	while ((option = getopt(argc, argv, "+c:C:")) != -1)
		console = option == 'c' ? connected(optarg) : atoi(optarg);
	if (argc - optind < 2 || (console >= 0 && openpty(&master, &slave, NULL, NULL, NULL) < 0))
		return 2;
	pid_t pid = fork();
	if (pid == 0) {
		setsid();
		if (console >= 0 && login_tty(slave) < 0)
			_exit(126);
		closefrom(3);
		execv(argv[optind + 1], argv + optind + 1);
		_exit(127);
	}
	FILE *file = fopen(argv[optind], "w");
	if (!file || fprintf(file, "%d", pid) < 0 || fclose(file) != 0)
		return 5;
	return console >= 0 ? send_master(console, master) : 0;
}
