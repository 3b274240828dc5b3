/*
 * Asks a template, as command/template/wire.py describes it. It has a second to accept; what it has accepted takes as long
 * as it takes.
 */
#include <inttypes.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "front.h"

#define DIRECTORY "/run/containerd/s"
#define ACCEPTED 'A'
#define DESCRIPTORS 4
#define PATIENCE 1 /* seconds */

extern char **environ;

static uint64_t add_to_hash(uint64_t hash, const char *text)
{
	do /* with its NUL */
		hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
	while (*text++);
	return hash;
}

/* FNV-1a names the installation and its containerd. */
static bool connect_to(int connection, const char *folder, const char *address)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	uint64_t hash = add_to_hash(add_to_hash(UINT64_C(14695981039346656037), folder), address);

	snprintf(name.sun_path, sizeof(name.sun_path), "%s/template-%016" PRIx64, DIRECTORY, hash);
	return connect(connection, (const struct sockaddr *)&name, sizeof(name)) == 0;
}

/* The request without its length; NULL if there is no memory. */
static char *make_request(int argc, char **argv, size_t *length)
{
	char *data = NULL;
	FILE *stream = open_memstream(&data, length);

	if (!stream)
		return NULL;
	fprintf(stream, "%d %d", argc - 1, (int)getppid());
	fputc('\0', stream);
	for (int index = 1; index < argc; index++)
		fwrite(argv[index], strlen(argv[index]) + 1, 1, stream);
	for (char **pair = environ; *pair; pair++)
		fwrite(*pair, strlen(*pair) + 1, 1, stream);
	if (fclose(stream) != 0) {
		free(data);
		return NULL;
	}
	return data;
}

/* The length, and with it the descriptors. */
static bool send_head(int connection, uint32_t length, const int descriptors[DESCRIPTORS])
{
	char control[CMSG_SPACE(DESCRIPTORS * sizeof(int))] = { 0 };
	struct iovec part = { .iov_base = &length, .iov_len = sizeof(length) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(DESCRIPTORS * sizeof(int));
	memcpy(CMSG_DATA(header), descriptors, DESCRIPTORS * sizeof(int));
	return sendmsg(connection, &message, MSG_NOSIGNAL) == (ssize_t)sizeof(length);
}

static bool send_all(int connection, const char *data, size_t length)
{
	while (length > 0) {
		ssize_t sent = send(connection, data, length, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		data += sent;
		length -= (size_t)sent;
	}
	return true;
}

static bool send_request(int connection, int argc, char **argv)
{
	int descriptors[DESCRIPTORS] = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, -1 };
	size_t length = 0;
	char *data = make_request(argc, argv, &length);
	bool sent = false;

	descriptors[3] = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (data && descriptors[3] >= 0 && length <= UINT32_MAX)
		sent = send_head(connection, (uint32_t)length, descriptors) && send_all(connection, data, length);
	if (descriptors[3] >= 0)
		close(descriptors[3]);
	free(data);
	return sent;
}

static bool set_patience(int connection, time_t seconds)
{
	const struct timeval time = { .tv_sec = seconds };

	return setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)) == 0 &&
	       setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time)) == 0;
}

int ask_template(int argc, char **argv, const char *folder, const char *address)
{
	int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unsigned char answer;
	int code = -1;

	if (connection < 0)
		return -1;
	if (set_patience(connection, PATIENCE) && connect_to(connection, folder, address) &&
	    recv(connection, &answer, 1, 0) == 1 && answer == ACCEPTED && send_request(connection, argc, argv) &&
	    set_patience(connection, 0) && recv(connection, &answer, 1, 0) == 1)
		code = answer;
	close(connection);
	return code;
}
