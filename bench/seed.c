/*
 * seed: fills an empty ledger with history, for measuring.
 *
 *	seed DB SERVICE ENTRIES ORDERS
 *
 * Each user has been given tokens twice and has spent one at a time through
 * SERVICE, 18 times, so 40 entries a user; after that ORDERS purchases are
 * open, whose payments the load generator reports. The rows are those that
 * the workers would have written, hash chain included, so that `vantage
 * verify` accepts the books; but they are written table by table in the
 * order of their keys, without the triggers and with the indexes made at the
 * end, which takes a minute for ten million entries and not an hour. The
 * database must be nobody's while it runs.
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/process.h"
#include "base/random.h"
#include "billing/audit.h"
#include "ledger/movements.h"
#include "names.h"
#include "store/db.h"

#define GRANTS 2
#define SPENDS 18
#define ROUNDS (GRANTS + SPENDS) /* movements of a user */
#define GRANTED 1000000
#define STEP_MS 500 /* from one movement to the next */
#define COMMIT_ROWS 200000
#define SCHEMA_BYTES_MAX (256 * 1024)

struct seed {
	struct db *db;
	const char *service_name;
	int64_t users, movements, orders;
	int64_t user0, account0, service; /* rows: the first of ours less 1 */
	int64_t began_ms, now_ms, rows;
	struct buf later; /* the schema's parts that are made at the end */
};

static const char after_sql[] =
    "SELECT sql || ';' FROM sqlite_schema WHERE sql IS NOT NULL "
    "AND (type = 'trigger' OR (type = 'index' AND tbl_name IN ("
    "'token_transactions', 'movements', 'entries', 'lots', 'lot_uses', "
    "'lot_left'))) ORDER BY type, name";
static const char drop_sql[] =
    "SELECT 'DROP ' || type || ' ' || name || ';' FROM sqlite_schema "
    "WHERE sql IS NOT NULL "
    "AND (type = 'trigger' OR (type = 'index' AND tbl_name IN ("
    "'token_transactions', 'movements', 'entries', 'lots', 'lot_uses', "
    "'lot_left')))";

static const char user_sql[] =
    "INSERT INTO users (id, clerk_sub, email, email_verified, "
    "stripe_customer_id, created_at, updated_at) "
    "VALUES (:id, :sub, :email, 1, :customer, :now, :now)";
static const char customer_sql[] =
    "INSERT INTO customers (cus, user, created_at) VALUES (:cus, :user, :now)";
static const char account_sql[] =
    "INSERT INTO accounts (id, kind, user, balance, seq) "
    "VALUES (:id, 'user', :user, :balance, :seq)";
static const char house_sql[] =
    "UPDATE accounts SET balance = :balance, seq = :seq WHERE id = :id";
static const char tx_sql[] =
    "INSERT INTO token_transactions (id, public_id, user, kind, tokens, "
    "status, balance_after, actor, note, created_at, updated_at) VALUES "
    "(:id, :public, :user, :kind, :tokens, 'completed', :after, :actor, "
    ":note, :now, :now)";
static const char movement_sql[] =
    "INSERT INTO movements (id, tx, cause, from_account, to_account, tokens, "
    "created_at, prev, hash) VALUES (:id, :id, :cause, :from, :to, :tokens, "
    ":now, :prev, :hash)";
static const char entry_sql[] =
    "INSERT INTO entries (account, seq, movement, delta, balance) "
    "VALUES (:account, :seq, :movement, :delta, :balance)";
static const char lot_sql[] =
    "INSERT INTO lots (id, user, tx, origin, paid, granted, created_at) "
    "VALUES (:id, :user, :id, 'grant', 0, :granted, :now)";
static const char use_sql[] = "INSERT INTO lot_uses (movement, lot, delta) "
			      "VALUES (:movement, :lot, :delta)";
static const char left_sql[] = "INSERT INTO lot_left (lot, user, left, live) "
			       "VALUES (:lot, :user, :left, :left > 0)";
