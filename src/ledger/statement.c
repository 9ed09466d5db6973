/* statement: see statement.h; how both texts are written and read. */
#include "ledger/statement.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "text/utf8.h"

#define STATEMENT_TITLE "Vantage tokens statement, version 1"
#define HEAD_TITLE "Vantage tokens chain head, version 1"
#define SIGNATURE_START "signature: "
#define TEXT_BYTES_MAX (16 * 1024 * 1024) /* beyond STATEMENT_LOTS_MAX */
#define HASH_TEXT_BYTES (LEDGER_HASH_BYTES * 2 + 1)
#define VALUE_BYTES 256
#define LOT_WORDS 13 /* of a line that describes a lot */

/* ---- writing ------------------------------------------------------------- */

/* The clock is whole in every text, so that it is read as it was. */
static void
put_time(struct buf *b, const char *before, int64_t ms, const char *after)
{
	char text[CLOCK_TEXT_BYTES];

	clock_format_ms(ms, text);
	buf_printf(b, "%s%s%s", before, text, after);
}

static void
put_hash(struct buf *b, const char *name,
    const unsigned char hash[static LEDGER_HASH_BYTES])
{
	char text[HASH_TEXT_BYTES];

	(void)sodium_bin2hex(text, sizeof(text), hash, LEDGER_HASH_BYTES);
	buf_printf(b, "%s: %s\n", name, text);
}

static void
put_origin(struct buf *b, const char *title, const struct chain_head *h)
{
	buf_printf(b, "%s\ninstance: %s\nmode: %s\n", title, h->instance,
	    h->livemode ? "live" : "test");
	put_time(b, "at: ", h->at_ms, "\n");
}

static void
put_chain(struct buf *b, const struct chain_head *h)
{
	buf_printf(b, "movement: %" PRId64 "\n", h->movement);
	put_hash(b, "movement-hash", h->movement_hash);
	buf_printf(b, "debt-step: %" PRId64 "\n", h->debt);
	put_hash(b, "debt-hash", h->debt_hash);
	buf_printf(b, "key: %s\n", h->key);
}

static void
put_lot(struct buf *b, const struct lot *l)
{
	buf_printf(b,
	    "lot: %s %s %s granted %" PRId64 " left %" PRId64 " held %" PRId64
	    " frozen %" PRId64 " expires ",
	    l->tx, l->origin, l->paid ? "paid" : "promotional", l->granted,
	    l->left, l->held, l->frozen);
	if (l->expires_at == 0)
		buf_puts(b, "never\n");
	else
		put_time(b, "", l->expires_at, "\n");
}

/* What the user has, and nothing of when and by which name it is said. */
static void
put_holdings(struct buf *b, const struct statement *s)
{
	buf_printf(b,
	    "user: %s\navailable: %" PRId64 "\nheld: %" PRId64
	    "\nfrozen: %" PRId64 "\ndebt: %" PRId64 "\nlots: %zu\n",
	    s->user, s->balance.available, s->balance.held, s->balance.frozen,
	    s->debt, s->lots_count);
	for (size_t i = 0; i < s->lots_count; i++)
		put_lot(b, &s->lots[i]);
	buf_printf(b,
	    "account-balance: %" PRId64 "\naccount-entry: %" PRId64 "\n",
	    s->account_balance, s->account_entry);
}

/* The buffer's content in the arena, and the buffer freed. */
static const char *
taken(struct arena *a, struct buf *b)
{
	const char *text;

	assert(!b->failed);
	text = arena_strdup(a, buf_str(b));
	buf_free(b);
	return text;
}

const char *
chain_head_text(struct arena *a, const struct chain_head *h)
{
	struct buf b;

	buf_init(&b, TEXT_BYTES_MAX);
	put_origin(&b, HEAD_TITLE, h);
	put_chain(&b, h);
	return taken(a, &b);
}

const char *
statement_text(struct arena *a, const struct statement *s)
{
	struct buf b;

	buf_init(&b, TEXT_BYTES_MAX);
	put_origin(&b, STATEMENT_TITLE, &s->head);
	buf_printf(&b, "statement: %s\n", s->id);
	put_holdings(&b, s);
	put_chain(&b, &s->head);
	return taken(a, &b);
}

static const char *
holdings_text(struct arena *a, const struct statement *s)
{
	struct buf b;

	buf_init(&b, TEXT_BYTES_MAX);
	put_holdings(&b, s);
	return taken(a, &b);
}

