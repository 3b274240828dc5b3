/* What is asked for, and who answers it. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front.h"

void close_at(int *descriptor)
{
	if (*descriptor >= 0)
		close(*descriptor);
	*descriptor = -1;
}

/* A descriptor that we open must never become somebody's standard stream. */
static bool fill_standard_streams(void)
{
	int descriptor = open("/dev/null", O_RDWR);

	while (descriptor >= 0 && descriptor <= 2)
		descriptor = dup(descriptor);
	if (descriptor < 0)
		return false;
	close(descriptor);
	return true;
}

int verb_state(const struct arguments *arguments)
{
	cleanup_container struct container container = { 0 };
	int code = read_container(arguments, &container);

	if (code != 0)
		return code;
	return print_state(&container, status_of(&container));
}

static int answer(const struct arguments *arguments)
{
	if (strcmp(arguments->verb, "state") == 0)
		return verb_state(arguments);
	if (strcmp(arguments->verb, "start") == 0)
		return verb_start(arguments);
	if (strcmp(arguments->verb, "kill") == 0)
		return verb_kill(arguments);
	if (strcmp(arguments->verb, "delete") == 0)
		return verb_delete(arguments);
	return HAND_OVER;
}

int main(int argc, char **argv)
{
	const char *wish = getenv("TIFFIN_FRONT");
	struct arguments arguments = { .log_descriptor = STDERR_FILENO };
	const char *problem;
	int code = HAND_OVER;

	if (fcntl(0, F_GETFD) < 0 || fcntl(1, F_GETFD) < 0 || fcntl(2, F_GETFD) < 0) {
		if (!fill_standard_streams())
			return 1;
	}
	if (!(wish && strcmp(wish, "python") == 0) && parse_arguments(argc, argv, &arguments) &&
	    open_log(&arguments))
		code = answer(&arguments);
	if (code != HAND_OVER)
		return code;
	problem = hand_over(argc, argv);
	if (arguments.log_descriptor < 0)
		arguments.log_descriptor = STDERR_FILENO;
	return fail(&arguments, "tiffin-runtime: %s", problem);
}
