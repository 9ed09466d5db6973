/* cursor: see cursor.h. */
#include "web/cursor.h"

#include <sodium.h>
#include <string.h>

#define VERSION 1
#define NUMBERS_BYTES 17 /* the version and two numbers, big-endian */
#define CHECK_BYTES 4
#define RAW_BYTES (NUMBERS_BYTES + CHECK_BYTES)
#define VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING
#define TEXT_BYTES sodium_base64_ENCODED_LEN(RAW_BYTES, VARIANT)
#define LIMIT_DIGITS_MAX 3

static void
put_number(unsigned char *out, int64_t n)
{
	uint64_t u = (uint64_t)n;

	for (int i = 0; i < 8; i++)
		out[i] = (unsigned char)(u >> (56 - 8 * i));
}

static int64_t
get_number(const unsigned char *in)
{
	uint64_t u = 0;

	for (int i = 0; i < 8; i++)
		u = u << 8 | in[i];
	return (int64_t)u;
}

/* A checksum, not a seal: see cursor.h. None of these calls fails. */
static void
checksum(const unsigned char *numbers, const char *list, unsigned char *out)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	crypto_hash_sha256_state s;

	(void)crypto_hash_sha256_init(&s);
	(void)crypto_hash_sha256_update(&s, numbers, NUMBERS_BYTES);
	(void)crypto_hash_sha256_update(
	    &s, (const unsigned char *)list, strlen(list));
	(void)crypto_hash_sha256_final(&s, hash);
	memcpy(out, hash, CHECK_BYTES);
}

const char *
cursor_format(struct arena *a, const char *list, const struct cursor *c)
{
	char *text = arena_alloc(a, TEXT_BYTES);
	unsigned char raw[RAW_BYTES];

	raw[0] = VERSION;
	put_number(raw + 1, c->created_at);
	put_number(raw + 9, c->id);
	checksum(raw, list, raw + NUMBERS_BYTES);
	(void)sodium_bin2base64(text, TEXT_BYTES, raw, sizeof(raw), VARIANT);
	return text;
}

enum vt_err
cursor_parse(const char *text, const char *list, struct cursor *out)
{
	unsigned char raw[RAW_BYTES], check[CHECK_BYTES];
	size_t bytes;

	if (strlen(text) != TEXT_BYTES - 1 ||
	    sodium_base642bin(raw, sizeof(raw), text, TEXT_BYTES - 1, NULL,
		&bytes, NULL, VARIANT) != 0 ||
	    bytes != sizeof(raw) || raw[0] != VERSION)
		return VT_INVALID;
	checksum(raw, list, check);
	if (memcmp(check, raw + NUMBERS_BYTES, sizeof(check)) != 0)
		return VT_INVALID;
	out->created_at = get_number(raw + 1);
	out->id = get_number(raw + 9);
	return VT_OK;
}

/* 1..max in plain digits, or 0. */
static int
read_limit(const char *text, int max)
{
	size_t digits = strspn(text, "0123456789");
	int n = 0;

	if (digits == 0 || digits > LIMIT_DIGITS_MAX || text[digits] != '\0')
		return 0;
	for (; *text != '\0'; text++)
		n = n * 10 + (*text - '0');
	return n <= max ? n : 0;
}

enum vt_err
cursor_page(const struct request *r, const char *list, struct cursor_page *out,
    struct vt_problem *p)
{
	return cursor_page_sized(
	    r, list, CURSOR_LIMIT_DEFAULT, CURSOR_LIMIT_MAX, out, p);
}

enum vt_err
cursor_page_sized(const struct request *r, const char *list, int limit_default,
    int limit_max, struct cursor_page *out, struct vt_problem *p)
{
	const char *limit = request_query(r, "limit");
	const char *text = request_query(r, "cursor");

	memset(out, 0, sizeof(*out));
	out->limit =
	    limit == NULL ? limit_default : read_limit(limit, limit_max);
	if (out->limit == 0)
		return vt_problem(p, VT_INVALID, "invalid_field", "limit",
		    "limit must be a whole number from 1 to %d.", limit_max);
	if (text != NULL && cursor_parse(text, list, &out->after) != VT_OK)
		return vt_problem(p, VT_INVALID, "invalid_field", "cursor",
		    "cursor must be the next_cursor of an earlier answer of "
		    "this list.");
	return VT_OK;
}

void
cursor_end(struct arena *a, struct json *answer, const char *list,
    bool has_more, const struct cursor *last)
{
	json_put_bool(answer, "has_more", has_more);
	json_put_str(answer, "next_cursor",
	    has_more ? cursor_format(a, list, last) : NULL);
}
