/*
 * verify_movements: the chain, and each movement beside its transaction and
 * beside what it did to lots.
 *
 * A fault is told where it is and nowhere else: after a broken link the walk
 * goes on from the hash that is stored, so that one changed row is one fault
 * and not one for every row that follows.
 */
#include <inttypes.h>
#include <string.h>

#include "ledger/movements.h"
#include "ledger/verify_parts.h"

static const char movements_sql[] =
    "SELECT m.id, m.cause, m.from_account, m.to_account, m.tokens, "
    "m.created_at, m.prev, m.hash, m.tx, t.public_id, t.kind, t.tokens, "
    "t.balance_after, t.user, f.kind, f.user, o.kind, o.user "
    "FROM movements m LEFT JOIN token_transactions t ON t.id = m.tx "
    "LEFT JOIN accounts f ON f.id = m.from_account "
    "LEFT JOIN accounts o ON o.id = m.to_account ORDER BY m.id";

static const char uses_sql[] =
    "SELECT u.movement, u.lot, u.delta, l.id, l.user, l.tx, l.granted, "
    "l.expires_at, l.created_at "
    "FROM lot_uses u LEFT JOIN lots l ON l.id = u.lot "
    "ORDER BY u.movement, u.lot";

/* A row of the first query; texts are borrowed until the next step. */
struct row {
	int64_t id, from, to, tokens, created_at, tx;
	const char *cause;
	const unsigned char *prev, *hash; /* NULL unless of the right size */
	const char *public_id, *kind;	  /* NULL: no such transaction */
	int64_t tx_tokens, tx_user;
	bool has_balance_after;
	int64_t balance_after;
	const char *from_kind, *to_kind; /* NULL: no such account */
	int64_t from_user, to_user;	 /* 0: of the house */
};

/* The leg that touches a user's tokens. */
struct user_leg {
	int64_t account, user, delta; /* account 0: there is none */
};

static const unsigned char *
read_hash(struct query *q, int column)
{
	size_t bytes;
	const void *data = db_blob(q, column, &bytes);

	return bytes == LEDGER_HASH_BYTES ? data : NULL;
}

static void
read_row(struct query *q, struct row *m)
{
	m->id = db_int(q, 0);
	m->cause = db_text(q, 1);
	m->from = db_int(q, 2);
	m->to = db_int(q, 3);
	m->tokens = db_int(q, 4);
	m->created_at = db_int(q, 5);
	m->prev = read_hash(q, 6);
	m->hash = read_hash(q, 7);
	m->tx = db_int(q, 8);
	m->public_id = db_text(q, 9);
	m->kind = db_text(q, 10);
	m->tx_tokens = db_int(q, 11);
	m->has_balance_after = !db_is_null(q, 12);
	m->balance_after = db_int(q, 12);
	m->tx_user = db_int(q, 13);
	m->from_kind = db_text(q, 14);
	m->from_user = db_int(q, 15);
	m->to_kind = db_text(q, 16);
	m->to_user = db_int(q, 17);
}

/* ---- the chain ----------------------------------------------------------- */

static void
check_place(struct verify *v, const struct row *m, int64_t last_id)
{
	if (m->id == last_id + 1) {
		if (m->prev == NULL ||
		    memcmp(m->prev, v->report->head, LEDGER_HASH_BYTES) != 0)
			verify_fault(v, "movement.link",
			    "Movement %" PRId64
			    " does not continue the chain after movement "
			    "%" PRId64 ".",
			    m->id, last_id);
		return;
	}
	if (m->id == last_id + 2)
		verify_fault(v, "movement.missing",
		    "Movement %" PRId64 " is missing.", last_id + 1);
	else
		verify_fault(v, "movement.missing",
		    "Movements %" PRId64 " to %" PRId64 " are missing.",
		    last_id + 1, m->id - 1);
}

