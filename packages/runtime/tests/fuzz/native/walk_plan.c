/* See walk_plan.h. */
#include <string.h>

#include "check.h"
#include "walk_plan.h"

static void print_bytes(FILE *output, char kind, const unsigned char *data, size_t length)
{
	CHECK(data[length] == 0);
	fprintf(output, " %c", kind);
	for (size_t i = 0; i < length; i++)
		fprintf(output, "%02x", data[i]);
}

static void print_text(FILE *output, const char *text)
{
	if (text)
		print_bytes(output, 't', (const unsigned char *)text, strlen(text));
	else
		fprintf(output, " none");
}

static void print_texts(FILE *output, const struct wire_texts *texts)
{
	fprintf(output, " [%zu", texts->count);
	for (size_t i = 0; i < texts->count; i++)
		print_text(output, texts->items[i]);
	CHECK(!texts->items[texts->count]);
	fprintf(output, " ]");
}

static void print_ints(FILE *output, const struct wire_ints *ints)
{
	fprintf(output, " [%zu", ints->count);
	for (size_t i = 0; i < ints->count; i++)
		fprintf(output, " %lld", (long long)ints->items[i]);
	fprintf(output, " ]");
}

static void print_field(FILE *output, enum wire_kind kind, const void *field)
{
	const struct wire_bytes *bytes = field;
	switch (kind) {
	case WIRE_INT:
		fprintf(output, " %lld", (long long)*(const int64_t *)field);
		return;
	case WIRE_TEXT:
		CHECK(*(const char *const *)field);
		print_text(output, *(const char *const *)field);
		return;
	case WIRE_TEXT_OR_NULL:
		print_text(output, *(const char *const *)field);
		return;
	case WIRE_BYTES:
		print_bytes(output, 'b', bytes->data, bytes->length);
		return;
	case WIRE_TEXTS:
		print_texts(output, field);
		return;
	case WIRE_INTS:
		print_ints(output, field);
		return;
	}
	CHECK(!"a kind that the table has");
}

void print_plan(const struct plan *plan, FILE *output)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct operation *operation = &plan->operations[i];
		fprintf(output, "%u %u %s", operation->number, operation->step, operation->layout->name);
		for (size_t f = 0; f < operation->layout->field_count; f++) {
			const struct wire_field *field = &operation->layout->fields[f];
			CHECK(field->offset < operation->layout->size);
			print_field(output, field->kind, (const char *)operation->fields + field->offset);
		}
		fprintf(output, "\n");
	}
}
