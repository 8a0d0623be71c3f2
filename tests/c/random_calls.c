/* Random sequences of good and bad calls over the whole C API: random_calls LEDGER [CALLS [SEED]].
 *
 * No call may reveal a defect of the library (INTERNAL, a poisoned handle, or an error that a memory checker reports).
 * A call that fails leaves its buffer byte for byte as it was, calls that must fail do fail, calls that must succeed
 * do succeed, and rows are counted correctly. Every function of the ledger must be called. The same seed makes the
 * same calls. */
#include "arrow_batch.h"
#include "random_rows.h"
#include "server.h"

enum { BUFFERS = 5, SENDERS = 4, NAMES = 3, CONFIGS = 2, DEAD = SENDERS - 1 };

static struct tracked buffers[BUFFERS], no_buffer;
static struct server servers[DEAD], pool_server;
static struct sender {
    questdb_sender *handle;
    struct tracked own;
} senders[SENDERS], no_sender;
static questdb_config *configs[CONFIGS];
static struct {
    questdb_table_name *handle;
    size_t len;
} tables[NAMES];
static struct {
    questdb_column_name *handle;
    size_t len;
} columns_named[NAMES];

/* Returns any buffer that exists: an independent one, one of a sender, or none. */
static struct tracked *any_buffer(void) {
    if (once_in(40)) return &no_buffer;
    return once_in(4) ? &ONE_OF(senders).own : &ONE_OF(buffers);
}

static struct sender *any_sender(void) { return once_in(40) ? &no_sender : &ONE_OF(senders); }

/* --- one row, call by call ----------------------------------------------------------------------------------------- */

static void begin_row(struct tracked *t, size_t most) {
    const size_t i = below(NAMES);
    int good;
    questdb_error *err;
    if (once_in(3)) {
        good = tables[i].handle && tables[i].len <= most ? GOOD : BAD;
        err = CALL(questdb_buffer_table_named)(t->handle, tables[i].handle);
    } else {
        const struct text name = any_name(most);
        good = name.good;
        err = CALL(questdb_buffer_table)(t->handle, name.ptr, name.len);
    }
    if (judge(t, err, good, t->state == BETWEEN, 0) && t->state != UNKNOWN) t->state = TABLE;
}

static void symbol(struct tracked *t, size_t most) {
    const struct text value = any_symbol();
    const size_t i = below(NAMES);
    int good = value.good;
    questdb_error *err;
    if (once_in(3)) {
        worse(&good, columns_named[i].handle && columns_named[i].len <= most ? GOOD : BAD);
        err = CALL(questdb_buffer_symbol_named)(t->handle, columns_named[i].handle, value.ptr, value.len);
    } else {
        const struct text name = any_name(most);
        worse(&good, name.good);
        err = CALL(questdb_buffer_symbol)(t->handle, name.ptr, name.len, value.ptr, value.len);
    }
    if (judge(t, err, good, t->state == TABLE || t->state == SYMBOL, 0) && t->state != UNKNOWN) t->state = SYMBOL;
}

