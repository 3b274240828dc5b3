/* Tests in C: each TEST of a file is run by its name, in a process of its own and in an empty directory of its own. */
#ifndef TIFFIN_CHECK_H
#define TIFFIN_CHECK_H

#include <stdio.h>
#include <stdlib.h>

struct test {
	const char *name;
	void (*run)(void);
	const struct test *next;
};

void register_test(struct test *test);

#define TEST(function)                                                                \
	static void function(void);                                                   \
	static void __attribute__((constructor)) register_##function(void)            \
	{                                                                             \
		static struct test test = {#function, function, NULL};                \
		register_test(&test);                                                 \
	}                                                                             \
	static void function(void)

#define CHECK(condition)                                                              \
	do {                                                                          \
		if (!(condition)) {                                                   \
			fprintf(stderr, "%s:%d: %s: %m\n", __FILE__, __LINE__, #condition); \
			exit(1);                                                      \
		}                                                                     \
	} while (0)

#endif
