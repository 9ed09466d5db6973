/*
 * note: a worker that writes one row for each request, for the tests of what
 * worker_main does around the writer.
 */
#include "base/clock.h"
#include "store/writer.h"
#include "web/worker.h"

static enum vt_err
note(struct db *db, const void *in, void *out, struct vt_problem *p)
{
	static const char sql[] =
	    "INSERT INTO audit (at, actor, action) VALUES (:at, 'test', :what)";

	(void)out;
	(void)p;
	return db_exec(
	    db, sql, DB_INT("at", clock_now_ms()), DB_TEXT("what", in));
}

static enum vt_err
note_post(struct request *r, struct response *w, struct vt_problem *p)
{
	enum vt_err err;

	err = writer_run(worker_state(r)->writer, note, r->id, NULL, p);
	if (err == VT_OK)
		response_json(r, w, 201, json_object(r->arena));
	return err;
}

static const struct route routes[] = {
	{ HTTP_POST, "/note", 0, 0, note_post, 0 },
};

int
main(int argc, char **argv)
{
	return worker_main(argc, argv,
	    &(struct worker){ .name = "note",
		.routes = routes,
		.routes_count = countof(routes),
		.db = WORKER_DB_WRITE,
		.threads = 4 });
}
