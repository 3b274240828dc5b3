/* How one record looks: `TIME stdout F line` of Kubernetes' CRI (P: the line goes on), and
 * `{"log":"line\n","stream":"stdout","time":"TIME"}` of Docker's json-file (without the \n: the line goes on). */
#include <string.h>

#include "lines.h"

static const char *name_of(int number)
{
	return number == 0 ? "stdout" : "stderr";
}

static void add_now(struct text *out)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	add_time(out, &now);
}

static void add_cri(struct text *out, int number, const char *line, size_t length, bool whole)
{
	add_now(out);
	add_text(out, " ");
	add_text(out, name_of(number));
	add_text(out, whole ? " F " : " P ");
	if (whole && length && line[length - 1] == '\r')
		length--; /* as containerd's */
	add_bytes(out, line, length);
	add_text(out, "\n");
}

/* The length of the UTF-8 character that begins here, 0 if it is none (RFC 3629: no overlong forms, no surrogates). */
static size_t character_at(const unsigned char *at, size_t left)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t length = *at < 0x80 ? 1 : *at >= 0xc2 && *at < 0xe0 ? 2 : *at >= 0xe0 && *at < 0xf0 ? 3 : *at >= 0xf0 && *at < 0xf5 ? 4 : 0;
	if (length < 2 || length > left)
		return length > left ? 0 : length;
	if (*at == 0xe0)
		low = 0xa0;
	if (*at == 0xed)
		high = 0x9f;
	if (*at == 0xf0)
		low = 0x90;
	if (*at == 0xf4)
		high = 0x8f;
	if (at[1] < low || at[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	return length;
}

static void add_control(struct text *out, unsigned char byte)
{
	static const char digits[] = "0123456789abcdef";
	char escape[] = "\\u00..";
	escape[4] = digits[byte >> 4];
	escape[5] = digits[byte & 15];
	add_bytes(out, escape, 6);
}

/* Adds the character, or what stands for it in a JSON string. */
static void add_escaped(struct text *out, const unsigned char *at, size_t length)
{
	if (length == 0)
		add_text(out, "\\ufffd");
	else if (length > 1)
		add_bytes(out, (const char *)at, length);
	else if (*at == '\n')
		add_text(out, "\\n");
	else if (*at == '\r')
		add_text(out, "\\r");
	else if (*at < ' ' || *at == '<' || *at == '>' || *at == '&') /* Docker's encoder is safe for HTML */
		add_control(out, *at);
	else
		add_text(out, (const char[]){'\\', (char)*at, 0});
}

static bool is_plain(unsigned char byte)
{
	return byte >= ' ' && byte < 0x80 && byte != '"' && byte != '\\' && byte != '<' && byte != '>' && byte != '&';
}

static void add_json_text(struct text *out, const char *line, size_t length)
{
	const unsigned char *at = (const unsigned char *)line, *end = at + length;
	while (at < end) {
		const unsigned char *from = at;
		size_t character;
		while (at < end && is_plain(*at))
			at++;
		add_bytes(out, (const char *)from, (size_t)(at - from));
		if (at == end)
			break;
		character = character_at(at, (size_t)(end - at));
		add_escaped(out, at, character);
		at += character ? character : 1;
	}
}

static void add_json(struct text *out, const struct sink *sink, int number, const char *line, size_t length, bool whole)
{
	add_text(out, "{\"log\":\"");
	add_json_text(out, line, length);
	add_text(out, whole ? "\\n\",\"stream\":\"" : "\",\"stream\":\"");
	add_text(out, name_of(number));
	if (*sink->attributes) {
		add_text(out, "\",\"attrs\":");
		add_text(out, sink->attributes);
		add_text(out, ",\"time\":\"");
	} else {
		add_text(out, "\",\"time\":\"");
	}
	add_now(out);
	add_text(out, "\"}\n");
}

void add_record(struct text *out, const struct sink *sink, int number, const char *line, size_t length, bool whole)
{
	if (sink->kind == SINK_CRI)
		add_cri(out, number, line, length, whole);
	else
		add_json(out, sink, number, line, length, whole);
}

size_t cut_of(const struct sink *sink, const char *line, size_t length, char next)
{
	size_t cut = length;
	if (sink->kind == SINK_CRI || ((unsigned char)next & 0xc0) != 0x80)
		return length;
	while (cut > length - 4 && ((unsigned char)line[cut - 1] & 0xc0) == 0x80)
		cut--;
	return cut > length - 4 && (unsigned char)line[cut - 1] >= 0xc0 ? cut - 1 : length;
}
