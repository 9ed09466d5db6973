/* users: see users.h. */
#include "billing/users.h"

#include <string.h>

enum {
	BY_SUB,
	BY_ID,
	BY_EMAIL,
	ID_BY_SUB,
	ADD,
	APPLY,
	DELETE,
	ROLE,
	CUSTOMER_ADD,
	CUSTOMER_SET,
	CUSTOMER_DROP,
	CUSTOMER_OF,
	STATEMENTS
};

#define COLUMNS                                                                \
	"id, clerk_sub, email, email_verified, role, deleted_at IS NOT NULL, " \
	"stripe_customer_id"

static const char *const sql[STATEMENTS] = {
	[BY_SUB] = "SELECT " COLUMNS " FROM users WHERE clerk_sub = :sub",
	[BY_ID] = "SELECT " COLUMNS " FROM users WHERE id = :id",
	[BY_EMAIL] =
	    "SELECT " COLUMNS " FROM users WHERE email = :email "
	    "AND deleted_at IS NULL ORDER BY email_verified DESC, id LIMIT 2",
	[ID_BY_SUB] = "SELECT id, deleted_at IS NOT NULL FROM users "
		      "WHERE clerk_sub = :sub",
	[ADD] = "INSERT INTO users (clerk_sub, created_at, updated_at) "
		"VALUES (:sub, :now, :now)",
	[APPLY] =
	    "UPDATE users SET email = :email, email_verified = :verified, "
	    "role = CASE WHEN role_by_hand = 1 THEN role ELSE :role END, "
	    "clerk_updated_at = :updated, updated_at = :now "
	    "WHERE clerk_sub = :sub AND deleted_at IS NULL "
	    "AND clerk_updated_at <= :updated",
	[DELETE] = "UPDATE users SET deleted_at = :now, updated_at = :now "
		   "WHERE clerk_sub = :sub AND deleted_at IS NULL",
	[ROLE] = "UPDATE users SET role = :role, role_by_hand = 1, "
		 "updated_at = :now WHERE clerk_sub = :sub",
	[CUSTOMER_ADD] = "INSERT INTO customers (cus, user, created_at) "
			 "VALUES (:cus, :user, :now)",
	[CUSTOMER_SET] = "UPDATE users SET stripe_customer_id = :cus, "
			 "updated_at = :now WHERE id = :user "
			 "AND stripe_customer_id IS NULL",
	[CUSTOMER_DROP] = "UPDATE users SET stripe_customer_id = NULL, "
			  "updated_at = :now WHERE id = :user "
			  "AND stripe_customer_id = :cus",
	[CUSTOMER_OF] = "SELECT user FROM customers WHERE cus = :cus",
};

static void
read_row(struct query *q, struct user *u)
{
	const char *role;

	memset(u, 0, sizeof(*u));
	u->id = db_int(q, 0);
	(void)db_copy(q, 1, u->sub, sizeof(u->sub));
	(void)db_copy(q, 2, u->email, sizeof(u->email));
	u->email_verified = db_int(q, 3) != 0;
	role = db_text(q, 4);
	u->admin = role != NULL && strcmp(role, "admin") == 0;
	u->deleted = db_int(q, 5) != 0;
	(void)db_copy(q, 6, u->customer, sizeof(u->customer));
}

enum vt_err
user_by_sub(struct db *db, const char *sub, struct user *out)
{
	enum vt_err err;
	struct query q;

	err = db_row(&q, db, sql[BY_SUB], DB_TEXT("sub", sub));
	if (err != VT_OK)
		return err;
	read_row(&q, out);
	db_done(&q);
	return VT_OK;
}

enum vt_err
user_by_id(struct db *db, int64_t id, struct user *out)
{
	enum vt_err err;
	struct query q;

	err = db_row(&q, db, sql[BY_ID], DB_INT("id", id));
	if (err != VT_OK)
		return err;
	read_row(&q, out);
	db_done(&q);
	return VT_OK;
}

enum vt_err
user_id_by_sub(struct db *db, const char *sub, int64_t *id, bool *deleted)
{
	enum vt_err err;
	struct query q;

	err = db_row(&q, db, sql[ID_BY_SUB], DB_TEXT("sub", sub));
	if (err != VT_OK)
		return err;
	*id = db_int(&q, 0);
	if (deleted != NULL)
		*deleted = db_int(&q, 1) != 0;
	db_done(&q);
	return VT_OK;
}

enum vt_err
user_by_email(
    struct db *db, const char *email, struct user *out, struct vt_problem *p)
{
	struct user second = { 0 };
	enum vt_err err, more;
	struct query q;

