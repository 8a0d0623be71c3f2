// The wrapper's sender against a server: ./sender "http::addr=127.0.0.1:9000;"
#include <questdb_ingress.hpp>

#include <cstdio>
#include <netinet/in.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

using questdb::timestamp_nanos;

static int passed = 0, failed = 0;
static void check(bool ok, const std::string &what) {
    ++(ok ? passed : failed);
    if (!ok) std::printf("FAILED: %s\n", what.c_str());
}
template <class F>
static std::optional<questdb::error> thrown(F &&work) {
    try {
        work();
        return std::nullopt;
    } catch (const questdb::error &e) {
        return e;
    }
}
static void expect(const char *what, const std::optional<questdb::error> &e, questdb::error_code code, questdb::outcome known) {
    check(e && e->code() == code && e->outcome() == known,
          std::string(what) + ": " + (e ? std::string(e->code_name()) + ": " + e->what() : "nothing thrown"));
}

static void rows(const std::string &conf) {
    questdb::sender sender{conf + "auto_flush_rows=3;auto_flush_interval=off;"};
    check(sender.protocol_version() >= 2 && sender.max_name_len() >= 16, "what the server told");
    for (int i = 0; i < 7; ++i) {
        questdb::row row = sender.table("cpp_rows").symbol("s", "a");
        if (i % 2 == 0) row.column("even", i);
        row.column("x", 0.5 * i).at(timestamp_nanos{1 + i});
    }
    check(sender.stat(QUESTDB_STAT_FLUSHES) == 2 && sender.stat(QUESTDB_STAT_ROWS_COMMITTED) == 6, "rows leave by themselves");
    check(sender.own_buffer().row_count() == 1, "one row waits");
    const auto layout = questdb::row_layout{"cpp_rows"}.add("s", QUESTDB_COLUMN_KIND_SYMBOL).add<double>("x");
    sender.append(layout, timestamp_nanos{8}, "b", 1.0).append(layout, layout.row(timestamp_nanos{9}, "b", 2.0));
    check(sender.stat(QUESTDB_STAT_FLUSHES) == 3 && sender.own_buffer().empty(), "prepared rows count too");
    const std::vector<std::int64_t> at{10, 11};
    const std::vector<std::int32_t> offsets{0, 1, 2};
    sender.append_columns(layout, at, questdb::column_data::texts(offsets, "cd"), std::vector<double>{3, 4});
    sender.own_buffer().table("cpp_rows").symbol("s", "e").at_now();
    sender.flush_if_due();
    check(sender.stat(QUESTDB_STAT_FLUSHES) == 4 && sender.own_buffer().empty(), "flush if due");

    questdb::sender moved = std::move(sender);
    expect("moved from", thrown([&] { sender.table("t"); }), QUESTDB_ERROR_CODE_INVALID_ARGUMENT, QUESTDB_OUTCOME_NOT_SENT);
    expect("flush after move", thrown([&] { sender.flush(); }), QUESTDB_ERROR_CODE_INVALID_ARGUMENT, QUESTDB_OUTCOME_NOT_SENT);
    check(sender.stat(QUESTDB_STAT_FLUSHES) == 0 && sender.protocol_version() == 0, "moved from tells nothing");
    questdb::buffer rows = moved.new_buffer();
    rows.table("cpp_rows").symbol("s", "f").at_now();
    moved.flush_and_keep(rows, true);
    check(rows.row_count() == 1, "kept");
    std::thread{[&] { moved.flush(rows); }}.join();
    check(rows.empty() && moved.stat(QUESTDB_STAT_ROWS_COMMITTED) == 14, "cleared");
    moved.table("cpp_rows").symbol("s", "g").at_now();
    check(moved.close(std::chrono::seconds{10}) == 0 && moved.stat(QUESTDB_STAT_ROWS_COMMITTED) == 15, "closing sends the rest");
    expect("closed", thrown([&] { moved.flush(rows.table("t").symbol("s", "a").at_now()); }), QUESTDB_ERROR_CODE_INVALID_STATE,
           QUESTDB_OUTCOME_NOT_SENT);
}

