/* Messages to the controller: one write(2) of at most PIPE_BUF bytes each, so that those of launcher and init never mix.
 *
 *   type:u32  operation:i32  errno:i32  text_length:u32  a:i64  b:i64  text[text_length] */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core.h"

#define TEXT_MAXIMUM 1024

struct message {
	uint32_t type;
	int32_t operation;
	int32_t error;
	uint32_t text_length;
	int64_t a;
	int64_t b;
	char text[TEXT_MAXIMUM];
};

/* What nobody may go on without. The others are for a controller that is there: whether init may pass a barrier, its byte tells,
 * which may come from somebody else. */
static bool must_be_heard(enum wire_message type)
{
	return type != MESSAGE_BARRIER && type != MESSAGE_WARNING && type != MESSAGE_TRACE;
}

void report(const struct context *context, enum wire_message type, int operation, int error, int64_t a, int64_t b, const char *text)
{
	struct message message = {.type = type, .operation = operation, .error = error, .a = a, .b = b};
	size_t size = offsetof(struct message, text);
	if (context->messages < 0)
		return;
	if (text) {
		message.text_length = (uint32_t)strnlen(text, TEXT_MAXIMUM);
		memcpy(message.text, text, message.text_length);
		size += message.text_length;
	}
	while (write(context->messages, &message, size) < 0)
		if (errno != EINTR) {
			if (must_be_heard(type))
				_exit(1); /* EPIPE: the controller is gone */
			return;
		}
}

int index_of(const struct context *context, const struct operation *operation)
{
	return (int)(operation - context->plan->operations);
}
