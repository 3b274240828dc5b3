/* The control socket: SOCK_SEQPACKET, one packet a message. Whoever may enter our directory (0700) may connect. */
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "connection.h"
#include "log.h"
#include "memory.h"
#include "message.h"
#include "process.h"

#define SOCKET "monitor.sock"
#define BACKLOG 64
#define MOST_DESCRIPTORS 253 /* SCM_MAX_FD */

struct connection *connections;

static struct watch listener = {.descriptor = -1};
static int reserve = -1; /* given up when there are no more descriptors, so that a client can be turned away */

static void free_connection(struct connection *connection)
{
	struct connection **link = &connections;
	while (*link != connection)
		link = &(*link)->next;
	*link = connection->next;
	start_client_gone(connection);
	watch_close(&connection->watch);
	while (connection->first) {
		struct queued *queued = connection->first;
		connection->first = queued->next;
		free(queued);
	}
	free(connection);
}

void connection_break(struct connection *connection)
{
	connection->broken = true;
	shutdown(connection->watch.descriptor, SHUT_RDWR); /* the loop hears of that */
}

struct packet_in {
	union {
		struct wire_header header;
		unsigned char bytes[WIRE_LONGEST_MESSAGE];
	};
	size_t length;
	bool whole;
	int given[MOST_DESCRIPTORS];
	size_t count;
};

static void take_given(struct packet_in *packet, struct msghdr *message)
{
	for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header; header = CMSG_NXTHDR(message, header)) {
		size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		if (count > MOST_DESCRIPTORS - packet->count)
			count = MOST_DESCRIPTORS - packet->count; /* there is room for no more */
		memcpy(packet->given + packet->count, CMSG_DATA(header), count * sizeof(int));
		packet->count += count;
	}
}

/* 0: the client is gone, and has asked for nothing more; -1: there is nothing now. */
static ssize_t receive(struct connection *connection, struct packet_in *packet)
{
	static union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int) * MOST_DESCRIPTORS)];
	} control;
	struct iovec part = {packet->bytes, sizeof packet->bytes};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
	ssize_t length = recvmsg(connection->watch.descriptor, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	packet->count = 0;
	if (length < 0) /* ECONNRESET: it went with something unread. That is said once, and what it had sent comes after it */
		return errno == EAGAIN || errno == EINTR || errno == ECONNRESET ? -1 : 0;
	take_given(packet, &message);
	packet->length = (size_t)length;
	packet->whole = !(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC));
	return length;
}

/* Descriptors that could not be made for us are missing, not told: the packet says how many there should be. */
static void handle_packet(struct connection *connection, struct packet_in *packet)
{
	if (packet->length < sizeof packet->header)
		connection_break(connection); /* it does not speak our language */
	else if (!packet->whole)
		answer_failed(connection, packet->header.serial, ERROR_UNAVAILABLE, EMFILE, "the message is cut off, or its descriptors are", NULL, 0);
	else
		handle_request(connection, &packet->header, packet->bytes + sizeof packet->header, packet->length - sizeof packet->header, packet->given, packet->count);
}

static void close_given(struct packet_in *packet)
{
	for (size_t i = 0; i < packet->count; i++)
		if (packet->given[i] >= 0)
			close(packet->given[i]);
	packet->count = 0;
}

static void has_packet(struct watch *watch, uint32_t events)
{
	static struct packet_in *packet;
	struct connection *connection = owner_of(watch, struct connection, watch);
	ssize_t length;
	if (events & EPOLLOUT)
		connection_send_queued(connection);
	if (!packet)
		packet = scratch(sizeof *packet);
	length = receive(connection, packet);
	if (length < 0)
		return;
	if (length > 0)
		handle_packet(connection, packet);
	close_given(packet);
	if (length == 0)
		free_connection(connection);
}

static int add_connection(int descriptor)
{
	struct connection *connection = calloc(1, sizeof *connection);
	struct wire_hello hello = {WIRE_VERSION, getpid()};
	if (!connection)
		return -1;
	connection->watch = (struct watch){.descriptor = descriptor, .ready = has_packet};
	connection->last = &connection->first;
	connection->next = connections;
	connections = connection;
	if (watch_for(&connection->watch, EPOLLIN) < 0) {
		connections = connection->next;
		free(connection); /* it leaves errno as it is (glibc 2.33) */
		return -1;
	}
	answer(connection, 0, MESSAGE_HELLO, &hello);
	return 0;
}

static void reserve_one(void)
{
	reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
	watch_for(&listener, reserve < 0 ? 0 : EPOLLIN);
}

/* A client that only saw the end would take us for dead, and end what we hold. */
static void refuse_client(int client, int error)
{
	refuse_connection(client, ERROR_OPERATION_FAILED, error, "no client can be taken now");
	close(client);
	warn(NULL, "a client is turned away:", "accept", error); /* now: the log needs the descriptor too */
}

/* Without a descriptor for it, a client would wait for us, and we would be woken for it, for ever. */
static void turn_away(int error)
{
	int client;
	close(reserve);
	client = accept4(listener.descriptor, NULL, NULL, SOCK_CLOEXEC);
	if (client >= 0)
		refuse_client(client, error);
	reserve_one();
}

static bool accept_one(void)
{
	int descriptor = accept4(listener.descriptor, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (descriptor < 0) {
		if ((errno == EMFILE || errno == ENFILE) && reserve >= 0)
			turn_away(errno);
		return false;
	}
	if (add_connection(descriptor) == 0)
		return true;
	refuse_client(descriptor, errno);
	return false;
}

static void has_client(struct watch *watch, uint32_t events)
{
	(void)watch;
	(void)events;
	accept_one();
}

int control_open(int first_client)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = SOCKET};
	unlink(SOCKET); /* of an earlier monitor: the lock says that none lives */
	listener.ready = has_client;
	listener.descriptor = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener.descriptor < 0 || bind(listener.descriptor, (struct sockaddr *)&address, sizeof address) < 0 ||
	    listen(listener.descriptor, BACKLOG) < 0)
		return -1;
	reserve_one();
	return reserve < 0 ? -1 : add_connection(first_client);
}

bool has_clients(void)
{
	if (reserve < 0)
		reserve_one(); /* something may have been closed since */
	return connections || accept_one();
}
