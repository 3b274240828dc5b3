/* The plan's blob, as tiffin.runtime.plan.encode writes it, into the structs of wire.h.
 *
 * The layout of each operation comes from the generated table, so there is one loop for all of them. The blob comes from our
 * own controller, and is treated as hostile all the same: every length is checked against what is left, texts end in NUL and
 * hold none before, and nothing is read past the end. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"

#define HEADER_SIZE 24
#define ABSENT 0xffffffffu
#define OPERATIONS_MAXIMUM 65536

static const unsigned char MAGIC[8] = {'T', 'I', 'F', 'F', 'I', 'N', 0, 1};

struct reader {
	unsigned char *at;
	unsigned char *end;
};

static size_t left(const struct reader *reader)
{
	return (size_t)(reader->end - reader->at);
}

static int take(struct reader *reader, void *into, size_t size)
{
	if (left(reader) < size)
		return fail_with(EBADMSG, "the plan is cut short");
	memcpy(into, reader->at, size);
	reader->at += size;
	return 0;
}

static int take_bytes(struct reader *reader, uint32_t length, struct wire_bytes *into)
{
	if (left(reader) <= length) /* the NUL behind it, too */
		return fail_with(EBADMSG, "the plan is cut short");
	if (reader->at[length] != 0)
		return fail_with(EBADMSG, "a field of the plan does not end in NUL");
	into->data = reader->at;
	into->length = length;
	reader->at += length + 1;
	return 0;
}

static int take_text(struct reader *reader, bool may_be_absent, const char **into)
{
	struct wire_bytes bytes;
	uint32_t length;
	if (take(reader, &length, sizeof length) < 0)
		return -1;
	if (may_be_absent && length == ABSENT) {
		*into = NULL;
		return 0;
	}
	if (take_bytes(reader, length, &bytes) < 0)
		return -1;
	if (memchr(bytes.data, 0, bytes.length))
		return fail_with(EBADMSG, "a text of the plan holds a NUL");
	*into = (const char *)bytes.data;
	return 0;
}

static int take_texts(struct reader *reader, struct wire_texts *into)
{
	uint32_t count;
	if (take(reader, &count, sizeof count) < 0)
		return -1;
	if (left(reader) / 5 < count) /* a text takes five bytes at least */
		return fail_with(EBADMSG, "a list of the plan is longer than the plan");
	into->items = calloc((size_t)count + 1, sizeof *into->items);
	if (!into->items)
		return fail("no memory for the plan");
	into->count = count;
	for (uint32_t i = 0; i < count; i++)
		if (take_text(reader, false, &into->items[i]) < 0)
			return -1;
	return 0;
}

static int take_ints(struct reader *reader, struct wire_ints *into)
{
	uint32_t count;
	if (take(reader, &count, sizeof count) < 0)
		return -1;
	if (left(reader) / sizeof *into->items < count)
		return fail_with(EBADMSG, "a list of the plan is longer than the plan");
	into->items = calloc((size_t)count + 1, sizeof *into->items);
	if (!into->items)
		return fail("no memory for the plan");
	into->count = count;
	return take(reader, into->items, count * sizeof *into->items);
}

static int take_field(struct reader *reader, enum wire_kind kind, void *into)
{
	uint32_t length;
	switch (kind) {
	case WIRE_INT:
		return take(reader, into, sizeof(int64_t));
	case WIRE_TEXT:
		return take_text(reader, false, into);
	case WIRE_TEXT_OR_NULL:
		return take_text(reader, true, into);
	case WIRE_BYTES:
		return take(reader, &length, sizeof length) < 0 ? -1 : take_bytes(reader, length, into);
	case WIRE_TEXTS:
		return take_texts(reader, into);
	case WIRE_INTS:
		return take_ints(reader, into);
	}
	return fail_with(EBADMSG, "a field of an unknown kind");
}

static const struct wire_layout *layout_of(uint16_t number)
{
	for (size_t i = 0; i < wire_layout_count; i++)
		if (wire_layouts[i].number == number)
			return &wire_layouts[i];
	return NULL;
}

static int take_operation(struct reader *reader, struct operation *operation)
{
	struct reader body;
	uint32_t size;
	char *fields;
	if (take(reader, &operation->number, 2) < 0 || take(reader, &operation->step, 2) < 0 || take(reader, &size, 4) < 0)
		return -1;
	operation->layout = layout_of(operation->number);
	if (!operation->layout)
		return fail_with(EBADMSG, "operation %u is unknown to this core", operation->number);
	if (operation->step > STEP_ATTEND)
		return fail_with(EBADMSG, "step %u is unknown to this core", operation->step);
	if (left(reader) < size)
		return fail_with(EBADMSG, "the plan is cut short");
	body = (struct reader){reader->at, reader->at + size};
	reader->at += size;
	fields = calloc(1, operation->layout->size + 1);
	if (!fields)
		return fail("no memory for the plan");
	operation->fields = fields;
	for (uint16_t i = 0; i < operation->layout->field_count; i++) {
		const struct wire_field *field = &operation->layout->fields[i];
		if (take_field(&body, field->kind, fields + field->offset) < 0)
			return -1;
	}
	return left(&body) ? fail_with(EBADMSG, "%s has more fields than it should", operation->layout->name) : 0;
}

int decode_plan(unsigned char *blob, size_t length, struct plan *plan)
{
	struct reader reader = {blob, blob + length};
	unsigned char magic[8];
	uint32_t version, count, total;
	if (take(&reader, magic, sizeof magic) < 0 || take(&reader, &version, 4) < 0 || take(&reader, &plan->flags, 4) < 0 ||
	    take(&reader, &count, 4) < 0 || take(&reader, &total, 4) < 0)
		return -1;
	if (memcmp(magic, MAGIC, sizeof magic) != 0)
		return fail_with(EBADMSG, "this is not a plan");
	if (version != WIRE_VERSION)
		return fail_with(EBADMSG, "a plan of version %u, but this core knows version %u", version, WIRE_VERSION);
	if (total != length || count > OPERATIONS_MAXIMUM)
		return fail_with(EBADMSG, "the plan is not as long as it says");
	plan->count = count;
	plan->operations = calloc((size_t)count + 1, sizeof *plan->operations);
	if (!plan->operations)
		return fail("no memory for the plan");
	for (uint32_t i = 0; i < count; i++)
		if (take_operation(&reader, &plan->operations[i]) < 0)
			return -1;
	return left(&reader) ? fail_with(EBADMSG, "there is something behind the plan's last operation") : 0;
}
