/* The command line, by the rules of Go's flag package, as command/flags.py has them; anything unusual is left to Python. */
#include <stddef.h>
#include <string.h>

#include "front.h"

static const char *const texts[] = { "namespace", "id", "bundle", "socket", "debug-socket", "publish-binary" };

static bool is_named(const char *word, size_t length, const char *name)
{
	return strlen(name) == length && memcmp(word, name, length) == 0;
}

static bool is_text(const char *word, size_t length)
{
	for (size_t index = 0; index < sizeof(texts) / sizeof(texts[0]); index++) {
		if (is_named(word, length, texts[index]))
			return true;
	}
	return false;
}

static bool is_action(const char *word)
{
	return strcmp(word, "start") == 0 || strcmp(word, "delete") == 0;
}

bool is_daily_work(int argc, char **argv, const char **address)
{
	for (int index = 1; index < argc; index++) {
		const char *word = argv[index];
		size_t length;

		if (word[0] != '-')
			return is_action(word);
		word += word[1] == '-' ? 2 : 1;
		length = strcspn(word, "=");
		if (is_named(word, length, "debug") && word[length] == '\0')
			continue;
		if (!is_text(word, length) && !is_named(word, length, "address"))
			return false;
		if (word[length] == '\0' && ++index == argc)
			return false;
		if (is_named(word, length, "address"))
			*address = word[length] == '=' ? word + length + 1 : argv[index];
	}
	return false;
}