static void transactions(const std::string &conf) {
    questdb::sender sender{conf + "auto_flush_rows=1;"};
    {
        questdb::transaction all = sender.begin("cpp_ledger");
        all.new_row().column("x", 1).at(timestamp_nanos{1});
        all.append(questdb::row_layout{"cpp_ledger"}.add<int>("x"), timestamp_nanos{2}, 2);
        check(sender.in_transaction() && all.is_open() && sender.stat(QUESTDB_STAT_FLUSHES) == 0, "open");
        questdb::transaction moved = std::move(all);
        check(moved.is_open() && !all.is_open(), "moved");
        expect("moved from", thrown([&] { all.commit(); }), QUESTDB_ERROR_CODE_INVALID_ARGUMENT, QUESTDB_OUTCOME_NOT_SENT);
        moved.commit();
        check(!moved.is_open() && !sender.in_transaction(), "committed");
        expect("twice", thrown([&] { moved.commit(); }), QUESTDB_ERROR_CODE_INVALID_ARGUMENT, QUESTDB_OUTCOME_NOT_SENT);
    }
    const auto broken = thrown([&] {
        questdb::transaction none = sender.begin("cpp_ledger");
        none.new_row().column("x", 3).at(timestamp_nanos{3});
        none.new_row().column("x?", 4);
    });
    expect("in a transaction", broken, QUESTDB_ERROR_CODE_INVALID_NAME, QUESTDB_OUTCOME_NOT_SENT);
    check(!sender.in_transaction() && sender.own_buffer().empty(), "rolled back by the destructor, also with an open row");
    questdb::transaction undone = sender.begin("cpp_ledger");
    expect("a transaction in another", thrown([&] { sender.begin("cpp_ledger"); }), QUESTDB_ERROR_CODE_INVALID_STATE,
           QUESTDB_OUTCOME_NOT_SENT);
    check(sender.in_transaction(), "the first one is still open");
    undone.new_row().column("x", 5).at_now();
    undone.rollback();
    check(sender.stat(QUESTDB_STAT_ROWS_COMMITTED) == 2 && sender.close(std::chrono::seconds{10}) == 0, "two rows in all");
}

static void refusals(const std::string &conf) {
    questdb::sender sender{conf + "auto_flush_rows=2;"};
    check(!sender.last_error(), "no error yet");
    sender.table("cpp_refused").column("x", 1).at(timestamp_nanos{1});
    const auto refused = thrown([&] { sender.table("cpp_refused").column("x", "text").at(timestamp_nanos{2}); });
    expect("refused", refused, QUESTDB_ERROR_CODE_REJECTED, QUESTDB_OUTCOME_REJECTED);
    check(refused && refused->row_accepted() && refused->http_status() == 400 && refused->server_line() == 2 &&
              refused->attempts() == 1 && !refused->server_error_id().empty() && !refused->in_doubt() && !refused->retryable(),
          "what the error tells");
    check(sender.own_buffer().row_count() == 2, "the rows stay");
    const auto last = sender.last_error();
    check(last && last->code() == QUESTDB_ERROR_CODE_REJECTED, "last error");
    const auto closing = thrown([&] { sender.close(std::chrono::seconds{10}); });
    expect("close", closing, QUESTDB_ERROR_CODE_REJECTED, QUESTDB_OUTCOME_REJECTED);
    check(closing && closing->unconfirmed_rows() == 2, "rows that were not handed over");
}

static void nobody_there() {
    // A port of our own on which nobody listens.
    const int taken = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    check(::bind(taken, reinterpret_cast<sockaddr *>(&address), size) == 0 &&
              ::getsockname(taken, reinterpret_cast<sockaddr *>(&address), &size) == 0,
          "bind");
    const std::string addr = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    questdb::config options;
    options.set("protocol", "http").set("addr", addr).set("protocol_version", 2).set("retry_timeout", 0);
    questdb::sender sender{options};
    sender.table("t").column("x", 1).at_now();
    const auto refused = thrown([&] { sender.flush(); });
    expect("nobody there", refused, QUESTDB_ERROR_CODE_CONNECTION, QUESTDB_OUTCOME_NOT_SENT);
    check(refused && refused->retryable() && refused->bytes_sent() == 0 && !refused->retry_after(), "what the error tells");
    expect("TCP, nobody there", thrown([&] { questdb::sender{"tcp::addr=" + addr + ";"}; }), QUESTDB_ERROR_CODE_CONNECTION,
           QUESTDB_OUTCOME_NOT_SENT);
    ::close(taken);
    expect("a bad connection string", thrown([] { questdb::sender{"http::addr="}; }), QUESTDB_ERROR_CODE_CONFIG,
           QUESTDB_OUTCOME_NOT_SENT);
}

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    rows(argv[1]);
    transactions(argv[1]);
    refusals(argv[1]);
    nobody_there();
    std::printf("%d checks held, %d did not\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
