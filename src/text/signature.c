/* signature: see signature.h. */
#include "text/signature.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define MAC_BYTES crypto_auth_hmacsha256_BYTES
#define MAC_HEX_BYTES (2 * MAC_BYTES)
#define MAC_BASE64_BYTES 44 /* 32 bytes with their padding */
#define SVIX_PREFIX "whsec_"
#define SVIX_ID_BYTES_MAX 256

struct signature_keys {
	struct secret *key[SIGNATURE_SECRETS_MAX];
	size_t count;
};

/* A piece of a header, not terminated. */
struct piece {
	const char *at;
	size_t bytes;
};

static const char *const names[SIGNATURE_FAULT__MAX] = {
	[SIGNATURE_OK] = "ok",
	[SIGNATURE_EMPTY_BODY] = "empty_body",
	[SIGNATURE_NO_HEADER] = "no_header",
	[SIGNATURE_MALFORMED] = "malformed",
	[SIGNATURE_MISMATCH] = "mismatch",
	[SIGNATURE_OLD] = "old",
};

const char *
signature_fault_name(enum signature_fault f)
{
	return (unsigned)f < countof(names) ? names[f] : "unknown";
}

/* ---- keys --------------------------------------------------------------- */

/* One secret of the list as a key, or NULL if it cannot be one. */
typedef struct secret *key_maker(struct piece text);

/* Stripe's secret is used as it is written; a blank in it is a mishap. */
static struct secret *
key_stripe(struct piece text)
{
	for (size_t i = 0; i < text.bytes; i++)
		if (text.at[i] <= ' ' || text.at[i] > '~')
			return NULL;
	return text.bytes == 0 ? NULL : secret_new(text.at, text.bytes);
}

/* Svix writes its keys in base64, with padding or without. */
static struct secret *
key_svix(struct piece text)
{
	const size_t prefix = strlen(SVIX_PREFIX);
	struct secret *key = NULL;
	unsigned char *raw;
	size_t n = 0;
	bool ok;

	if (text.bytes <= prefix || memcmp(text.at, SVIX_PREFIX, prefix) != 0)
		return NULL;
	text.at += prefix;
	text.bytes -= prefix;
	raw = malloc(text.bytes);
	if (raw == NULL)
		abort();
	ok = sodium_base642bin(raw, text.bytes, text.at, text.bytes, NULL, &n,
		 NULL, sodium_base64_VARIANT_ORIGINAL) == 0 ||
	    sodium_base642bin(raw, text.bytes, text.at, text.bytes, NULL, &n,
		NULL, sodium_base64_VARIANT_ORIGINAL_NO_PADDING) == 0;
	if (ok && n > 0)
		key = secret_new(raw, n);
	secret_wipe(raw, text.bytes);
	free(raw);
	return key;
}

static struct piece
trim(struct piece p)
{
	while (p.bytes > 0 && strchr(" \t\r\n", p.at[0]) != NULL) {
		p.at++;
		p.bytes--;
	}
	while (p.bytes > 0 && strchr(" \t\r\n", p.at[p.bytes - 1]) != NULL)
		p.bytes--;
	return p;
}

/* Takes the text up to the next `mark` off *rest; false when none is left. */
static bool
split(struct piece *rest, char mark, struct piece *out)
{
	const char *end;

	if (rest->at == NULL)
		return false;
	end = memchr(rest->at, mark, rest->bytes);
	*out = *rest;
	if (end == NULL) {
		rest->at = NULL;
		return true;
	}
	out->bytes = (size_t)(end - rest->at);
	rest->bytes -= out->bytes + 1;
	rest->at = end + 1;
	return true;
}

static enum vt_err
keys_from(
    const struct secret *value, key_maker *make, struct signature_keys **out)
{
	struct signature_keys *k = calloc(1, sizeof(*k));
	struct piece rest = { secret_text(value), secret_bytes(value) };
	struct piece one;

	if (k == NULL)
		abort();
	while (split(&rest, ',', &one)) {
		struct secret *key = NULL;

		if (k->count < SIGNATURE_SECRETS_MAX)
			key = make(trim(one));
		if (key == NULL) {
			signature_keys_free(k);
			return VT_INVALID;
		}
		k->key[k->count++] = key;
	}
	*out = k;
	return VT_OK;
}

enum vt_err
signature_keys_stripe(const struct secret *value, struct signature_keys **out)
{
	return keys_from(value, key_stripe, out);
}

enum vt_err
signature_keys_svix(const struct secret *value, struct signature_keys **out)
{
	return keys_from(value, key_svix, out);
}

void
signature_keys_free(struct signature_keys *k)
{
	if (k == NULL)
		return;
	for (size_t i = 0; i < k->count; i++)
		secret_free(k->key[i]);
	free(k);
}

/* ---- what both schemes do ----------------------------------------------- */