static const char reference_sql[] =
    "INSERT INTO service_references (service, reference, request_hash, tx, "
    "available, created_at) VALUES (:service, :reference, :hash, :tx, "
    ":available, :now)";
static const char mail_sql[] =
    "INSERT INTO outbox (kind, object, user, data, state, next_at, "
    "created_at, sent_at) VALUES ('tokens_granted', :object, :user, '{}', "
    "'sent', :now, :now, :now)";
static const char pending_sql[] =
    "INSERT INTO token_transactions (public_id, user, kind, tokens, "
    "payment_intent_id, price_per_token, total_amount_usd, amount, currency, "
    "status, actor, created_at, updated_at) VALUES (:public, :user, "
    "'purchase', :tokens, :pi, '0.999', '9.99', :amount, 'usd', 'pending', "
    ":actor, :now, :now)";
static const char order_sql[] =
    "INSERT INTO orders (public_id, user, tx, catalog_version, package_id, "
    "tokens, amount, currency, customer, pi, state, checked_at, created_at, "
    "updated_at) VALUES (:public, :user, :tx, 1, :package, :tokens, :amount, "
    "'usd', :customer, :pi, 'open', :now, :now, :now)";

/* ---- small steps --------------------------------------------------------- */

static void
need(enum vt_err err, const char *what)
{
	if (err == VT_OK)
		return;
	(void)fprintf(stderr, "seed: %s: %s\n", what, vt_err_name(err));
	exit(EXIT_FAILURE);
}

/* A row more; a commit now and then, so that the log stays small. */
static void
row(struct seed *s)
{
	if (++s->rows % COMMIT_ROWS != 0)
		return;
	need(db_commit(s->db), "commit");
	need(db_begin(s->db), "begin");
}

static int64_t
number(struct seed *s, const char *sql)
{
	struct query q;
	int64_t n;

	need(db_row(&q, s->db, sql), sql);
	n = db_int(&q, 0);
	db_done(&q);
	return n;
}

/* Movement m, from 1, is of this user, in this round; both from 0. */
static int64_t
user_of(const struct seed *s, int64_t m)
{
	return (m - 1) % s->users;
}

static int64_t
round_of(const struct seed *s, int64_t m)
{
	return (m - 1) / s->users;
}

static int64_t
movement_of(const struct seed *s, int64_t user, int64_t round)
{
	return round * s->users + user + 1;
}

static bool
gives(int64_t round)
{
	return round < GRANTS;
}

static int64_t
delta_of(int64_t round)
{
	return gives(round) ? GRANTED : -1;
}

/* What a user has after so many rounds, the last of them included. */
static int64_t
balance_after(int64_t round)
{
	return gives(round) ? GRANTED * (round + 1)
			    : GRANTED * GRANTS - (round - GRANTS + 1);
}

static int64_t
time_of(const struct seed *s, int64_t m)
{
	return s->began_ms + m * STEP_MS;
}

/* Ascending with m and yet spread over the whole range of such texts. */
static void
ascending(const struct seed *s, const char *prefix, int64_t m,
    char out[static NAMES_BYTES])
{
	uint64_t step = UINT64_MAX / (uint64_t)(s->movements + 1);

	(void)snprintf(out, NAMES_BYTES, "%s%016" PRIx64 "s%" PRId64, prefix,
	    (uint64_t)m * step, m);
}

/* ---- tables -------------------------------------------------------------- */

/* Those with a history, numbered from 0, and then those who buy. */
static void
make_user(struct seed *s, int64_t u, const char *customer)
{
	char sub[NAMES_BYTES], email[NAMES_BYTES];

	names_user(u, sub);
	(void)snprintf(email, sizeof(email), "bench%" PRId64 "@example.com", u);
	need(db_exec(s->db, user_sql, DB_INT("id", s->user0 + u + 1),
		 DB_TEXT("sub", sub), DB_TEXT("email", email),
		 DB_TEXT("customer", customer), DB_INT("now", s->began_ms)),
	    "user");
	row(s);
}