bool
statement_same(
    struct arena *a, const struct statement *x, const struct statement *y)
{
	return strcmp(holdings_text(a, x), holdings_text(a, y)) == 0;
}

bool
statement_adds_up(const struct statement *s)
{
	struct balance sum = { 0 };

	for (size_t i = 0; i < s->lots_count; i++) {
		const struct lot *l = &s->lots[i];

		if (l->held < 0 || l->frozen < 0 || l->left > l->granted ||
		    l->left < l->held || l->left - l->held < l->frozen ||
		    __builtin_add_overflow(sum.available,
			l->left - l->held - l->frozen, &sum.available) ||
		    __builtin_add_overflow(sum.held, l->held, &sum.held) ||
		    __builtin_add_overflow(sum.frozen, l->frozen, &sum.frozen))
			return false;
	}
	return sum.available == s->balance.available &&
	    sum.held == s->balance.held && sum.frozen == s->balance.frozen;
}

/* ---- reading ------------------------------------------------------------- */

/*
 * Lines are taken one after the other; `failed` turns on at the first that
 * is not as expected. What is not looked at closely here shows when the text
 * is written again.
 */
struct cursor {
	const char *at;
	bool failed;
};

static void
skip_line(struct cursor *c, const char *line)
{
	size_t n = strlen(line);

	c->failed =
	    c->failed || strncmp(c->at, line, n) != 0 || c->at[n] != '\n';
	if (!c->failed)
		c->at += n + 1;
}

/* The value of the line "NAME: VALUE"; longer ones fail. */
static void
take(struct cursor *c, const char *name, char *out, size_t bytes)
{
	size_t n = strlen(name), length;

	*out = '\0';
	c->failed = c->failed || strncmp(c->at, name, n) != 0 ||
	    strncmp(c->at + n, ": ", 2) != 0;
	if (c->failed)
		return;
	c->at += n + 2;
	length = strcspn(c->at, "\n");
	c->failed = length >= bytes || c->at[length] != '\n' ||
	    utf8_has_control(c->at, length);
	if (c->failed)
		return;
	memcpy(out, c->at, length);
	out[length] = '\0';
	c->at += length + 1;
}

static int64_t
number(struct cursor *c, const char *text)
{
	char *end;
	long long n = strtoll(text, &end, 10);

	if (end == text || *end != '\0' || n < 0)
		c->failed = true;
	return n;
}

static int64_t
take_number(struct cursor *c, const char *name)
{
	char value[VALUE_BYTES];

	take(c, name, value, sizeof(value));
	return c->failed ? 0 : number(c, value);
}

static int64_t
moment(struct cursor *c, const char *text)
{
	int64_t ms = 0;

	if (clock_parse(text, &ms) != VT_OK)
		c->failed = true;
	return ms;
}

static void
take_hash(struct cursor *c, const char *name, unsigned char *out)
{
	char value[VALUE_BYTES];
	size_t n = 0;

	take(c, name, value, sizeof(value));
	if (c->failed)
		return;
	if (sodium_hex2bin(out, LEDGER_HASH_BYTES, value, strlen(value), NULL,
		&n, NULL) != 0 ||
	    n != LEDGER_HASH_BYTES)
		c->failed = true;
}

static void
take_origin(struct cursor *c, const char *title, struct chain_head *h)
{
	char value[VALUE_BYTES];

	skip_line(c, title);
	take(c, "instance", h->instance, sizeof(h->instance));
	take(c, "mode", value, sizeof(value));
	h->livemode = strcmp(value, "live") == 0;
	take(c, "at", value, sizeof(value));
	h->at_ms = moment(c, value);
}

static void
take_chain(struct cursor *c, struct chain_head *h)
{
	h->movement = take_number(c, "movement");
	take_hash(c, "movement-hash", h->movement_hash);
	h->debt = take_number(c, "debt-step");
	take_hash(c, "debt-hash", h->debt_hash);
	take(c, "key", h->key, sizeof(h->key));
	c->failed = c->failed || *c->at != '\0';
}

static void
copy_word(struct cursor *c, char *out, size_t bytes, const char *word)
{
	if (snprintf(out, bytes, "%s", word) >= (int)bytes)
		c->failed = true;
}