/* HMAC-SHA256 over the pieces with a '.' between them. */
static void
mac(const struct secret *key, const struct piece *pieces, size_t count,
    unsigned char out[static MAC_BYTES])
{
	crypto_auth_hmacsha256_state st;

	(void)crypto_auth_hmacsha256_init(
	    &st, (const unsigned char *)secret_text(key), secret_bytes(key));
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			(void)crypto_auth_hmacsha256_update(
			    &st, (const unsigned char *)".", 1);
		(void)crypto_auth_hmacsha256_update(
		    &st, (const unsigned char *)pieces[i].at, pieces[i].bytes);
	}
	(void)crypto_auth_hmacsha256_final(&st, out);
	secret_wipe(&st, sizeof(st));
}

/*
 * Unix seconds: digits alone. More than 64 bits hold saturate, which lies
 * far in the future and is refused as such (R4).
 */
static bool
seconds(struct piece text, int64_t *out)
{
	int64_t n = 0;

	if (text.bytes == 0)
		return false;
	for (size_t i = 0; i < text.bytes; i++) {
		char c = text.at[i];

		if (c < '0' || c > '9')
			return false;
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, c - '0', &n))
			n = INT64_MAX;
	}
	*out = n;
	return true;
}

/* With neither time below zero the difference cannot wrap (R4). */
static bool
in_time(int64_t t_s, int64_t now_s)
{
	if (now_s < 0)
		return false;
	return t_s > now_s ? t_s - now_s <= SIGNATURE_TOLERANCE_S
			   : now_s - t_s <= SIGNATURE_TOLERANCE_S;
}

/* A text in hand against one from outside, in constant time. */
static bool
same(const char *ours, size_t bytes, struct piece theirs)
{
	return theirs.bytes == bytes &&
	    sodium_memcmp(ours, theirs.at, bytes) == 0;
}

/*
 * How a scheme writes signatures and where the header's items are. The
 * verdict looks at every item and every key, whichever matches first.
 */
struct scheme {
	char mark;	 /* between items */
	const char *tag; /* what a signature's item begins with */
	size_t bytes;	 /* of a signature as text */
	void (*write)(const unsigned char mac[static MAC_BYTES],
	    char out[static MAC_HEX_BYTES + 1]);
};

static void
write_hex(
    const unsigned char m[static MAC_BYTES], char out[static MAC_HEX_BYTES + 1])
{
	(void)sodium_bin2hex(out, MAC_HEX_BYTES + 1, m, MAC_BYTES);
}

static void
write_base64(
    const unsigned char m[static MAC_BYTES], char out[static MAC_HEX_BYTES + 1])
{
	(void)sodium_bin2base64(out, MAC_BASE64_BYTES + 1, m, MAC_BYTES,
	    sodium_base64_VARIANT_ORIGINAL);
}

static const struct scheme stripe = { ',', "v1=", MAC_HEX_BYTES, write_hex };
static const struct scheme svix = { ' ', "v1,", MAC_BASE64_BYTES,
	write_base64 };

/* The item without its tag, if it is a signature of the known version. */
static bool
tagged(struct piece item, const char *tag, struct piece *out)
{
	size_t n = strlen(tag);

	if (item.bytes < n || memcmp(item.at, tag, n) != 0)
		return false;
	*out = (struct piece){ item.at + n, item.bytes - n };
	return true;
}

static bool
has_signature(const struct scheme *s, struct piece header)
{
	struct piece one, value;

	while (split(&header, s->mark, &one))
		if (tagged(one, s->tag, &value))
			return true;
	return false;
}

static bool
matches(const struct scheme *s, const struct signature_keys *k,
    struct piece header, const struct piece *pieces, size_t count)
{
	bool found = false;

	for (size_t i = 0; i < k->count; i++) {
		unsigned char m[MAC_BYTES];
		char ours[MAC_HEX_BYTES + 1];
		struct piece rest = header, one, value;

		mac(k->key[i], pieces, count, m);
		s->write(m, ours);
		while (split(&rest, s->mark, &one))
			if (tagged(one, s->tag, &value) &&
			    same(ours, s->bytes, value))
				found = true;
		secret_wipe(m, sizeof(m));
		secret_wipe(ours, sizeof(ours));
	}
	return found;
}

/* Appends "<tag><signature>" for each key, `mark` between them. */
static void
sign_all(const struct scheme *s, const struct signature_keys *k,
    const struct piece *pieces, size_t count, struct buf *b)
{
	for (size_t i = 0; i < k->count; i++) {
		unsigned char m[MAC_BYTES];
		char ours[MAC_HEX_BYTES + 1];

		mac(k->key[i], pieces, count, m);
		s->write(m, ours);
		if (b->len > 0)
			buf_putc(b, s->mark);
		buf_puts(b, s->tag);
		buf_puts(b, ours);
	}
}