static void
make_users(struct seed *s)
{
	for (int64_t u = 0; u < s->users; u++) {
		make_user(s, u, NULL);
		need(db_exec(s->db, account_sql,
			 DB_INT("id", s->account0 + u + 1),
			 DB_INT("user", s->user0 + u + 1),
			 DB_INT("balance", balance_after(ROUNDS - 1)),
			 DB_INT("seq", ROUNDS)),
		    "account");
	}
}

static void
make_buyers(struct seed *s)
{
	char customer[NAMES_BYTES];

	for (int64_t n = 0; n < NAMES_BUYERS; n++) {
		names_stripe("cus_", n, customer);
		make_user(s, s->users + n, customer);
		need(db_exec(s->db, customer_sql, DB_TEXT("cus", customer),
			 DB_INT("user", s->user0 + s->users + n + 1),
			 DB_INT("now", s->began_ms)),
		    "customer");
	}
}

static void
make_transaction(struct seed *s, int64_t m, char public_id[static NAMES_BYTES])
{
	char actor[NAMES_BYTES];
	int64_t round = round_of(s, m);

	ascending(s, "tx_", m, public_id);
	(void)snprintf(actor, sizeof(actor), "service:%.40s", s->service_name);
	need(db_exec(s->db, tx_sql, DB_INT("id", m),
		 DB_TEXT("public", public_id),
		 DB_INT("user", s->user0 + user_of(s, m) + 1),
		 DB_TEXT("kind", gives(round) ? "grant" : "spend"),
		 DB_INT("tokens", delta_of(round)),
		 DB_INT("after", balance_after(round)),
		 DB_TEXT("actor", gives(round) ? "admin:bench" : actor),
		 DB_TEXT("note", gives(round) ? "seed" : NULL),
		 DB_INT("now", time_of(s, m))),
	    "transaction");
}

/* What goes with tokens given by hand: a line on record, and a mail. */
static void
make_gift(struct seed *s, int64_t m, const char *public_id)
{
	need(audit_add(s->db, "admin:bench", "tokens.add", public_id, NULL,
		 time_of(s, m)),
	    "audit");
	need(db_exec(s->db, mail_sql, DB_TEXT("object", public_id),
		 DB_INT("user", s->user0 + user_of(s, m) + 1),
		 DB_INT("now", time_of(s, m))),
	    "mail");
}

/* Transactions and the chain of movements. */
static void
make_movements(struct seed *s)
{
	unsigned char hash[LEDGER_HASH_BYTES], prev[LEDGER_HASH_BYTES] = { 0 };
	char public_id[NAMES_BYTES], cause[2 * NAMES_BYTES], name[NAMES_BYTES];

	for (int64_t m = 1; m <= s->movements; m++) {
		int64_t account = s->account0 + user_of(s, m) + 1;
		bool give = gives(round_of(s, m));
		int64_t from = give ? LEDGER_MINT : account;
		int64_t to = give ? account : LEDGER_SINK;
		int64_t tokens = give ? GRANTED : 1;

		make_transaction(s, m, public_id);
		if (give)
			make_gift(s, m, public_id);
		ascending(s, "", m, name);
		(void)snprintf(cause, sizeof(cause), "%s:%.40s:%s",
		    give ? "grant" : "spend",
		    give ? "admin:bench" : s->service_name, name);
		ledger_hash(prev, m, public_id, cause, from, to, tokens,
		    time_of(s, m), hash);
		need(db_exec(s->db, movement_sql, DB_INT("id", m),
			 DB_TEXT("cause", cause), DB_INT("from", from),
			 DB_INT("to", to), DB_INT("tokens", tokens),
			 DB_INT("now", time_of(s, m)),
			 DB_BLOB("prev", prev, sizeof(prev)),
			 DB_BLOB("hash", hash, sizeof(hash))),
		    "movement");
		memcpy(prev, hash, sizeof(prev));
		row(s);
	}
}

