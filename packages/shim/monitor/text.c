/* text.h tells what this is. */
#include "text.h"

#include <string.h>

#define SECONDS_A_DAY 86400
#define DIGITS 20 /* of the largest 64-bit number */

void add_bytes(struct text *text, const char *bytes, size_t length)
{
	if (length > text->room - text->length)
		length = text->room - text->length;
	memcpy(text->bytes + text->length, bytes, length);
	text->length += length;
}

void add_text(struct text *text, const char *word)
{
	add_bytes(text, word, strlen(word));
}

void add_number(struct text *text, uint64_t number, unsigned width)
{
	char digits[DIGITS];
	unsigned used = 0;
	do
		digits[DIGITS - ++used] = (char)('0' + number % 10);
	while ((number /= 10) || (used < width && used < DIGITS));
	add_bytes(text, digits + DIGITS - used, used);
}

/* The civil date of a day since 1970, by eras of 400 years that begin in March. */
static void add_date(struct text *text, uint64_t days)
{
	uint64_t shifted = days + 719468, era = shifted / 146097, day = shifted % 146097;
	uint64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	uint64_t of_year = day - (365 * year + year / 4 - year / 100);
	uint64_t month = (5 * of_year + 2) / 153;
	add_number(text, year + era * 400 + (month >= 10), 4);
	add_text(text, "-");
	add_number(text, month < 10 ? month + 3 : month - 9, 2);
	add_text(text, "-");
	add_number(text, of_year - (153 * month + 2) / 5 + 1, 2);
}

void add_time(struct text *text, const struct timespec *time)
{
	uint64_t seconds = time->tv_sec < 0 ? 0 : (uint64_t)time->tv_sec, of_day = seconds % SECONDS_A_DAY;
	add_date(text, seconds / SECONDS_A_DAY);
	add_text(text, "T");
	add_number(text, of_day / 3600, 2);
	add_text(text, ":");
	add_number(text, of_day / 60 % 60, 2);
	add_text(text, ":");
	add_number(text, of_day % 60, 2);
	add_text(text, ".");
	add_number(text, (uint64_t)time->tv_nsec, 9);
	add_text(text, "Z");
}

const char *text_end(struct text *text)
{
	if (text->length == text->room)
		text->length--;
	text->bytes[text->length] = 0;
	return text->bytes;
}

int64_t number_in(const char *text)
{
	int64_t number = 0;
	if (*text < '0' || *text > '9')
		return -1;
	for (; *text >= '0' && *text <= '9'; text++) {
		if (number > (INT64_MAX - 9) / 10)
			return -1;
		number = number * 10 + (*text - '0');
	}
	return number;
}