static void
check_hash(struct verify *v, const struct row *m)
{
	unsigned char hash[LEDGER_HASH_BYTES];

	if (m->hash == NULL || m->prev == NULL || m->cause == NULL ||
	    strlen(m->cause) >= LEDGER_CAUSE_BYTES) {
		verify_fault(v, "movement.hash",
		    "Movement %" PRId64 " cannot be hashed: its cause or its "
		    "hashes are not what they can be.",
		    m->id);
		return;
	}
	if (m->public_id == NULL)
		return; /* told by check_transaction() */
	ledger_hash(m->prev, m->id, m->public_id, m->cause, m->from, m->to,
	    m->tokens, m->created_at, hash);
	if (memcmp(hash, m->hash, sizeof(hash)) != 0)
		verify_fault(v, "movement.hash",
		    "Movement %" PRId64 " (%s) was changed after it was "
		    "written: its hash does not fit.",
		    m->id, m->cause);
}

/* ---- beside its transaction ---------------------------------------------- */

static void
find_user_leg(struct verify *v, const struct row *m, struct user_leg *leg)
{
	memset(leg, 0, sizeof(*leg));
	if (m->from_kind == NULL || m->to_kind == NULL) {
		verify_fault(v, "movement.account",
		    "Movement %" PRId64 " names account %" PRId64
		    ", which does not exist.",
		    m->id, m->from_kind == NULL ? m->from : m->to);
		return;
	}
	if (m->tokens <= 0 || m->tokens > LEDGER_TOKENS_MAX) {
		verify_fault(v, "movement.tokens",
		    "Movement %" PRId64 " moves %" PRId64 " tokens.", m->id,
		    m->tokens);
		return;
	}
	if ((m->from_user == 0) == (m->to_user == 0)) {
		verify_fault(v, "movement.account",
		    "Movement %" PRId64 " from account %" PRId64
		    " to account %" PRId64
		    " is not between a user and the house.",
		    m->id, m->from, m->to);
		return;
	}
	leg->account = m->from_user != 0 ? m->from : m->to;
	leg->user = m->from_user != 0 ? m->from_user : m->to_user;
	leg->delta = m->from_user != 0 ? -m->tokens : m->tokens;
}

static void
check_kind(struct verify *v, const struct row *m, const struct user_leg *leg)
{
	const struct verify_kind *k = verify_kind(m->kind);
	int64_t house = leg->account == m->from ? m->to : m->from;

	if (k == NULL)
		return; /* told with the transactions */
	if (m->cause != NULL && strncmp(m->cause, k->cause, strlen(k->cause)))
		verify_fault(v, "movement.cause",
		    "Movement %" PRId64 " has the cause %s, which is none of "
		    "a %s (%s).",
		    m->id, m->cause, m->kind, m->public_id);
	if ((k->house != 0 && k->house != house) ||
	    (k->sign != 0 && (leg->delta > 0) != (k->sign > 0)))
		verify_fault(v, "movement.direction",
		    "Movement %" PRId64 " goes from account %" PRId64
		    " to account %" PRId64 ", which a %s (%s) does not.",
		    m->id, m->from, m->to, m->kind, m->public_id);
}

static void
check_transaction(
    struct verify *v, const struct row *m, const struct user_leg *leg)
{
	if (m->public_id == NULL) {
		verify_fault(v, "movement.transaction",
		    "Movement %" PRId64 " has no transaction: row %" PRId64
		    " does not exist.",
		    m->id, m->tx);
		return;
	}
	if (leg->account == 0)
		return;
	check_kind(v, m, leg);
	if (m->tx_user != leg->user)
		verify_fault(v, "movement.user",
		    "Movement %" PRId64 " moves the tokens of user row %" PRId64
		    ", but transaction %s is of user row %" PRId64 ".",
		    m->id, leg->user, m->public_id, m->tx_user);
	if (m->tx_tokens != leg->delta)
		verify_fault(v, "movement.tokens",
		    "Movement %" PRId64 " changes the balance by %" PRId64
		    ", transaction %s says %" PRId64 ".",
		    m->id, leg->delta, m->public_id, m->tx_tokens);
	if (!m->has_balance_after)
		verify_fault(v, "transaction.balance",
		    "Transaction %s moved tokens and has no balance after.",
		    m->public_id);
}

/* What entries have to say, compared when they were all read. */
static void
promise_entries(
    struct verify *v, const struct row *m, const struct user_leg *leg)
{
	/* Tokens may be any number here; a negation must not overflow. */
	sketch_add(
	    v, &v->legs, m->from, m->id, (int64_t)(0 - (uint64_t)m->tokens));
	sketch_add(v, &v->legs, m->to, m->id, m->tokens);
	if (leg->account != 0 && m->has_balance_after)
		sketch_add(
		    v, &v->balances, leg->account, m->id, m->balance_after);
}