/* Makes a column call in one of its two forms: with a name as text, or with a checked name. */
#define COLUMN_CALL(kind, ...) \
    (named ? CALL(questdb_buffer_column_##kind##_named)(t->handle, checked, __VA_ARGS__) \
           : CALL(questdb_buffer_column_##kind)(t->handle, name.ptr, name.len, __VA_ARGS__))

static questdb_error *any_column_call(struct tracked *t, int named, const questdb_column_name *checked,
                                      struct text name, int *good) {
    const uint32_t version = CALL(questdb_buffer_protocol_version)(t->handle);
    const size_t which = below(11);
    struct text text;
    int scale_good = GOOD;
    const uint32_t scale = any_scale(&scale_good);
    questdb_array *view = NULL;
    if (which >= 6) worse(good, version < (which == 6 ? 2 : 3) ? BAD : GOOD);
    if (which >= 8) worse(good, scale_good);
    switch (which) {
    case 0: return COLUMN_CALL(bool, (rnd() & 1) != 0);
    case 1: return COLUMN_CALL(i64, any_i64());
    case 2: return COLUMN_CALL(f64, any_f64());
    case 3: return COLUMN_CALL(ts_micros, any_i64());
    case 4: return COLUMN_CALL(ts_nanos, any_i64());
    case 5: text = any_value(); worse(good, text.good); return COLUMN_CALL(str, text.ptr, text.len);
    case 6:
        if (!once_in(20)) view = block(sizeof *view);
        worse(good, view ? any_array(view) : BAD);
        return COLUMN_CALL(f64_arr, view);
    case 7: text = any_decimal_text(); worse(good, text.good); return COLUMN_CALL(dec_str, text.ptr, text.len);
    case 8:
        text = any_unscaled();
        if (text.good == BAD || scale_good == BAD) worse(good, text.len == 0 ? UNSURE : BAD);
        worse(good, text.good == UNSURE ? UNSURE : GOOD);
        return COLUMN_CALL(dec, scale, (const uint8_t *)text.ptr, text.len);
    case 9: return COLUMN_CALL(dec_i64, scale, any_i64());
    default: return COLUMN_CALL(dec_i128, scale, any_i64(), rnd());
    }
}

static void column(struct tracked *t, size_t most) {
    const int named = once_in(3);
    const size_t i = below(NAMES);
    const struct text name = any_name(most);
    int good = named ? (columns_named[i].handle && columns_named[i].len <= most ? GOOD : BAD) : name.good;
    questdb_error *err = any_column_call(t, named, columns_named[i].handle, name, &good);
    if (judge(t, err, good, t->state >= TABLE, 0) && t->state != UNKNOWN) t->state = COLUMN;
}

static void end_row(struct tracked *t) {
    const int64_t at = once_in(4) ? any_i64() : (int64_t)below(1u << 30);
    const int stamp = (int)below(3);
    const uint32_t version = CALL(questdb_buffer_protocol_version)(t->handle);
    const int good = stamp == 2 || (at >= 0 && !(stamp == 1 && version == 1 && at > INT64_MAX / 1000)) ? GOOD : BAD;
    questdb_error *err = stamp == 0   ? CALL(questdb_buffer_at_nanos)(t->handle, at)
                         : stamp == 1 ? CALL(questdb_buffer_at_micros)(t->handle, at)
                                      : CALL(questdb_buffer_at_now)(t->handle);
    if (judge(t, err, good, t->state >= SYMBOL, 1) && t->state != UNKNOWN) t->state = BETWEEN;
}

static void a_call_of_a_row(void) {
    struct tracked *t = any_buffer();
    const size_t most = CALL(questdb_buffer_max_name_len)(t->handle);
    before(t);
    if (t->len > 40000) {
        EXPECT(done(CALL(questdb_buffer_clear)(t->handle)) == 0 && is_empty(t));
        is_cleared(t);
        return;
    }
    size_t what = below(8);
    /* Mostly chooses a call that is allowed next. */
    if (!once_in(5)) what = t->state == BETWEEN ? 0 : t->state == TABLE ? 1 + below(4) : 1 + below(7);
    if (what == 0) begin_row(t, most);
    else if (what == 1 || (what == 2 && t->state <= SYMBOL)) symbol(t, most);
    else if (what <= 5) column(t, most);
    else end_row(t);
}

/* --- prepared rows ------------------------------------------------------------------------------------------------- */

static void prepared_rows(void) {
    struct sender *s = any_sender();
    const int own = once_in(4);
    struct tracked *t = own ? &s->own : any_buffer();
    before(t);
    const int many = once_in(2);
    const struct prepared p = many ? any_columns(t->handle) : any_row(t->handle);
    questdb_row_layout *const l = p.layout->handle;
    const int allowed = t->state == BETWEEN;
    if (own) {
        questdb_error *err =
            many ? CALL(questdb_sender_append_columns)(s->handle, l, p.rows, p.columns, p.count, p.stamps)
                 : CALL(questdb_sender_append_row)(s->handle, l, p.cells, p.count, p.at);
        judge_sending(t, err, s->handle ? p.good : BAD, allowed, p.rows);
    } else {
        questdb_error *err =
            many ? CALL(questdb_buffer_append_columns)(t->handle, l, p.rows, p.columns, p.count, p.stamps)
                 : CALL(questdb_buffer_append_row)(t->handle, l, p.cells, p.count, p.at);
        judge(t, err, p.good, allowed, p.rows);
    }
}

/* --- batches of Arrow ---------------------------------------------------------------------------------------------- */

static questdb_arrow_options *arrow_options;
static int has_table, has_time; /* whether the options choose them, and well */

static void change_arrow_options(void) {
    questdb_arrow_options *const o = once_in(40) ? NULL : arrow_options;
    const int by_name = once_in(2);
    const char *const side = by_name ? "side" : NULL, *const at = by_name ? "at" : NULL;
    const uint32_t symbols = any_kind(3), stamp = any_kind(3);
    switch (below(8)) {
    case 0:
        CALL(questdb_arrow_options_free)(arrow_options);
        EXPECT(done(CALL(questdb_arrow_options_new)(&arrow_options)) == 0);
        has_table = has_time = 0;
        break;
    case 1: {
        const struct text name = any_name(127);
        if (!done(CALL(questdb_arrow_options_table)(o, name.ptr, name.len))) has_table = name.good;
        break;
    }
    case 2:
        if (!done(CALL(questdb_arrow_options_table)(o, QUESTDB_STR("t")))) has_table = GOOD;
        break;
    case 3:
        if (!done(CALL(questdb_arrow_options_table_column)(o, side, by_name ? 4 : 0, 2))) has_table = GOOD;
        break;
    case 4: (void)done(CALL(questdb_arrow_options_symbols)(o, symbols)); break;
    case 5: (void)done(CALL(questdb_arrow_options_symbol_column)(o, side, by_name ? 4 : 0, 2)); break;
    case 6:
        if (!done(CALL(questdb_arrow_options_at)(o, stamp, 5))) has_time = GOOD;
        break;
    default:
        if (!done(CALL(questdb_arrow_options_at_column)(o, at, by_name ? 2 : 0, 0))) has_time = GOOD;
    }
}

/* Appends a batch or a stream of it, sometimes with a mistake that can be seen. It is released once in any case. */
static void batches(void) {
    struct sender *s = any_sender();
    const int own = once_in(4), whole = once_in(2);
    struct tracked *t = own ? &s->own : any_buffer();
    questdb_arrow_options *const o = once_in(40) ? NULL : arrow_options;
    static struct batch_stream source;
    struct batch *b = &source.batch;
    batch_stream_init(&source, once_in(10));
    int good = o && has_table != BAD && has_time != BAD ? UNSURE : BAD;
    if (whole && source.fails) good = BAD;
    switch (below(20)) {
    case 0: b->array.length = -1, good = BAD; break;
    case 1: b->columns[below(3)].n_buffers--, good = BAD; break;
    case 2: b->columns[1].offset = INT64_MAX, good = BAD; break;
    case 3: b->types[1].format = "+m", good = BAD; break;
    case 4: b->array.n_children = 2, good = BAD; break;
    case 5: b->columns[2].dictionary = NULL, good = BAD; break;
    default: break;
    }
    before(t);
    const int allowed = t->state == BETWEEN;
    questdb_error *err;
    if (own)
        err = whole ? CALL(questdb_sender_arrow_stream)(s->handle, &source.stream, o)
                    : CALL(questdb_sender_arrow)(s->handle, &b->array, &b->schema, o);
    else
        err = whole ? CALL(questdb_buffer_arrow_stream)(t->handle, &source.stream, o)
                    : CALL(questdb_buffer_arrow)(t->handle, &b->array, &b->schema, o);
    EXPECT(b->arrays_released == (unsigned)(!whole || source.given) && source.released == (unsigned)whole);
    const size_t taken = err ? CALL(questdb_error_rows_accepted)(err) : BATCH_ROWS;
    if (!own) judge(t, err, good, allowed, BATCH_ROWS);
    else if (taken > 0 && err && !questdb_error_row_accepted(err)) {
        /* The stream failed behind rows that were taken. */
        EXPECT(done(err) != 0 && (has_grown(t, taken) || has_last_of(t, taken)));
        may_be_cleared(t);
    } else if (!err && s->handle && !has_grown(t, taken) && !is_empty(t)) {
        /* A flush on the way left the rows behind it. */
        EXPECT(has_last_of(t, taken) && good != BAD && (allowed || t->state == UNKNOWN));
        is_cleared(t);
        t->state = BETWEEN;
    } else {
        judge_sending(t, err, s->handle ? (source.fails ? UNSURE : good) : BAD, allowed, taken);
    }
}

/* --- buffers as a whole -------------------------------------------------------------------------------------------- */

static void a_new_buffer(void) {
    struct tracked *t = &ONE_OF(buffers);
    static const size_t sizes[] = {0, 64, 300, 4096, 65536, 1 << 20}, impossible[] = {SIZE_MAX, SIZE_MAX / 2, SIZE_MAX / 4 + 1};
    const uint32_t version = any_kind(3);
    const int no_out = once_in(40);
    CALL(questdb_buffer_free)(t->handle);
    t->handle = (questdb_buffer *)1;
    questdb_buffer **out = no_out ? NULL : &t->handle;
    int good = version >= 1 && version <= 3 && !no_out;
    questdb_error *err;
    if (once_in(3)) {
        err = CALL(questdb_buffer_new)(version, out);
    } else if (once_in(8)) {
        const size_t size = ONE_OF(impossible);
        good = 0;
        err = CALL(questdb_buffer_with_limits)(version, 127, size, once_in(2) ? size : 1000, out);
    } else {
        const size_t init = ONE_OF(sizes), most = ONE_OF(sizes);
        good = good && init <= most;
        err = CALL(questdb_buffer_with_limits)(version, once_in(3) ? 16 : 127, init, most, out);
    }
    const uint32_t code = done(err);
    if (no_out) t->handle = NULL;
    EXPECT((code == 0) == good && (t->handle != NULL) == good);
    is_cleared(t);
}

static void a_copy(void) {
    struct tracked *from = any_buffer(), *to = &ONE_OF(buffers);
    if (from == to) return;
    before(from);
    CALL(questdb_buffer_free)(to->handle);
    const uint32_t code = done(CALL(questdb_buffer_clone)(from->handle, &to->handle));
    EXPECT((code == 0) == (from->handle != NULL) && (to->handle != NULL) == (code == 0));
    questdb_buffer *copy = to->handle;
    to->state = from->state == CLOSED ? BETWEEN : from->state;
    to->marker = from->marker;
    if (code) {
        is_cleared(to);
        return;
    }
    const struct tracked seen = {copy, from->state, 0, from->bytes, from->len, from->capacity, from->rows};
    EXPECT(is_unchanged(&seen) && is_unchanged(from));
}

static void a_buffer_as_a_whole(void) {
    struct tracked *t = any_buffer();
    static const size_t amounts[] = {0, 1, 100, 5000, SIZE_MAX, SIZE_MAX / 2, (size_t)5 << 30};
    uint32_t code;
    before(t);
    switch (below(10)) {
    case 8:
        code = done(CALL(questdb_buffer_drop_row)(t->handle));
        EXPECT((code == 0) == (t->handle != NULL) && !CALL(questdb_buffer_is_row_open)(t->handle));
        EXPECT(CALL(questdb_buffer_len)(t->handle) <= t->len && CALL(questdb_buffer_row_count)(t->handle) == t->rows);
        if (!code && t->state != CLOSED) t->state = BETWEEN;
        return;
    case 9: {
        const size_t first = below(4), count = below(4);
        code = done(CALL(questdb_buffer_remove_rows)(t->handle, first, count));
        EXPECT((code == 0) == (t->handle && first && count && first + count <= t->rows + 1));
        if (code) EXPECT(is_unchanged(t));
        else EXPECT(CALL(questdb_buffer_len)(t->handle) < t->len && CALL(questdb_buffer_row_count)(t->handle) == t->rows - count);
        return;
    }
    case 0:
        code = done(CALL(questdb_buffer_set_marker)(t->handle));
        if (t->handle && t->state != UNKNOWN) EXPECT((code == 0) == (t->state == BETWEEN || t->state == CLOSED));
        if (!code) t->marker = 1;
        EXPECT(is_unchanged(t));
        return;
    case 1:
        code = done(CALL(questdb_buffer_rewind_to_marker)(t->handle));
        if (t->marker != UNSURE) EXPECT((code == 0) == (t->handle && t->marker));
        if (code) EXPECT(is_unchanged(t));
        else EXPECT(CALL(questdb_buffer_len)(t->handle) <= t->len && CALL(questdb_buffer_row_count)(t->handle) <= t->rows);
        if (!code) is_cleared(t);
        return;
    case 2:
        code = done(CALL(questdb_buffer_clear_marker)(t->handle));
        EXPECT((code == 0) == (t->handle != NULL) && is_unchanged(t));
        t->marker = 0;
        return;
    case 3:
        if (!once_in(4)) return;
        code = done(CALL(questdb_buffer_clear)(t->handle));
        EXPECT((code == 0) == (t->handle != NULL) && is_empty(t));
        is_cleared(t);
        return;
    case 4:
        code = done(CALL(questdb_buffer_check_flushable)(t->handle));
        if (t->handle && t->state != UNKNOWN) EXPECT((code == 0) == (t->state == BETWEEN || t->state == CLOSED));
        return;
    case 5:
        code = done(CALL(questdb_buffer_reserve)(t->handle, ONE_OF(amounts)));
        EXPECT(is_unchanged(t) && (t->handle || code != 0));
        return;
    case 6: a_copy(); return;
    default:
        CALL(questdb_buffer_free)(once_in(2) ? NULL : ONE_OF(senders).own.handle); /* the buffer is lent, so this does nothing */
    }
}

static void getters(void) {
    struct tracked *t = any_buffer();
    size_t len = 7;
    const int none = t->handle == NULL;
    EXPECT((CALL(questdb_buffer_peek)(t->handle, once_in(3) ? NULL : &len) == NULL) == none);
    EXPECT(CALL(questdb_buffer_len)(t->handle) <= CALL(questdb_buffer_capacity)(t->handle));
    EXPECT((CALL(questdb_buffer_max_buf_size)(t->handle) >= CALL(questdb_buffer_init_buf_size)(t->handle)));
    EXPECT((CALL(questdb_buffer_protocol_version)(t->handle) == 0) == none);
    if (CALL(questdb_buffer_row_count)(t->handle) == 0 && !none) EXPECT(CALL(questdb_buffer_is_transactional)(t->handle));
    EXPECT(strcmp(CALL(questdb_version)(), QUESTDB_VERSION) == 0 && CALL(questdb_abi_version)() == QUESTDB_ABI_VERSION);
    EXPECT(CALL(questdb_error_code_name)(any_kind(22))[0] && CALL(questdb_outcome_name)(any_kind(6))[0]);
}

static void names(void) {
    const size_t i = below(NAMES);
    const struct text name = any_name(SIZE_MAX);
    const int no_out = once_in(30);
    uint32_t code;
    if (once_in(2)) {
        CALL(questdb_table_name_free)(tables[i].handle);
        tables[i].handle = NULL;
        code = done(CALL(questdb_table_name_new)(name.ptr, name.len, no_out ? NULL : &tables[i].handle));
        tables[i].len = name.len;
        EXPECT((code == 0) == (tables[i].handle != NULL));
    } else {
        CALL(questdb_column_name_free)(columns_named[i].handle);
        columns_named[i].handle = NULL;
        code = done(CALL(questdb_column_name_new)(name.ptr, name.len, no_out ? NULL : &columns_named[i].handle));
        columns_named[i].len = name.len;
        EXPECT((code == 0) == (columns_named[i].handle != NULL));
    }
    EXPECT((code == 0) == (name.good == GOOD && !no_out));
}

/* --- configurations and senders ------------------------------------------------------------------------------------ */

static void config(void) {
    static const char *const keys[] = {"protocol", "addr", "username", "password", "token", "auto_flush", "auto_flush_rows",
                                       "request_timeout", "protocol_version", "max_buf_size", "max_name_len", "tls_verify",
                                       "tls_roots", "delivery", "nope", "", "\xff"};
    static const char *const values[] = {"http", "tcp", "https", "ftp", "127.0.0.1:1", "[::1]:1", "h:port", "quest", "on", "off",
                                         "100", "2000000", "1", "2", "3", "-1", "99999999999999999999", "/nonexistent",
                                         "at_most_once", "", "a;b", "\xc3\xa9", "\xff", "a\nb"};
    questdb_config **c = &ONE_OF(configs);
    uint32_t code;
    if (!*c || once_in(20)) {
        static const char *const confs[] = {"http::addr=127.0.0.1:1;", "tcp::addr=127.0.0.1:1;", "http::addr=", "nonsense",
                                            "http::addr=h;bogus=1;", "\xff", "http::addr=127.0.0.1:1;addr=127.0.0.1:1;", ""};
        const char *conf = ONE_OF(confs);
        CALL(questdb_config_free)(*c);
        *c = (questdb_config *)1;
        if (once_in(3)) {
            code = done(CALL(questdb_config_new)(c));
        } else if (once_in(2)) {
            setenv("QDB_CLIENT_CONF", conf, 1);
            code = done(CALL(questdb_config_from_env)(c));
        } else {
            const struct text text = once_in(10) ? impossible_text() : text_of(conf, strlen(conf), UNSURE);
            code = done(CALL(questdb_config_from_conf)(text.ptr, text.len, c));
            if (text.good == BAD) EXPECT(code != 0);
        }
        EXPECT((code == 0) == (*c != NULL));
        if (!*c) return;
        /* No call here may wait for the server, which does not exist, or depend on the time that has passed. */
        (void)done(CALL(questdb_config_set)(*c, QUESTDB_STR("retry_timeout"), QUESTDB_STR("0")));
        (void)done(CALL(questdb_config_set)(*c, QUESTDB_STR("auto_flush_interval"), QUESTDB_STR("off")));
        return;
    }
    if (once_in(4)) {
        if (once_in(2)) {
            questdb_config *copy = NULL;
            EXPECT((done(CALL(questdb_config_clone)(*c, &copy)) == 0) == (*c != NULL) && (copy == NULL) == (*c == NULL));
            CALL(questdb_config_free)(copy);
            return;
        }
        (void)done(CALL(questdb_config_validate)(once_in(10) ? NULL : *c));
        return;
    }
    const char *key = ONE_OF(keys), *value = ONE_OF(values);
    /* A host by itself could be one that exists, and the port of a server that runs beside this test. */
    if (!strcmp(key, "addr") && !strchr(value, ':')) value = "127.0.0.1:1";
    const struct text k = once_in(20) ? impossible_text() : text_of(key, strlen(key), UNSURE);
    const struct text v = once_in(20) ? impossible_text() : text_of(value, strlen(value), UNSURE);
    code = done(CALL(questdb_config_set)(once_in(30) ? NULL : *c, k.ptr, k.len, v.ptr, v.len));
    if (k.good == BAD || v.good == BAD) EXPECT(code != 0);
}

static void free_sender(struct sender *s) {
    CALL(questdb_sender_free)(s->handle);
    s->handle = NULL;
    s->own.handle = NULL;
}

static void a_new_sender(void) {
    struct sender *s = &ONE_OF(senders);
    const size_t number = (size_t)(s - senders);
    /* No flush may depend on the time that has passed. */
    static const char *const options[] = {"auto_flush=off;", "auto_flush_interval=off;auto_flush_rows=3;",
                                          "auto_flush_interval=off;auto_flush_bytes=500;",
                                          "auto_flush_interval=off;max_name_len=16;",
                                          "auto_flush_interval=off;init_buf_size=1024;max_buf_size=2048;"};
    char conf[256];
    uint32_t code;
    free_sender(s);
    const unsigned port = number == DEAD ? 1 : servers[number].port;
    const int tcp = number != DEAD && servers[number].mode >= SWALLOW;
    const int len = snprintf(conf, sizeof conf, "%s::addr=127.0.0.1:%u;protocol_version=%zu;%s%s", tcp ? "tcp" : "http", port,
                             1 + below(3), tcp ? "" : "retry_timeout=0;", ONE_OF(options));
    s->handle = (questdb_sender *)1;
    if (number == DEAD && once_in(2)) {
        code = done(CALL(questdb_sender_new)(ONE_OF(configs), &s->handle));
    } else if (once_in(3)) {
        setenv("QDB_CLIENT_CONF", conf, 1);
        code = done(CALL(questdb_sender_from_env)(&s->handle));
        EXPECT(code == 0);
    } else {
        const struct text text = once_in(10) ? impossible_text() : text_of(conf, (size_t)len, GOOD);
        code = done(CALL(questdb_sender_from_conf)(text.ptr, text.len, &s->handle));
        EXPECT((code == 0) == (text.good == GOOD));
    }
    EXPECT((code == 0) == (s->handle != NULL));
    s->own.handle = CALL(questdb_sender_buffer)(s->handle);
    EXPECT((s->own.handle == NULL) == (s->handle == NULL));
    s->own.state = BETWEEN;
    is_cleared(&s->own);
}

/* Ends a row, or flushes if a limit is reached, in the sender's own buffer. */
static void sender_row(void) {
    struct sender *s = any_sender();
    const int64_t at = once_in(4) ? any_i64() : (int64_t)below(1u << 30);
    const int allowed = s->own.state >= SYMBOL;
    before(&s->own);
    switch (below(4)) {
    case 0: judge_sending(&s->own, CALL(questdb_sender_at_nanos)(s->handle, at), at < 0 ? BAD : UNSURE, allowed, 1); return;
    case 1: judge_sending(&s->own, CALL(questdb_sender_at_micros)(s->handle, at), at < 0 ? BAD : UNSURE, allowed, 1); return;
    case 2: judge_sending(&s->own, CALL(questdb_sender_at_now)(s->handle), UNSURE, allowed, 1); return;
    default: /* as if no row were added, in whatever state */
        if (done(CALL(questdb_sender_flush_if_due)(s->handle))) EXPECT(is_unchanged(&s->own));
        else EXPECT(is_unchanged(&s->own) || is_empty(&s->own));
        may_be_cleared(&s->own);
    }
}

static void sent(struct tracked *t, questdb_error *err, int keeps) {
    const uint32_t code = done(err);
    if (code || keeps) EXPECT(is_unchanged(t));
    else EXPECT(is_empty(t));
    if (!code && t->state != UNKNOWN) EXPECT(t->state == BETWEEN || t->state == CLOSED);
    if (!code && !keeps) is_cleared(t);
}

static void flush(void) {
    struct sender *s = any_sender();
    struct tracked *t = once_in(2) ? &s->own : any_buffer();
    before(t);
    switch (below(5)) {
    case 0: sent(t, CALL(questdb_sender_flush)(s->handle, t->handle), 0); return;
    case 1: sent(t, CALL(questdb_sender_flush_and_keep)(s->handle, t->handle), 1); return;
    case 2: sent(t, CALL(questdb_sender_flush_and_keep_with_flags)(s->handle, t->handle, once_in(2)), 1); return;
    case 3:
        before(&s->own);
        sent(&s->own, CALL(questdb_sender_flush_own)(s->handle), 0);
        return;
    default: {
        uint64_t unconfirmed = 99;
        if (!once_in(4)) return;
        before(&s->own);
        const uint32_t code = done(CALL(questdb_sender_close)(s->handle, 1000, once_in(5) ? NULL : &unconfirmed));
        EXPECT(s->handle || code != 0);
        EXPECT(unconfirmed == 99 || unconfirmed <= s->own.rows);
        /* Closing drops an open row. */
        may_be_cleared(&s->own);
        if (s->handle) s->own.state = CLOSED;
    }
    }
}

static void transaction(void) {
    struct sender *s = any_sender();
    const int open = CALL(questdb_sender_in_transaction)(s->handle);
    const struct text table = any_name(127);
    uint32_t code;
    before(&s->own);
    switch (below(3)) {
    case 0: code = done(CALL(questdb_sender_begin)(s->handle, table.ptr, table.len)); break;
    case 1: code = done(CALL(questdb_sender_commit)(s->handle)); break;
    default: code = done(CALL(questdb_sender_rollback)(s->handle));
    }
    const int now = CALL(questdb_sender_in_transaction)(s->handle);
    if (code) EXPECT(now == open && is_unchanged(&s->own));
    else EXPECT(now != open && is_empty(&s->own));
    if (!code) is_cleared(&s->own);
}

static void about_senders(void) {
    struct sender *s = any_sender();
    struct tracked *t = &ONE_OF(buffers);
    const uint32_t stat = any_kind(13) - 1;
    const uint64_t value = CALL(questdb_sender_stat)(s->handle, stat);
    if (!s->handle || stat > 12) EXPECT(value == 0);
    EXPECT((CALL(questdb_sender_protocol_version)(s->handle) == 0) == (s->handle == NULL));
    EXPECT((CALL(questdb_sender_max_name_len)(s->handle) == 0) == (s->handle == NULL));
    if (once_in(3)) {
        CALL(questdb_buffer_free)(t->handle);
        const uint32_t code = done(CALL(questdb_sender_new_buffer)(s->handle, &t->handle));
        EXPECT((code == 0) == (s->handle != NULL) && (t->handle != NULL) == (code == 0));
        is_cleared(t);
    } else {
        questdb_error *last = (questdb_error *)1;
    CALL(questdb_sender_cancel)(once_in(5) ? NULL : s->handle); /* no call is running */
    (void)done(CALL(questdb_sender_connect)(s->handle)); /* no sender has put off meeting its server */
        const uint32_t code = done(CALL(questdb_sender_last_error)(s->handle, once_in(20) ? NULL : &last));
        if (code) return;
        EXPECT(s->handle != NULL);
        (void)done(last);
    }
}

/* One pool, on a server that answers, or on none. Which batch is complete when depends on the time, so little is expected of
 * completions but that there is one for each batch that was taken, and none for any other. */
static questdb_pool *pool;
static size_t batches_open;

static void completed(const questdb_completion *got, size_t count) {
    for (size_t i = 0; i < count; i++) {
        EXPECT(got[i].batch != 0 && got[i].size == sizeof *got && batches_open > 0);
        batches_open--;
        EXPECT((got[i].error == NULL) == (got[i].failed_rows == NULL));
        EXPECT(!got[i].error || CALL(questdb_error_outcome)(got[i].error) == got[i].outcome);
        CALL(questdb_error_free)(got[i].error);
        EXPECT(!got[i].failed_rows || CALL(questdb_buffer_row_count)(got[i].failed_rows) == got[i].rows);
        CALL(questdb_buffer_free)(got[i].failed_rows);
    }
}

/* Reads all completions, so that none is lost with the pool. */
static void end_of_pool(void) {
    questdb_completion rest[3];
    size_t count = 1;
    questdb_pool_report report = {0};
    report.size = sizeof report;
    (void)done(CALL(questdb_pool_close)(pool, below(20), once_in(3) ? NULL : &report));
    (void)done(CALL(questdb_pool_drain)(pool, 10000));
    while (pool && count > 0) {
        rest[0].size = sizeof rest[0];
        EXPECT(done(CALL(questdb_pool_next)(pool, 0, rest, 3, &count)) == 0);
        completed(rest, count);
    }
    EXPECT(batches_open == 0);
    CALL(questdb_pool_free)(pool);
    pool = NULL;
}

static void a_new_pool(void) {
    char conf[256];
    end_of_pool();
    const int len = snprintf(conf, sizeof conf, "http::addr=127.0.0.1:%u;protocol_version=%zu;retry_timeout=0;sender_pool_max=1;queue_max_bytes=65536;",
                             once_in(4) ? 1 : pool_server.port, 1 + below(3));
    uint32_t code;
    if (once_in(4)) {
        code = done(CALL(questdb_pool_new)(ONE_OF(configs), &pool));
    } else {
        const struct text text = once_in(10) ? impossible_text() : text_of(conf, (size_t)len, GOOD);
        code = done(CALL(questdb_pool_from_conf)(text.ptr, text.len, &pool));
        EXPECT((code == 0) == (text.good == GOOD));
    }
    EXPECT((code == 0) == (pool != NULL));
}

static void submit(struct tracked *t) {
    questdb_submit how = {0};
    uint64_t batch = 0;
    how.size = once_in(20) ? below(100) : sizeof how;
    how.user_data = rnd();
    how.order_key = below(3);
    how.has_order_key = once_in(2) ? 1 : 0;
    how.has_timeout = 1;
    before(t);
    const uint32_t code = done(CALL(questdb_pool_submit)(pool, t->handle, &how, once_in(10) ? NULL : &batch));
    if (code) {
        EXPECT(is_unchanged(t) && batch == 0);
        return;
    }
    EXPECT(pool && t->handle && is_empty(t));
    if (t->state != UNKNOWN) EXPECT(t->state == BETWEEN);
    is_cleared(t);
    batches_open++;
    if (batch && once_in(3)) EXPECT(done(CALL(questdb_pool_cancel)(pool, batch, once_in(2))) == 0);
    if (batch && once_in(3)) {
        questdb_completion one;
        one.size = sizeof one;
        const uint32_t waited = done(CALL(questdb_pool_wait)(pool, batch, below(20), &one));
        EXPECT(waited == 0 || waited == QUESTDB_ERROR_CODE_TIMEOUT);
        if (!waited) completed(&one, 1);
    }
}

/* A sender of the pool, from its first row to its end. Its close takes back all its batches. */
static void pool_sender(void) {
    questdb_sender *sender = NULL;
    uint64_t unconfirmed = 99;
    const uint32_t code = done(CALL(questdb_pool_new_sender)(pool, &sender));
    EXPECT((code == 0) == (pool != NULL) && (sender != NULL) == (code == 0));
    questdb_buffer *own = CALL(questdb_sender_buffer)(sender);
    for (uint64_t rows = below(3); sender && rows > 0; rows--) {
        EXPECT(done(CALL(questdb_buffer_table)(own, "t", 1)) == 0);
        EXPECT(done(CALL(questdb_buffer_column_i64)(own, "x", 1, 1)) == 0);
        (void)done(CALL(questdb_sender_at_now)(sender));
    }
    if (once_in(2)) (void)done(CALL(questdb_sender_flush_own)(sender));
    if (once_in(4)) (void)done(CALL(questdb_sender_begin)(sender, "t", 1));
    (void)done(CALL(questdb_sender_close)(sender, below(20), &unconfirmed));
    EXPECT(unconfirmed == CALL(questdb_buffer_row_count)(own));
    CALL(questdb_sender_free)(sender);
}

static void pools(void) {
    questdb_completion done_now[2];
    size_t count = 9;
    intptr_t handle = 0;
    switch (below(13)) {
    case 0: a_new_pool(); return;
    case 12: pool_sender(); return;
    case 1: {
        struct tracked *t = &ONE_OF(buffers);
        CALL(questdb_buffer_free)(t->handle);
        const uint32_t code = done(CALL(questdb_pool_new_buffer)(pool, &t->handle));
        EXPECT((code == 0) == (pool != NULL) && (t->handle != NULL) == (code == 0));
        is_cleared(t);
        return;
    }
    case 2: EXPECT((done(CALL(questdb_pool_handle)(pool, &handle)) == 0) == (pool != NULL)); return;
    case 3: EXPECT(CALL(questdb_pool_stat)(pool, any_kind(8)) == 0 || pool); return;
    case 4: (void)done(CALL(questdb_pool_drain)(pool, below(3))); return;
    case 5:
        if (once_in(8)) (void)done(CALL(questdb_pool_close)(pool, below(3), NULL));
        return;
    case 6:
    case 7:
        done_now[0].size = once_in(20) ? below(100) : sizeof done_now[0];
        if (done(CALL(questdb_pool_next)(pool, below(3), done_now, below(3), &count)) == 0) completed(done_now, count);
        else EXPECT(count == 0);
        return;
    default: submit(any_buffer());
    }
}

static void errors(void) {
    questdb_error *err = once_in(8) ? NULL : ONE_OF(kept_errors);
    const uint32_t code = CALL(questdb_error_get_code)(err), outcome = CALL(questdb_error_outcome)(err);
    /* A sender that is closed with a row in the making drops that row and has sent the others. */
    const uint32_t most = code == QUESTDB_ERROR_CODE_INVALID_STATE ? QUESTDB_OUTCOME_COMMITTED : QUESTDB_OUTCOME_IN_DOUBT;
    EXPECT(err ? code >= 1 && (code <= 20 || code == QUESTDB_ERROR_CODE_CANCELLED) && outcome >= 1 && outcome <= most : code == 0 && outcome == 0);
    EXPECT((CALL(questdb_error_message)(err) == NULL) == (err == NULL));
    EXPECT(CALL(questdb_error_in_doubt)(err) == (outcome == QUESTDB_OUTCOME_IN_DOUBT || outcome == QUESTDB_OUTCOME_PARTIAL));
    EXPECT(CALL(questdb_error_in_doubt_attempts)(err) <= CALL(questdb_error_attempts)(err));
    EXPECT(CALL(questdb_error_http_status)(err) == 0 && CALL(questdb_error_server_line)(err) == 0);
    EXPECT(CALL(questdb_error_retry_after_millis)(err) == -1);
    EXPECT(CALL(questdb_error_server_code)(err) == NULL && CALL(questdb_error_server_error_id)(err) == NULL);
    const char *table = CALL(questdb_error_table)(err);
    EXPECT(table == NULL || table[0]);
    EXPECT(CALL(questdb_error_earlier_rows_in_doubt)(err) == 0); /* no sender here uses TCP */
    EXPECT(CALL(questdb_error_elapsed_millis)(err) < 60000 && CALL(questdb_error_bytes_sent)(err) < (100u << 20));
    if (CALL(questdb_error_retryable)(err)) EXPECT(err != NULL);
}

/* --- all of it ----------------------------------------------------------------------------------------------------- */

static const struct {
    void (*run)(void);
    unsigned weight;
} operations[] = {{a_call_of_a_row, 100}, {prepared_rows, 25}, {change_arrow_options, 8}, {batches, 8}, {change_layout, 20}, {a_buffer_as_a_whole, 20}, {a_new_buffer, 4},
                  {getters, 4},           {names, 8},             {config, 8},         {a_new_sender, 2},   {sender_row, 20},         {flush, 6},
                  {transaction, 5},       {about_senders, 5},  {errors, 4},         {pools, 12}};

static void a_step(void) {
    unsigned all = 0;
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) all += operations[i].weight;
    size_t left = below(all), i = 0;
    while (left >= operations[i].weight) left -= operations[i++].weight;
    operations[i].run();
    forget_blocks();
    step++;
}

static void free_everything(void) {
    end_of_pool();
    for (size_t i = 0; i < SENDERS; i++) free_sender(&senders[i]), free(senders[i].own.bytes);
    for (size_t i = 0; i < BUFFERS; i++) CALL(questdb_buffer_free)(buffers[i].handle), free(buffers[i].bytes);
    for (size_t i = 0; i < NAMES; i++) {
        CALL(questdb_table_name_free)(tables[i].handle);
        CALL(questdb_column_name_free)(columns_named[i].handle);
        CALL(questdb_row_layout_free)(layouts[i].handle);
    }
    for (size_t i = 0; i < CONFIGS; i++) CALL(questdb_config_free)(configs[i]);
    CALL(questdb_arrow_options_free)(arrow_options);
    for (size_t i = 0; i < sizeof kept_errors / sizeof kept_errors[0]; i++) CALL(questdb_error_free)(kept_errors[i]);
}

int main(int count, char **arguments) {
    static const enum mode modes[DEAD] = {ANSWER, CLOSE_HTTP, SWALLOW};
    if (count < 2) {
        fputs("random_calls LEDGER [CALLS [SEED]]\n", stderr);
        return 2;
    }
    const unsigned long goal = count > 2 ? strtoul(arguments[2], NULL, 10) : 60000;
    const unsigned long seed = count > 3 ? strtoul(arguments[3], NULL, 10) : 20251127;
    random_state = seed;
    printf("seed %lu\n", seed);
    read_ledger(arguments[1]);
    for (size_t i = 0; i < DEAD; i++) server_start(&servers[i], modes[i]);
    server_start(&pool_server, ANSWER);
    // How often a function comes differs a little from run to run, since answers come sooner or later.
    while ((calls < goal || (functions_reached() < function_count && calls < 4 * goal)) && failures < 20) a_step();
    free_everything();
    for (size_t i = 0; i < DEAD; i++) server_stop(&servers[i]);
    server_stop(&pool_server);
    const size_t reached = functions_reached();
    print_functions_not_reached();
    CHECK(reached == function_count && calls >= goal);
    unsigned codes = 0;
    for (size_t i = 0; i < sizeof codes_seen / sizeof codes_seen[0]; i++) codes += codes_seen[i] > 0;
    printf("%lu calls in %lu steps with seed %lu, %zu of %zu functions reached, %lu calls failed with %u kinds of error\n", calls,
           step, seed, reached, function_count, failed_calls, codes);
    return verdict("random_calls");
}
