/* log.h tells what this is. The file is opened for each line: lines are rare, and a descriptor held is one less for streams. */
#include "log.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "text.h"

static const char *log_path;

void log_to(const char *path)
{
	log_path = path;
}

/* What may come from outside is kept from breaking the line. */
static void add_quoted(struct text *text, const char *word)
{
	for (; *word; word++)
		add_text(text, *word == '"' ? "\\\"" : *word == '\\' ? "\\\\" : (unsigned char)*word < ' ' ? "?" : (char[]){*word, 0});
}

void warn(const char *process, const char *what, const char *subject, int error)
{
	char bytes[1024];
	struct text line = {bytes, 0, sizeof bytes - 1};
	struct timespec now;
	int descriptor = open(log_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
	if (descriptor < 0)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	add_text(&line, "time=");
	add_time(&line, &now);
	add_text(&line, " level=warning msg=\"");
	add_text(&line, what);
	add_text(&line, " ");
	add_quoted(&line, subject);
	if (error) {
		const char *name = strerrorname_np(error);
		add_text(&line, ": ");
		add_text(&line, name ? name : "unknown error");
	}
	add_text(&line, "\"");
	if (process) {
		add_text(&line, " process=");
		add_text(&line, process);
	}
	line.room = sizeof bytes;
	add_text(&line, "\n");
	if (write(descriptor, line.bytes, line.length) < 0) {
		/* the disk is full: there is nobody else to tell */
	}
	close(descriptor);
}
