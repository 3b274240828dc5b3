/* The command line, by the rules of Go's flag package, as command/flags.py has them; anything unusual is left to Python. */
#include <stddef.h>
#include <string.h>

#include "front.h"

#define FLAGS 7

struct flag {
	const char *name;
	const char **value;
};

static const struct flag *find_flag(const struct flag flags[FLAGS], const char *word, size_t length)
{
	for (size_t index = 0; index < FLAGS; index++) {
		if (strlen(flags[index].name) == length && memcmp(word, flags[index].name, length) == 0)
			return &flags[index];
	}
	return NULL;
}

bool read_command(int argc, char **argv, struct command *command)
{
	const char *unused;
	const struct flag flags[FLAGS] = {
		{ "address", &command->address }, { "bundle", &command->bundle }, { "namespace", &command->namespace },
		{ "id", &unused }, { "publish-binary", &unused }, { "socket", &unused }, { "debug-socket", &unused },
	};

	*command = (struct command){ "", "", "", "" };
	for (int index = 1; index < argc; index++) {
		const char *word = argv[index];
		const struct flag *flag;
		size_t length;

		if (word[0] != '-') {
			command->action = word;
			return strcmp(word, "start") == 0 || strcmp(word, "delete") == 0;
		}
		word += word[1] == '-' ? 2 : 1;
		length = strcspn(word, "=");
		if (strcmp(word, "debug") == 0)
			continue;
		flag = find_flag(flags, word, length);
		if (!flag || (word[length] == '\0' && ++index == argc))
			return false;
		*flag->value = word[length] == '=' ? word + length + 1 : argv[index];
	}
	return false;
}
