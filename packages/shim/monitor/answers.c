/* What is sent to clients. Nobody is waited for: what a client does not read is kept for him up to a limit, and then he is cut
 * off; everything that he missed is on disk, and in the list. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "connection.h"
#include "control.h"
#include "log.h"
#include "memory.h"
#include "message.h"
#include "text.h"

#define QUEUED 1048576 /* bytes that wait for a client at most */
#define LONGEST_TEXT 512

static unsigned char *packet_bytes; /* of WIRE_LONGEST_MESSAGE */

static void queue(struct connection *client, const unsigned char *bytes, size_t length)
{
	struct queued *queued = client->queued + length > QUEUED ? NULL : malloc(sizeof *queued + length);
	if (!queued || watch_for(&client->watch, EPOLLIN | EPOLLOUT) < 0) {
		free(queued);
		warn(NULL, "a client is cut off:", "it does not read", 0);
		connection_break(client);
		return;
	}
	queued->next = NULL;
	queued->length = length;
	memcpy(queued->bytes, bytes, length);
	*client->last = queued;
	client->last = &queued->next;
	client->queued += length;
}

static void send_packet(struct connection *client, const struct packet *packet)
{
	if (client->broken || packet->overflow)
		return;
	if (!client->first) {
		if (send(client->watch.descriptor, packet->bytes, packet->length, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
			return;
		if (errno != EAGAIN) {
			connection_break(client);
			return;
		}
	}
	queue(client, packet->bytes, packet->length);
}

void connection_send_queued(struct connection *client)
{
	while (client->first) {
		struct queued *queued = client->first;
		if (send(client->watch.descriptor, queued->bytes, queued->length, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
			if (errno != EAGAIN)
				connection_break(client);
			return;
		}
		client->first = queued->next;
		client->queued -= queued->length;
		free(queued);
	}
	client->last = &client->first;
	watch_for(&client->watch, EPOLLIN);
}

void answer(struct connection *client, uint32_t serial, enum wire_message number, const void *fields)
{
	struct packet packet = {.room = WIRE_LONGEST_MESSAGE};
	if (!client)
		return;
	if (!packet_bytes)
		packet_bytes = scratch(WIRE_LONGEST_MESSAGE);
	packet.bytes = packet_bytes;
	put_header(&packet, number, serial);
	put_fields(&packet, number, fields);
	send_packet(client, &packet);
}

void answer_done(struct connection *client, uint32_t serial, int64_t pid)
{
	struct wire_done done = {pid};
	answer(client, serial, MESSAGE_DONE, &done);
}

void answer_failed(struct connection *client, uint32_t serial, enum wire_error_number error, int number, const char *text, const void *output, size_t length)
{
	char bytes[LONGEST_TEXT]; /* it may be the client's own, as long as a packet, and then no answer would have room for it */
	struct text cut = {bytes, 0, sizeof bytes};
	struct wire_failed failed = {error, number, bytes, {output, length}};
	add_text(&cut, text);
	text_end(&cut);
	answer(client, serial, MESSAGE_FAILED, &failed);
}

int refuse_connection(int descriptor, enum wire_error_number error, int number, const char *text)
{
	unsigned char bytes[128];
	struct packet packet = {bytes, 0, sizeof bytes, false};
	struct wire_failed failed = {error, number, text, {NULL, 0}};
	put_header(&packet, MESSAGE_FAILED, 0);
	put_fields(&packet, MESSAGE_FAILED, &failed);
	return send(descriptor, bytes, packet.length, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -1 : 0;
}

void tell_all(enum wire_message event, const void *fields)
{
	for (struct connection *client = connections; client; client = client->next)
		answer(client, 0, event, fields);
}

enum wire_error_number error_of(int error)
{
	switch (error) {
	case EINVAL:
	case EBADF:
	case ENAMETOOLONG:
		return ERROR_INVALID_ARGUMENT;
	case ENOENT:
	case ESRCH:
		return ERROR_NOT_FOUND;
	case EEXIST:
		return ERROR_ALREADY_EXISTS;
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case EAGAIN:
		return ERROR_UNAVAILABLE;
	default:
		return ERROR_OPERATION_FAILED;
	}
}