static void
make_entry(struct seed *s, int64_t account, int64_t seq, int64_t movement,
    int64_t delta, int64_t balance)
{
	need(db_exec(s->db, entry_sql, DB_INT("account", account),
		 DB_INT("seq", seq), DB_INT("movement", movement),
		 DB_INT("delta", delta), DB_INT("balance", balance)),
	    "entry");
	row(s);
}

static void
make_house(struct seed *s, int64_t account, int64_t count, int64_t first,
    int64_t delta)
{
	for (int64_t i = 1; i <= count; i++)
		make_entry(s, account, i, first + i - 1, delta, delta * i);
	need(db_exec(s->db, house_sql, DB_INT("id", account),
		 DB_INT("balance", delta * count), DB_INT("seq", count)),
	    "house");
}

/* By account, as the table is kept. */
static void
make_entries(struct seed *s)
{
	int64_t grants = s->users * GRANTS, spends = s->users * SPENDS;

	make_house(s, LEDGER_MINT, grants, 1, -GRANTED);
	make_house(s, LEDGER_SINK, spends, grants + 1, 1);
	for (int64_t u = 0; u < s->users; u++)
		for (int64_t r = 0; r < ROUNDS; r++)
			make_entry(s, s->account0 + u + 1, r + 1,
			    movement_of(s, u, r), delta_of(r),
			    balance_after(r));
}

/* A lot has its movement's number; the oldest one is spent from. */
static void
make_lots(struct seed *s)
{
	for (int64_t m = 1; m <= s->users * GRANTS; m++) {
		int64_t user = s->user0 + user_of(s, m) + 1;
		int64_t left = round_of(s, m) == 0 ? GRANTED - SPENDS : GRANTED;

		need(db_exec(s->db, lot_sql, DB_INT("id", m),
			 DB_INT("user", user), DB_INT("granted", GRANTED),
			 DB_INT("now", time_of(s, m))),
		    "lot");
		need(db_exec(s->db, left_sql, DB_INT("lot", m),
			 DB_INT("user", user), DB_INT("left", left)),
		    "lot_left");
		row(s);
	}
	for (int64_t m = 1; m <= s->movements; m++) {
		int64_t round = round_of(s, m);

		need(db_exec(s->db, use_sql, DB_INT("movement", m),
			 DB_INT("lot", gives(round) ? m : user_of(s, m) + 1),
			 DB_INT("delta", delta_of(round))),
		    "lot_use");
		row(s);
	}
}

static void
make_references(struct seed *s)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	char name[NAMES_BYTES];

	for (int64_t m = s->users * GRANTS + 1; m <= s->movements; m++) {
		ascending(s, "", m, name);
		(void)crypto_hash_sha256(hash, (const unsigned char *)name,
		    strlen(name)); /* never fails */
		need(
		    db_exec(s->db, reference_sql, DB_INT("service", s->service),
			DB_TEXT("reference", name),
			DB_BLOB("hash", hash, sizeof(hash)), DB_INT("tx", m),
			DB_INT("available", balance_after(round_of(s, m))),
			DB_INT("now", time_of(s, m))),
		    "reference");
		row(s);
	}
}