/* ---- beside its lots ----------------------------------------------------- */

static void
check_use(struct verify *v, struct query *u, const struct row *m,
    const struct user_leg *leg)
{
	int64_t lot = db_int(u, 1), delta = db_int(u, 2);

	if (db_is_null(u, 3)) {
		verify_fault(v, "use.lot",
		    "Movement %" PRId64 " uses lot %" PRId64
		    ", which does not exist.",
		    m->id, lot);
		return;
	}
	if (leg->user != 0 && db_int(u, 4) != leg->user)
		verify_fault(v, "use.user",
		    "Movement %" PRId64 " of user row %" PRId64
		    " uses lot %" PRId64 " of user row %" PRId64 ".",
		    m->id, leg->user, lot, db_int(u, 4));
	if (delta > 0 &&
	    (db_int(u, 5) != m->tx || db_int(u, 6) != delta ||
		db_int(u, 8) != m->created_at))
		verify_fault(v, "use.grant",
		    "Movement %" PRId64 " puts %" PRId64
		    " tokens into lot %" PRId64
		    ", which was not made by it with as many.",
		    m->id, delta, lot);
	/* R64; a hold pins its lot, so a capture may be later. */
	if (delta < 0 && m->kind != NULL && strcmp(m->kind, "spend") == 0 &&
	    !db_is_null(u, 7) && db_int(u, 7) <= m->created_at)
		verify_fault(v, "use.expired",
		    "Movement %" PRId64 " spends from lot %" PRId64
		    ", which had expired.",
		    m->id, lot);
}

/* All uses of movements before this one have no movement. */
static enum vt_err
skip_strays(struct verify *v, struct walk *u, int64_t movement, bool to_end)
{
	enum vt_err err = VT_OK;

	while (err == VT_OK && u->on_row &&
	    (to_end || db_int(&u->q, 0) < movement)) {
		verify_fault(v, "use.movement",
		    "Lot %" PRId64 " was used by movement %" PRId64
		    ", which does not exist.",
		    db_int(&u->q, 1), db_int(&u->q, 0));
		err = walk_next(u);
	}
	return err;
}

static enum vt_err
check_uses(struct verify *v, struct walk *u, const struct row *m,
    const struct user_leg *leg)
{
	__int128 sum = 0;
	enum vt_err err;

	err = skip_strays(v, u, m->id, false);
	while (err == VT_OK && u->on_row && db_int(&u->q, 0) == m->id) {
		check_use(v, &u->q, m, leg);
		sum += db_int(&u->q, 2);
		verify_count(v, NULL);
		err = walk_next(u);
	}
	if (err == VT_OK && leg->account != 0 && sum != leg->delta)
		verify_fault(v, "use.sum",
		    "Movement %" PRId64 " changes the balance by %" PRId64
		    " and the user's lots by another number.",
		    m->id, leg->delta);
	return err;
}

/* ---- the pass ------------------------------------------------------------ */

static enum vt_err
check_movement(struct verify *v, struct query *q, struct walk *u, int64_t *last)
{
	struct user_leg leg;
	struct row m;

	read_row(q, &m);
	check_place(v, &m, *last);
	check_hash(v, &m);
	find_user_leg(v, &m, &leg);
	check_transaction(v, &m, &leg);
	promise_entries(v, &m, &leg);
	*last = m.id;
	if (m.hash != NULL)
		memcpy(v->report->head, m.hash, LEDGER_HASH_BYTES);
	return check_uses(v, u, &m, &leg);
}

enum vt_err
verify_movements(struct verify *v)
{
	struct walk m, u;
	int64_t last = 0;
	enum vt_err err;

	err = walk_start(&m, v->db, movements_sql);
	if (err == VT_OK) {
		err = walk_start(&u, v->db, uses_sql);
		while (err == VT_OK && m.on_row) {
			err = check_movement(v, &m.q, &u, &last);
			verify_count(v, &v->report->movements);
			if (err == VT_OK)
				err = walk_next(&m);
		}
		if (err == VT_OK)
			err = skip_strays(v, &u, 0, true);
		walk_end(&u);
	}
	walk_end(&m);
	return err;
}
