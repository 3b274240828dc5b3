/* core/wire_table.c: the layouts that the decoder trusts, and a function for each operation. */
#include <string.h>

#include "check.h"
#include "wire.h"

static size_t size_of(uint16_t kind)
{
	switch ((enum wire_kind)kind) {
	case WIRE_INT:
		return sizeof(int64_t);
	case WIRE_TEXT:
	case WIRE_TEXT_OR_NULL:
		return sizeof(const char *);
	case WIRE_BYTES:
		return sizeof(struct wire_bytes);
	case WIRE_TEXTS:
		return sizeof(struct wire_texts);
	case WIRE_INTS:
		return sizeof(struct wire_ints);
	}
	return 0;
}

TEST(fields_fill_their_struct_without_gaps)
{
	for (size_t i = 0; i < wire_layout_count; i++) {
		const struct wire_layout *layout = &wire_layouts[i];
		size_t end = 0;
		for (size_t f = 0; f < layout->field_count; f++) {
			CHECK(size_of(layout->fields[f].kind) > 0);
			CHECK(layout->fields[f].offset == end);
			end += size_of(layout->fields[f].kind);
		}
		CHECK(end == layout->size);
	}
}

TEST(numbers_and_names_are_used_once)
{
	CHECK(wire_layout_count > 0);
	for (size_t i = 0; i < wire_layout_count; i++) {
		CHECK(wire_layouts[i].number > 0 && wire_layouts[i].name[0]);
		for (size_t other = 0; other < i; other++) {
			CHECK(wire_layouts[i].number != wire_layouts[other].number);
			CHECK(strcmp(wire_layouts[i].name, wire_layouts[other].name) != 0);
		}
	}
}
