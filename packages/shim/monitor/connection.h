/* One client of the control socket. */
#ifndef TIFFIN_MONITOR_CONNECTION_H
#define TIFFIN_MONITOR_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>

#include "loop.h"

struct queued {
	struct queued *next;
	size_t length;
	unsigned char bytes[];
};

struct connection {
	struct connection *next;
	struct watch watch;
	struct queued *first, **last; /* what it has not read */
	size_t queued;
	bool broken;                  /* nothing more is sent; what it has asked for is done, and then the loop frees it */
};

extern struct connection *connections;

void connection_break(struct connection *connection);
void connection_send_queued(struct connection *connection); /* answers.c */

#endif
