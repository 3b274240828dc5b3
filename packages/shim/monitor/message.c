/* message.h tells what this is. Nothing here trusts what came: every length is held against what is left. */
#include "message.h"

#include <string.h>

#include "memory.h"

/* A list's pointers: a text of 5 bytes needs 8, a record of 4 bytes 16, an int 8. */
#define ARENA (WIRE_LONGEST_MESSAGE * 4 + 4096)

static unsigned char *arena; /* of ARENA bytes */
static size_t arena_used;

struct reader {
	const unsigned char *at, *end;
	bool bad;
};

static const struct wire_layout *layout_of(enum wire_message number)
{
	for (size_t i = 0; i < wire_layout_count; i++)
		if (wire_layouts[i].number == number)
			return &wire_layouts[i];
	return NULL;
}

void begin_decoding(void)
{
	if (!arena)
		arena = scratch(ARENA);
	arena_used = 0;
}

static void *take_room(struct reader *reader, size_t size, size_t count)
{
	void *room = arena + arena_used;
	if (reader->bad || count > (ARENA - arena_used) / size) {
		reader->bad = true;
		return NULL;
	}
	arena_used += size * count;
	return room;
}

static void take(struct reader *reader, void *into, size_t length)
{
	if (reader->bad || (size_t)(reader->end - reader->at) < length) {
		reader->bad = true;
		memset(into, 0, length);
		return;
	}
	memcpy(into, reader->at, length);
	reader->at += length;
}

static struct wire_bytes take_bytes(struct reader *reader)
{
	struct wire_bytes bytes = {(const unsigned char *)"", 0};
	uint32_t length;
	take(reader, &length, sizeof length);
	if (reader->bad || (size_t)(reader->end - reader->at) < length) {
		reader->bad = true;
		return bytes;
	}
	bytes.data = reader->at;
	bytes.length = length;
	reader->at += length;
	return bytes;
}

static const char *take_text(struct reader *reader)
{
	struct wire_bytes bytes = take_bytes(reader);
	char end;
	take(reader, &end, 1);
	if (reader->bad || end || memchr(bytes.data, 0, bytes.length)) {
		reader->bad = true;
		return "";
	}
	return (const char *)bytes.data;
}

static void take_texts(struct reader *reader, struct wire_texts *texts)
{
	uint32_t count;
	take(reader, &count, sizeof count);
	texts->items = take_room(reader, sizeof(char *), (size_t)count + 1);
	for (; !reader->bad && texts->count < count; texts->count++)
		texts->items[texts->count] = take_text(reader);
	if (!reader->bad)
		texts->items[count] = NULL;
}

static void take_ints(struct reader *reader, struct wire_ints *ints)
{
	uint32_t count;
	take(reader, &count, sizeof count);
	ints->items = take_room(reader, sizeof(int64_t), count);
	for (; !reader->bad && ints->count < count; ints->count++)
		take(reader, &ints->items[ints->count], sizeof(int64_t));
}

static void take_records(struct reader *reader, struct wire_records *records)
{
	uint32_t count;
	take(reader, &count, sizeof count);
	records->items = take_room(reader, sizeof(struct wire_bytes), count);
	for (; !reader->bad && records->count < count; records->count++)
		records->items[records->count] = take_bytes(reader);
}

static void take_field(struct reader *reader, enum wire_kind kind, void *field)
{
	switch (kind) {
	case WIRE_INT:
		take(reader, field, sizeof(int64_t));
		break;
	case WIRE_TEXT:
		*(const char **)field = take_text(reader);
		break;
	case WIRE_BYTES:
		*(struct wire_bytes *)field = take_bytes(reader);
		break;
	case WIRE_TEXTS:
		take_texts(reader, field);
		break;
	case WIRE_INTS:
		take_ints(reader, field);
		break;
	case WIRE_RECORDS:
		take_records(reader, field);
		break;
	}
}

/* What a field is that an older client does not send: 0 by memset, but texts and lists of texts must not be NULL. */
static void set_missing(enum wire_kind kind, void *field)
{
	static const char *no_texts[] = {NULL};
	if (kind == WIRE_TEXT)
		*(const char **)field = "";
	if (kind == WIRE_TEXTS)
		((struct wire_texts *)field)->items = no_texts;
}

bool decode(enum wire_message number, const unsigned char *body, size_t length, void *fields)
{
	const struct wire_layout *layout = layout_of(number);
	struct reader reader = {body, body + length, false};
	if (!layout)
		return false;
	if (layout->size)
		memset(fields, 0, layout->size);
	for (size_t i = 0; i < layout->field_count && !reader.bad; i++) {
		void *field = (char *)fields + layout->fields[i].offset;
		if (reader.at == reader.end)
			set_missing(layout->fields[i].kind, field);
		else
			take_field(&reader, layout->fields[i].kind, field);
	}
	return !reader.bad;
}

void put(struct packet *packet, const void *data, size_t length)
{
	if (packet->overflow || packet->room - packet->length < length) {
		packet->overflow = true;
		return;
	}
	if (length)
		memcpy(packet->bytes + packet->length, data, length);
	packet->length += length;
}

void put_header(struct packet *packet, enum wire_message number, uint32_t serial)
{
	struct wire_header header = {(uint16_t)number, 0, serial};
	put(packet, &header, sizeof header);
}

static void put_bytes(struct packet *packet, const void *data, size_t length)
{
	uint32_t size = (uint32_t)length;
	put(packet, &size, sizeof size);
	put(packet, data, length);
}

static void put_field(struct packet *packet, enum wire_kind kind, const void *field)
{
	const struct wire_records *records = field;
	const struct wire_bytes *bytes = field;
	uint32_t count;
	switch (kind) {
	case WIRE_INT:
		put(packet, field, sizeof(int64_t));
		break;
	case WIRE_TEXT:
		put_bytes(packet, *(const char *const *)field, strlen(*(const char *const *)field));
		put(packet, "", 1);
		break;
	case WIRE_BYTES:
		put_bytes(packet, bytes->data, bytes->length);
		break;
	case WIRE_RECORDS:
		count = (uint32_t)records->count;
		put(packet, &count, sizeof count);
		for (size_t i = 0; i < records->count; i++)
			put_bytes(packet, records->items[i].data, records->items[i].length);
		break;
	case WIRE_TEXTS:
	case WIRE_INTS:
		packet->overflow = true; /* no answer has any */
		break;
	}
}

void put_fields(struct packet *packet, enum wire_message number, const void *fields)
{
	const struct wire_layout *layout = layout_of(number);
	for (size_t i = 0; layout && i < layout->field_count; i++)
		put_field(packet, (enum wire_kind)layout->fields[i].kind, (const char *)fields + layout->fields[i].offset);
}
