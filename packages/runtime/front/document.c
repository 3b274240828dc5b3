/* The state as JSON, as state/document.py prints it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front.h"

struct text {
	char *data;
	size_t length;
	size_t size;
};

static void add(struct text *text, const char *data, size_t length)
{
	if (text->length + length > text->size) {
		size_t size = 2 * text->size + length + 1024;
		char *bigger = realloc(text->data, size);

		if (!bigger)
			abort();
		text->data = bigger;
		text->size = size;
	}
	memcpy(text->data + text->length, data, length);
	text->length += length;
}

static void add_string(struct text *text, const char *string)
{
	add(text, string, strlen(string));
}

/* As Python's encoder has it: a short form for some control characters. */
static const char *escape_of(unsigned char byte, char escape[8])
{
	static const char letters[] = "btn\0fr"; /* of 8 to 13; 11 has none */

	if (byte >= 8 && byte <= 13 && letters[byte - 8])
		snprintf(escape, 8, "\\%c", letters[byte - 8]);
	else
		snprintf(escape, 8, "\\u%04x", byte);
	return escape;
}

/* Bytes of the UTF-8 character at `byte` (RFC 3629), 0 if there is none. */
static size_t character_length(const unsigned char *byte)
{
	size_t length = *byte < 0x80 ? 1 : *byte < 0xc2 ? 0 : *byte < 0xe0 ? 2 : *byte < 0xf0 ? 3 : *byte < 0xf5 ? 4 : 0;

	for (size_t index = 1; index < length; index++) {
		if ((byte[index] & 0xc0) != 0x80)
			return 0;
	}
	if ((*byte == 0xe0 && byte[1] < 0xa0) || (*byte == 0xed && byte[1] >= 0xa0))
		return 0; /* too long a form; half of a surrogate pair */
	if ((*byte == 0xf0 && byte[1] < 0x90) || (*byte == 0xf4 && byte[1] >= 0x90))
		return 0; /* too long a form; beyond U+10FFFF */
	return length;
}

static void add_quoted(struct text *text, const char *string)
{
	const unsigned char *byte = (const unsigned char *)(string ? string : "");
	char escape[8];

	add_string(text, "\"");
	while (*byte) {
		size_t length = character_length(byte);

		if (*byte == '"' || *byte == '\\') {
			add(text, (const char[]){ '\\', (char)*byte }, 2);
		} else if (*byte < 0x20) {
			add_string(text, escape_of(*byte, escape));
		} else if (length == 0) {
			add_string(text, "\xef\xbf\xbd"); /* U+FFFD for a byte that is no UTF-8 */
		} else {
			add(text, (const char *)byte, length);
		}
		byte += length ? length : 1;
	}
	add_string(text, "\"");
}

static void add_field(struct text *text, const char *name, const char *value)
{
	add_string(text, "  \"");
	add_string(text, name);
	add_string(text, "\": ");
	add_quoted(text, value);
	add_string(text, ",\n");
}

/* An object of strings, which the state file has in one line, spread over lines. */
static void add_spread(struct text *text, const char *object)
{
	bool inside = false;

	for (const char *byte = object; *byte; byte++) {
		add(text, byte, 1);
		if (inside && *byte == '\\' && byte[1])
			add(text, ++byte, 1);
		else if (*byte == '"')
			inside = !inside;
		else if (!inside && *byte == ':')
			add_string(text, " ");
		else if (!inside && (*byte == '{' || *byte == ',') && byte[1] != '}')
			add_string(text, "\n    ");
		if (!inside && byte[1] == '}' && *byte != '{')
			add_string(text, "\n  ");
	}
}

static int write_out(const struct text *text)
{
	size_t done = 0;

	while (done < text->length) {
		ssize_t count = write(STDOUT_FILENO, text->data + done, text->length - done);

		if (count < 0)
			return 1;
		done += (size_t)count;
	}
	return 0;
}

int print_state(const struct container *container, enum status status)
{
	struct text text = { 0 };
	char pid[48];
	int code;

	snprintf(pid, sizeof(pid), "  \"pid\": %lld,\n", (long long)(status == STOPPED ? 0 : container->pid));
	add_string(&text, "{\n");
	add_field(&text, "ociVersion", container->version ? container->version : "1.0.0");
	add_field(&text, "id", container->id);
	add_string(&text, pid);
	add_field(&text, "status", status_name(status));
	add_field(&text, "bundle", container->bundle);
	add_field(&text, "rootfs", container->rootfs);
	add_field(&text, "created", container->created);
	if (container->annotations) {
		add_string(&text, "  \"annotations\": ");
		add_spread(&text, container->annotations);
		add_string(&text, ",\n");
	}
	add_string(&text, "  \"owner\": ");
	add_quoted(&text, container->owner);
	add_string(&text, "\n}");
	code = write_out(&text);
	free(text.data);
	return code;
}