static void
make_orders(struct seed *s)
{
	char public_id[RANDOM_ID_BYTES], order[RANDOM_ID_BYTES];
	char pi[NAMES_BYTES], customer[NAMES_BYTES], sub[NAMES_BYTES];
	char actor[2 * NAMES_BYTES];

	for (int64_t n = 0; n < s->orders; n++) {
		int64_t user = s->users + n % NAMES_BUYERS;

		random_id("tx_", public_id);
		random_id("ord_", order);
		names_stripe("pi_", n, pi);
		names_stripe("cus_", n % NAMES_BUYERS, customer);
		names_user(user, sub);
		(void)snprintf(actor, sizeof(actor), "user:%s", sub);
		need(db_exec(s->db, pending_sql, DB_TEXT("public", public_id),
			 DB_INT("user", s->user0 + user + 1),
			 DB_INT("tokens", NAMES_TOKENS), DB_TEXT("pi", pi),
			 DB_INT("amount", NAMES_AMOUNT),
			 DB_TEXT("actor", actor), DB_INT("now", s->now_ms)),
		    "pending transaction");
		need(db_exec(s->db, order_sql, DB_TEXT("public", order),
			 DB_INT("user", s->user0 + user + 1),
			 DB_INT("tx", db_last_id(s->db)),
			 DB_TEXT("package", NAMES_PACKAGE),
			 DB_INT("tokens", NAMES_TOKENS),
			 DB_INT("amount", NAMES_AMOUNT),
			 DB_TEXT("customer", customer), DB_TEXT("pi", pi),
			 DB_INT("now", s->now_ms)),
		    "order");
		row(s);
	}
}

/* ---- the whole ----------------------------------------------------------- */

static void
collect(struct seed *s, const char *sql, struct buf *out)
{
	enum vt_err err;
	struct query q;

	buf_init(out, SCHEMA_BYTES_MAX);
	err = db_query(&q, s->db, sql);
	while (err == VT_OK && (err = db_step(&q)) == VT_OK)
		buf_puts(out, db_text(&q, 0));
	db_done(&q);
	need(err == VT_NOTFOUND && !out->failed ? VT_OK : VT_DB, "schema");
}

static void
begin(struct seed *s)
{
	struct buf drop;

	need(db_script(s->db,
		 "PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF; "
		 "PRAGMA cache_size = -200000"),
	    "settings");
	if (number(s, "SELECT COUNT(*) FROM movements") != 0) {
		(void)fprintf(stderr, "seed: the ledger is not empty\n");
		exit(EXIT_FAILURE);
	}
	s->user0 = number(s, "SELECT COALESCE(MAX(id), 0) FROM users");
	s->account0 = number(s, "SELECT MAX(id) FROM accounts");
	collect(s, after_sql, &s->later);
	collect(s, drop_sql, &drop);
	need(db_begin(s->db), "begin");
	need(db_script(s->db, buf_str(&drop)), "drop");
	buf_free(&drop);
}

static void
find_service(struct seed *s)
{
	struct query q;

	need(db_row(&q, s->db, "SELECT id FROM services WHERE name = :name",
		 DB_TEXT("name", s->service_name)),
	    "the service");
	s->service = db_int(&q, 0);
	db_done(&q);
}

int
main(int argc, char **argv)
{
	static void (*const steps[])(struct seed *) = { make_users, make_buyers,
		make_movements, make_entries, make_lots, make_references,
		make_orders };
	struct seed s = { .now_ms = 0 };
	int64_t entries;

	process_start("seed");
	if (argc != 5) {
		(void)fprintf(
		    stderr, "usage: seed DB SERVICE ENTRIES ORDERS\n");
		return EXIT_FAILURE;
	}
	s.service_name = argv[2];
	entries = strtoll(argv[3], NULL, 10);
	s.orders = strtoll(argv[4], NULL, 10);
	s.users = entries < 2 * ROUNDS ? 1 : entries / (2 * ROUNDS);
	s.movements = s.users * ROUNDS;
	s.now_ms = clock_now_ms();
	s.began_ms = s.now_ms - (s.movements + 1) * STEP_MS;
	need(db_open(argv[1], DB_PRIVATE, &s.db), argv[1]);
	find_service(&s);
	begin(&s);
	for (size_t i = 0; i < countof(steps); i++)
		steps[i](&s);
	need(db_script(s.db, buf_str(&s.later)), "indexes and triggers");
	need(db_commit(s.db), "commit");
	need(db_script(s.db, "PRAGMA wal_checkpoint(TRUNCATE)"), "checkpoint");
	buf_free(&s.later);
	db_close(s.db);
	process_end();
	return EXIT_SUCCESS;
}