	/* Verified ones come first, so two rows tell everything. */
	err = db_row(&q, db, sql[BY_EMAIL], DB_TEXT("email", email));
	if (err == VT_NOTFOUND)
		return vt_problem(p, VT_NOTFOUND, "unknown_user", "user_email",
		    "Nobody with the address %s has signed in.", email);
	if (err != VT_OK)
		return err;
	read_row(&q, out);
	more = db_step(&q);
	if (more == VT_OK)
		read_row(&q, &second);
	db_done(&q);
	if (more != VT_OK && more != VT_NOTFOUND)
		return more;
	if (!out->email_verified)
		return vt_problem(p, VT_INVALID, "unverified_user",
		    "user_email", "The address %s is not verified yet.", email);
	if (second.email_verified)
		return vt_problem(p, VT_CONFLICT, "ambiguous_user",
		    "user_email",
		    "Several users have the address %s; name the user id.",
		    email);
	return VT_OK;
}

enum vt_err
user_ensure(struct db *db, const char *sub, int64_t now_ms, struct user *out)
{
	enum vt_err err;

	err = user_by_sub(db, sub, out);
	if (err != VT_NOTFOUND)
		return err;
	err = db_exec(db, sql[ADD], DB_TEXT("sub", sub), DB_INT("now", now_ms));
	if (err != VT_OK)
		return err;
	return user_by_sub(db, sub, out);
}

enum vt_err
user_apply(struct db *db, const struct user_fact *f, bool *applied)
{
	struct user u;
	enum vt_err err;

	err = user_ensure(db, f->sub, f->now_ms, &u);
	if (err != VT_OK)
		return err;
	err = db_exec(db, sql[APPLY], DB_TEXT("sub", f->sub),
	    DB_TEXT("email", f->email),
	    DB_INT("verified", f->email != NULL && f->email_verified),
	    DB_TEXT("role", f->admin ? "admin" : "user"),
	    DB_INT("updated", f->updated_ms), DB_INT("now", f->now_ms));
	if (err == VT_OK)
		*applied = db_changes(db) == 1;
	return err;
}

enum vt_err
user_delete(struct db *db, const char *sub, int64_t now_ms, bool *applied)
{
	struct user u;
	enum vt_err err;

	/* A tombstone also for one we never saw: created may come later. */
	err = user_ensure(db, sub, now_ms, &u);
	if (err != VT_OK)
		return err;
	err = db_exec(
	    db, sql[DELETE], DB_TEXT("sub", sub), DB_INT("now", now_ms));
	if (err == VT_OK)
		*applied = db_changes(db) == 1;
	return err;
}

enum vt_err
user_role_set(struct db *db, const char *sub, bool admin, int64_t now_ms)
{
	enum vt_err err;

	err = db_exec(db, sql[ROLE], DB_TEXT("sub", sub),
	    DB_TEXT("role", admin ? "admin" : "user"), DB_INT("now", now_ms));
	if (err == VT_OK && db_changes(db) == 0)
		err = VT_NOTFOUND;
	return err;
}

enum vt_err
user_email_normal(const char *text, char out[static USER_EMAIL_BYTES])
{
	size_t n = strlen(text), at = 0;

	if (n < 3 || n > 254)
		return VT_INVALID;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c <= ' ' || c == 0x7f || c == ',' || c == '<' || c == '>')
			return VT_INVALID;
		at += c == '@';
		out[i] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
	}
	out[n] = '\0';
	if (at != 1 || out[0] == '@' || out[n - 1] == '@')
		return VT_INVALID;
	return VT_OK;
}

enum vt_err
user_customer_bind(
    struct db *db, int64_t user, const char *customer, int64_t now_ms)
{
	int64_t owner;
	enum vt_err err;

	err = user_of_customer(db, customer, &owner);
	if (err == VT_NOTFOUND)
		err = db_exec(db, sql[CUSTOMER_ADD], DB_TEXT("cus", customer),
		    DB_INT("user", user), DB_INT("now", now_ms));
	else if (err == VT_OK && owner != user)
		return VT_CONFLICT;
	if (err != VT_OK)
		return err;
	return db_exec(db, sql[CUSTOMER_SET], DB_INT("user", user),
	    DB_TEXT("cus", customer), DB_INT("now", now_ms));
}

enum vt_err
user_customer_drop(
    struct db *db, int64_t user, const char *customer, int64_t now_ms)
{
	return db_exec(db, sql[CUSTOMER_DROP], DB_INT("user", user),
	    DB_TEXT("cus", customer), DB_INT("now", now_ms));
}

enum vt_err
user_of_customer(struct db *db, const char *customer, int64_t *user)
{
	enum vt_err err;
	struct query q;

	err = db_row(&q, db, sql[CUSTOMER_OF], DB_TEXT("cus", customer));
	if (err != VT_OK)
		return err;
	*user = db_int(&q, 0);
	db_done(&q);
	return VT_OK;
}
