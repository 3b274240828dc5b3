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

static void add_quoted(struct text *text, const char *string)
{
	char escape[8];

	add_string(text, "\"");
	for (const unsigned char *byte = (const unsigned char *)(string ? string : ""); *byte; byte++) {
		if (*byte == '"' || *byte == '\\') {
			add(text, (const char[]){ '\\', (char)*byte }, 2);
		} else if (*byte < 0x20 || *byte == 0x7f) {
			snprintf(escape, sizeof(escape), "\\u%04x", *byte);
			add_string(text, escape);
		} else {
			add(text, (const char *)byte, 1);
		}
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
