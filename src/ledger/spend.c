/* spend: see spend.h. */
#include "ledger/spend.h"

#include "ledger/holds.h"
#include "ledger/movements.h"
#include "ledger/thresholds.h"

/* Some lots were used before it was seen that they are too few. */
static enum vt_err
refuse(struct db *db, const struct spend *s, int64_t movement,
    struct vt_problem *p)
{
	int64_t taken;
	enum vt_err err;

	err = lots_taken(db, movement, &taken);
	if (err != VT_OK)
		return err;
	return lots_insufficient(db, s->user, s->tokens, taken, s->now_ms, p);
}

enum vt_err
ledger_spend(struct db *db, const struct spend *s, struct spend_done *out,
    struct vt_problem *p)
{
	struct transaction_new t = { .user = s->user,
		.kind = "spend",
		.status = "completed",
		.actor = s->actor,
		.metadata = s->metadata,
		.now_ms = s->now_ms };
	struct movement m = { .cause = s->cause,
		.to = LEDGER_SINK,
		.tokens = s->tokens,
		.now_ms = s->now_ms };
	struct burn burn = { .user = s->user,
		.tokens = s->tokens,
		.now_ms = s->now_ms,
		.used = s->used,
		.arg = s->used_arg };
	struct movement_done moved;
	struct balance left;
	int64_t after;
	enum vt_err err;

	if (s->tokens <= 0 || s->tokens > LEDGER_TOKENS_MAX)
		return ledger_tokens_problem(p);
	t.tokens = -s->tokens;
	err = holds_expire_user(db, s->user, s->now_ms);
	if (err == VT_OK)
		err = ledger_user_balance(db, s->user, &m.from, &after);
	if (err != VT_OK)
		return err;
	/* Nobody else writes meanwhile, so that it is made whole at once; too
	 * few tokens are found when they are moved, and undo it. */
	after -= s->tokens;
	t.balance_after = &after;
	err = transaction_add(db, &t, &out->tx);
	if (err != VT_OK)
		return err;
	m.tx = out->tx.id;
	m.tx_public_id = out->tx.public_id;
	err = ledger_move(db, &m, &moved);
	if (err == VT_OK) {
		burn.movement = moved.id;
		err = lots_burn(db, &burn, &left);
	}
	if (err == VT_FUNDS)
		return refuse(db, s, moved.id, p);
	if (err == VT_OK && moved.from_balance != after)
		err = VT_DB;
	if (err != VT_OK)
		return err;
	out->movement = moved.id;
	out->available = left.available;
	return thresholds_taken(db, s->user, s->tokens, &left, s->now_ms);
}
