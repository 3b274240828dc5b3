/* The one failure that a process of the core can tell: errno, and a detail for a person. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "core.h"

static char text[512];
static int number;

void note_failure(int error, const char *format, ...)
{
	if (!number) {
		va_list arguments;
		number = error ? error : EINVAL;
		va_start(arguments, format);
		vsnprintf(text, sizeof text, format, arguments);
		va_end(arguments);
	}
	errno = number;
}

int failure_errno(void)
{
	return number;
}

const char *failure_text(void)
{
	return text;
}

void forget_failure(void)
{
	number = 0;
	text[0] = 0;
}

void close_descriptor(int *descriptor)
{
	int error = errno;
	if (*descriptor >= 0)
		close(*descriptor);
	errno = error;
}
