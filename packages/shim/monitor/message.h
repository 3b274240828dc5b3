/* Packets to structs and back, by the layouts of wire_table.c. */
#ifndef TIFFIN_MONITOR_MESSAGE_H
#define TIFFIN_MONITOR_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "wire.h"

/* Fills the struct of a message from its fields; what it points to lies in `body`, and in a buffer that the next call of
 * begin_decoding gives free. Missing fields are 0 or empty, surplus ones are skipped. False: it is malformed. */
void begin_decoding(void);
bool decode(enum wire_message number, const unsigned char *body, size_t length, void *fields);

/* A packet, or a record, that is being written; `overflow` says that it would not fit. */
struct packet {
	unsigned char *bytes;
	size_t length, room;
	bool overflow;
};

void put(struct packet *packet, const void *data, size_t length);
void put_header(struct packet *packet, enum wire_message number, uint32_t serial);
void put_fields(struct packet *packet, enum wire_message number, const void *fields);

#endif