/* "TX ORIGIN paid granted N left N held N frozen N expires AT" */
static void
read_lot(struct cursor *c, char *line, struct lot *l)
{
	const char *words[LOT_WORDS] = { NULL };
	size_t count = 0;
	char *rest = line, *word;

	while ((word = strsep(&rest, " ")) != NULL && count < LOT_WORDS)
		words[count++] = word;
	if (count != LOT_WORDS || word != NULL) {
		c->failed = true;
		return;
	}
	copy_word(c, l->tx, sizeof(l->tx), words[0]);
	copy_word(c, l->origin, sizeof(l->origin), words[1]);
	l->paid = strcmp(words[2], "paid") == 0;
	l->granted = number(c, words[4]);
	l->left = number(c, words[6]);
	l->held = number(c, words[8]);
	l->frozen = number(c, words[10]);
	if (strcmp(words[12], "never") != 0)
		l->expires_at = moment(c, words[12]);
}

static void
take_lots(struct cursor *c, struct arena *a, struct statement *s)
{
	int64_t count = take_number(c, "lots");
	char line[VALUE_BYTES];
	struct lot *lots;

	/* No more than there is text for, whatever the number says. */
	if (c->failed || (uint64_t)count > strlen(c->at) / strlen("lot: ")) {
		c->failed = true;
		return;
	}
	lots = arena_array(a, (size_t)count + 1, sizeof(*lots));
	for (int64_t i = 0; i < count && !c->failed; i++) {
		take(c, "lot", line, sizeof(line));
		read_lot(c, line, &lots[i]);
	}
	s->lots = lots;
	s->lots_count = (size_t)count;
}

static void
take_holdings(struct cursor *c, struct arena *a, struct statement *s)
{
	take(c, "user", s->user, sizeof(s->user));
	s->balance.available = take_number(c, "available");
	s->balance.held = take_number(c, "held");
	s->balance.frozen = take_number(c, "frozen");
	s->debt = take_number(c, "debt");
	take_lots(c, a, s);
	s->account_balance = take_number(c, "account-balance");
	s->account_entry = take_number(c, "account-entry");
}

enum vt_err
statement_parse(struct arena *a, const char *text, struct statement *out)
{
	struct cursor c = { .at = text };

	memset(out, 0, sizeof(*out));
	take_origin(&c, STATEMENT_TITLE, &out->head);
	take(&c, "statement", out->id, sizeof(out->id));
	take_holdings(&c, a, out);
	take_chain(&c, &out->head);
	if (c.failed || strcmp(statement_text(a, out), text) != 0)
		return VT_INVALID;
	return VT_OK;
}

enum vt_err
chain_head_parse(const char *text, struct chain_head *out)
{
	struct cursor c = { .at = text };
	struct arena *a = arena_new();

	memset(out, 0, sizeof(*out));
	take_origin(&c, HEAD_TITLE, out);
	take_chain(&c, out);
	if (!c.failed && strcmp(chain_head_text(a, out), text) != 0)
		c.failed = true;
	arena_free(a);
	return c.failed ? VT_INVALID : VT_OK;
}

enum signed_kind
signed_kind(const char *text)
{
	static const char statement[] = STATEMENT_TITLE "\n";
	static const char head[] = HEAD_TITLE "\n";

	if (strncmp(text, statement, sizeof(statement) - 1) == 0)
		return SIGNED_STATEMENT;
	if (strncmp(text, head, sizeof(head) - 1) == 0)
		return SIGNED_HEAD;
	return SIGNED_UNKNOWN;
}

/* ---- with its signature -------------------------------------------------- */

const char *
signed_file(struct arena *a, const char *text, const char *signature)
{
	return arena_printf(a, "%s" SIGNATURE_START "%s\n", text, signature);
}

enum vt_err
signed_file_parse(struct arena *a, const char *file, struct signed_text *out)
{
	char signature[ED25519_SIGNATURE_BYTES];
	struct cursor c = { .at = NULL };
	const char *at;

	/* The last line that begins so; none of the text's does. */
	for (at = file; at != NULL; at = strchr(at, '\n')) {
		at += at != file;
		if (strncmp(at, SIGNATURE_START, strlen(SIGNATURE_START)) == 0)
			c.at = at;
	}
	if (c.at == NULL)
		return VT_INVALID;
	at = c.at;
	take(&c, "signature", signature, sizeof(signature));
	if (c.failed || *c.at != '\0')
		return VT_INVALID;
	out->text = arena_memdup(a, file, (size_t)(at - file));
	out->signature = arena_strdup(a, signature);
	return VT_OK;
}
