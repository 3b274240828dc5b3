/* Who does the work. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front.h"

/* The folder that this program lies in, without links. */
static bool find_folder(char folder[PATH_MAX])
{
	ssize_t length = readlink("/proc/self/exe", folder, PATH_MAX - 1);
	char *slash;

	if (length <= 0)
		return false;
	folder[length] = '\0';
	slash = strrchr(folder, '/');
	if (!slash)
		return false;
	*slash = '\0';
	return true;
}

/* The console script beside us, which knows its interpreter by its first line. */
static void become_python(const char *folder, char **argv)
{
	char script[PATH_MAX];
	int length = snprintf(script, sizeof(script), "%s/" SHIM "-python", folder);

	if (length > 0 && length < (int)sizeof(script))
		execv(script, argv);
}

int main(int argc, char **argv)
{
	const char *wish = getenv(SWITCH);
	struct command command;
	char folder[PATH_MAX];
	int code = -1;

	if (!find_folder(folder)) {
		fputs(SHIM ": /proc/self/exe cannot be read: is /proc mounted?\n", stderr);
		return 1;
	}
	if (read_command(argc, argv, &command)) {
		if (answer_delete(&command))
			return 0;
		if (!(wish && strcmp(wish, "no") == 0))
			code = ask_template(argc, argv, folder, command.address);
	}
	if (code >= 0)
		return code;
	become_python(folder, argv);
	fputs(SHIM ": there is no " SHIM "-python beside it: install tiffin-shim again\n", stderr);
	return 1;
}
