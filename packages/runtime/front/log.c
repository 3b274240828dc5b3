/* Error lines, as logging/log.py writes them; and the plain message on standard error when there is a log file. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "front.h"

#define MESSAGE_SIZE 8192
#define LINE_SIZE (2 * MESSAGE_SIZE + 256)

static void quote(const char *message, char *quoted, size_t size)
{
	char *to = quoted;
	char *end = quoted + size - 8;

	*to++ = '"';
	for (const unsigned char *byte = (const unsigned char *)message; *byte && to < end; byte++) {
		if (*byte == '"' || *byte == '\\')
			*to++ = '\\';
		if (*byte == '\n')
			to = stpcpy(to, "\\n");
		else if (*byte < 0x20)
			to += snprintf(to, 8, "\\u%04x", *byte);
		else
			*to++ = (char)*byte;
	}
	strcpy(to, "\"");
}

static bool is_plain(const char *message)
{
	size_t length = strspn(message, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/@^+");

	return length > 0 && message[length] == '\0';
}

static void write_line(int descriptor, const char *line)
{
	size_t length = strlen(line);

	if (write(descriptor, line, length) != (ssize_t)length)
		return; /* there is nowhere left to say so */
}

static void log_line(int descriptor, bool json, const char *message)
{
	char quoted[LINE_SIZE - 128];
	char line[LINE_SIZE];
	char now[32];
	time_t seconds = time(NULL);
	struct tm parts;

	strftime(now, sizeof(now), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &parts));
	quote(message, quoted, sizeof(quoted));
	if (json)
		snprintf(line, sizeof(line), "{\"level\":\"error\",\"msg\":%s,\"time\":\"%s\"}\n", quoted, now);
	else if (isatty(descriptor))
		snprintf(line, sizeof(line), "ERRO[0000] %s\n", message);
	else
		snprintf(line, sizeof(line), "time=\"%s\" level=error msg=%s\n", now, is_plain(message) ? message : quoted);
	write_line(descriptor, line);
}

/* The log file is made even if there will be nothing to say in it, as runc does. False: Python says why not. */
bool open_log(struct arguments *arguments)
{
	arguments->log_descriptor = STDERR_FILENO;
	if (!arguments->log || !*arguments->log)
		return true;
	arguments->log_descriptor = open(arguments->log, O_WRONLY | O_CREAT | O_APPEND | O_SYNC | O_CLOEXEC, 0644);
	return arguments->log_descriptor >= 0;
}

int fail(const struct arguments *arguments, const char *format, ...)
{
	char message[MESSAGE_SIZE];
	va_list values;

	va_start(values, format);
	vsnprintf(message, sizeof(message) - 1, format, values);
	va_end(values);
	log_line(arguments->log_descriptor, arguments->log_json, message);
	if (arguments->log_descriptor != STDERR_FILENO) {
		strcat(message, "\n");
		write_line(STDERR_FILENO, message);
	}
	return 1;
}
