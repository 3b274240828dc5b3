/*
 * argv by the rules of Go's flag package, as command/parse.py has them. Only what the front can answer is
 * understood; anything unusual (an unknown flag, --help, a missing value) is left to Python and its messages.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front.h"
#include "table.h"

static char default_root[PATH_SIZE] = DEFAULT_ROOT;

static bool in_user_namespace(void)
{
	char text[64];
	unsigned inside, outside, count;

	if (!read_text("/proc/self/uid_map", text, sizeof(text)))
		return false;
	return sscanf(text, "%u %u %u", &inside, &outside, &count) != 3 || inside != 0 || outside != 0 || count != UINT32_MAX;
}

/* As default_root() of state/directory.py. */
static bool is_of_a_user(void)
{
	const char *user = getenv("USER");

	return geteuid() != 0 || ((!user || strcmp(user, "root") != 0) && in_user_namespace());
}

const char *find_default_root(void)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	size_t length = runtime ? strlen(runtime) : 0;

	if (length > 0 && length + sizeof("/tiffin") <= sizeof(default_root) && is_of_a_user()) {
		memcpy(default_root, runtime, length);
		memcpy(default_root + length, "/tiffin", sizeof("/tiffin"));
	}
	return default_root;
}

static const struct flag *find_flag(const struct flag *flags, const char *name, size_t length)
{
	for (const struct flag *flag = flags; flag->name; flag++) {
		if (strlen(flag->name) == length && memcmp(flag->name, name, length) == 0)
			return flag;
	}
	return NULL;
}

static bool set_flag(struct arguments *arguments, const struct flag *flag, const char *value)
{
	switch (flag->meaning) {
	case FLAG_ROOT:
		arguments->root = value;
		return value[0] == '/' && value[1] != '\0' && !strstr(value, "//") && !strstr(value, "/.");
	case FLAG_LOG:
		arguments->log = value;
		return true;
	case FLAG_LOG_FORMAT:
		arguments->log_json = strcmp(value, "json") == 0;
		return arguments->log_json || strcmp(value, "text") == 0 || value[0] == '\0';
	case FLAG_FORCE:
		arguments->force = true;
		return true;
	case FLAG_IGNORED:
		return true;
	case FLAG_PYTHON:
		break;
	}
	return false;
}

/* Reads one flag at argv[*index]; false if Python shall read the command line. */
static bool parse_flag(struct arguments *arguments, const struct flag *flags, int argc, char **argv, int *index)
{
	const char *name = argv[*index] + 1 + (argv[*index][1] == '-');
	const char *equals = strchr(name, '=');
	const struct flag *flag = find_flag(flags, name, equals ? (size_t)(equals - name) : strlen(name));

	if (!flag)
		return false;
	if (flag->is_switch)
		return !equals && set_flag(arguments, flag, "");
	if (equals)
		return set_flag(arguments, flag, equals + 1);
	if (*index + 1 >= argc)
		return false;
	return set_flag(arguments, flag, argv[++*index]);
}

static bool is_flag(const char *word)
{
	return word[0] == '-' && word[1] != '\0';
}

static bool valid_id(const char *id)
{
	size_t length = strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-.");

	if (length == 0 || length > 255 || id[length] != '\0')
		return false;
	return strcmp(id, ".") != 0 && strcmp(id, "..") != 0;
}

static const struct verb *find_verb(const char *name)
{
	for (const struct verb *verb = native_verbs; verb->name; verb++) {
		if (strcmp(verb->name, name) == 0)
			return verb;
	}
	return NULL;
}

bool parse_arguments(int argc, char **argv, struct arguments *arguments)
{
	const struct verb *verb;
	const char *words[2] = { NULL, NULL };
	int count = 0;
	int index = 1;

	arguments->root = find_default_root();
	for (; index < argc && is_flag(argv[index]); index++) {
		if (!parse_flag(arguments, global_flags, argc, argv, &index))
			return false;
	}
	if (index >= argc)
		return false;
	verb = find_verb(argv[index]);
	if (!verb)
		return false;
	arguments->verb = verb->name;
	for (index++; index < argc; index++) {
		if (is_flag(argv[index])) {
			if (!parse_flag(arguments, verb->flags, argc, argv, &index))
				return false;
		} else if (count < verb->most) {
			words[count++] = argv[index];
		} else {
			return false;
		}
	}
	if (count < verb->fewest || !valid_id(words[0]))
		return false;
	arguments->id = words[0];
	arguments->signal = words[1];
	return true;
}

/* The first word that is a verb. A flag's value may look like one: then the wrong modules are loaded early, no more. */
const char *find_verb_name(int argc, char **argv)
{
	for (int index = 1; index < argc; index++)
		for (const char *const *verb = verb_names; *verb; verb++)
			if (strcmp(argv[index], *verb) == 0)
				return *verb;
	return NULL;
}