/* Hands the buffer's text over and frees it. */
static enum vt_err
hand_over(struct buf *b, char *out, size_t out_bytes)
{
	enum vt_err err = VT_INVALID;

	if (!b->failed && b->len < out_bytes) {
		memcpy(out, buf_str(b), b->len + 1);
		err = VT_OK;
	}
	buf_free(b);
	return err;
}

/* ---- Stripe ------------------------------------------------------------- */

/* The one "t" of the header; a second one makes it ambiguous. */
static bool
stripe_time(struct piece header, struct piece *t)
{
	struct piece one, value;
	size_t found = 0;

	while (split(&header, ',', &one)) {
		if (!tagged(one, "t=", &value))
			continue;
		*t = value;
		found++;
	}
	return found == 1;
}

enum signature_fault
signature_stripe_verify(const struct signature_keys *k, const char *header,
    const char *body, size_t body_bytes, int64_t now_s)
{
	struct piece pieces[2] = { { NULL, 0 }, { body, body_bytes } };
	struct piece h;
	int64_t t_s;

	if (body_bytes == 0)
		return SIGNATURE_EMPTY_BODY;
	if (header == NULL || header[0] == '\0')
		return SIGNATURE_NO_HEADER;
	h = (struct piece){ header, strlen(header) };
	if (h.bytes > SIGNATURE_HEADER_BYTES_MAX ||
	    !stripe_time(h, &pieces[0]) || !seconds(pieces[0], &t_s) ||
	    !has_signature(&stripe, h))
		return SIGNATURE_MALFORMED;
	if (!matches(&stripe, k, h, pieces, countof(pieces)))
		return SIGNATURE_MISMATCH;
	return in_time(t_s, now_s) ? SIGNATURE_OK : SIGNATURE_OLD;
}

enum vt_err
signature_stripe_sign(const struct signature_keys *k, int64_t t_s,
    const char *body, size_t body_bytes, char *out, size_t out_bytes)
{
	char t[24];
	struct piece pieces[2];
	struct buf b;

	assert(t_s >= 0);
	(void)snprintf(t, sizeof(t), "%" PRId64, t_s);
	pieces[0] = (struct piece){ t, strlen(t) };
	pieces[1] = (struct piece){ body, body_bytes };
	buf_init(&b, SIGNATURE_HEADER_BYTES_MAX);
	buf_printf(&b, "t=%s", t);
	sign_all(&stripe, k, pieces, countof(pieces), &b);
	return hand_over(&b, out, out_bytes);
}

/* ---- Svix --------------------------------------------------------------- */

/*
 * Visible characters without a dot: the dot separates what is signed, so an
 * id that held one could borrow the signature of another message.
 */
static bool
svix_id_valid(const char *id)
{
	size_t n = strlen(id);

	for (size_t i = 0; i < n; i++)
		if (id[i] <= ' ' || id[i] > '~' || id[i] == '.')
			return false;
	return n > 0 && n <= SVIX_ID_BYTES_MAX;
}

static bool
absent(const char *header)
{
	return header == NULL || header[0] == '\0';
}

enum signature_fault
signature_svix_verify(const struct signature_keys *k, const char *id,
    const char *timestamp, const char *signatures, const char *body,
    size_t body_bytes, int64_t now_s)
{
	struct piece pieces[3], h;
	int64_t t_s;

	if (body_bytes == 0)
		return SIGNATURE_EMPTY_BODY;
	if (absent(id) || absent(timestamp) || absent(signatures))
		return SIGNATURE_NO_HEADER;
	h = (struct piece){ signatures, strlen(signatures) };
	pieces[0] = (struct piece){ id, strlen(id) };
	pieces[1] = (struct piece){ timestamp, strlen(timestamp) };
	pieces[2] = (struct piece){ body, body_bytes };
	if (h.bytes > SIGNATURE_HEADER_BYTES_MAX || !svix_id_valid(id) ||
	    !seconds(pieces[1], &t_s) || !has_signature(&svix, h))
		return SIGNATURE_MALFORMED;
	if (!matches(&svix, k, h, pieces, countof(pieces)))
		return SIGNATURE_MISMATCH;
	return in_time(t_s, now_s) ? SIGNATURE_OK : SIGNATURE_OLD;
}

enum vt_err
signature_svix_sign(const struct signature_keys *k, const char *id, int64_t t_s,
    const char *body, size_t body_bytes, char *out, size_t out_bytes)
{
	char t[24];
	struct piece pieces[3];
	struct buf b;

	assert(t_s >= 0);
	(void)snprintf(t, sizeof(t), "%" PRId64, t_s);
	pieces[0] = (struct piece){ id, strlen(id) };
	pieces[1] = (struct piece){ t, strlen(t) };
	pieces[2] = (struct piece){ body, body_bytes };
	buf_init(&b, SIGNATURE_HEADER_BYTES_MAX);
	sign_all(&svix, k, pieces, countof(pieces), &b);
	return hand_over(&b, out, out_bytes);
}
